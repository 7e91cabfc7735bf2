"""Forecast: years of control plane: when everything is up, what each rotation of keys costs, who is asked how much.

Nothing happens to the world but time. There is no traffic, nothing fails, and packets are neither lost nor late
(:mod:`.ideal_dataplane`): what KubeSlice does by itself is all that is seen. What repeats itself is leapt over
(:mod:`.leap`) and counted all the same (polls that a rotation puts off: within half a per cent).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median_high
from typing import NamedTuple

from kubeslice_sim.controlplane.eager_driver import EagerDriver
from kubeslice_sim.controlplane.fleet import Fleet
from kubeslice_sim.controlplane.ideal_dataplane import IdealDataPlane
from kubeslice_sim.controlplane.leap import Leaper
from kubeslice_sim.controlplane.lookout import Lookout
from kubeslice_sim.controlplane.readiness import ItemKey
from kubeslice_sim.controlplane.request_profile import RequestProfile, Sort
from kubeslice_sim.controlplane.rotation_record import Keys, RotationRecord, keys_due, rotation_records
from kubeslice_sim.controlplane.timestamp import timestamp
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.timing import Timing
from kubeslice_sim.model.world import World
from kubeslice_sim.observe.units import seconds
from kubeslice_sim.planner.change import counted

DAY_S = 86400.0
EVENTS_TOLD = 8
"""So many sorts of events are told to a person."""


class RequestTotal(NamedTuple):
    """So many requests of one sort. ``server``, ``client``: clusters' names."""

    server: str
    client: str
    verb: str
    kind: str
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A slice or an export: when it was up for the first time (None: never), and why it is not at the end, if so.

    ``possible``: False for what cannot come up as the world stands, such as an export of a namespace of no slice.
    """

    kind: str
    name: str
    slice: str
    cluster: str
    up_s: float | None
    reason: str
    possible: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation(RotationRecord):
    """A rotation of keys with all requests from ``due_s`` until it is over: also those that come all the time."""

    requests: tuple[RequestTotal, ...]

    def requests_to(self, server: str) -> int:
        """How many of them went to one API server."""
        return sum(item.requests for item in self.requests if item.server == server)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLoad:
    """What one API server is asked. ``resting_hz``: requests a second once all is up and no keys rotate (None: never).

    ``busiest``: the most requests of one second, which begins at ``busiest_at_s``.
    """

    server: str
    requests: int
    resting_hz: float | None
    busiest_at_s: float
    busiest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a world's control plane does in ``duration_s`` from the moment when the API servers get it.

    ``up_s``: when all was up for the first time. ``events``: how many by name. ``leapt_s`` and ``reconciles_leapt`` of
    ``reconciles`` looks were leapt over. Second 0 is called 2026-01-01T00:00:00Z: which day it is does not matter,
    what time of day does (a rotation that crosses midnight is not told complete).
    """

    world: str
    duration_s: float
    up_s: float | None
    arrivals: tuple[Arrival, ...]
    rotations: tuple[Rotation, ...]
    requests: tuple[RequestTotal, ...]
    servers: tuple[ServerLoad, ...]
    events: FrozenMap[int]
    reconciles: int
    reconciles_leapt: int
    leapt_s: float

    @property
    def up(self) -> bool:
        """Whether all is up at the end that can be."""
        return self.up_s is not None and not any(item.reason and item.possible for item in self.arrivals)

    def __str__(self) -> str:
        days = f"{self.duration_s / DAY_S:,.4g} days"
        lines = [f"{self.world}: {days} of control plane, from {timestamp(0.0)} on"]
        up = f"all up after {seconds(self.up_s)}" if self.up_s is not None else "not everything came up"
        lines += [up, *(f"  {item.kind} {item.name}{f' on {item.cluster}' * bool(item.cluster)}: {item.reason}"
                        for item in self.arrivals if item.reason)]  # fmt: skip
        for slice_ in dict.fromkeys(item.slice for item in self.rotations):
            lines += _rotations_told(slice_, self.of_slice(slice_))
        lines += ["no rotation of keys"] * (not self.rotations)
        lines += ["", *_table(("API server", "requests", "at rest", "in a rotation", "busiest second", "at"), [
            (load.server, f"{load.requests:,}", "" if load.resting_hz is None else f"{load.resting_hz:.3g}/s",
             f"{median_high(item.requests_to(load.server) for item in self.rotations):,}" if self.rotations else "",
             f"{load.busiest:,}", timestamp(load.busiest_at_s)) for load in self.servers
        ])]  # fmt: skip
        most = sorted(self.events.items(), key=lambda item: (-item[1], item[0]))
        told = ", ".join([*(f"{name} {count:,}" for name, count in most[:EVENTS_TOLD]),
                          *[f"{len(most) - EVENTS_TOLD} other sorts"] * (len(most) > EVENTS_TOLD)])  # fmt: skip
        lines += [
            "",
            f"events: {told or 'none'}",
            f"{self.reconciles:,} looks of controllers; of them "
            f"{self.reconciles_leapt:,}, and {self.leapt_s / DAY_S:,.5g} days, repeat what was lived through",
        ]
        return "\n".join(lines)

    def of_slice(self, slice_: str) -> tuple[Rotation, ...]:
        """The rotations of one slice's keys."""
        return tuple(item for item in self.rotations if item.slice == slice_)


def forecast(
    world: World, timing: Timing, duration_s: float, on_progress: Callable[[float], None] = lambda now_s: None
) -> Forecast:
    """Hand the world to its API servers and let so much time pass; ``on_progress`` hears how far it is.

    The same arguments give the same forecast. What never comes to rest is lived through second by second.
    """
    plane = IdealDataPlane(timing, lambda cluster, peer: _rtt_s(world, cluster, peer))
    fleet = Fleet(world, timing, plane)
    arriving = _Arriving(fleet)
    driver = EagerDriver(fleet, plane, lambda: arriving.look(driver.now_s))
    leaper = Leaper(fleet, plane)
    due: dict[Keys, float] = {}

    def live(until_s: float) -> None:
        driver.run(until_s)
        due.update(keys_due(fleet))
        on_progress(until_s)

    leaper.go(live, 0.0, duration_s)
    profile = RequestProfile(fleet.load)
    rotations = tuple(item for item in rotation_records(fleet, due) if item.began_s <= duration_s)
    return Forecast(
        world=world.name, duration_s=duration_s, up_s=arriving.all_up_s, arrivals=arriving.told(),
        rotations=_counted(rotations, profile), requests=_totals(fleet.load.totals()),
        servers=_servers(fleet, profile, rotations, arriving.all_up_s, duration_s), events=_events(fleet),
        reconciles=sum(controller.reconciles for site in fleet.sites for controller in site.controllers),
        reconciles_leapt=leaper.tally.reconciles, leapt_s=leaper.tally.leapt_s,
    )  # fmt: skip


class _Arriving:
    """Notes when each slice and export is up, and when all are, as somebody who looks after every step."""

    def __init__(self, fleet: Fleet) -> None:
        self.all_up_s: float | None = None
        self._fleet = fleet
        self._lookout = Lookout(fleet.hub, fleet.workers, fleet.ledger)
        self._up: dict[ItemKey, float] = {}
        self._effects_seen = -1

    def look(self, now_s: float) -> None:
        """Nothing comes up without an order to the data plane once all is up."""
        if self.all_up_s is not None and not self._lookout.waits and self._fleet.effects == self._effects_seen:
            return
        self._effects_seen = self._fleet.effects
        self._up.update(dict.fromkeys(self._lookout.look(), now_s))
        if self.all_up_s is None and not self._lookout.waits and self._fleet.readiness().up:
            self.all_up_s = now_s

    def told(self) -> tuple[Arrival, ...]:
        items = (item for item in self._fleet.readiness().items if item.kind != "tunnel")
        return tuple(
            Arrival(kind=item.kind, name=item.name, slice=item.slice, cluster=item.cluster,
                    up_s=self._up.get(item.key), reason=item.reason, possible=item.possible)
            for item in items
        )  # fmt: skip


def _rtt_s(world: World, cluster: str, peer: str) -> float:
    return sum(world.underlay.path(*way).delay_s for way in ((cluster, peer), (peer, cluster)))


def _stretch(item: RotationRecord) -> tuple[float, float]:
    """The whole seconds of a rotation, its certificates included."""
    return float(int(item.due_s)), float(int(item.over_s) + 1)


def _counted(rotations: Sequence[RotationRecord], profile: RequestProfile) -> tuple[Rotation, ...]:
    counts = profile.count([_stretch(item) for item in rotations])
    return tuple(
        Rotation(**{name: getattr(item, name) for name in item.__dataclass_fields__}, requests=_totals(found))
        for item, found in zip(rotations, counts, strict=True)
    )


def _totals(counts: Mapping[Sort, int]) -> tuple[RequestTotal, ...]:
    return tuple(RequestTotal(*sort, requests) for sort, requests in sorted(counts.items()))


def _servers(
    fleet: Fleet, profile: RequestProfile, rotations: Sequence[RotationRecord], up_s: float | None, end_s: float
) -> tuple[ServerLoad, ...]:
    busy = _union([(0.0, float(int(up_s or 0.0) + 1)), *map(_stretch, rotations)], end_s)
    resting_s = end_s - sum(end - begin for begin, end in busy)
    total, besides = _by_server(fleet.load.totals()), Counter[str]()
    for counts in profile.count(busy):
        besides.update(_by_server(counts))
    return tuple(
        ServerLoad(
            server=item.server, requests=total[item.server], busiest_at_s=item.at_s, busiest=item.requests,
            resting_hz=None if up_s is None or resting_s <= 0.0 else
            (total[item.server] - besides[item.server]) / resting_s,
        )
        for item in profile.busiest()
    )  # fmt: skip


def _by_server(counts: Mapping[Sort, int]) -> Counter[str]:
    found = Counter[str]()
    for (server, *_), count in counts.items():
        found[server] += count
    return found


def _union(stretches: Sequence[tuple[float, float]], end_s: float) -> list[tuple[float, float]]:
    """The same time in stretches that do not overlap, up to the end."""
    found: list[tuple[float, float]] = []
    for begin, end in sorted(stretches):
        begin, end = min(begin, end_s), min(end, end_s)
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return found


def _events(fleet: Fleet) -> FrozenMap[int]:
    counts = Counter(event.name for event in fleet.events)
    for leapt in fleet.load.leapt:
        for deed, count in leapt.count("event").items():
            counts[str(deed[2])] += count
    return FrozenMap(dict(sorted(counts.items())))


def _rotations_told(slice_: str, rotations: Sequence[Rotation]) -> list[str]:
    copied = sum(item.copied for item in rotations)
    told = [item.ended_s - item.due_s for item in rotations if item.ended_s is not None]
    gone = [item.replaced_s - item.began_s for item in rotations if item.replaced_s is not None]
    days = f"{timestamp(rotations[0].began_s)} to {timestamp(rotations[-1].began_s)}"
    unfinished = len(rotations) - len(told)
    pods = counted(max(item.gateways for item in rotations), "gateway pod")
    tunnels = counted(min(item.fewest_tunnels for item in rotations), "tunnel")
    return [
        f"slice {slice_}: {counted(len(rotations), 'rotation')} of keys, {days}; {copied} are copies of the others",
        f"  at most {pods} each, replaced within {_longest(gone)}; never fewer than {tunnels} a pair",
        f"  complete within {_longest(told)} of the old keys' expiry" + f"; {unfinished} never" * (unfinished > 0),
    ]


def _longest(spans: Sequence[float]) -> str:
    return seconds(max(spans)) if spans else "(unknown)"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    return ["  ".join(cell.ljust(width) if at == 0 else cell.rjust(width)
                      for at, (cell, width) in enumerate(zip(row, widths, strict=True))).rstrip()
            for row in (heads, *rows)]  # fmt: skip
