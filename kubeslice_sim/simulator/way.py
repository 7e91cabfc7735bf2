"""Way: what a packet meets from one pod to another, one way; found by asking every device what it would do now."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Network

from kubeslice_sim.simulator.costs import Costs
from kubeslice_sim.simulator.ecmp import FiveTuple, choose
from kubeslice_sim.simulator.encapsulation import OVERLAY_MTU, TUNNEL_MTU, Count, Encapsulation
from kubeslice_sim.simulator.network import Gateway, Link, Network, Pod, Router
from kubeslice_sim.simulator.proxies import dial

ResourceKey = tuple[str, ...]
"""What is shared: ``("wan", from, to)``, ``("qos", cluster, node, slice)`` …; the first word is its kind."""
_MOST_KEPT = 10_000
MAX_HOPS = 64
"""Linux' default time to live: a routing loop ends."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A resource on the way, and how it counts what crosses it (``vpn``: encapsulated in what)."""

    resource: ResourceKey
    count: Count
    vpn: Encapsulation | None = None


@dataclass(slots=True)
class Way:
    """One direction, now. ``dropped`` says where and why a packet ends, empty if it arrives at ``target``.

    ``refused``: the proxy at ``target`` says so at once, and nobody waits for an answer in vain. ``proxied``: a proxy
    on the way chooses anew for each request. ``lane``: which of a router's next hops it takes, where packets go over
    them in turn (None: the hash says); ``fan``: how many there are at most.
    """

    stages: list[Stage] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    gateways: list[str] = field(default_factory=list)
    delay_s: float = 0.0
    mtu: int = OVERLAY_MTU
    overlay: bool = False
    target: Pod | None = None
    dropped: str = ""
    refused: bool = False
    proxied: bool = False
    lane: int | None = None
    fan: int = 1
    good_until_s: float = float("inf")
    """When a tunnel on the way would refuse its session, if nothing renewed it."""

    @property
    def arrives(self) -> bool:
        """Whether a packet gets there (random loss aside)."""
        return not self.dropped

    @property
    def loss(self) -> float:
        """The chance that one packet is lost on the links."""
        passed = 1.0
        for link in self.links:
            passed *= 1.0 - link.path.loss
        return 1.0 - passed

    @property
    def jitter_s(self) -> float:
        """The largest deviation from the delay, all links together."""
        return sum(link.path.jitter_s for link in self.links)


class Ways:
    """Traces ways over a network. ``secret`` seeds the routers' hash, as a host's boot does.

    ``by_packet``: slice routers send packets over their next hops in turn, as no KubeSlice does.
    """

    def __init__(self, network: Network, costs: Costs, secret: int, *, by_packet: bool = False) -> None:
        self._network = network
        self._costs = costs
        self._secret = secret
        self._by_packet = by_packet
        self._known: dict[tuple[Pod, FiveTuple, int | None], Way] = {}
        network.listen(self._known.clear)

    def lanes(self, source: Pod, flow: FiveTuple, now_s: float) -> tuple[Way, ...]:
        """The ways that packets of ``flow`` take in turn: one, unless routers spread packet by packet."""
        if not self._by_packet:
            return (self.trace(source, flow, now_s),)
        first = self.trace(source, flow, now_s, 0)
        return (first, *(self.trace(source, flow, now_s, lane) for lane in range(1, first.fan)))

    def trace(self, source: Pod, flow: FiveTuple, now_s: float, lane: int | None = None) -> Way:
        """The way that a packet of ``flow`` from ``source`` takes at this moment; not to be changed by the caller.

        Kept until the network changes or a tunnel's session grows too old.
        """
        known = self._known.get((source, flow, lane))
        if known is None or now_s >= known.good_until_s:
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            known = self._known[source, flow, lane] = self._trace(source, flow, now_s, lane)
        return known

    def _trace(self, source: Pod, flow: FiveTuple, now_s: float, lane: int | None) -> Way:
        way = Way(lane=lane)
        if not source.running:
            way.dropped = f"{source.reference} does not run"
            return way
        source, flow = self._leave(way, source, flow)
        if way.dropped:
            return way
        for slice_ in source.nsm:
            router = self._network.routers.get((source.cluster, slice_))
            if router is not None and flow.target in router.start.slice_subnet:
                way.overlay = True
                self._from_pod(way, source)
                self._enter_router(way, source, router, flow, now_s)
                self._beyond(way, flow, now_s)
                return way
        self._over_cni(way, source, flow)
        return way

    def _leave(self, way: Way, source: Pod, flow: FiveTuple) -> tuple[Pod, FiveTuple]:
        """Who dials onto the overlay, and whom: the pod, or what its sidecar does with the connection."""
        led = self._network.proxies.leave(source.reference, flow)
        if led is None:
            return source, flow
        way.proxied = True
        if led.refused:
            self._refuse(way, source, led.refused)
            return source, flow
        known = self._network.nameserver(source.cluster).records.get(led.service, ())
        servers = [server for server in led.servers if server[0] in known]
        if not servers:
            self._refuse(way, source, f"the proxies of {source.reference} know no endpoint of {led.service}")
            return source, flow
        if not led.egress:
            return source, dial(flow, flow.source, servers, self._secret)
        namespace, _, rest = led.egress.partition("/")
        gateway = self._network.pods.get((source.cluster, namespace, rest.partition("@")[0]))
        if gateway is None or not gateway.running:
            self._refuse(way, source, f"{led.egress} does not run")
            return source, flow
        self._from_pod(way, source)
        self._between_nodes(way, source.node, gateway.node)
        self._to_pod(way, gateway)
        address = next(iter(gateway.nsm.values()), flow.source)
        return gateway, dial(flow, address, servers, self._secret)

    def _beyond(self, way: Way, flow: FiveTuple, now_s: float) -> None:
        """From an ingress gateway, where the connection ended, to the pod that it connects to."""
        gateway = way.target
        if gateway is None or way.dropped or gateway.reference not in self._network.proxies.behind:
            return
        for slice_, address in gateway.nsm.items():
            router = self._network.routers.get((gateway.cluster, slice_))
            if router is None or address != flow.target:
                continue
            onward = self._network.proxies.arrive(gateway.reference, flow, router.clients, self._secret)
            way.proxied = way.proxied or onward is not None
            if isinstance(onward, str):
                self._refuse(way, gateway, onward)
            elif onward is not None:
                self._from_pod(way, gateway)
                self._enter_router(way, gateway, router, onward, now_s)

    def _refuse(self, way: Way, proxy: Pod, why: str) -> None:
        way.target, way.dropped, way.refused = proxy, why, True

    def _from_pod(self, way: Way, pod: Pod) -> None:
        way.delay_s += self._costs.pod_s
        way.stages.append(Stage(("pod", pod.cluster, pod.reference, "out"), Count.FRAME))

    def _to_pod(self, way: Way, pod: Pod) -> None:
        way.delay_s += self._costs.pod_s
        way.stages.append(Stage(("pod", pod.cluster, pod.reference, "in"), Count.FRAME))
        way.target = pod
        if not pod.running:
            way.dropped = f"{pod.reference} does not run"

    def _between_nodes(self, way: Way, one: str, other: str) -> None:
        # Inside a cluster the network is taken as wide; crossing nodes only costs time (veth, VXLAN, two NICs).
        if one != other:
            way.delay_s += 2 * self._costs.node_s

    def _over_cni(self, way: Way, source: Pod, flow: FiveTuple) -> None:
        self._from_pod(way, source)
        target = self._network.pods_by_ip.get((source.cluster, flow.target))
        if target is None:
            way.dropped = f"{source.reference} has no route to {flow.target}: pod networks of clusters are not joined"
        elif self._network.isolated(source, target, flow):
            way.dropped = f"a network policy keeps {source.namespace} and {target.namespace} apart on {source.cluster}"
        else:
            self._between_nodes(way, source.node, target.node)
            self._to_pod(way, target)

    def _enter_router(self, way: Way, source: Pod, router: Router, flow: FiveTuple, now_s: float) -> None:
        self._between_nodes(way, source.node, router.start.node)
        if router.running and source.nsm.get(router.start.slice) not in router.clients:
            way.dropped = f"{router.start.pod} on {router.start.cluster} does not know {source.reference}"
            return
        self._route(way, router, flow, now_s)

    def _route(self, way: Way, router: Router, flow: FiveTuple, now_s: float) -> None:
        for _ in range(MAX_HOPS):
            start = router.start
            if not router.running:
                way.dropped = f"{start.pod} on {start.cluster} does not run"
                return
            way.delay_s += self._costs.router_s
            client = router.clients.get(flow.target)
            if client is not None:
                self._between_nodes(way, start.node, client.node)
                self._to_pod(way, client)
                return
            hops = router.route(flow.target)
            if not hops:
                way.dropped = f"{start.pod} on {start.cluster} has no route to {flow.target}"
                return
            way.fan = max(way.fan, len(hops))
            via = hops[choose(flow, len(hops), self._secret) if way.lane is None else way.lane % len(hops)]
            gateway = self._network.gateways_by_ip.get((start.cluster, start.slice, via))
            if gateway is None or not gateway.running:
                way.dropped = f"the gateway at {via} on {start.cluster} does not run"
                return
            peer = self._through(way, gateway, flow, now_s)
            if peer is None:
                return
            arrival = self._network.routers.get((peer.start.cluster, start.slice))
            if arrival is None:
                way.dropped = f"{peer.start.cluster} has no router of slice {start.slice}"
                return
            self._between_nodes(way, peer.start.node, arrival.start.node)
            router = arrival
        way.dropped = f"a routing loop ate the packet to {flow.target}"

    def _through(self, way: Way, gateway: Gateway, flow: FiveTuple, now_s: float) -> Gateway | None:
        """Through a gateway, its tunnel and the WAN into the peer; None where that ends the way."""
        start, tunnel = gateway.start, gateway.tunnel
        way.gateways.append(start.pod)
        peer = tunnel.peer(gateway) if tunnel else None
        if tunnel is None or peer is None:
            way.dropped = f"{start.pod} has no peer yet"
            return None
        remote = peer.start
        refused = _refused(gateway, peer, flow)
        if refused:
            way.dropped = refused
            return None
        there = self._network.link(start.cluster, remote.cluster)
        way.links.append(there)
        way.mtu = min(way.mtu, TUNNEL_MTU)
        way.delay_s += 2 * self._costs.gateway_s + 2 * self._costs.node_s + there.path.delay_s
        vpn, here = tunnel.vpn, (start.cluster, start.node)
        if start.tunnel_rate_bps:
            way.stages.append(Stage(("tunnel", start.cluster, start.pod), Count.INNER))
        way.stages.append(Stage(("cpu", start.cluster, start.pod), Count.CPU, vpn))
        if start.node_port in self._network.qos_ports.get((start.cluster, start.slice), ()):
            way.stages.append(Stage(("qos", *here, start.slice), Count.OUTER_FRAME, vpn))
        way.stages.append(Stage(("nic", *here, "out"), Count.OUTER_LINE, vpn))
        way.stages.append(Stage(("wan", start.cluster, remote.cluster), Count.OUTER_FRAME, vpn))
        way.stages.append(Stage(("nic", remote.cluster, remote.node, "in"), Count.OUTER_LINE, vpn))
        way.stages.append(Stage(("cpu", remote.cluster, remote.pod), Count.CPU, vpn))
        if tunnel.session is not None:
            way.good_until_s = min(way.good_until_s, tunnel.session.at_s + tunnel.patience.reject_s)
        if not tunnel.carries(now_s):
            way.good_until_s = float("inf")  # what revives it tells the network
            way.dropped = f"the tunnel {start.pod} – {remote.pod} is down"
        elif there.cut:
            way.dropped = f"{start.cluster} and {remote.cluster} are partitioned"
        return None if way.dropped else peer


def _refused(gateway: Gateway, peer: Gateway, flow: FiveTuple) -> str:
    """Why the VPN itself does not carry this packet, or nothing.

    WireGuard takes what its AllowedIPs hold. OpenVPN's server knows only the first /24 of the client's cluster
    (``iroute … 255.255.255.0``, reference 4.3): KubeSlice's own limit, kept.
    """
    start, remote = gateway.start, peer.start
    if flow.target not in start.tunnelled:
        return f"{start.pod} carries {start.tunnelled} only, not {flow.target}"
    if gateway.tunnel is not None and gateway.tunnel.gateway_type == "OpenVPN":
        if start.host_type == "Server" and flow.target not in _first_24(start.remote_cidr):
            return f"OpenVPN server {start.pod} routes only {_first_24(start.remote_cidr)} to its client"
        if start.host_type == "Client" and flow.source not in _first_24(remote.remote_cidr):
            return f"OpenVPN server {remote.pod} refuses {flow.source}: not in {_first_24(remote.remote_cidr)}"
    elif flow.source not in remote.tunnelled:
        return f"{remote.pod} accepts {remote.tunnelled} only, not {flow.source}"
    return ""


def _first_24(cidr: IPv4Network) -> IPv4Network:
    return cidr if cidr.prefixlen >= 24 else IPv4Network((cidr.network_address, 24))
