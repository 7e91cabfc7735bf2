"""The acceptance of `ksim deploy`: created, unchanged, and with the API server stopped one clear error and exit 3."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubeslice_sim.cli import execute
from kubeslice_sim.manifest import hub_crds
from tests.apiserver.server import ApiServers
from tests.project import project
from tests.real.conftest import connect, install

pytestmark = pytest.mark.needs_apiserver
WORLD = project("worker-1")


def test_deploy_twice_then_stopped(
    own_apiserver: ApiServers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install(connect(own_apiserver)["controller"], hub_crds())
    path = tmp_path / "world.yaml"
    path.write_text(WORLD)
    where = ["--kubeconfig", str(own_apiserver.kubeconfig)]

    assert execute(["deploy", str(path), *where]) == 3
    assert "namespace kubeslice-controller does not exist on controller" in capsys.readouterr().err
    assert execute(["deploy", str(path), *where, "--create-namespaces"]) == 0
    assert "4 created, 0 changed, 0 unchanged" in capsys.readouterr().out
    assert execute(["deploy", str(path), *where]) == 0
    assert "0 created, 0 changed, 4 unchanged" in capsys.readouterr().out
    assert execute(["diff", str(path), *where]) == 0
    assert execute(["status", str(path), *where]) == 1, "no worker operator has registered the cluster"

    own_apiserver.stop("controller")
    capsys.readouterr()
    assert execute(["deploy", str(path), *where]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert "cannot reach the API server of context 'controller'" in said.err
