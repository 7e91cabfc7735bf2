"""Destroy: delete what a world deployed, in reverse order, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from real.clock import Clock
from real.connection import Connection, check_all
from real.failures import ApiFailure
from real.inventory import Owned, find_owned, stale
from real.offboard import offboard
from real.ownership import check_world_name
from real.placement import Placement
from real.tenants import foreign_tenants

Outcome = Literal["deleted", "blocked", "kept"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What became of one object: ``blocked`` and ``kept`` say why."""

    placement: Placement
    outcome: Outcome
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.placement}: {self.outcome}" + (f": {self.reason}" if self.reason else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Destruction:
    """What destroying did, in its order."""

    world: str
    removals: tuple[Removal, ...]

    @property
    def complete(self) -> bool:
        """Nothing of the world that may be deleted is left."""
        return all(item.outcome == "deleted" for item in self.removals)

    def rows(self) -> tuple[dict[str, str], ...]:
        """One row an object, for tables and JSON: context, kind, namespace, name, outcome, reason."""
        return tuple({**item.placement.row(), "outcome": item.outcome, "reason": item.reason} for item in self.removals)

    def __str__(self) -> str:
        return "\n".join(map(str, self.removals)) or f"nothing of the world {self.world!r} is on these clusters"


def destroy(
    connections: Mapping[str, Connection],
    *,
    world: str,
    stale_among: Sequence[Placement] | None = None,
    namespaces: Sequence[str] = (),
    within_s: float = 60.0,
    clock: Clock | None = None,
    say: Callable[[str], None] = lambda _line: None,
) -> Destruction:
    """Delete every object with the world's label; a stage waits until those before it are gone.

    KubeSlice enforces the order (service exports, application namespaces, slice, cluster, project), so a stage that
    cannot be finished within ``within_s`` ends the work: the result says what holds it and what is therefore kept.
    Finalizers are never removed by force: what they guard would be left behind on the workers.
    stale_among: the world's placements now; only what is not among them is deleted. namespaces: as for find_owned.
    A namespace is kept while it holds workloads or KubeSlice objects that are not this world's.
    """
    clock = clock or Clock()
    check_world_name(world)
    check_all(connections)
    owned = find_owned(connections, world, namespaces=namespaces)
    if stale_among is not None:
        keys = {placement.key for placement in stale(owned, stale_among)}
        owned = tuple(item for item in owned if item.placement.key in keys)
    removals: list[Removal] = []
    halted = ""
    for _, group in groupby(sorted(owned, key=lambda item: -item.stage), key=lambda item: item.stage):
        stage = tuple(group)
        results = _keep(stage, halted) if halted else _remove(connections, stage, world, within_s, clock)
        removals += results
        for result in results:
            say(str(result))
        halted = halted or next((str(item.placement) for item in results if item.outcome == "blocked"), "")
    return Destruction(world=world, removals=tuple(removals))


def _keep(stage: Sequence[Owned], halted: str) -> list[Removal]:
    reason = f"{halted} has to go first"
    return [Removal(placement=item.placement, outcome="kept", reason=reason) for item in stage]


def _remove(
    connections: Mapping[str, Connection], stage: Sequence[Owned], world: str, within_s: float, clock: Clock
) -> list[Removal]:
    results: dict[str, Removal] = {}
    pending = {item.uid: item for item in stage}
    for _ in clock.rounds(within_s, every_s=0.5):
        for uid, item in tuple(pending.items()):
            result = _try(connections[item.placement.context], item, world)
            results[uid] = result
            if result.outcome != "blocked":
                del pending[uid]
        if not pending:
            break
    return [results[item.uid] for item in stage]


def _try(connection: Connection, item: Owned, world: str) -> Removal:
    placement = item.placement
    live = connection.get(item.kind, placement.namespace, placement.name)
    if live is None or live["metadata"]["uid"] != item.uid:
        return Removal(placement=placement, outcome="deleted")
    if not live["metadata"].get("deletionTimestamp"):
        tenants = foreign_tenants(connection, placement.name, world) if placement.kind == "Namespace" else ()
        if tenants:
            reason = f"it holds what is not this world's: {', '.join(tenants)}"
            return Removal(placement=placement, outcome="kept", reason=reason)
        try:
            if placement.kind == "SliceConfig":
                offboard(connection, item.kind, live)
            if connection.delete(item.kind, placement.namespace, placement.name, uid=item.uid):
                return Removal(placement=placement, outcome="deleted")
        except ApiFailure as failure:
            if not (failure.webhook or failure.is_refusal):
                raise
            return Removal(placement=placement, outcome="blocked", reason=" ".join(failure.words.split()))
        live = connection.get(item.kind, placement.namespace, placement.name)
        if live is None:
            return Removal(placement=placement, outcome="deleted")
    held = [*(live["metadata"].get("finalizers") or ()), *((live.get("spec") or {}).get("finalizers") or ())]
    return Removal(placement=placement, outcome="blocked", reason=_who_holds(held))


def _who_holds(finalizers: Sequence[str]) -> str:
    if not finalizers:
        return "deletion has begun and is not finished"
    text = f"held by the finalizer{'s' if len(finalizers) > 1 else ''} {', '.join(finalizers)}"
    if "kubernetes" in finalizers:
        return f"{text}: kube-controller-manager empties the namespace; is it running?"
    if any("kubeslice.io/" in name for name in finalizers):
        return f"{text}: the KubeSlice controller or the worker operator has to finish; are both running?"
    return text
