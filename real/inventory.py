"""What of a world is on the clusters now: every live object that carries its label."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from real.connection import Connection, Kind, Object
from real.failures import ApiFailure
from real.order import STAGES
from real.ownership import selector
from real.placement import Placement


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """One live object of a world, where it is and how its kind is served there."""

    placement: Placement
    kind: Kind
    stage: int

    @property
    def live(self) -> Object:
        """The object as the API server gave it."""
        return self.placement.manifest

    @property
    def uid(self) -> str:
        """Its uid: a deletion is meant for exactly this object."""
        return str(self.live["metadata"]["uid"])


def find_owned(
    connections: Mapping[str, Connection], world: str, *, namespaces: Iterable[str] = ()
) -> tuple[Owned, ...]:
    """Every object of the world on these clusters, in the order of deployment. Kinds a cluster lacks are passed over.

    namespaces: where to look if the user may not list a kind in all namespaces (KubeSlice's own user roles cover the
    project's namespace only).
    """
    found = []
    for stage, kinds in enumerate(STAGES):
        for connection in connections.values():
            for api_version, name in kinds:
                kind = connection.find_kind(api_version, name)
                if kind is None:
                    continue
                for live in _list(connection, kind, selector(world), tuple(namespaces)):
                    placement = Placement(context=connection.context, manifest=live)
                    found.append(Owned(placement=placement, kind=kind, stage=stage))
    return tuple(found)


def stale(owned: Iterable[Owned], placements: Sequence[Placement]) -> tuple[Placement, ...]:
    """What of the owned is not among the placements: deployed once, and no longer in the world.

    A namespace that deploy made because something stands in it is not stale while anything does.
    """
    wanted = {item.key for item in placements}
    used = {(item.context, item.namespace) for item in placements}
    return tuple(
        item.placement
        for item in owned
        if item.placement.key not in wanted
        and not (item.placement.kind == "Namespace" and (item.placement.context, item.placement.name) in used)
    )


def _list(connection: Connection, kind: Kind, labels: str, namespaces: tuple[str, ...]) -> Iterable[Object]:
    try:
        return connection.list(kind, labels=labels)
    except ApiFailure as failure:
        if not failure.is_forbidden or not kind.namespaced:
            raise
    found: list[Object] = []
    for namespace in dict.fromkeys(namespaces):
        found += connection.list(kind, namespace=namespace, labels=labels)
    return found
