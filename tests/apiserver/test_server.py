"""The test API servers themselves: they leave nothing behind, not even when the run is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from tests.apiserver.build import Binaries
from tests.apiserver.server import api_servers

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.needs_apiserver


def test_a_run_leaves_no_process_and_no_file(apiserver_binaries: Binaries) -> None:
    with api_servers(["one"], apiserver_binaries) as servers:
        pids, folder = servers.pids(), servers.folder
        assert len(pids) == 2 and all(psutil.pid_exists(pid) for pid in pids)
        assert servers.kubeconfig.stat().st_mode & 0o077 == 0
        assert all(key.stat().st_mode & 0o077 == 0 for key in folder.glob("*.key"))
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert not folder.exists()


def test_kill_dash_9_takes_the_servers_along_and_the_next_run_sweeps_the_folder(
    apiserver_binaries: Binaries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In a place of its own, where no other run sweeps first.
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with subprocess.Popen(
        [sys.executable, "-m", "tests.apiserver.server", "one"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        line = next(line for line in run.stdout if "KUBECONFIG=" in line)
        folder = Path(line.split("KUBECONFIG=")[1].split()[0]).parent
        children = psutil.Process(run.pid).children()
        assert {child.name() for child in children} == {"etcd", "kube-apiserver"}
        run.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs(children, timeout=5)
    # Nobody reaps orphans in some containers: a zombie has ended, too.
    assert [child for child in alive if child.status() != psutil.STATUS_ZOMBIE] == []
    assert folder.exists()
    with api_servers(["one"], apiserver_binaries):
        assert not folder.exists()


@pytest.mark.usefixtures("apiserver_binaries")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_stops_them_in_order_and_cleans_up(how: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.apiserver.server", "one"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        line = next(line for line in run.stdout if "KUBECONFIG=" in line)
        folder = Path(line.split("KUBECONFIG=")[1].split()[0]).parent
        run.send_signal(how)
        run.wait(timeout=50)  # stopped after etcd, an API server would hang for a minute
    assert not folder.exists()
