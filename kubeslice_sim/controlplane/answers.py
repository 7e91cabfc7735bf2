"""Answers: the figures that people ask a control plane for, from a run's rows and history; the same on every back end.

Time to detect: from a fault to the first sidecar that calls a tunnel down, cluster by cluster. Time to withdraw: until
that cluster's router has a tunnel less. Time to recover: until as many tunnels are up as before. Told of faults that
can break a tunnel, where no other fault may have done it. Time to join, leave, rotate and so on: from the request to
its end, which :mod:`.undertaking` defines. All in seconds.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kubeslice_sim.controlplane.blame import Suspect, broke, rivals, suspects
from kubeslice_sim.controlplane.critical_path import critical_path, paths, sentence, since
from kubeslice_sim.observe.history import History, RouteChange
from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.observe.outage import outages
from kubeslice_sim.observe.run import Run
from kubeslice_sim.observe.units import seconds

_GOT_THROUGH = frozenset({"reachable", "answers", "rtt_s", "rate_bps"})
Way = tuple[str, str, str]
"""Slice, cluster and peer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One figure. ``value`` None: it did not come to pass before the run's end, or cannot be told (see ``detail``).

    ``unit``: s, 1/s or 1 (keys).
    """

    question: str
    subject: str
    cluster: str
    value: float | None
    unit: str
    detail: str = ""


def answer(run: Run) -> tuple[Answer, ...]:
    """Every figure that the run has an answer for, question by question."""
    found = [*_ready(run), *_undertaken(run.history)]
    faults, able = _began(run.observations), suspects(run)
    for number, fault in enumerate(faults):
        later = (other.at_s for other in faults[number + 1 :] if other.at_s > fault.at_s)
        found += (item for held in able if held.row is fault for item in _tunnels_after(run, held, able))
        found += _after_fault(run, fault, next(later, run.scenario.spec.duration_s))
    found += _stale(run.history)
    found += _load(run.history)
    found += _queues(run.history)
    return tuple(found)


def explain_path(history: History, name: str = "") -> str:
    """The critical path of a slice, an export or an undertaking (empty: the last), as a sentence; empty without one."""
    told = [path for goal, path in paths(history).items() if name in ("", history.milestones[goal].subject)]
    return sentence(told[-1]) if told else ""


def told_undertakings(history: History) -> tuple[str, ...]:
    """How long each join, leave, rotation and so on took, and why: a sentence each for those that were over."""
    found = paths(history)
    return tuple(
        f"{item.title}: {seconds(item.ended_s - item.at_s)} ({sentence(found[item.milestone])})"
        for item in history.undertakings if item.ended_s is not None and item.milestone is not None
    )  # fmt: skip


def _ready(run: Run) -> Iterator[Answer]:
    """From the moment when it was asked for: by the world, at its beginning, or by a step of the timeline."""
    history = run.history.milestones
    found = {
        (reached.slice, reached.cluster, reached.subject): path
        for goal, path in paths(run.history).items() if (reached := history[goal])
    }  # fmt: skip
    for row in run.observations:
        if row.metric == "ready_s":
            up, path = row.outcome == "ok", found.get((row.slice, row.src_cluster, row.src), ())
            whole_s = round(path[-1].end_s - path[0].start_s, 9) if path else row.value
            yield Answer(question="time to ready", subject=row.src, cluster=row.src_cluster, unit="s",
                         value=whole_s if up else None, detail=sentence(path) if up else row.detail)  # fmt: skip


def _undertaken(history: History) -> Iterator[Answer]:
    """How long what was asked of the running control plane took, with its critical path from that moment on."""
    found = paths(history)
    for item in history.undertakings:
        value, detail = None, item.reason
        if item.ended_s is not None and item.milestone is not None:
            value = round(item.ended_s - item.at_s, 9)
            detail = sentence(found[item.milestone])
        whose = item.slice or item.cluster
        yield Answer(question=item.question, subject=whose, cluster=item.cluster, value=value, unit="s",
                     detail=f"{item.title}: {detail}" if item.question == "time to rotate" else detail)  # fmt: skip


def _began(observations: Sequence[Observation]) -> list[Observation]:
    """The rows at which a fault of some part took effect, in order of time: one a fault, its first."""
    first: dict[str, Observation] = {}
    for row in observations:
        if row.metric == "fault" and row.value == 1 and row.outcome == "ok":
            first.setdefault(row.probe, row)
    return sorted(first.values(), key=lambda row: row.at_s)


def _after_fault(run: Run, fault: Observation, next_s: float) -> Iterator[Answer]:
    """Traffic that got through before, looked at until the next fault, whose doing the rest may be."""
    seen = [row for row in run.observations if row.at_s < next_s]
    through = (row for row in seen if row.metric in _GOT_THROUGH and row.outcome == "ok" and row.value > 0)
    before = {row.probe for row in through if row.at_s < fault.at_s}
    for traffic in (item for item in run.scenario.spec.traffic if item.name in before):
        for outage in outages(traffic, seen, fault.at_s, next_s):
            if outage.length_s > 0:
                yield Answer(question="longest outage after", subject=fault.probe, cluster="", value=outage.length_s,
                             unit="s", detail=f"{traffic.name}: {outage.pair}")  # fmt: skip


def _tunnels_after(run: Run, suspect: Suspect, all_: Sequence[Suspect]) -> Iterator[Answer]:
    """What became of the tunnels that a fault broke; of faults that struck together the first one's name tells."""
    ways: dict[Way, list[Observation]] = defaultdict(list)
    for row in run.observations:
        if row.metric == "tunnel_up" and suspect.concerns(row):
            ways[row.slice, row.src_cluster, row.dst_cluster].append(row)
    fault = suspect.row
    for way, rows in ways.items():
        down = next((row for row in rows if broke(row) and row.at_s >= fault.at_s), None)
        if down is None or down.at_s > suspect.until_s:
            continue
        others = rivals(suspect, down, rows, all_)
        together = [other for other in others if other.row.at_s == fault.at_s]
        if any(all_.index(other) < all_.index(suspect) for other in together):
            continue  # told there
        apart = [other.row.probe for other in others if other not in together]
        if apart:
            why = f"not told apart: {down.src} to {way[2]} may have gone down for {' or '.join(apart)}"
            yield _since(fault, "time to detect", way[1], None, why)
            continue
        also = f", with {' and '.join(other.row.probe for other in together)}" if together else ""
        yield _since(fault, "time to detect", way[1], down.at_s, f"{down.src} to {way[2]} was called down{also}")
        withdrawn = _withdrawn(run.history.routes, down, fault.at_s)
        if withdrawn is not None:
            yield _since(fault, "time to withdraw", way[1], withdrawn.at_s,
                         f"{withdrawn.tunnels} tunnels left to {withdrawn.destination}{also}")  # fmt: skip
        last = _recovered(rows, fault.at_s)
        yield _since(fault, "time to recover", way[1], last.at_s if last else None,
                     f"all tunnels to {way[2]} up{also}{_how(run, fault, last)}")  # fmt: skip


def _since(fault: Observation, question: str, cluster: str, at_s: float | None, detail: str) -> Answer:
    value = None if at_s is None else round(at_s - fault.at_s, 9)
    return Answer(question=question, subject=fault.probe, cluster=cluster, value=value, unit="s", detail=detail)


def _withdrawn(routes: Sequence[RouteChange], down: Observation, after_s: float) -> RouteChange | None:
    """The first route of the tunnel's own router that left its pod out: at once where its own pod died."""
    led: dict[str, bool] = {}
    for route in routes:
        if (route.slice, route.cluster) != (down.slice, down.src_cluster):
            continue
        leads = down.src in route.via
        if route.at_s >= after_s and led.get(route.destination) and not leads:
            return route
        led[route.destination] = leads
    return None


def _how(run: Run, fault: Observation, last: Observation | None) -> str:
    """The critical path from the fault, or its end, to the tunnel that was the last to come up."""
    if last is None:
        return ""
    ends = [row.at_s for row in run.observations if (row.metric, row.probe, row.value) == ("fault", fault.probe, 0)]
    ended_s = next((at_s for at_s in ends if fault.at_s <= at_s <= last.at_s), None)
    told = run.history.milestones
    up = (last.at_s, last.src_cluster, last.src)
    goal = next((at for at, item in enumerate(told) if (item.at_s, item.cluster, item.subject) == up), None)
    if goal is None:
        return ""
    return f": {sentence(since(critical_path(told, goal), fault.at_s, ended_s))}"


def _recovered(rows: Sequence[Observation], after_s: float) -> Observation | None:
    """When as many tunnels of the way were up again as before, after there were fewer."""
    up: set[str] = set()
    wanted, dipped = 0, False
    for row in sorted(rows, key=lambda row: row.at_s):
        if row.value:
            up.add(row.src)
        else:
            up.discard(row.src)
        if row.at_s < after_s:
            wanted = len(up)
        dipped = dipped or (row.at_s >= after_s and broke(row) and len(up) < wanted)
        if dipped and row.value and len(up) >= wanted:
            return row
    return None


def _stale(history: History) -> Iterator[Answer]:
    """The longest stretch of each service's name in each cluster; names of single pods are left out."""
    longest: dict[tuple[str, str], Answer] = {}
    for item in history.stale_names:
        pod = item.pod.partition("@")[0].rpartition("/")[2]
        if item.name.startswith(f"{pod}."):
            continue
        value = None if item.until_s is None else round(item.until_s - item.at_s, 9)
        held = longest.get((item.name, item.cluster))
        if held is None or (held.value is not None and (value is None or value > held.value)):
            longest[item.name, item.cluster] = Answer(
                question="stale name", subject=item.name, cluster=item.cluster, value=value, unit="s",
                detail=f"answered {item.pod}, which was gone; caches may repeat it for {history.ttl_s:g} s more",
            )  # fmt: skip
    yield from longest.values()


def _load(history: History) -> Iterator[Answer]:
    """Mean and peak requests per second of each API server, and the kinds that most of them were about."""
    slots: dict[str, Counter[float]] = defaultdict(Counter)
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for item in history.requests:
        slots[item.server][item.at_s] += item.requests
        kinds[item.server][item.kind] += item.requests
    times = [item.at_s for item in history.requests]
    span_s = max(times) - min(times) + history.slot_s if times else 0.0
    for server, counts in slots.items():
        total, (peak_s, peak) = counts.total(), max(counts.items(), key=lambda slot: slot[1])
        most = ", ".join(f"{kind} {count / span_s:.3g}/s" for kind, count in kinds[server].most_common(4))
        yield Answer(question="mean API load", subject=server, cluster=server, value=total / span_s, unit="1/s",
                     detail=f"{total} requests; {most}")  # fmt: skip
        yield Answer(question="peak API load", subject=server, cluster=server, value=peak / history.slot_s,
                     unit="1/s", detail=f"over {history.slot_s:g} s from {peak_s:g} s on")  # fmt: skip


def _queues(history: History) -> Iterator[Answer]:
    """The deepest work queue of each cluster."""
    deepest: dict[str, Answer] = {}
    for item in history.depths:
        held = deepest.get(item.cluster)
        if held is None or item.depth > (held.value or 0):
            deepest[item.cluster] = Answer(question="deepest queue", subject=item.controller, cluster=item.cluster,
                                           value=float(item.depth), unit="1", detail=f"at {item.at_s:g} s")  # fmt: skip
    yield from deepest.values()
