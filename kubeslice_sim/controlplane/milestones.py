"""Milestones: from a fleet's journal, what had to happen before a slice or an export worked, and what each waited for.

What a milestone waits for is what its reconciler asks before it acts: a gateway pod needs its router, its keys and, on
the side that dials, the server's NodePorts; a route needs a tunnel. The newest occurrence of each counts, so that a
replaced gateway or a cluster that joins later has a chain of its own.
"""

from __future__ import annotations

from collections.abc import Iterable

from kubeslice_sim.controlplane.built_in import DNS, GATEWAY_LABEL, node_of
from kubeslice_sim.controlplane.effects import (
    ConnectPod,
    IssueCertificates,
    ServeNames,
    SetNextHops,
    SetQos,
    StartAppPod,
    StartGateway,
    StartRouter,
)
from kubeslice_sim.controlplane.event import TunnelTransition
from kubeslice_sim.controlplane.facts import CertificatesFailed, CertificatesIssued, NodeStopped, PodRunning
from kubeslice_sim.controlplane.finalizer import deleting
from kubeslice_sim.controlplane.journal import Entry, ObjectChange
from kubeslice_sim.controlplane.key_change import KeyChange
from kubeslice_sim.controlplane.leave_taking import LeaveTaking
from kubeslice_sim.controlplane.node import is_ready
from kubeslice_sim.controlplane.trail import Part, Trail
from kubeslice_sim.controlplane.undertaking import Undertaking
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.service_export import ServiceExport
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.slice_gateway import SliceGateway
from kubeslice_sim.model.worker_slice_gateway import WorkerSliceGateway
from kubeslice_sim.observe.history import Milestone
from kubeslice_sim.planner.names import SYSTEM_NAMESPACE
from kubeslice_sim.planner.objects_slice import FIRST_ROTATION

SEEN = "found up"
"""The last stage: the run looks at readiness now and then, not at every step."""
OVER = "over"
"""The last stage of an undertaking, which takes no time."""


class Tracer:
    """Reads entries in order of time; ``milestones`` grows. :meth:`reach` adds that something is up,
    :meth:`conclude` that an undertaking is over."""

    def __init__(self) -> None:
        self._trail = Trail()
        self._mark = self._trail.mark
        self._newest = self._trail.newest
        self._leave_taking = LeaveTaking(self._trail)
        self._key_change = KeyChange(self._trail)
        self._gateways: dict[tuple[str, str], StartGateway] = {}
        self._of_gateway: dict[tuple[str, int], dict[str, StartGateway]] = {}
        self._of_router: dict[tuple[str, str], dict[str, StartGateway]] = {}
        self._exports: dict[Part, str] = {}
        self._ports: dict[tuple[str, str], dict[Part, None]] = {}
        """What a cluster knows of a slice's NodePorts: its traffic is shaped by them."""
        self._served: dict[str, frozenset[str]] = {}

    def read(self, at_s: float, entry: Entry) -> None:
        """Take note of an entry of the journal."""
        self._trail.now_s = at_s
        self._happened(entry)
        self._key_change.read(entry)
        self._leave_taking.read(entry)

    @property
    def milestones(self) -> tuple[Milestone, ...]:
        """All that there are so far."""
        return tuple(self._trail.milestones)

    def _happened(self, entry: Entry) -> None:
        match entry:
            case ObjectChange():
                if entry.change.action != "DELETED":
                    self._object(entry.cluster, entry.change.action, entry.change.item, entry.change.previous)
            case PodRunning():
                self._pod_runs(entry)
            case NodeStopped():
                self._mark(("lost", entry.cluster, entry.node), "node dies", "", entry.cluster, entry.node, ())
            case CertificatesIssued():
                pair = ("ordered", entry.server)
                for gateway in (entry.server, entry.client):
                    self._mark(("certificates", gateway), "certificate job", entry.slice, "", entry.server, [pair])
            case CertificatesFailed():
                self._mark(("failed", entry.server), "certificate job fails", entry.slice, "", entry.server,
                           [("ordered", entry.server)])  # fmt: skip
            case TunnelTransition():
                if entry.up:
                    self._tunnel(entry)
            case _:
                self._order(entry)

    def reach(self, kind: str, slice_: str, cluster: str, name: str, at_s: float) -> None:
        """A slice or an export was found to be up at that moment, which must not be before the last entry read."""
        self._trail.now_s = at_s
        parts = [part for part in self._newest if part[1] == slice_ and part[0] in _OF_SLICE]
        if kind == "export":
            parts = [part for part in self._newest if part[0] == "name" and part[2] == name]
            parts += [part for part in (("export", slice_, cluster, name),) if part in self._newest]
        self._trail.reach(SEEN, slice_, cluster, name, parts)

    def conclude(self, what: Undertaking, at_s: float) -> int:
        """An undertaking was over with the entries of that moment, all read. Returns the milestone's place."""
        self._trail.now_s = at_s
        match what.sort:
            case "join" | "return":
                parts = [*self._share(what.slice, what.cluster), ("asked", what.slice)]
            case "leave":
                parts = self._leave_taking.parts(what.slice, (what.cluster,))
            case "teardown":
                parts = [*self._leave_taking.parts(what.slice, what.members), ("forgotten", what.slice)]
            case "rotation":
                parts = self._key_change.parts(what.slice)
            case "deregistration":
                parts = [("registration", what.cluster)]
        return self._trail.reach(OVER, what.slice, "", what.title, parts)

    def _share(self, slice_: str, cluster: str) -> list[Part]:
        """What one member's share of a slice consists of: on its side, at its peers, and its names."""
        found = []
        for part in self._newest:
            if part[1] == slice_ and part[0] in _OF_SLICE and part[2] == cluster:
                found.append(part)
            elif part[0] == "tunnel" and (start := self._gateways.get((str(part[1]), str(part[2])))) is not None:
                if start.slice == slice_ and start.remote_cluster == cluster:
                    found += [part, ("route", slice_, start.cluster, start.tunnelled)]
            elif part[0] == "name" and (part[1] == cluster or ("export", slice_, cluster, part[2]) in self._newest):
                found.append(part)
        return found

    def _object(self, cluster: str, action: str, item: object, previous: object) -> None:
        match item:
            case SliceConfig():
                self._wish(action, item, previous)
            case WorkerSliceGateway():
                if item.spec.gateway_host_type == "Server" and _new_ports(item, previous):
                    name, slice_ = item.metadata.name, item.spec.slice_name
                    server = str(item.spec.local_gateway_config.cluster_name)
                    self._ports.setdefault((server, slice_), {})[("ports", name)] = None
                    self._mark(("ports", name), "server's NodePorts told", slice_, server, name,
                               [("asked", slice_), ("mirrored", server, name), ("router", slice_, server),
                                ("recycled", name)])  # fmt: skip
            case SliceGateway():
                self._gateway(cluster, action, item, previous)
            case ServiceExport():
                self._exported(cluster, action, item)
            case _:
                self._other(cluster, action, item)

    def _wish(self, action: str, item: SliceConfig, previous: object) -> None:
        name = item.metadata.name
        if action == "ADDED":
            self._mark(("asked", name), "slice asked for", name, "", name, ())
        elif isinstance(previous, SliceConfig) and previous.metadata.finalizers != item.metadata.finalizers:
            self._mark(("asked", name), "controller takes it up", name, "", name, [("asked", name)])
        elif isinstance(previous, SliceConfig) and previous.spec != item.spec:  # asked for anew: a chain begins here
            self._mark(("asked", name), "slice asked for", name, "", name, ())

    def _gateway(self, cluster: str, action: str, item: SliceGateway, previous: object) -> None:
        name, config = item.metadata.name, item.status.config
        slice_, remote = item.spec.slice_name, config.slice_gateway_remote_gateway_id
        if action == "ADDED":
            self._mark(("mirrored", cluster, name), "gateway object reaches the worker", slice_, cluster, name,
                       [("on worker", slice_, cluster), ("asked", slice_), ("certificates", name)])  # fmt: skip
        before = previous.status.config.slice_gateway_remote_node_ports if isinstance(previous, SliceGateway) else ()
        if config.slice_gateway_remote_node_ports and config.slice_gateway_remote_node_ports != before:
            self._ports.setdefault((cluster, slice_), {})[("known ports", cluster, name)] = None
            self._mark(("known ports", cluster, name), "NodePort exchange", slice_, cluster, name,
                       [("ports", remote), ("mirrored", cluster, name)])  # fmt: skip

    def _exported(self, cluster: str, action: str, item: ServiceExport) -> None:
        slice_, name = item.spec.slice, f"{item.metadata.namespace}/{item.metadata.name}"
        part, wish = ("export", slice_, cluster, name), ("export asked", slice_, cluster, name)
        if action == "ADDED":
            self._mark(wish, "export asked for", slice_, cluster, name, ())
        elif item.status.export_status == "READY" and item.status.last_sync:
            pods = [("connected", slice_, cluster, item.metadata.namespace, pod.name) for pod in item.status.pods]
            self._exports[part] = name
            self._mark(part, "export told to the hub", slice_, cluster, name, [wish, *pods])

    def _other(self, cluster: str, action: str, item: object) -> None:
        metadata, kind = item.metadata, getattr(item, "kind", type(item).__name__)  # type: ignore[attr-defined]
        if action != "ADDED":
            if isinstance(item, KubernetesObject) and kind in ("Node", "Pod"):
                self._lost(cluster, item)
            return
        if kind in _WORKLOADS and metadata.namespace != SYSTEM_NAMESPACE:
            owners = [("workload", cluster, metadata.namespace, owner.name) for owner in metadata.owner_references]
            part = "pod object" if kind == "Pod" else "workload"
            self._mark((part, cluster, metadata.namespace, metadata.name), "workload asked for", "", cluster,
                       f"{metadata.namespace}/{metadata.name}", owners)  # fmt: skip
        elif kind == "Slice":
            name = metadata.name
            self._mark(("on worker", name, cluster), "slice reaches the worker", name, cluster, name,
                       [("asked", name), ("share", name, cluster)])  # fmt: skip
        elif kind == "Secret" and GATEWAY_LABEL in metadata.labels:
            name = metadata.labels[GATEWAY_LABEL]
            slice_ = self._slice_of(("certificates", name))
            self._mark(("keys", cluster, name), "keys reach the worker", slice_, cluster, name,
                       [("certificates", name), ("mirrored", cluster, name), ("rotation", slice_)])  # fmt: skip

    def _lost(self, cluster: str, item: KubernetesObject) -> None:
        """A node that died is found NotReady; a pod of such a node is evicted, once each."""
        name, node = item.metadata.name, item.metadata.name if item.kind == "Node" else node_of(item)
        found, died = ("not ready", cluster, node), ("lost", cluster, node)
        seen = self._newest.get(found, -1)
        if item.kind == "Node" and not is_ready(item) and seen < self._newest.get(died, -1):
            self._mark(found, "node is found NotReady", "", cluster, node, [died])
        elif item.kind == "Pod" and deleting(item) and seen >= 0:
            part = ("evicted", cluster, item.metadata.namespace, name)
            if self._newest.get(part, -1) < seen:
                self._mark(part, "pod is evicted", "", cluster, name, [found])

    def _order(self, entry: Entry) -> None:
        match entry:
            case IssueCertificates():
                stage = "controller makes the pair" if entry.rotation <= FIRST_ROTATION else "new keys are ordered"
                self._mark(("ordered", entry.server), stage, entry.slice, "", entry.server,
                           [("asked", entry.slice), ("failed", entry.server)])  # fmt: skip
            case StartRouter():
                self._ordered(entry.cluster, SYSTEM_NAMESPACE, entry.pod, "router", entry.slice,
                              [("on worker", entry.slice, entry.cluster)])  # fmt: skip
            case StartAppPod():
                self._ordered(entry.cluster, entry.namespace, entry.pod, "application", "",
                              [("pod object", entry.cluster, entry.namespace, entry.pod)])  # fmt: skip
            case StartGateway():
                self._gateways[entry.cluster, entry.pod] = entry
                self._of_gateway.setdefault((entry.gateway, entry.instance), {})[entry.pod] = entry
                self._of_router.setdefault((entry.cluster, entry.slice), {})[entry.pod] = entry
                own = [("keys", entry.cluster, entry.gateway), ("router", entry.slice, entry.cluster),
                       ("mirrored", entry.cluster, entry.gateway)]  # fmt: skip
                if entry.host_type == "Client":
                    own.append(("known ports", entry.cluster, entry.gateway))
                self._ordered(entry.cluster, SYSTEM_NAMESPACE, entry.pod, "gateway", entry.slice, own)
            case ConnectPod():
                pod = ("runs", entry.cluster, entry.namespace, entry.pod)
                self._mark(("connected", entry.slice, entry.cluster, entry.namespace, entry.pod),
                           "pod joins the overlay", entry.slice, entry.cluster, f"{entry.namespace}/{entry.pod}",
                           [pod, ("router", entry.slice, entry.cluster)])  # fmt: skip
            case SetNextHops():
                starts = self._of_router.get((entry.cluster, entry.slice), {}).values()
                tunnels = [("tunnel", entry.cluster, start.pod) for start in starts if start.nsm_ip in entry.via]
                if tunnels:
                    self._mark(("route", entry.slice, entry.cluster, entry.destination), "router takes the tunnels",
                               entry.slice, entry.cluster, str(entry.destination), tunnels)  # fmt: skip
            case SetQos():
                self._mark(("shaped", entry.slice, entry.cluster), "traffic is shaped", entry.slice, entry.cluster,
                           entry.slice, [("on worker", entry.slice, entry.cluster),
                                         *self._ports.get((entry.cluster, entry.slice), ())])  # fmt: skip
            case ServeNames():
                self._names(entry)

    def _ordered(
        self, cluster: str, namespace: str, pod: str, what: str, slice_: str, waits_for: Iterable[Part]
    ) -> None:  # fmt: skip
        waits = [*waits_for, ("evicted", cluster, namespace, pod)]
        self._mark(("ordered pod", cluster, namespace, pod), f"{what} pod is ordered", slice_, cluster, pod, waits)

    def _pod_runs(self, fact: PodRunning) -> None:
        order = ("ordered pod", fact.cluster, fact.namespace, fact.pod)
        start = self._gateways.get((fact.cluster, fact.pod))
        slice_ = self._slice_of(order)
        what = "gateway" if start is not None else "router" if fact.namespace == SYSTEM_NAMESPACE else "application"
        what = "DNS" if (fact.namespace, fact.pod) == (SYSTEM_NAMESPACE, DNS) else what
        part: Part = ("runs", fact.cluster, fact.namespace, fact.pod)
        if what == "router" and slice_:
            part = ("router", slice_, fact.cluster)
        self._mark(part, f"{what} pod starts", slice_, fact.cluster, fact.pod, [order])

    def _tunnel(self, entry: TunnelTransition) -> None:
        start = self._gateways.get((entry.cluster, entry.pod))
        ends = [("runs", entry.cluster, SYSTEM_NAMESPACE, entry.pod)]
        if start is not None:  # whoever of the peer's pods is its other end
            others = self._of_gateway.get((start.remote_gateway, start.instance), {}).values()
            ends += [("runs", other.cluster, SYSTEM_NAMESPACE, other.pod) for other in others]
        self._mark(("tunnel", entry.cluster, entry.pod), "tunnel comes up", entry.slice, entry.cluster, entry.pod, ends)

    def _names(self, entry: ServeNames) -> None:
        known = self._served.get(entry.cluster, frozenset())
        self._served[entry.cluster] = frozenset(entry.records)
        for part, exported in self._exports.items():
            namespace, _, name = exported.partition("/")
            served = [record for record in entry.records if record.startswith(f"{name}.{namespace}.")]
            if any(record not in known for record in served):
                self._mark(("name", entry.cluster, exported), "name reaches the cluster", str(part[1]), entry.cluster,
                           exported, [part, ("on worker", part[1], entry.cluster)])  # fmt: skip

    def _slice_of(self, part: Part) -> str:
        place = self._newest.get(part)
        return self._trail.milestones[place].slice if place is not None else ""


_WORKLOADS = frozenset({"Deployment", "StatefulSet", "Pod"})
_OF_SLICE = frozenset({"on worker", "router", "connected", "route", "shaped"})


def _new_ports(item: WorkerSliceGateway, previous: object) -> bool:
    before = previous.spec.local_gateway_config.node_ports if isinstance(previous, WorkerSliceGateway) else ()
    return bool(item.spec.local_gateway_config.node_ports) and item.spec.local_gateway_config.node_ports != before
