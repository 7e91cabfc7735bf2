"""The garbage collector rests, or looks seldom, while much is made, and is afterwards as it was before."""

from __future__ import annotations

import gc

import pytest

from kubeslice_sim.planner.uncollected import SELDOM, seldom_collected, uncollected


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


@seldom_collected
def long_work(fail: bool = False) -> tuple[int, int, int]:
    if fail:
        raise ValueError
    return gc.get_threshold()


def test_it_looks_seldom_during_long_work_and_not_after() -> None:
    before = gc.get_threshold()
    assert long_work() == SELDOM
    with pytest.raises(ValueError):
        long_work(fail=True)
    assert gc.get_threshold() == before


def test_who_looks_more_seldom_yet_or_never_is_left_alone() -> None:
    before = gc.get_threshold()
    try:
        for chosen in ((SELDOM[0] * 2, 50, 50), (0, 10, 10)):
            gc.set_threshold(*chosen)
            assert long_work() == chosen
            assert gc.get_threshold() == chosen
    finally:
        gc.set_threshold(*before)
