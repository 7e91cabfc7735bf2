"""Leave-taking: the milestones of what goes: a member's share of a slice, its gateways on both sides, a Cluster."""

from __future__ import annotations

from kubeslice_sim.controlplane.effects import DisconnectPod, SetNextHops, StopPod
from kubeslice_sim.controlplane.finalizer import deleting
from kubeslice_sim.controlplane.hub import labels
from kubeslice_sim.controlplane.journal import Entry, ObjectChange
from kubeslice_sim.controlplane.store import Change
from kubeslice_sim.controlplane.trail import Part, Trail
from kubeslice_sim.model.cluster import Cluster
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.slice_gateway import SliceGateway
from kubeslice_sim.model.worker_slice import Slice
from kubeslice_sim.model.worker_slice_config import WorkerSliceConfig
from kubeslice_sim.model.worker_slice_gateway import WorkerSliceGateway
from kubeslice_sim.planner.names import SYSTEM_NAMESPACE, router


class LeaveTaking:
    """Reads entries in order of time and marks the trail: for each object that its end was asked for, and that it came.

    A worker's object ends for its picture on the controller cluster, which is let go only when that one is gone.
    """

    def __init__(self, trail: Trail) -> None:
        self._trail = trail
        self._gone: dict[tuple[str, str], dict[Part, None]] = {}
        """By slice and cluster, what there was to be done until it had left."""

    def read(self, entry: Entry) -> None:
        """Take note of an entry of the journal."""
        match entry:
            case ObjectChange():
                self._change(entry.cluster, entry.change)
            case SetNextHops() if not entry.via:
                self._left(("no route", entry.slice, entry.cluster, entry.destination), "route is deleted", entry.slice,
                           entry.cluster, str(entry.destination), (entry.cluster,),
                           [("leaving", entry.slice, entry.cluster), ("asked", entry.slice)])  # fmt: skip
            case DisconnectPod():
                self._left(("disconnected", entry.slice, entry.cluster, entry.namespace, entry.pod),
                           "pod leaves the overlay", entry.slice, entry.cluster, f"{entry.namespace}/{entry.pod}",
                           (entry.cluster,), [("leaving", entry.slice, entry.cluster)])  # fmt: skip
            case StopPod() if entry.namespace == SYSTEM_NAMESPACE:
                place = self._trail.newest.get(("ordered pod", entry.cluster, SYSTEM_NAMESPACE, entry.pod))
                slice_ = self._trail.milestones[place].slice if place is not None else ""
                if slice_ and entry.pod == router(slice_):
                    self._left(("no router", slice_, entry.cluster), "router pod is stopped", slice_, entry.cluster,
                               entry.pod, (entry.cluster,), [("slice gone", slice_, entry.cluster)])  # fmt: skip

    def parts(self, slice_: str, clusters: tuple[str, ...]) -> list[Part]:
        """What the end of these clusters' membership waited for."""
        return list(dict.fromkeys(part for cluster in clusters for part in self._gone.get((slice_, cluster), ())))

    def _left(
        self, part: Part, stage: str, slice_: str, cluster: str, subject: str, whose: tuple[str, ...],
        waits_for: list[Part],
    ) -> None:  # fmt: skip
        self._trail.mark(part, stage, slice_, cluster, subject, waits_for)
        for name in whose:
            self._gone.setdefault((slice_, name), {})[part] = None

    def _change(self, cluster: str, change: Change) -> None:
        item, gone = change.item, change.action == "DELETED"
        marked = deleting(item) and change.previous is not None and not deleting(change.previous)
        if isinstance(item, Cluster):
            self._cluster(change, marked, gone)
        if isinstance(item, WorkerSliceConfig) and change.action == "ADDED":
            self._share_again(item)
        if not (marked or gone):
            return
        match item:
            case SliceConfig():
                name = change.key.name
                if marked:
                    self._trail.mark(("asked", name), "slice's end asked for", name, "", name, ())
                else:
                    self._trail.mark(("forgotten", name), "slice is let go", name, "", name,
                                     [*self.parts(name, item.spec.clusters), ("asked", name)])  # fmt: skip
            case WorkerSliceConfig():
                self._share(item, gone)
            case WorkerSliceGateway():
                self._pair(item, gone)
            case Slice():
                self._slice(cluster, change.key.name, gone)
            case SliceGateway():
                self._gateway(cluster, item, gone)

    def _share(self, item: WorkerSliceConfig, gone: bool) -> None:
        slice_, cluster = item.spec.slice_name, item.metadata.labels.get(labels.WORKER_CLUSTER, "")
        name, part = item.metadata.name, ("share", slice_, cluster)
        if gone:
            self._left(("no share", slice_, cluster), "share is let go", slice_, "", name, (cluster,),
                       [part, ("slice gone", slice_, cluster), ("asked", slice_)])  # fmt: skip
        else:
            self._trail.mark(part, "share is deleted", slice_, "", name, [("asked", slice_)])

    def _share_again(self, item: WorkerSliceConfig) -> None:
        """A member that had left, or whose share somebody deleted, gets one anew."""
        slice_, cluster = item.spec.slice_name, item.metadata.labels.get(labels.WORKER_CLUSTER, "")
        if ("no share", slice_, cluster) in self._trail.newest:
            self._trail.mark(("share", slice_, cluster), "controller makes the share anew", slice_, "",
                             item.metadata.name, [("no share", slice_, cluster), ("asked", slice_)])  # fmt: skip

    def _pair(self, item: WorkerSliceGateway, gone: bool) -> None:
        slice_, name = item.spec.slice_name, item.metadata.name
        local, remote = item.spec.local_gateway_config.cluster_name, item.spec.remote_gateway_config.cluster_name
        if gone:
            self._left(("no pair", name), "gateway is let go", slice_, "", name, (local, remote),
                       [("pair", name), ("gateway gone", local, name), ("asked", slice_)])  # fmt: skip
        else:
            self._trail.mark(("pair", name), "gateway is deleted", slice_, "", name, [("asked", slice_)])

    def _slice(self, cluster: str, name: str, gone: bool) -> None:
        if gone:
            self._left(("slice gone", name, cluster), "worker takes its slice down", name, cluster, name, (cluster,),
                       [("leaving", name, cluster)])  # fmt: skip
        else:
            self._trail.mark(("leaving", name, cluster), "end reaches the worker", name, cluster, name,
                             [("share", name, cluster)])  # fmt: skip

    def _gateway(self, cluster: str, item: SliceGateway, gone: bool) -> None:
        slice_, name = item.spec.slice_name, item.metadata.name
        remote = item.status.config.slice_gateway_remote_cluster_id
        if gone:
            self._left(("gateway gone", cluster, name), "worker takes its gateway down", slice_, cluster, name,
                       (cluster, remote),
                       [("gateway leaving", cluster, name), ("leaving", slice_, cluster)])  # fmt: skip
        else:
            self._trail.mark(("gateway leaving", cluster, name), "gateway's end reaches the worker", slice_, cluster,
                             name, [("pair", name), ("leaving", slice_, cluster)])  # fmt: skip

    def _cluster(self, change: Change, marked: bool, gone: bool) -> None:
        name, item = change.key.name, change.item
        part = ("registration", name)
        said = item.status.registration_status if item.status is not None else ""
        before = change.previous.status if change.previous is not None else None
        if marked:
            self._trail.mark(part, "deregistration asked for", "", "", name, ())
        elif gone:
            stage = "cluster is let go" if said == "Deregistered" else "worker is waited for in vain"
            self._trail.mark(part, stage, "", "", name, [part])
        elif deleting(item) and said and (before is None or before.registration_status != said):
            self._trail.mark(part, f"worker says {said}", "", name, name, [part])
