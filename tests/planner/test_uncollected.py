"""The garbage collector rests while a plan is made, and is afterwards as it was before."""

from __future__ import annotations

import gc

import pytest

from kubeslice_sim.planner.uncollected import uncollected


@uncollected
def work(fail: bool = False) -> bool:
    if fail:
        raise ValueError
    return gc.isenabled()


def test_it_rests_during_the_work_and_not_after() -> None:
    assert gc.isenabled()
    assert work() is False
    assert gc.isenabled()


def test_an_error_does_not_leave_it_resting() -> None:
    with pytest.raises(ValueError):
        work(fail=True)
    assert gc.isenabled()


def test_who_had_switched_it_off_finds_it_off() -> None:
    gc.disable()
    try:
        work()
        assert not gc.isenabled()
    finally:
        gc.enable()
