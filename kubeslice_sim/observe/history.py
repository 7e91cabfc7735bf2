"""History: what the control plane went through in a run, as plain rows; the same from every back end that runs it.

All times count from the scenario's zero; what came before it is negative.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, get_args, get_type_hints


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """Something that had to happen on the way to a slice or an export that works.

    ``stage`` names what ended here; ``after`` are the places, in the history's tuple, of the milestones without which
    it could not have happened: earlier in the tuple, and no later in time. ``goal``: the whole of ``subject`` is up.
    """

    at_s: float
    stage: str
    slice: str
    cluster: str
    subject: str
    after: tuple[int, ...] = ()
    goal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Undertaking:
    """Something that was asked of a control plane that ran: begun at ``at_s``, over at ``ended_s`` (None: never).

    ``question``: ``time to join``, ``to leave``, ``to tear down``, ``to rotate``, ``to deregister``, ``to force out``
    or ``to come back``; ``title`` says it in words, and names the goal among the milestones, whose place is
    ``milestone``. ``reason``: why it was never over.
    """

    at_s: float
    question: str
    slice: str
    cluster: str
    title: str
    ended_s: float | None
    milestone: int | None
    reason: str = ""

    @property
    def notice(self) -> str:
        """What to know of it: empty for one that was over."""
        if self.ended_s is not None:
            return ""
        return f"{self.title} (begun at {self.at_s:g} s) was not over at the end{self.reason and f': {self.reason}'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What held somebody up from ``at_s`` to ``until_s``: ``what`` is a part that was away, or ``back-off``.

    ``cluster``: whose controllers; empty for the controller cluster, which all wait for. ``subject``: of a back-off,
    the name of the object that was left alone; empty for all.
    """

    at_s: float
    until_s: float
    cluster: str
    what: str
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectState:
    """From now on an object is in this state. ``change``: added, modified or deleted; ``cluster``: whose API server.

    ``state`` is what its status says in a word or two, ``conditions`` its conditions that are not as they were.
    """

    at_s: float
    cluster: str
    kind: str
    namespace: str
    name: str
    change: str
    state: str
    conditions: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRequests:
    """So many requests of one sort in the slot of time that begins at ``at_s``. ``server``, ``client``: clusters."""

    at_s: float
    server: str
    client: str
    verb: str
    kind: str
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueDepth:
    """The most keys that waited in one controller's queue in the slot that begins at ``at_s``."""

    at_s: float
    cluster: str
    controller: str
    depth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteChange:
    """A router was told how many tunnels lead to a destination from now on: those of the gateway pods ``via``."""

    at_s: float
    cluster: str
    slice: str
    destination: str
    tunnels: int
    via: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleName:
    """From ``at_s`` on a cluster's KubeSlice DNS answered with a pod that was gone; ``until_s`` None: to the end.

    Resolvers that asked in that time may repeat the answer for the TTL.
    """

    at_s: float
    cluster: str
    name: str
    pod: str
    until_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """All of it, each part in order of time. ``slot_s``: how finely ``requests`` and ``depths`` tell time."""

    slot_s: float = 1.0
    ttl_s: float = 0.0
    milestones: tuple[Milestone, ...] = ()
    undertakings: tuple[Undertaking, ...] = ()
    holds: tuple[Hold, ...] = ()
    states: tuple[ObjectState, ...] = ()
    routes: tuple[RouteChange, ...] = ()
    stale_names: tuple[StaleName, ...] = ()
    requests: tuple[ApiRequests, ...] = ()
    depths: tuple[QueueDepth, ...] = ()

    @property
    def notices(self) -> tuple[str, ...]:
        """What was begun and never was over, with the reason."""
        return tuple(item.notice for item in self.undertakings if item.notice)

    def __bool__(self) -> bool:
        return bool(self.milestones or self.states or self.requests)


def history_data(history: History) -> dict[str, Any]:
    """JSON-like data: a list of columns, then a list a row, for each part."""
    data: dict[str, Any] = {"slot_s": history.slot_s, "ttl_s": history.ttl_s}
    for part, kind in _parts().items():
        columns = [item.name for item in fields(kind)]
        data[part] = {"columns": columns, "rows": [_cells(row, columns) for row in getattr(history, part)]}
    return data


def history_of(data: Mapping[str, Any]) -> History:
    """The history of :func:`history_data`. Raises :exc:`KeyError` or :exc:`TypeError` for other data."""
    parts: dict[str, Any] = {
        part: tuple(_row(kind, data[part]["columns"], cells) for cells in data[part]["rows"])
        for part, kind in _parts().items()
    }
    return History(slot_s=data["slot_s"], ttl_s=data["ttl_s"], **parts)


def _parts() -> dict[str, Any]:
    """The fields of a history that hold rows, and the kind of row."""
    hints = get_type_hints(History)
    return {name: get_args(hint)[0] for name, hint in hints.items() if get_args(hint)}


def _cells(row: Any, columns: Iterable[str]) -> list[Any]:
    cells = (getattr(row, column) for column in columns)
    return [list(cell) if isinstance(cell, tuple) else cell for cell in cells]


def _row(kind: Any, columns: Iterable[str], cells: Iterable[Any]) -> Any:
    told = zip(columns, cells, strict=True)
    return kind(**{column: tuple(cell) if isinstance(cell, list) else cell for column, cell in told})
