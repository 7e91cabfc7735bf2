"""A sweep as a table: one row a variant, its traffics' main figures and how its expectations fared."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rich.console import Group
from rich.text import Text

from kubeslice_sim.model.frozen import thaw
from kubeslice_sim.model.metric import RESOURCES
from kubeslice_sim.observe.busiest import WORTH_TELLING
from kubeslice_sim.observe.measures import UNITS
from kubeslice_sim.observe.select import EXPECTATION_PREFIX
from kubeslice_sim.observe.units import say_unit
from kubeslice_sim.sweep.columns import point_text, short_names, shown
from kubeslice_sim.sweep.contrast import Contrast
from kubeslice_sim.sweep.sweep import CONFIDENCE, Key, Mean, Sweep
from kubeslice_sim.view.markup import el, table
from kubeslice_sim.view.notebook import block
from kubeslice_sim.view.tables import new_table, titled

MAIN = ("rate_bps", "rtt_s", "request_s", "loss_ratio", "failed_ratio", "outage_s")
SHOWN = 30
"""A notebook shows so many variants."""


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


def contrast_table(sweep: Sweep) -> Group:
    """For a terminal: how far the main figures of every variant lie from those of the first."""
    keys = _main(sweep)
    found = {(item.variant, item.probe, item.metric, item.statistic): item for item in sweep.contrasts()}
    made = new_table(*short_names(sweep.axes), *(f"{probe} {metric}" for probe, metric, _ in keys))
    for variant in range(1, len(sweep.variants)):
        cells = [say_contrast(found.get((variant, *key))) for key in keys]
        made.add_row(*map(Text, [*map(shown, sweep.variants[variant]), *cells]))
    return titled(f"differences to {point_text(sweep, 0) or 'the first variant'}, seed by seed", made, Text(
        f"± is half of an interval; those of a column hold all at once with {CONFIDENCE:.0%} (Bonferroni); "
        "p: of no difference, adjusted for the column (Holm)"
    ))  # fmt: skip


def say_contrast(item: Contrast | None) -> str:
    """``+3.1 ms ± 0.4 ms (p 0.002)``."""
    if item is None:
        return "–"
    sign = "+" if item.mean > 0.0 else ""
    half = f" ± {say(item.metric, item.half_width)}" if item.half_width > 0.0 else ""
    chance = "" if math.isnan(item.p_holm) else f" (p {'< 0.001' if item.p_holm < 0.001 else f'{item.p_holm:.2g}'})"
    return sign + say(item.metric, item.mean) + half + (chance if half else "")


def html(sweep: Sweep) -> str:
    """For a notebook: short; ``.summary()`` has every figure."""
    headings, rows = _cells(sweep)
    left = len(rows) - SHOWN
    more = [el("div", f"and {left} more; .summary() has all", class_="faint")] if left > 0 else []
    told = [el("div", note, class_="inconclusive") for note in notes(sweep)]
    return block(el("strong", f"{sweep.scenario} in {sweep.world}"), " ", el("span", _headline(sweep), class_="faint"),
                 table(headings, rows[:SHOWN]), more, told)  # fmt: skip


def data(sweep: Sweep, *, contrast: bool = False) -> dict[str, Any]:
    """For machines: every mean of every variant, and the runs that failed; the differences to the first if asked."""
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
        "variants": variants, "failed": failed, "notes": list(notes(sweep)), "sample": sweep.sample,
        "until": list(sweep.until),
    } | ({"contrasts": [_plain(asdict(item)) for item in sweep.contrasts()]} if contrast else {})  # fmt: skip


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()}


def notes(sweep: Sweep) -> tuple[str, ...]:
    """What a reader of the figures must know."""
    found = []
    if sweep.failed:
        first = sweep.failed[0]
        found.append(
            f"{len(sweep.failed)} of {len(sweep.runs)} runs failed; the first, seed {first.seed}: {first.error}"
        )
    for rule, variants in sweep.missed().items():
        counts = Counter(run.variant for run in sweep.runs)
        most = max(counts[variant] for variant in variants)
        found.append(f"{rule} was not reached by {len(variants)} of {len(sweep.variants)} variants in {most} runs; "
                     "allow more (atMost), or ask for less")  # fmt: skip
    if sweep.unsettled:
        names = ", ".join(f"{probe} {metric}" for probe, metric in sweep.unsettled)
        found.append(
            f"too short to be sure of a steady state: {names}; make the traffic ten times as long and say warmUp "
            "in the scenario"
        )
    return tuple(found)


def _headline(sweep: Sweep) -> str:
    by_variant = Counter(run.variant for run in sweep.runs)
    least, most = min(by_variant.values(), default=0), max(by_variant.values(), default=0)
    many = "" if len(sweep.variants) == 1 else f"{len(sweep.variants)} variants, "
    runs = f"{most}" if least == most else f"{least} to {most}"
    intervals = (
        f"; ± is half of a {CONFIDENCE:.0%} interval of that mean alone, without it all runs gave the same"
        if most > 1 else ""
    )  # fmt: skip
    return f"{many}{runs} {'run' if most == 1 else 'runs'} each{intervals}"


def _cells(sweep: Sweep) -> tuple[list[str], list[list[str]]]:
    figures = _main(sweep)
    found: dict[int, dict[tuple[str, str, str], Mean]] = {}
    for mean in sweep.means():
        found.setdefault(mean.variant, {})[mean.probe, mean.metric, mean.statistic] = mean
    expects = any(key[1] == "passed" for key in sweep.figures())
    loads = any(mean.metric == "utilisation" and mean.mean >= WORTH_TELLING for mean in sweep.means())
    headings = short_names(sweep.axes) + [f"{probe} {metric}" for probe, metric, _ in figures]
    rows = []
    for variant, values in enumerate(sweep.variants):
        means = found.get(variant, {})
        row = [shown(value) for value in values]
        row += [say_mean(means[key]) if key in means else "–" for key in figures]
        rows.append(row + [_busiest(means)] * loads + [_expectations(means)] * expects)
    return headings + ["busiest"] * loads + ["expectations"] * expects, rows


def _busiest(means: Mapping[Key, Mean]) -> str:
    """The shared part of the paths that was nearest to its limit by its mean, of those that ever were near it."""
    loads = {
        probe: mean.mean for (probe, metric, statistic), mean in means.items()
        if (metric, statistic) == ("utilisation", "mean")
        and means[probe, metric, "max"].mean >= WORTH_TELLING
    }  # fmt: skip
    if not loads:
        return "–"
    probe = max(loads, key=lambda name: (loads[name], name))
    return f"{probe.removeprefix(f'{RESOURCES}/')} {loads[probe]:.0%}"


def _main(sweep: Sweep) -> list[Key]:
    """What is shown of every variant; failures only of traffic that had any."""
    values = sweep.values()
    return [
        key for key in sweep.figures()
        if key[1] in MAIN and key[2] in ("mean", "max")
        and (key[1] != "failed_ratio" or any(any(of.get(key, {}).values()) for of in values))
    ]  # fmt: skip


def _expectations(means: Mapping[tuple[str, str, str], Mean]) -> str:
    judged = [mean for mean in means.values() if mean.metric == "passed"]
    failed = [
        f"{mean.probe.removeprefix(EXPECTATION_PREFIX)} failed {round((1 - mean.mean) * mean.n)} of {mean.n}"
        for mean in judged if mean.mean < 1.0
    ]  # fmt: skip
    return ", ".join(failed) or ("all passed" if judged else "–")
