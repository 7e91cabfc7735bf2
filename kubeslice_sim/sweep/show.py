"""A sweep as a table: one row a variant, its traffics' main figures and how its expectations fared."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group
from rich.text import Text

from kubeslice_sim.model.frozen import thaw
from kubeslice_sim.observe.measures import UNITS
from kubeslice_sim.observe.select import EXPECTATION_PREFIX
from kubeslice_sim.observe.units import say_unit
from kubeslice_sim.sweep.columns import shown
from kubeslice_sim.sweep.sweep import CONFIDENCE, Mean, Sweep
from kubeslice_sim.sweep.variant import Axis
from kubeslice_sim.view.markup import el, table
from kubeslice_sim.view.notebook import block
from kubeslice_sim.view.tables import new_table, titled

MAIN = ("rate_bps", "rtt_s", "request_s", "loss_ratio", "outage_s")
SHOWN = 30
"""A notebook shows so many variants."""
_LAST_FIELD = re.compile(r"^.*\.(?=[A-Za-z])")


def say(metric: str, value: float) -> str:
    """The value with its unit."""
    return f"{100 * value:.4g} %" if metric.endswith("_ratio") else say_unit(UNITS[metric], value)


def say_mean(mean: Mean) -> str:
    """``27.25 Mbit/s ± 12 kbit/s``; nothing is said of an interval where chance had no part: all runs gave the same."""
    half = f" ± {say(mean.metric, mean.half_width)}" if mean.half_width > 0.0 else ""
    return say(mean.metric, mean.mean) + half


def text_table(sweep: Sweep) -> Group:
    """For a terminal."""
    headings, rows = _cells(sweep)
    made = new_table(*headings)
    for row in rows:
        made.add_row(*map(Text, row))
    caption = Text(_headline(sweep))
    for note in notes(sweep):
        caption.append(f"\n{note}", style="yellow")
    return titled(f"{sweep.scenario} in {sweep.world}", made, caption)


def html(sweep: Sweep) -> str:
    """For a notebook: short; ``.summary()`` has every figure."""
    headings, rows = _cells(sweep)
    left = len(rows) - SHOWN
    more = [el("div", f"and {left} more; .summary() has all", class_="faint")] if left > 0 else []
    told = [el("div", note, class_="inconclusive") for note in notes(sweep)]
    return block(el("strong", f"{sweep.scenario} in {sweep.world}"), " ", el("span", _headline(sweep), class_="faint"),
                 table(headings, rows[:SHOWN]), more, told)  # fmt: skip


def data(sweep: Sweep) -> dict[str, Any]:
    """For machines: every mean of every variant, and the runs that failed."""
    variants: list[dict[str, Any]] = [
        {"values": {axis.path: thaw(value) for axis, value in zip(sweep.axes, values, strict=True)}, "figures": []}
        for values in sweep.variants
    ]
    for mean in sweep.means():
        variants[mean.variant]["figures"].append({
            "probe": mean.probe, "metric": mean.metric, "statistic": mean.statistic, "unit": mean.unit,
            "mean": mean.mean, "half_width": None if math.isnan(mean.half_width) else mean.half_width, "n": mean.n,
        })  # fmt: skip
    failed = [
        {"variant": run.variant, "replication": run.replication, "seed": run.seed, "error": run.error}
        for run in sweep.failed
    ]
    return {
        "world": sweep.world, "scenario": sweep.scenario, "confidence": CONFIDENCE, "runs": len(sweep.runs),
        "variants": variants, "failed": failed, "notes": list(notes(sweep)),
    }  # fmt: skip


def notes(sweep: Sweep) -> tuple[str, ...]:
    """What a reader of the figures must know."""
    found = []
    if sweep.failed:
        first = sweep.failed[0]
        found.append(
            f"{len(sweep.failed)} of {len(sweep.runs)} runs failed; the first, seed {first.seed}: {first.error}"
        )
    if sweep.unsettled:
        names = ", ".join(f"{probe} {metric}" for probe, metric in sweep.unsettled)
        found.append(
            f"too short to be sure of a steady state: {names}; make the traffic longer, or say warmUp in the scenario"
        )
    return tuple(found)


def short_names(axes: Sequence[Axis]) -> list[str]:
    """The last field of each path where that tells them apart, else the whole paths."""
    short = [_LAST_FIELD.sub("", axis.path) for axis in axes]
    return short if len(set(short)) == len(short) else [axis.path for axis in axes]


def _headline(sweep: Sweep) -> str:
    counts = [sum(run.variant == variant for run in sweep.runs) for variant in range(len(sweep.variants))]
    many = "" if len(sweep.variants) == 1 else f"{len(sweep.variants)} variants, "
    intervals = (
        f"; ± is half of a {CONFIDENCE:.0%} interval, without it all runs gave the same"
        if max(counts, default=0) > 1 else ""
    )  # fmt: skip
    return f"{many}{max(counts, default=0)} {'run' if max(counts, default=0) == 1 else 'runs'} each{intervals}"


def _cells(sweep: Sweep) -> tuple[list[str], list[list[str]]]:
    figures = [key for key in sweep.figures() if key[1] in MAIN and key[2] in ("mean", "max")]
    found: dict[int, dict[tuple[str, str, str], Mean]] = {}
    for mean in sweep.means():
        found.setdefault(mean.variant, {})[mean.probe, mean.metric, mean.statistic] = mean
    expects = any(key[1] == "passed" for key in sweep.figures())
    headings = short_names(sweep.axes) + [f"{probe} {metric}" for probe, metric, _ in figures]
    rows = []
    for variant, values in enumerate(sweep.variants):
        means = found.get(variant, {})
        row = [shown(value) for value in values]
        row += [say_mean(means[key]) if key in means else "–" for key in figures]
        rows.append(row + ([_expectations(means)] if expects else []))
    return headings + (["expectations"] if expects else []), rows


def _expectations(means: Mapping[tuple[str, str, str], Mean]) -> str:
    judged = [mean for mean in means.values() if mean.metric == "passed"]
    failed = [
        f"{mean.probe.removeprefix(EXPECTATION_PREFIX)} failed {round((1 - mean.mean) * mean.n)} of {mean.n}"
        for mean in judged if mean.mean < 1.0
    ]  # fmt: skip
    return ", ".join(failed) or ("all passed" if judged else "–")
