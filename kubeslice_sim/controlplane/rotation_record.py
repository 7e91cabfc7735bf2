"""Rotations of keys as a fleet told of them: when each began and ended, and what its tunnels went through."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kubeslice_sim.controlplane.event import Event, TunnelTransition
from kubeslice_sim.controlplane.fleet import Fleet
from kubeslice_sim.controlplane.hub.vpn_key_rotation import expiry_of
from kubeslice_sim.controlplane.timestamp import seconds, timestamp
from kubeslice_sim.model.vpn_key_rotation import VpnKeyRotation
from kubeslice_sim.model.worker_slice_gateway import WorkerSliceGateway
from kubeslice_sim.planner.objects_slice import FIRST_ROTATION

BEGUN, DONE = "VPNKeyRotationStart", "GatewayRecyclingSuccessful"
Keys = tuple[str, int]
"""A slice's keys of one number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationRecord:
    """One rotation of a slice's keys.

    ``number``: of its new keys. ``due_s``: when the old ones were to be renewed. ``began_s``: when the new certificates
    were there, and the gateways' replacement began. ``replaced_s``: when the last old tunnel was gone. ``ended_s``:
    when the last gateway was told complete; None if that did not happen, because it was past midnight (KubeSlice then
    looks no more), or before the end of what is known. ``gateways``: pods that were replaced. ``fewest_tunnels``: that
    any cluster's gateways to another had up meanwhile.
    ``copied``: leapt over, as a copy of what was lived through (:mod:`.leap`).
    """

    slice: str
    number: int
    due_s: float
    began_s: float
    replaced_s: float | None
    ended_s: float | None
    gateways: int
    fewest_tunnels: int
    copied: bool

    @property
    def over_s(self) -> float:
        """The last moment that anything is known of it."""
        return max(moment for moment in (self.began_s, self.replaced_s, self.ended_s) if moment is not None)


@dataclass(slots=True)
class _Course:
    """A slice's rotations up to some moment."""

    up: Counter[tuple[str, str]] = field(default_factory=Counter)
    began_s: float | None = None
    number: int = FIRST_ROTATION
    replaced_s: float | None = None
    ended_s: float | None = None
    gateways: set[tuple[str, str]] = field(default_factory=set)
    done: set[str] = field(default_factory=set)
    fewest: int = 0

    def begin(self, at_s: float) -> None:
        self.began_s, self.replaced_s, self.ended_s = at_s, None, None
        self.number += 1
        self.fewest = min(self.up.values(), default=0)
        self.gateways, self.done = set(), set()

    def turn(self, change: TunnelTransition) -> None:
        self.up[change.cluster, change.peer] += 1 if change.up else -1
        if change.up:
            self.gateways.add((change.cluster, change.pod))
        else:
            self.replaced_s = change.at_s
        self.fewest = min(self.fewest, self.up[change.cluster, change.peer])


def rotation_records(fleet: Fleet, due: Mapping[Keys, float]) -> tuple[RotationRecord, ...]:
    """All rotations, in the order in which they began. ``due``: when a slice's keys were to be renewed, as it was seen.

    Where nobody saw it, they were renewed when their slice's interval says.
    """
    rotations = fleet.hub.store.view.list(VpnKeyRotation)
    days = {item.metadata.name: item.spec.rotation_interval for item in rotations}
    servers: defaultdict[str, set[str]] = defaultdict(set)
    for gateway in fleet.hub.store.view.list(WorkerSliceGateway):
        if gateway.spec.gateway_host_type == "Server":
            servers[gateway.spec.slice_name].add(gateway.metadata.name)
    slice_of = {name: slice_ for slice_, names in servers.items() for name in names}
    copies = [(item.after_s, item.upto_s) for item in fleet.load.leapt if item.times]
    courses: defaultdict[str, _Course] = defaultdict(_Course)
    found: list[RotationRecord] = []
    expiries = dict(due)

    def close(slice_: str) -> None:
        course = courses[slice_]
        if course.began_s is not None:
            copied = any(after_s < course.began_s <= upto_s for after_s, upto_s in copies)
            found.append(_record(slice_, course, expiries, copied))

    for item in _in_order(fleet):
        if isinstance(item, TunnelTransition):
            courses[item.slice].turn(item)
            continue
        name = item.subject.rpartition("/")[2]
        if item.name == BEGUN:
            close(name)
            courses[name].begin(item.at_s)
            again_s = seconds(expiry_of(timestamp(item.at_s), days[name]))
            expiries.setdefault((name, courses[name].number), again_s)
        elif name in slice_of:
            course = courses[slice_of[name]]
            course.done.add(name)
            if course.done == servers[slice_of[name]]:
                course.ended_s = item.at_s
    for slice_ in courses:
        close(slice_)
    return tuple(sorted(found, key=lambda item: (item.began_s, item.slice)))


def keys_due(fleet: Fleet) -> dict[Keys, float]:
    """When the keys that slices have now are to be renewed."""
    return {
        (item.metadata.name, item.spec.rotation_count): seconds(item.spec.certificate_expiry_time)
        for item in fleet.hub.store.view.list(VpnKeyRotation) if item.spec.certificate_expiry_time is not None
    }  # fmt: skip


def _record(slice_: str, course: _Course, due: Mapping[Keys, float], copied: bool) -> RotationRecord:
    began_s = course.began_s or 0.0
    return RotationRecord(
        slice=slice_, number=course.number, due_s=due.get((slice_, course.number - 1), began_s), began_s=began_s,
        replaced_s=course.replaced_s, ended_s=course.ended_s, gateways=len(course.gateways),
        fewest_tunnels=course.fewest, copied=copied,
    )  # fmt: skip


def _in_order(fleet: Fleet) -> Iterable[Event | TunnelTransition]:
    events = (event for event in fleet.events if event.name in (BEGUN, DONE))
    return sorted((*events, *fleet.transitions), key=lambda item: item.at_s)
