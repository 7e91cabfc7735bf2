"""Until: replicate as long as an interval is wider than was asked for, and how many runs that may still take."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from kubeslice_sim.errors import BadInput, Problem
from kubeslice_sim.model.metric import METRICS, RESOURCES, parse_limit
from kubeslice_sim.model.quantity import SHARE
from kubeslice_sim.model.suggest import meant
from kubeslice_sim.observe.estimate import Estimate, estimate
from kubeslice_sim.observe.measures import STATISTICS, UNITS
from kubeslice_sim.sweep.job import Played

Kind = Literal["relative", "absolute"]
Key = tuple[str, str, str]
AT_MOST = 50
"""Replications of a variant where a rule is given and no bound."""
EXAMPLE = "bulk rate_bps relative 2%"


@dataclass(frozen=True, slots=True, kw_only=True)
class Until:
    """Half of the interval of ``metric`` is at most ``size``: in its unit, or as a share of the mean (``relative``).

    ``probe`` and ``statistic`` are empty where none was named: then it holds for every probe that measured the metric,
    and for the mean where there is one.
    """

    text: str
    probe: str
    metric: str
    statistic: str
    kind: Kind
    size: float

    def concerns(self, figures: Iterable[Key]) -> list[Key]:
        """The figures (probe, metric, statistic) that it is about."""
        found = [key for key in figures if key[1] == self.metric and self.probe in ("", key[0])]
        if self.statistic:
            return [key for key in found if key[2] == self.statistic]
        return [key for key in found if key[2] == "mean"] or found

    def wanted_half(self, found: Estimate) -> float:
        """What half of the interval may be."""
        return self.size * abs(found.mean) if self.kind == "relative" else self.size

    def runs(self, found: Estimate) -> int:
        """How many runs are enough by what is known now: a half width shrinks with the square root of their number."""
        half = self.wanted_half(found)
        if found.half <= half:
            return found.count
        # Twice as many at most, because a deviation of a few runs is itself a guess.
        ratio = math.inf if half == 0.0 else (found.half / half) ** 2
        return max(found.count + 1, math.ceil(found.count * min(2.0, ratio)))


def rules_of(asked: str | Sequence[str], probes: Sequence[str] | None) -> tuple[Until, ...]:
    """The rules that were asked for, all of which must hold: ``[PROBE] METRIC [STATISTIC] relative|absolute SIZE``.

    ``probes``: the scenario's traffic (None: not looked at). Raises :exc:`BadInput` for a rule that cannot be read or
    is about a traffic that the scenario does not have.
    """
    return tuple(_rule(text, probes) for text in ([asked] if isinstance(asked, str) else asked) if text)


def more_runs(rules: Sequence[Until], runs: Sequence[Played], confidence: float, at_most: int) -> int:
    """How many runs this variant is to have: as many as it has where it is good or nothing can be known."""
    wanted = len(runs)
    values = values_of(runs)
    for rule in rules:
        for key in rule.concerns(values):
            if len(values[key]) > 1:
                enough = rule.runs(estimate(values[key], confidence))
                wanted = max(wanted, enough - len(values[key]) + len(runs))
    return min(max(wanted, len(runs)), max(at_most, len(runs)))


def missed(rules: Sequence[Until], runs: Sequence[Played], confidence: float) -> tuple[Until, ...]:
    """The rules that do not hold for a variant with these runs, or of which nothing is known."""
    values = values_of(runs)

    def good(key: Key, rule: Until) -> bool:
        if len(values[key]) < 2:
            return False
        found = estimate(values[key], confidence)
        return found.half <= rule.wanted_half(found)

    concerned = {rule: rule.concerns(values) for rule in rules}
    return tuple(rule for rule, keys in concerned.items() if not keys or not all(good(key, rule) for key in keys))


def values_of(runs: Iterable[Played]) -> Mapping[Key, list[float]]:
    """Every figure's values, a run each that measured it."""
    found: dict[Key, list[float]] = {}
    for run in runs:
        for item in run.measures:
            found.setdefault((item.probe, item.metric, item.statistic), []).append(item.value)
    return found


def _rule(text: str, probes: Sequence[str] | None) -> Until:
    *words, kind, size = text.split() if len(text.split()) > 2 else ["", "", ""]
    places = [place for place, word in enumerate(words) if word in UNITS]
    if kind not in get_args(Kind):
        raise _wrong(text, "is not understood", f"write it as '{EXAMPLE}' or 'ping rtt_s p95 absolute 1ms'")
    if not places:
        raise _wrong(text, "names no metric", meant(words[-1], UNITS))
    place = places[-1]
    probe, metric, statistic = " ".join(words[:place]), words[place], " ".join(words[place + 1 :])
    if metric == "passed":
        raise _wrong(text, "whether expectations passed has no interval", "name a measured figure")
    known = (*(probes or ()), "ready")
    if probes is not None and probe and probe not in known and not probe.startswith(RESOURCES):
        raise _wrong(text, f"the scenario has no traffic {probe!r}", meant(probe, known))
    if statistic and statistic not in STATISTICS:
        raise _wrong(text, f"no figure is a {statistic!r}", meant(statistic, STATISTICS))
    try:
        in_shares = kind == "relative" or metric.endswith("_ratio")
        in_seconds = metric if metric in METRICS else "ready_s"  # of what is no metric of rows, an outage has seconds
        limit = SHARE.parse(size) if in_shares else parse_limit(in_seconds, size)
    except ValueError as error:
        raise _wrong(text, str(error)) from None
    if limit <= 0.0:
        raise _wrong(text, "the size must be above 0")
    chosen: Kind = "relative" if kind == "relative" else "absolute"
    return Until(text=text, probe=probe, metric=metric, statistic=statistic, kind=chosen, size=limit)


def _wrong(text: str, why: str, hint: str = "") -> BadInput:
    return BadInput([Problem(path="until", message=f"{text!r}: {why}", hint=hint)])
