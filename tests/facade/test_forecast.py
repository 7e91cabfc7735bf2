"""Years of control plane, as a notebook asks for them."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import pairwise

import pytest

import kubeslice_sim as ks
from kubeslice_sim.model.timing import KUBESLICE
from kubeslice_sim.model.world import World

DAY_S = 86400.0


@pytest.fixture(scope="module")
def world() -> World:
    return ks.example("01-two-clusters")


@pytest.fixture(scope="module")
def year(world: World) -> ks.Forecast:
    return ks.forecast(world, "1y")


def test_twelve_rotations_a_year_an_hour_before_each_interval_is_over(year: ks.Forecast) -> None:
    assert len(year.rotations) == 12
    assert [item.number for item in year.rotations] == list(range(2, 14))
    for before, item in pairwise(year.rotations):
        assert item.due_s == math.floor(before.began_s) + 30 * DAY_S - 3600
    for item in year.rotations:
        assert 60 <= item.began_s - item.due_s <= 120, "the jobs' minute, seen at the next poll of 30 s"
        assert (item.gateways, item.fewest_tunnels) == (4, 2), "new tunnels are up before old ones go"
        assert item.replaced_s is not None
        assert item.began_s < item.replaced_s
    assert year.frame().began[0] == "2026-01-30T23:02:30Z"
    assert year.up


def test_what_crosses_midnight_is_never_told_complete(world: World) -> None:
    """Each rotation comes almost an hour earlier in the day; with looks an hour apart, some are over too late."""
    seen = ks.forecast(world, "3y", timing=replace(KUBESLICE, rotation_poll_s=3600.0))
    for item in seen.rotations:
        one_day = int(item.began_s // DAY_S) == int((item.began_s + 3600.0) // DAY_S)
        assert (item.ended_s is not None) == one_day, item
    assert {item.ended_s is None for item in seen.rotations} == {True, False}
    assert "never" in str(seen)


def test_frames_have_a_row_for_everything(year: ks.Forecast) -> None:
    assert len(year.frame()) == 12
    assert year.request_frame().requests.sum() == year.server_frame().requests.sum()
    of_rotations = year.rotation_request_frame().groupby("number").requests.sum()
    assert list(of_rotations) == list(year.frame().requests)
    assert set(year.arrival_frame().kind) == {"slice", "export"}
    assert "12 rotations" in repr(year)
    assert year._repr_html_().startswith("<")


def test_the_same_bytes_again(world: World, year: ks.Forecast) -> None:
    assert json.dumps(ks.forecast(world, 365 * DAY_S).data()) == json.dumps(year.data())


def test_what_cannot_come_up_is_told(world: World) -> None:
    (export,) = world.exports
    elsewhere = replace(export, metadata=replace(export.metadata, namespace="other"))
    alone = replace(world, scenarios=(), exports=(elsewhere,))
    seen = ks.forecast(alone, "1h")
    (told,) = [item for item in seen.arrivals if item.kind == "export"]
    assert (told.up_s, told.possible) == (None, False)
    assert "other is no namespace of iperf-slice" in told.reason
    assert told.reason in str(seen)
    assert seen.up


def test_a_time_in_which_little_happens(world: World) -> None:
    seen = ks.forecast(world, "30s")
    assert (seen.up, seen.up_s, seen.rotations, seen.leapt_s) == (False, None, (), 0.0)
    assert {load.resting_hz for load in seen.servers} == {None}
    assert "not everything came up" in str(seen)


@pytest.mark.parametrize("wrong", [0, -1.0, math.inf, math.nan, 1e12, "5 fortnights", "", True, None])
def test_a_time_that_is_none_is_refused(world: World, wrong: object) -> None:
    with pytest.raises(ks.BadInput, match="the time to forecast"):
        ks.forecast(world, wrong)  # type: ignore[arg-type]


def test_a_world_or_timing_that_is_none_is_refused(world: World) -> None:
    with pytest.raises(ks.BadInput, match="kubeslice, fast"):
        ks.forecast(world, "1y", timing="slow")
    with pytest.raises(ks.BadInput, match="takes a World"):
        ks.forecast("01-two-clusters", "1y")  # type: ignore[arg-type]
    (config,) = world.slices
    wrong = replace(world, slices=(replace(config, spec=replace(config.spec, slice_subnet="10.1.0.0/24")),))
    with pytest.raises(ks.BadInput, match="the prefix must be 16"):
        ks.forecast(wrong, "1y")
