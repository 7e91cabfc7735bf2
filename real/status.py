"""Status: how far each object of a world has come on its cluster; wait: until all have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from real.clock import Clock
from real.connection import Connection, Object, check_all
from real.order import CONTROLLER_GROUP, in_stages
from real.placement import Placement
from real.readiness import Readiness, readiness

_WORKER_GROUP = "worker.kubeslice.io/v1alpha1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectStatus:
    """One object and how far it is."""

    placement: Placement
    readiness: Readiness

    def __str__(self) -> str:
        reason = f": {self.readiness.reason}" if self.readiness.reason else ""
        return f"{self.placement}: {self.readiness.state}{reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldStatus:
    """Every object of a world, in the order of deployment, and after how many seconds of waiting (0: not waited)."""

    world: str
    objects: tuple[ObjectStatus, ...]
    waited_s: float = 0.0

    @property
    def ready(self) -> bool:
        """All objects are ready."""
        return all(item.readiness.state == "ready" for item in self.objects)

    @property
    def hopeless(self) -> bool:
        """Waiting does not help: something failed, or was never deployed."""
        return any(item.readiness.state in ("failed", "absent") for item in self.objects)

    def rows(self) -> tuple[dict[str, str], ...]:
        """One row an object, for tables and JSON: context, kind, namespace, name, state, reason."""
        return tuple(
            {**item.placement.row(), "state": item.readiness.state, "reason": item.readiness.reason}
            for item in self.objects
        )

    def __str__(self) -> str:
        return "\n".join(map(str, self.objects))


def status(connections: Mapping[str, Connection], placements: Sequence[Placement], *, world: str) -> WorldStatus:
    """Look at each object once. Raises BackendUnavailable when an API server is not reachable, BadInput for a kind
    that is never deployed."""
    check_all(connections)
    return _look(connections, placements, world, waited_s=0.0)


def wait(
    connections: Mapping[str, Connection],
    placements: Sequence[Placement],
    *,
    world: str,
    within_s: float,
    every_s: float = 2.0,
    clock: Clock | None = None,
    say: Callable[[str], None] = lambda _line: None,
) -> WorldStatus:
    """Look until everything is ready, until waiting is hopeless, or until the time is up; the result says which.

    say: told of every object when its state changes.
    """
    clock = clock or Clock()
    check_all(connections)
    told: dict[tuple[str, str, str, str, str], str] = {}
    for gone_s in clock.rounds(within_s, every_s):
        now = _look(connections, placements, world, waited_s=gone_s)
        for item in now.objects:
            line = str(item)
            if told.get(item.placement.key) != line:
                told[item.placement.key] = line
                say(line)
        if now.ready or now.hopeless:
            break
    return now


def _look(
    connections: Mapping[str, Connection], placements: Sequence[Placement], world: str, *, waited_s: float
) -> WorldStatus:
    objects = []
    for stage in in_stages(placements):
        for placement in stage:
            connection = connections[placement.context]
            kind = connection.find_kind(placement.api_version, placement.kind)
            live = connection.get(kind, placement.namespace, placement.name) if kind else None
            judged = readiness(live, _related(connection, placement) if live else ())
            objects.append(ObjectStatus(placement=placement, readiness=judged))
    return WorldStatus(world=world, objects=tuple(objects), waited_s=waited_s)


def _related(connection: Connection, placement: Placement) -> tuple[Object, ...]:
    if (placement.api_version, placement.kind) != (CONTROLLER_GROUP, "SliceConfig"):
        return ()
    kind = connection.find_kind(_WORKER_GROUP, "WorkerSliceConfig")
    if kind is None:
        return ()
    return connection.list(kind, namespace=placement.namespace, labels=f"original-slice-name={placement.name}")
