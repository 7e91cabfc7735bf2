"""A whole emulated run is killed at random moments, ten times: the host is as it was before."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from tests.emulator.host import Host, holders, marked, namespaces, now_ticks, within

pytestmark = [pytest.mark.needs_sandbox, pytest.mark.waits]

ROOT = Path(__file__).resolve().parents[2]
LONGEST_S = 9.0
"""The slices need some five seconds to come up: kills strike before, meanwhile and after."""


@pytest.mark.parametrize(
    ("world", "turn"),
    [
        *(("scenarios/01-two-clusters", turn) for turn in range(10)),
        *(("tests/golden/plans/east-west.yaml", turn) for turn in range(2)),  # with reverse proxies in it
    ],
)
def test_a_killed_run_leaves_nothing(world: str, turn: int, tmp_path: Path) -> None:
    dice = random.Random(f"kill {turn}")
    mark, before, report = str(uuid.uuid4()), Host.now(), tmp_path / "report"
    run = subprocess.Popen(
        [sys.executable, "-m", "kubeslice_sim", "run", world, "--on", "emulator",
         "--report", str(report)],
        cwd=ROOT, env={**os.environ, "KS_TEST_MARK": mark}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        time.sleep(dice.uniform(0.5, LONGEST_S))
        assert run.poll() is None, "the run ended before it was killed"
        family = marked(mark)
        held = namespaces(family) - namespaces([os.getpid()])
        # Every other time what the user started, else any process of the emulation.
        victim = run.pid if turn % 2 == 0 else dice.choice([pid for pid in family if pid != run.pid] or [run.pid])
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
    finally:
        # The loss of a single program is a fault that the run survives: then the run itself is killed.
        time.sleep(0.2)
        run.kill()
        run.wait()
    ended_ticks = now_ticks()
    assert within(10, lambda: not marked(mark)), "a process is left"
    assert within(5, lambda: not holders(held, older_than_ticks=ended_ticks)), "a namespace is left"
    assert Host.now() == before
    assert not report.exists(), "a killed run wrote a report"
