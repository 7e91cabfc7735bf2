"""History of a fleet: its journal, its requests and its queues as rows that a run keeps."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address

from kubeslice_sim.controlplane.effects import SetNextHops, StartGateway
from kubeslice_sim.controlplane.fleet import Fleet
from kubeslice_sim.controlplane.journal import Entry, ObjectChange
from kubeslice_sim.controlplane.milestones import Tracer
from kubeslice_sim.controlplane.object_state import WATCHED, conditions_of, state_of
from kubeslice_sim.controlplane.stale_names import stale_names
from kubeslice_sim.observe.history import ApiRequests, History, ObjectState, QueueDepth, RouteChange
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
    _trace(tracer, shifted, observations, zero_s)
    return History(
        slot_s=slot_s,
        ttl_s=fleet.timing.dns_ttl_s,
        milestones=tuple(tracer.milestones),
        states=tuple(_states(shifted)),
        routes=tuple(_routes(shifted)),
        stale_names=stale_names(shifted),
        requests=tuple(_requests(fleet, slot_s, zero_s, end_s)),
        depths=tuple(_depths(fleet, slot_s, zero_s, end_s)),
    )


def _trace(
    tracer: Tracer, entries: Iterable[tuple[float, Entry]], observations: Iterable[Observation], zero_s: float
) -> None:  # fmt: skip
    """Read the entries, and in between who was found to be up."""
    ready = sorted(
        (round(row.value - zero_s, _DIGITS), row.slice, row.src_cluster, row.src)
        for row in observations if row.metric == "ready_s" and row.outcome == "ok"
    )  # fmt: skip
    for at_s, entry in entries:
        while ready and ready[0][0] < at_s:
            _reach(tracer, *ready.pop(0))
        tracer.read(at_s, entry)
    for found in ready:
        _reach(tracer, *found)


def _reach(tracer: Tracer, at_s: float, slice_: str, cluster: str, name: str) -> None:
    tracer.reach("export" if cluster else "slice", slice_, cluster, name, at_s)


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
