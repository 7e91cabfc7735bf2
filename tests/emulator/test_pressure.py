"""A shortage of CPU is seen and said."""

from __future__ import annotations

import multiprocessing
import os
import time

import pytest

from emulator.pressure import MOST_WAIT_S, CpuWaits, notice


def _spin(until_s: float) -> None:
    while time.monotonic() < until_s:
        pass


def test_a_crowd_is_noticed() -> None:
    waits = CpuWaits()
    until_s = time.monotonic() + 1.5
    crowd = [multiprocessing.Process(target=_spin, args=(until_s,)) for _ in range(4 * (os.cpu_count() or 1))]
    for one in crowd:
        one.start()
    time.sleep(1.0)
    mean_s = waits.mean_s()
    for one in crowd:
        one.join()
    if mean_s is None:
        pytest.skip("the kernel does not count waits for the CPU (schedstat)")
    assert mean_s > MOST_WAIT_S
    assert "CPU was short" in notice(mean_s)


def test_enough_is_not_mentioned() -> None:
    assert notice(0.0) == notice(None) == notice(MOST_WAIT_S) == ""
