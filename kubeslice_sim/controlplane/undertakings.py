"""Undertakings of a journal: when each was begun, when it was over, and why not where it never was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kubeslice_sim.controlplane.effects import IssueCertificates
from kubeslice_sim.controlplane.finalizer import deleting
from kubeslice_sim.controlplane.fleet import Fleet
from kubeslice_sim.controlplane.hub import labels
from kubeslice_sim.controlplane.journal import Entry, ObjectChange
from kubeslice_sim.controlplane.past import Past
from kubeslice_sim.controlplane.store import Change
from kubeslice_sim.controlplane.timestamp import seconds
from kubeslice_sim.controlplane.undertaking import Sort, Undertaking
from kubeslice_sim.model.cluster import Cluster
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.vpn_key_rotation import VpnKeyRotation
from kubeslice_sim.model.worker_slice_config import WorkerSliceConfig
from kubeslice_sim.planner.members import member_clusters
from kubeslice_sim.planner.objects_slice import FIRST_ROTATION


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How one went. ``ended_s`` None: it never was over, and ``reason`` says why; times are the fleet's."""

    what: Undertaking
    began_s: float
    ended_s: float | None
    reason: str = ""
    forced: bool = False

    @property
    def verb(self) -> str:
        """What it was: to join, to leave and so on. A cluster that never let go was forced out."""
        return "force out" if self.forced else _VERBS[self.what.sort]


class Undertakings:
    """Reads a journal from its beginning, moment by moment: what stands between two entries of a moment is nothing."""

    def __init__(self, past: Past) -> None:
        self._past = past
        self._open: dict[Undertaking, float] = {}
        self._news: list[Undertaking] = []
        self._now_s = 0.0
        self._read_something = False
        self._said: dict[str, str] = {}
        """What each worker said last of its registration."""

    def read(self, at_s: float, entry: Entry) -> Iterator[Ended]:
        """Take note of an entry; what was over with the moment before it, if this is another."""
        if at_s > self._now_s:
            yield from self.look()
            self._now_s = at_s
        self._news += self._begun(entry)
        self._past.read(entry)
        if isinstance(entry, ObjectChange) and isinstance(entry.change.item, Cluster):
            status = entry.change.item.status
            self._said[entry.change.key.name] = (status.registration_status or "") if status is not None else ""
        self._read_something = True

    def look(self) -> Iterator[Ended]:
        """What was over, or given up, with the moment that was read last."""
        if not self._read_something:
            return
        self._read_something = False
        for what in self._news:
            yield from self._superseded(what)
            self._open.setdefault(what, self._now_s)
        self._news.clear()
        for what, began_s in tuple(self._open.items()):
            if what.given_up(self._past):
                del self._open[what]
                yield Ended(what=what, began_s=began_s, ended_s=None, reason="it was undone before")
            elif not what.obstacle(self._past, self._now_s):
                del self._open[what]
                forced = what.sort == "deregistration" and self._said.get(what.cluster) != "Deregistered"
                yield Ended(what=what, began_s=began_s, ended_s=self._now_s, forced=forced)

    def never_ended(self, end_s: float) -> Iterator[Ended]:
        """What was not over at the end, and why."""
        for what, began_s in self._open.items():
            yield Ended(what=what, began_s=began_s, ended_s=None, reason=what.obstacle(self._past, end_s))

    def _superseded(self, news: Undertaking) -> Iterator[Ended]:
        """A rotation takes over what the one before it left."""
        for what, began_s in tuple(self._open.items()):
            if (what.sort, news.sort, what.slice) == ("rotation", "rotation", news.slice) and what.number < news.number:
                reason = what.obstacle(self._past, self._now_s)
                del self._open[what]
                yield Ended(what=what, began_s=began_s, ended_s=None, reason=f"{news.title} began before: {reason}")

    def _begun(self, entry: Entry) -> Iterator[Undertaking]:
        """What an entry begins; the past is what it was before it."""
        match entry:
            case IssueCertificates():
                for rotation in self._past.hub.objects.named(VpnKeyRotation, entry.slice):
                    if entry.rotation > max(rotation.spec.rotation_count, FIRST_ROTATION):
                        yield Undertaking(sort="rotation", namespace=rotation.metadata.namespace, slice=entry.slice,
                                          number=entry.rotation)  # fmt: skip
            case ObjectChange():
                change = entry.change
                goes = _goes(change)
                match change.item:
                    case SliceConfig() if goes:
                        yield Undertaking(sort="teardown", namespace=change.key.namespace, slice=change.key.name,
                                          members=member_clusters(change.item))  # fmt: skip
                    case SliceConfig():
                        yield from self._asked(change)
                    case Cluster() if goes:
                        yield Undertaking(sort="deregistration", namespace=change.key.namespace,
                                          cluster=change.key.name)  # fmt: skip
                    case WorkerSliceConfig() if goes:
                        yield from self._forced(change.item)
                    case _:
                        return

    def _asked(self, change: Change) -> Iterator[Undertaking]:
        """What another spec of a slice asks for."""
        before, after = change.previous, change.item
        if before is None or before.spec == after.spec or deleting(after):
            return
        namespace, slice_ = change.key.namespace, change.key.name
        was, is_ = member_clusters(before), member_clusters(after)
        for cluster in is_:
            if cluster not in was:
                yield Undertaking(sort="join", namespace=namespace, slice=slice_, cluster=cluster)
        for cluster in was:
            if cluster not in is_:
                yield Undertaking(sort="leave", namespace=namespace, slice=slice_, cluster=cluster)
        asked = after.spec.renew_before
        rotation = self._past.hub.objects.get(VpnKeyRotation, namespace, slice_)
        if asked in (None, before.spec.renew_before) or rotation is None:
            return
        if seconds(str(asked)) <= self._now_s:  # one that lies ahead begins with its jobs
            yield Undertaking(sort="rotation", namespace=namespace, slice=slice_,
                                  number=rotation.spec.rotation_count + 1)  # fmt: skip

    def _forced(self, share: WorkerSliceConfig) -> Iterator[Undertaking]:
        """Somebody deletes a member's share, which the controller makes anew."""
        namespace, slice_ = share.metadata.namespace, share.spec.slice_name
        config = self._past.hub.objects.get(SliceConfig, namespace, slice_)
        cluster = share.metadata.labels.get(labels.WORKER_CLUSTER, "")
        if config is not None and not deleting(config) and cluster in member_clusters(config):
            yield Undertaking(sort="return", namespace=namespace, slice=slice_, cluster=cluster)


def follow(fleet: Fleet, entries: Sequence[tuple[float, Entry]], end_s: float) -> tuple[Ended, ...]:
    """How every undertaking of a fleet's journal went."""
    if not any(begins_something(entry) for _, entry in entries):
        return ()
    reader = Undertakings(Past(fleet))
    found = [ended for at_s, entry in entries for ended in reader.read(at_s, entry)]
    return (*found, *reader.look(), *reader.never_ended(end_s))


_VERBS: Mapping[Sort, str] = {
    "join": "join", "return": "come back", "leave": "leave", "teardown": "tear down", "rotation": "rotate",
    "deregistration": "deregister",
}  # fmt: skip
_KINDS = (Cluster, SliceConfig, WorkerSliceConfig)


def begins_something(entry: Entry) -> bool:
    """Whether an entry may begin an undertaking: a journal without one need not be followed."""
    if isinstance(entry, IssueCertificates):
        return entry.rotation > FIRST_ROTATION
    if not isinstance(entry, ObjectChange) or not isinstance(entry.change.item, _KINDS):
        return False
    before, after = entry.change.previous, entry.change.item
    asked = isinstance(after, SliceConfig) and before is not None and before.spec != after.spec
    return asked or _goes(entry.change)


def _goes(change: Change) -> bool:
    """Whether the object is deleted from now on: marked, or gone at once."""
    marked = change.previous is not None and deleting(change.previous)
    return not marked and (change.action == "DELETED" or deleting(change.item))
