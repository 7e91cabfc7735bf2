"""Figures: what the rows of one pair in one phase amount to, for comparing."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Sequence
from ipaddress import IPv4Address
from typing import NamedTuple

from kubeslice_sim.model.scenario import Traffic
from kubeslice_sim.observe.agreement import Figure
from kubeslice_sim.observe.measure import statistic_of
from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.observe.outage import outages, trickle_bps
from kubeslice_sim.observe.phases import Phase, settled
from kubeslice_sim.observe.reachability import got_through
from kubeslice_sim.observe.select import SILENT, spacing_s, whole_intervals
from kubeslice_sim.observe.units import say, seconds

Rows = Sequence[Observation]
_NAMES = re.compile(r"[,;\s]+")


class Window(NamedTuple):
    """When both runs have rates, the ramp-up excluded; ``quiet``: moments after which a flow ramps up again."""

    start_s: float
    end_s: float
    ramp_up_s: float


def reached(rows: Rows) -> Figure | None:
    """Whether the pair gets through in the later half of the attempts: one success is a yes, as packets may be lost."""
    attempts = [row for row in rows if row.metric == "reachable"]
    if not attempts:
        return None
    last = settled(attempts)
    if not last:
        return Figure(text="–", why=_why(attempts))
    if any(map(got_through, last)):
        return Figure(text="yes", value=1.0)
    return Figure(text="no", value=0.0)


def answered_names(rows: Rows) -> Figure | None:
    """What the last question was answered: how many addresses, and whose (from the detail, by name).

    An answer in the later half of the questions goes before silence after it, as packets may be lost.
    """
    questions = [row for row in rows if row.metric == "answers"]
    if not questions:
        return None
    last = settled(questions)
    if not last:
        return Figure(text="–", why=_why(questions))
    answers = [row for row in last if row.outcome != "timeout"]
    if not answers:
        return Figure(text="no reply", value=-1.0)
    answer = answers[-1]
    names = frozenset(_name(word) for word in _NAMES.split(answer.detail) if word and answer.value >= 1)
    count = answer.value if math.isfinite(answer.value) else 0.0
    return Figure(text=f"{count:g} {'address' if count == 1 else 'addresses'}", value=count, names=names)


def median_of(rows: Rows, metric: str) -> Figure | None:
    """The median of a time over the answered attempts."""
    measured = [row for row in rows if row.metric == metric]
    values = [row.value for row in measured if row.outcome == "ok" and math.isfinite(row.value)]
    if values:
        value = statistics.median(values)
        if math.isfinite(value):
            return Figure(text=say(metric, value), value=value)
    return Figure(text="–", why=_why(measured) or "no answer") if measured else None


def common_window(a: Rows, b: Rows, metric: str, ramp_up_s: float) -> Window:
    """The time in which both runs have rows of a metric, without the first ``ramp_up_s``."""
    spans = [[row.at_s for row in rows if row.metric == metric and row.outcome not in SILENT] for rows in (a, b)]
    if not all(spans):
        return Window(math.inf, -math.inf, ramp_up_s)
    return Window(max(map(min, spans)) + ramp_up_s, min(map(max, spans)), ramp_up_s)


def mean_rate(rows: Rows, window: Window, phase: Phase) -> Figure | None:
    """The mean rate in the window while it flowed: outages (compared by themselves) and ramp-ups are left out."""
    rates = [row for row in rows if row.metric == "rate_bps"]
    if not rates:
        return None
    real = whole_intervals([row for row in rates if row.outcome not in SILENT and math.isfinite(row.value)])
    if not real:
        return Figure(text="–", why=_why(rates))
    threshold = trickle_bps(real)
    start_s = max(window.start_s, phase.start_s + window.ramp_up_s)
    flowing: list[float] = []
    for index, row in enumerate(real):
        if row.value <= threshold:
            start_s = max(start_s, row.at_s + window.ramp_up_s)
            continue
        # The interval before an outage is only partly filled.
        ends_here = index + 1 < len(real) and real[index + 1].value <= threshold
        if start_s <= row.at_s <= window.end_s and not ends_here:
            flowing.append(row.value)
    if not flowing:
        return Figure(text="–", why=f"no rate beyond the ramp-up of {seconds(window.ramp_up_s)}")
    value = statistic_of("mean", flowing)
    return Figure(text=say("rate_bps", value), value=value)


def mean_utilisation(rows: Rows, window: Window) -> Figure | None:
    """How busy the parts of one kind were on average while both runs measured them, added up over the parts."""
    moments: dict[int, float] = {}
    for row in rows:
        if row.metric == "utilisation" and window.start_s <= row.at_s <= window.end_s:
            moments[row.seq] = moments.get(row.seq, 0.0) + row.value
    if not moments:
        return None
    value = statistic_of("mean", list(moments.values()))
    return Figure(text=say("utilisation", value), value=value)


def mean_requests(rows: Rows, phase: Phase) -> Figure | None:
    """Requests answered a second while they were: outages and the intervals beside them are left out, as is the first.

    When an outage ends, all that had waited is answered at once.
    """
    rates = [row for row in rows if row.metric == "requests_per_s"]
    if not rates:
        return None
    real = whole_intervals([row for row in rates if row.outcome not in SILENT and math.isfinite(row.value)])
    if not real:
        return Figure(text="–", why=_why(rates))
    length_s = spacing_s([row.at_s for row in real], 0.0)
    flows = [row.value > 0.0 for row in real]
    calm = [
        row.value
        for index, row in enumerate(real)
        if row.at_s > phase.start_s + 2 * length_s and all(flows[max(0, index - 1) : index + 2])
    ][1 if math.isinf(phase.start_s) else 0 :]
    if not calm and any(flows):
        return Figure(text="–", why="never steady")
    value = statistic_of("mean", calm) if calm else 0.0
    slack = 1.0 / (len(calm) * length_s) if calm and length_s else 0.0
    return Figure(text=say("requests_per_s", value), value=value, slack=slack)


def failed_share(rows: Rows) -> Figure | None:
    """The share of the requests that had no answer, over the whole run; nothing of who sends none."""
    totals = [row for row in rows if row.metric == "requests"]
    if not totals:
        return None
    if any(row.outcome in SILENT for row in totals):
        return Figure(text="–", why=_why(totals))
    answered = sum(row.value for row in totals)
    failed = sum(row.value for row in rows if row.metric == "errors")
    share = failed / (answered + failed) if answered + failed else 0.0
    if not math.isfinite(share):
        return Figure(text="–", why="no count")
    return Figure(text=say("loss_ratio", share), value=share)


def longest_outage(rows: Rows, traffic: Traffic, end_s: float) -> Figure | None:
    """The longest outage of one pair of the traffic; its slack is the probe's interval."""
    found = outages(traffic, rows, -math.inf, end_s)
    if not found:
        return None
    outage = found[0]
    if not outage.seen:
        return Figure(text="–", why=_why(rows))
    text = say("ready_s", outage.length_s)
    if outage.possible_s - outage.length_s > 2 * outage.resolution_s:
        return Figure(
            text=text, value=outage.length_s, why=f"where nobody looked it may have been {seconds(outage.possible_s)}"
        )
    return Figure(text=text, value=outage.length_s, slack=outage.resolution_s)


def _name(word: str) -> str:
    # Addresses are each run's own. One that nobody could name is compared as such.
    try:
        IPv4Address(word)
    except ValueError:
        return word
    return "an unnamed address"


def _why(rows: Rows) -> str:
    reasons = sorted({row.detail or row.outcome for row in rows if row.outcome in SILENT})
    return "; ".join(reasons[:2])
