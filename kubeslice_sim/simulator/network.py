"""Network: the state of every device on the data path. It changes by effects and faults only, never by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network

from kubeslice_sim.controlplane.effects import StartGateway, StartRouter
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.scenario import LinkFault
from kubeslice_sim.model.underlay import Path, Underlay
from kubeslice_sim.planner.network_policy import PolicyDirection
from kubeslice_sim.planner.plan import PodPlan, QosPlan
from kubeslice_sim.planner.policy_rules import PolicyRules
from kubeslice_sim.simulator.ecmp import FiveTuple
from kubeslice_sim.simulator.proxies import Proxies
from kubeslice_sim.simulator.tunnel import Tunnel

PodKey = tuple[str, str, str]
"""Cluster, namespace, name."""


@dataclass(slots=True, kw_only=True, eq=False)
class Pod:
    """An application pod. ``life`` counts its starts; ``nsm`` holds its overlay address per slice."""

    cluster: str
    namespace: str
    name: str
    node: str
    pod_ip: IPv4Address
    program: str
    running: bool = False
    life: int = 0
    nsm: dict[str, IPv4Address] = field(default_factory=dict)

    @property
    def key(self) -> PodKey:
        """Cluster, namespace, name."""
        return (self.cluster, self.namespace, self.name)

    @property
    def reference(self) -> str:
        """``namespace/pod@cluster``."""
        return f"{self.namespace}/{self.name}@{self.cluster}"

    @property
    def listens(self) -> bool:
        """Whether a connection to it is taken; a pod that only sleeps refuses."""
        return self.program != "sleep"


@dataclass(slots=True, kw_only=True, eq=False)
class Router:
    """A slice router: host routes to its clients, ECMP routes to other clusters. Both die with its pod."""

    start: StartRouter
    running: bool = False
    clients: dict[IPv4Address, Pod] = field(default_factory=dict)
    next_hops: dict[IPv4Network, tuple[IPv4Address, ...]] = field(default_factory=dict)

    def route(self, target: IPv4Address) -> tuple[IPv4Address, ...]:
        """The next hops of the longest prefix that holds ``target``; none if no route does."""
        best: IPv4Network | None = None
        for network in self.next_hops:
            if target in network and (best is None or network.prefixlen > best.prefixlen):
                best = network
        return self.next_hops[best] if best is not None else ()


@dataclass(slots=True, kw_only=True, eq=False)
class Gateway:
    """A gateway pod. ``life`` counts its starts: a new one knows no session of the old."""

    start: StartGateway
    running: bool = False
    life: int = 0
    tunnel: Tunnel | None = None


@dataclass(slots=True, kw_only=True)
class Link:
    """One direction of the WAN between two clusters, as it is now."""

    given: Path
    path: Path
    cut: bool = False

    def worsen(self, fault: LinkFault) -> None:
        """Apply a fault to what the Underlay gives: half of its rtt each way, what is None stays as it is."""
        now = self.path
        self.path = Path(
            delay_s=now.delay_s if fault.rtt_s is None else fault.rtt_s / 2,
            jitter_s=now.jitter_s if fault.jitter_s is None else fault.jitter_s,
            loss=now.loss if fault.loss is None else fault.loss,
            bandwidth_bps=now.bandwidth_bps if fault.bandwidth_bps is None else fault.bandwidth_bps,
        )


@dataclass(slots=True, kw_only=True)
class Nameserver:
    """The KubeSlice DNS of a cluster.

    ``held``: a fault keeps it down. ``away``: it does not run: its pod died or is still starting, or its node is gone.
    ``node``: where it runs or is to run, empty for nowhere; None while nobody has said.
    """

    held: bool = False
    node: str | None = None
    away: bool = False
    records: FrozenMap[tuple[IPv4Address, ...]] = field(default_factory=FrozenMap)

    @property
    def answers(self) -> bool:
        """Whether a question is answered."""
        return not self.held and not self.away


class Network:
    """All devices of a world, found by name or address. ``changed`` tells whoever listens that a path may differ."""

    def __init__(self, underlay: Underlay) -> None:
        self.underlay = underlay
        self.pods: dict[PodKey, Pod] = {}
        self.pods_by_ip: dict[tuple[str, IPv4Address], Pod] = {}
        self.routers: dict[tuple[str, str], Router] = {}
        self.gateways: dict[tuple[str, str], Gateway] = {}
        self.gateways_by_ip: dict[tuple[str, str, IPv4Address], Gateway] = {}
        self.owners: dict[tuple[str, IPv4Address], str] = {}
        """Who has, or last had, an overlay address of a slice: a stale answer still names a pod."""
        self.qos: dict[tuple[str, str], QosPlan] = {}
        self.qos_ports: dict[tuple[str, str], frozenset[int]] = {}
        self.policies: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {}
        self.rules: PolicyRules | None = None
        """The users' policies as they stand, which hold for the pods of the plan."""
        self.planned: dict[str, PodPlan] = {}
        self.proxies = Proxies()
        self.nameservers: dict[str, Nameserver] = {}
        self._links: dict[tuple[str, str], Link] = {}
        self._listeners: list[Callable[[], None]] = []

    def link(self, source: str, target: str) -> Link:
        """The direction ``source`` → ``target``."""
        found = self._links.get((source, target))
        if found is None:
            path = self.underlay.path(source, target)
            found = self._links[source, target] = Link(given=path, path=path)
        return found

    def both_ways(self, one: str, other: str) -> tuple[Link, Link]:
        """Both directions between two clusters."""
        return self.link(one, other), self.link(other, one)

    def nameserver(self, cluster: str) -> Nameserver:
        """The cluster's KubeSlice DNS; it answers nothing until it is told names."""
        return self.nameservers.setdefault(cluster, Nameserver())

    def isolated(self, source: Pod, target: Pod, flow: FiveTuple) -> bool:
        """Whether policies of either end keep a packet between two pods of one cluster from passing on the CNI.

        The slices' policies close whole namespaces, the users' pods and ports; what any of them allows passes.
        """
        if flow.answer:
            source, target, flow = target, source, flow.reverse
        directions: tuple[tuple[PolicyDirection, Pod, Pod], ...] = (
            ("egress", source, target),
            ("ingress", target, source),
        )
        return any(self._closed(direction, own, other, target, flow) for direction, own, other in directions)

    def _closed(self, direction: PolicyDirection, own: Pod, other: Pod, target: Pod, flow: FiveTuple) -> bool:
        slices = self.policies.get((own.cluster, own.namespace))
        near, far, end = (self.planned.get(pod.reference) for pod in (own, other, target))
        users = self.rules.users(near, direction) if near is not None and self.rules is not None else ()
        if not slices and not users:
            return False
        if slices and (own.namespace == other.namespace or any(other.namespace in item for item in slices.values())):
            return False
        if self.rules is None or far is None or end is None:
            return True
        port = flow.target_port if flow.protocol != "icmp" else None
        protocol = flow.protocol.upper()
        return all(self.rules.permitting(item, direction, far, end, port, protocol) is None for item in users)

    def listen(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after every change of a path."""
        self._listeners.append(listener)

    def changed(self) -> None:
        """Tell the listeners."""
        for listener in self._listeners:
            listener()
