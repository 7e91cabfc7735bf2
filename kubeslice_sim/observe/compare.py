"""Compare: two runs of one scenario, joined on names (probe, source, destination), never on addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from kubeslice_sim.model.metric import RESOURCES
from kubeslice_sim.model.scenario import Traffic
from kubeslice_sim.observe.agreement import Agree, Figure, names_agree, numbers_agree, states_agree
from kubeslice_sim.observe.comparison import Compared, Comparison, Tolerances
from kubeslice_sim.observe.figures import (
    answered_names,
    common_window,
    failed_share,
    longest_outage,
    mean_rate,
    mean_requests,
    mean_utilisation,
    median_of,
    reached,
)
from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.observe.phases import Phase, phases_of
from kubeslice_sim.observe.run import Run
from kubeslice_sim.observe.select import Pair, in_time, pair_of

Rows = Sequence[Observation]
Key = tuple[str, Pair]


def compare(a: Run, b: Run, tolerances: Tolerances | None = None) -> Comparison:
    """What both runs saw, figure by figure.

    In each phase between two steps of the timeline: whether a pair gets through and what a name is answered must be
    the same; median round-trip and request times, mean rates, requests a second and the mean utilisation of the parts
    that both runs measured within tolerance; and, over the
    whole run, each traffic's longest outage and the share of its requests that failed. A probe that could not be made
    in one run, or that only one run has, is not comparable.
    """
    tolerances = tolerances or Tolerances()
    rows_a, rows_b = _joined(a.observations), _joined(b.observations)
    name_a, name_b = (a.backend, b.backend) if a.backend != b.backend else (f"{a.backend} A", f"{b.backend} B")
    phases = phases_of(a.scenario)
    traffics = {traffic.name: traffic for traffic in a.scenario.spec.traffic}
    compared: list[Compared] = []
    # Back ends measure different parts of the paths: what only one of them can read says nothing against the other.
    only_one = {key for key in rows_a.keys() ^ rows_b.keys() if key[0] == RESOURCES}
    for key in sorted((rows_a.keys() | rows_b.keys()) - only_one):
        both = rows_a.get(key, ()), rows_b.get(key, ())
        compared += _figures(key, both, phases, traffics.get(key[0]), a.scenario.spec.duration_s, tolerances)
    return Comparison(name_a=name_a, name_b=name_b, rows=tuple(compared), tolerances=tolerances, notes=_notes(a, b))


def _figures(
    key: Key, both: tuple[Rows, Rows], phases: Sequence[Phase], traffic: Traffic | None, end_s: float,
    tolerances: Tolerances,
) -> Iterator[Compared]:  # fmt: skip
    window = common_window(*both, "rate_bps", tolerances.ramp_up_s)
    rtt = partial(median_of, metric="rtt_s"), numbers_agree("rtt_s", tolerances.rtt_ratio, tolerances.rtt_s)
    request = (
        partial(median_of, metric="request_s"),
        numbers_agree("request_s", tolerances.request_ratio, tolerances.request_s),
    )
    requests_agree = numbers_agree("requests_per_s", tolerances.request_ratio, 0.0)
    busy = (
        partial(mean_utilisation, window=common_window(*both, "utilisation", 0.0)),
        numbers_agree("utilisation", tolerances.rate_ratio, tolerances.busy_share),
    )
    rates_agree = numbers_agree("rate_bps", tolerances.rate_ratio, 0.0)
    for phase in phases:
        cut = (tuple(filter(phase.holds, both[0])), tuple(filter(phase.holds, both[1])))
        yield from _made(key, "reachable", phase.text, cut, reached, states_agree)
        yield from _made(key, "DNS answers", phase.text, cut, answered_names, names_agree)
        yield from _made(key, "median RTT", phase.text, cut, *rtt)
        yield from _made(key, "median request", phase.text, cut, *request)
        yield from _made(key, "requests a second", phase.text, cut, partial(mean_requests, phase=phase), requests_agree)
        yield from _made(key, "utilisation, all together", phase.text, cut, *busy)
        yield from _made(key, "mean rate", phase.text, cut, partial(mean_rate, window=window, phase=phase), rates_agree)
    yield from _made(key, "failed requests", "whole run", both, failed_share,
                     numbers_agree("loss_ratio", tolerances.failed_ratio, tolerances.failed_share))  # fmt: skip
    if traffic is not None:
        outage = partial(longest_outage, traffic=traffic, end_s=end_s)
        yield from _made(key, "outage", "whole run", both, outage,
                         numbers_agree("ready_s", tolerances.outage_ratio, tolerances.outage_s))  # fmt: skip


def _made(
    key: Key, what: str, phase: str, both: tuple[Rows, Rows], measure: Callable[[Rows], Figure | None], agree: Agree
) -> Iterator[Compared]:  # fmt: skip
    figures = measure(both[0]), measure(both[1])
    if figures == (None, None):
        return
    probe, pair = key
    a, b = (figure or Figure(text="–", why="not measured") for figure in figures)
    slice_ = next((row.slice for rows in both for row in rows if row.slice), "")
    base: dict[str, Any] = {
        "probe": probe, "what": what, "phase": phase, "src": pair.src, "src_cluster": pair.src_cluster,
        "dst": pair.target, "slice": slice_, "a": a.text, "b": b.text,
    }  # fmt: skip
    why = [f"{run}: {figure.why}" for run, figure in (("A", a), ("B", b)) if figure.why]
    if why:
        yield Compared(**base, outcome="not comparable", value_a=a.value, value_b=b.value, note="; ".join(why))
        return
    same, difference, tolerance = agree(a, b)
    yield Compared(
        **base, outcome="same" if same else "differs", value_a=a.value, value_b=b.value, difference=difference,
        tolerance=tolerance, note=", ".join(sorted(a.names)) if same else "",
    )  # fmt: skip


def _joined(observations: Rows) -> dict[Key, list[Observation]]:
    groups: dict[Key, list[Observation]] = {}
    for row in in_time(observations):
        if row.probe:
            pair = pair_of(row)
            if row.probe == RESOURCES:
                # Which of a cluster's tunnels a flow takes is a hash's choice: parts of one kind count together.
                pair = pair._replace(src=row.src.partition("/")[0])
            groups.setdefault((row.probe, pair), []).append(row)
    return groups


def _notes(a: Run, b: Run) -> tuple[str, ...]:
    notes: list[str] = []
    if a.scenario != b.scenario:
        notes.append(
            f"The runs are of different scenarios ({a.scenario.metadata.name}, {b.scenario.metadata.name}); "
            "what has the same name is compared, in the phases of the first."
        )
    if a.world != b.world:
        notes.append("The runs are of different worlds.")
    return tuple(notes)
