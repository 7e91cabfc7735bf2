"""History of a fleet: its journal, its requests and its queues as rows that a run keeps."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address

from kubeslice_sim.controlplane.absence import holds
from kubeslice_sim.controlplane.effects import SetNextHops, StartGateway
from kubeslice_sim.controlplane.fleet import Fleet
from kubeslice_sim.controlplane.journal import Entry, ObjectChange
from kubeslice_sim.controlplane.milestones import Tracer
from kubeslice_sim.controlplane.object_state import WATCHED, conditions_of, state_of
from kubeslice_sim.controlplane.stale_names import stale_names
from kubeslice_sim.controlplane.undertakings import Ended, follow
from kubeslice_sim.observe.history import ApiRequests, History, ObjectState, QueueDepth, RouteChange, Undertaking
from kubeslice_sim.observe.observation import Observation

SLOTS = 600
"""Load is told in so many slots at most: a run of days has longer ones."""
_DIGITS = 9


def tell_history(fleet: Fleet, observations: Iterable[Observation], *, zero_s: float, end_s: float) -> History:
    """The history from the world's beginning to ``end_s``; the times given are the fleet's.

    ``observations``: of which those of ``ready_s`` say what came up and when. Empty for a fleet without a journal.
    """
    if fleet.journal is None:
        return History()
    entries = [entry for entry in fleet.journal.entries if entry[0] <= end_s]
    slot_s = max(fleet.load.slot_s, math.ceil(end_s / SLOTS))
    tracer = Tracer()
    shifted = [(round(at_s - zero_s, _DIGITS), entry) for at_s, entry in entries]
    undertakings = tuple(_trace(tracer, shifted, observations, follow(fleet, entries, end_s), zero_s))
    return History(
        slot_s=slot_s,
        ttl_s=fleet.timing.dns_ttl_s,
        milestones=tracer.milestones,
        undertakings=tuple(sorted(undertakings, key=lambda item: item.at_s)),
        holds=tuple(holds(shifted, zero_s, end_s)),
        states=tuple(_states(shifted)),
        routes=tuple(_routes(shifted)),
        stale_names=stale_names(shifted),
        requests=tuple(_requests(fleet, slot_s, zero_s, end_s)),
        depths=tuple(_depths(fleet, slot_s, zero_s, end_s)),
    )


def _trace(
    tracer: Tracer, entries: Iterable[tuple[float, Entry]], observations: Iterable[Observation],
    undertakings: Iterable[Ended], zero_s: float,
) -> Iterator[Undertaking]:  # fmt: skip
    """Read the entries, and in between who was found to be up, and what was over."""
    goals: list[tuple[float, Observation | Ended]] = [
        (round(row.value - zero_s, _DIGITS), row) for row in observations
        if row.metric == "ready_s" and row.outcome == "ok"
    ]  # fmt: skip
    for item in undertakings:
        if item.ended_s is None:
            yield _told(item, None, zero_s)
        else:
            goals.append((round(item.ended_s - zero_s, _DIGITS), item))
    goals.sort(key=lambda goal: (goal[0], _order(goal[1])))
    for at_s, entry in (*entries, (math.inf, None)):
        while goals and goals[0][0] < at_s:
            reached_s, goal = goals.pop(0)
            if isinstance(goal, Ended):
                yield _told(goal, tracer.conclude(goal.what, reached_s), zero_s)
            else:
                kind = "export" if goal.src_cluster else "slice"
                tracer.reach(kind, goal.slice, goal.src_cluster, goal.src, reached_s)
        if entry is not None:
            tracer.read(at_s, entry)


def _order(goal: Observation | Ended) -> tuple[str, ...]:
    return (goal.what.title,) if isinstance(goal, Ended) else (goal.slice, goal.src_cluster, goal.src)


def _told(item: Ended, milestone: int | None, zero_s: float) -> Undertaking:
    ended_s = None if item.ended_s is None else round(item.ended_s - zero_s, _DIGITS)
    return Undertaking(
        at_s=round(item.began_s - zero_s, _DIGITS), question=f"time to {item.verb}", slice=item.what.slice,
        cluster=item.what.cluster, title=item.what.title, ended_s=ended_s, milestone=milestone, reason=item.reason,
    )  # fmt: skip


def _states(entries: Iterable[tuple[float, Entry]]) -> Iterator[ObjectState]:
    known: dict[tuple[str, ...], tuple[str, str]] = {}
    for at_s, entry in entries:
        if not isinstance(entry, ObjectChange) or entry.change.key.kind not in WATCHED:
            continue
        change, where = entry.change, (entry.cluster, *entry.change.key)
        now = (state_of(change.item), conditions_of(change.item))
        if change.action == "MODIFIED" and known.get(where) == now:
            continue
        known[where] = now
        kind, namespace, name = change.key
        yield ObjectState(at_s=at_s, cluster=entry.cluster, kind=kind, namespace=namespace, name=name,
                          change=change.action.lower(), state=now[0], conditions=now[1])  # fmt: skip


def _routes(entries: Iterable[tuple[float, Entry]]) -> Iterator[RouteChange]:
    pods: dict[tuple[str, str, IPv4Address], str] = {}
    for at_s, entry in entries:
        if isinstance(entry, StartGateway):
            pods[entry.cluster, entry.slice, entry.nsm_ip] = entry.pod
        if isinstance(entry, SetNextHops):
            via = tuple(pods.get((entry.cluster, entry.slice, hop), str(hop)) for hop in entry.via)
            yield RouteChange(at_s=at_s, cluster=entry.cluster, slice=entry.slice, destination=str(entry.destination),
                              tunnels=len(via), via=via)  # fmt: skip


def _requests(fleet: Fleet, slot_s: float, zero_s: float, end_s: float) -> Iterator[ApiRequests]:
    counts: Counter[tuple[float, str, str, str, str]] = Counter()
    for item in fleet.load.requests():
        if item.at_s <= end_s:
            counts[item.at_s // slot_s * slot_s, item.server, item.client, item.verb, item.kind] += item.requests
    for (at_s, *sort), count in sorted(counts.items()):
        server, client, verb, kind = sort
        yield ApiRequests(at_s=round(at_s - zero_s, _DIGITS), server=server, client=client, verb=verb, kind=kind,
                          requests=count)  # fmt: skip


def _depths(fleet: Fleet, slot_s: float, zero_s: float, end_s: float) -> Iterator[QueueDepth]:
    most: dict[tuple[float, str, str], int] = {}
    for item in fleet.load.depths():
        if item.at_s <= end_s:
            key = (item.at_s // slot_s * slot_s, item.cluster, item.controller)
            most[key] = max(item.depth, most.get(key, 0))
    for (at_s, cluster, controller), depth in sorted(most.items()):
        yield QueueDepth(at_s=round(at_s - zero_s, _DIGITS), cluster=cluster, controller=controller, depth=depth)
