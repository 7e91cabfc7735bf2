"""Until: variants are replicated as long as their intervals are wide, the same whoever plays them."""

from __future__ import annotations

import math
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import kubeslice_sim as ks
from kubeslice_sim.model.world import World
from kubeslice_sim.observe.estimate import estimate
from kubeslice_sim.observe.measures import Measure
from kubeslice_sim.simulator.backend import Simulator
from kubeslice_sim.sweep import show
from kubeslice_sim.sweep.job import Played
from kubeslice_sim.sweep.play import Done
from kubeslice_sim.sweep.until import missed, more_runs, rules_of

RTT = "underlay.links[worker-1,worker-2].rtt"
JITTER = "underlay.links[worker-1,worker-2].jitter"
TRAFFIC = ("bulk", "ping")


def runs(*values: float) -> list[Played]:
    return [
        Played(key=str(place), variant=0, replication=place, seed=place,
               measures=(Measure(probe="bulk", metric="rate_bps", statistic="mean", value=value),))
        for place, value in enumerate(values)
    ]  # fmt: skip


def more(rule: str, *values: float, at_most: int = 50) -> int:
    return more_runs(rules_of(rule, TRAFFIC), runs(*values), 0.95, at_most)


def test_a_narrow_interval_is_enough() -> None:
    half = estimate([99.0, 100.0, 101.0]).half
    assert more(f"bulk rate_bps relative {half / 100 + 1e-6:.6f}", 99.0, 100.0, 101.0) == 3
    assert more(f"bulk rate_bps absolute {half + 1e-4:.6f}bit", 99.0, 100.0, 101.0) == 3
    assert more("bulk rate_bps absolute 1bit", 5.0, 5.0) == 2


def test_a_wide_one_asks_for_so_many_more_as_it_is_wide_and_twice_at_most() -> None:
    values = [99.0, 100.0, 101.0, 100.0]
    half = estimate(values).half
    assert more(f"bulk rate_bps absolute {half / 1.2:.6f}bit", *values) == math.ceil(4 * 1.44)
    assert more(f"bulk rate_bps absolute {half * 0.999:.6f}bit", *values) == 5
    assert more("bulk rate_bps relative 0.001%", *values) == 8
    assert more("bulk rate_bps relative 0.001%", *values, at_most=6) == 6
    assert more("bulk rate_bps relative 1%", -1.0, 1.0) == 4  # a mean of zero has no relative interval


def test_what_is_not_known_asks_for_nothing() -> None:
    assert more("ping rtt_s relative 1%", 1.0, 2.0) == 2
    failed = [*runs(1.0), Played(key="x", variant=0, replication=1, seed=1, error="boom")]
    rules = rules_of("rate_bps relative 1%", TRAFFIC)
    assert more_runs(rules, failed, 0.95, 50) == 2
    assert missed(rules, failed, 0.95) == rules


@pytest.mark.parametrize(("text", "said"), [
    ("", ""), ("bulk", "is not understood"), ("bulk rate_bps 2%", "is not understood"),
    ("bulk speed relative 2%", "names no metric"), ("blk rate_bps relative 2%", "did you mean bulk"),
    ("bulk rate_bps relative 2ms", "has no unit we know"), ("bulk rate_bps absolute 2%", "has no unit we know"),
    ("bulk rate_bps relative 0%", "above 0"), ("expect/x passed absolute 1", "has no interval"),
    ("ping rtt_s p59 relative 1%", "did you mean p9"), ("relative 2%", "is not understood"),
])  # fmt: skip
def test_rules_that_cannot_be_read(text: str, said: str) -> None:
    if not text:
        assert rules_of(text, TRAFFIC) == ()
        return
    with pytest.raises(ks.BadInput, match=said):
        rules_of(text, TRAFFIC)


def test_a_rule_names_as_much_as_it_wants() -> None:
    (rule,) = rules_of("outage_s absolute 2s", TRAFFIC)
    assert (rule.probe, rule.metric, rule.statistic, rule.size) == ("", "outage_s", "", 2.0)
    figures = [("a", "rtt_s", "mean"), ("a", "rtt_s", "p95"), ("b", "rtt_s", "mean"), ("a", "drops", "total")]
    assert rules_of("rtt_s relative 1%", None)[0].concerns(figures) == [figures[0], figures[2]]
    assert rules_of("a rtt_s p95 relative 1%", None)[0].concerns(figures) == [figures[1]]
    assert rules_of("drops relative 1%", None)[0].concerns(figures) == [figures[3]]


OPTIONS: dict[str, Any] = {"replications": 2, "until": "ping rtt_s absolute 0.4ms", "at_most": 9}


def test_a_sweep_replicates_each_variant_as_it_needs(small: World, tmp_path: Path) -> None:
    varied = {JITTER: ["0ms", "4ms"]}
    seen: list[Done] = []
    found = ks.sweep(small, varied, jobs=1, out=tmp_path / "one.parquet", on_progress=seen.append, **OPTIONS)
    counts = Counter(run.variant for run in found.runs)
    assert (counts[0], 2 < counts[1] <= 9) == (2, True)
    by_seed = [run.seed for run in found.runs if run.variant == 1]
    assert by_seed == list(range(7, 7 + counts[1]))
    halves = {item.variant: item.half_width for item in found.means()
              if (item.metric, item.statistic) == ("rtt_s", "mean")}  # fmt: skip
    assert halves[0] <= 0.0004
    assert halves[1] <= 0.0004 or found.missed() == {OPTIONS["until"]: (1,)}
    assert seen[-1].done == seen[-1].total == len(found.runs)
    two = ks.sweep(small, varied, jobs=2, out=tmp_path / "two.parquet", **OPTIONS)
    assert two == found == ks.read_sweep(tmp_path / "one.parquet")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


def test_an_interrupted_one_goes_on_where_it_was(small: World, tmp_path: Path) -> None:
    out = tmp_path / "sweep.parquet"

    def stop(done: Done) -> None:
        if done.done == 3:
            raise KeyboardInterrupt

    options = OPTIONS | {"until": "ping rtt_s relative 0.01%", "at_most": 6}
    with pytest.raises(KeyboardInterrupt):
        ks.sweep(small, {JITTER: ["4ms"]}, jobs=1, out=out, on_progress=stop, **options)
    seen: list[Done] = []
    resumed = ks.sweep(small, {JITTER: ["4ms"]}, jobs=1, out=out, on_progress=seen.append, **options)
    assert max(done.kept for done in seen) == 3
    assert resumed == ks.sweep(small, {JITTER: ["4ms"]}, jobs=1, **options)


def test_what_was_not_reached_is_told(small: World) -> None:
    found = ks.sweep(small, {JITTER: ["0ms", "4ms"]}, jobs=1, replications=3, at_most=4,
                     until=["ping rtt_s relative 0.4%", "ping rtt_s relative 90%"])  # fmt: skip
    assert found.missed() == {"ping rtt_s relative 0.4%": (1,)}
    (note,) = [note for note in show.notes(found) if "was not reached" in note]
    assert note.startswith("ping rtt_s relative 0.4% was not reached by 1 of 2 variants in 4 runs")
    assert "3 to 4 runs each" in found._repr_html_()


def test_runs_that_fail_do_not_go_on_for_ever(small: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Simulator, "run", lambda *_, **__: 1 / 0)
    assert len(ks.sweep(small, {}, jobs=1, **OPTIONS).runs) == 2


@pytest.mark.parametrize(("options", "said"), [
    ({"replications": 1}, "an interval needs two runs"), ({"at_most": 1}, "1 runs are fewer than the 2"),
    ({"until": ()}, "say until what"), ({"until": "pong rtt_s relative 1%"}, "did you mean ping"),
])  # fmt: skip
def test_wrong_questions(small: World, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ks.BadInput, match=said):
        ks.sweep(small, {}, jobs=1, **(OPTIONS | options))


def test_such_intervals_cover_nearly_what_they_say() -> None:
    """The figures of the facade's docstring: normal values, 95 %, from 5 runs and from 10 runs on."""
    for first, least, most in ((5, 0.915, 0.95), (10, 0.925, 0.965)):
        hits = 0
        for trial in range(1500):
            dice = random.Random(trial)
            values = [dice.gauss(1.0, 0.1) for _ in range(first)]
            while (wanted := more("bulk rate_bps relative 4.5%", *values, at_most=500)) > len(values):
                values += [dice.gauss(1.0, 0.1) for _ in range(wanted - len(values))]
            hits += estimate(values).holds(1.0)
        assert least < hits / 1500 < most
