"""Legs: the hops of an answer, each with what its device does, wraps the packet in, and lets through."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from kubeslice_sim.planner.encapsulation import NODE_MTU_BYTES
from kubeslice_sim.planner.plan import GatewayPairPlan, Plan, PodPlan, RoutePlan, SlicePlan, TunnelEnd, TunnelPlan
from kubeslice_sim.verify.answer import Answer, Hop
from kubeslice_sim.verify.encapsulation import Wrapping, through_tunnel, within_cluster
from kubeslice_sim.verify.explanation import Leg


def walk(plan: Plan, answer: Answer, source: PodPlan) -> tuple[Leg, ...]:
    """One leg a hop, in the order of the way."""
    if not answer.hops:
        return ()
    joined = plan.slice(source.slice) if source.slice is not None else None
    walker = _Walker(plan, joined, answer, source)
    following: list[Hop | None] = [after for _, after in pairwise(answer.hops)]
    before: list[Hop | None] = [hop for hop, _ in pairwise(answer.hops)]
    return tuple(
        walker.leg(past, hop, after)
        for past, hop, after in zip([None, *before], answer.hops, [*following, None], strict=True)
    )


class _Walker:
    """The devices of one way, by name."""

    def __init__(self, plan: Plan, joined: SlicePlan | None, answer: Answer, source: PodPlan) -> None:
        self._plan, self._slice, self._source = plan, joined, source
        self._destination = answer.hops[-1].address if answer.allowed else ""
        self._proxies = {item.reference: item for item in joined.east_west} if joined else {}
        passed = [hop.device for hop in answer.hops[:-1] if hop.kind == "proxy"]
        self._via_proxy = self._proxies[passed[-1]] if passed else None
        self._crosses = any(hop.kind == "wan" for hop in answer.hops)
        self._alone = len(answer.hops) == 1 and answer.allowed
        self._reason = answer.reason
        self._pods = {pod.reference: pod for pod in plan.pods}
        self._ends: dict[tuple[str, str], tuple[TunnelEnd, TunnelPlan, GatewayPairPlan]] = {}
        self._routes: dict[tuple[str, str], list[RoutePlan]] = {}
        for pair in joined.pairs if joined else ():
            for tunnel in pair.tunnels:
                for end in tunnel.ends:
                    self._ends[end.cluster, end.deployment] = (end, tunnel, pair)
        for route in joined.routes if joined else ():
            self._routes.setdefault((route.cluster, route.device), []).append(route)

    def leg(self, past: Hop | None, hop: Hop, after: Hop | None) -> Leg:
        if after is None:
            return Leg(hop=hop, does=self._end(hop))
        if hop.kind == "wan":
            return Leg(hop=hop, does="; ".join(self._crossing(past, hop)), mtu_bytes=hop.mtu_bytes)
        wrapping = self._wrapping(hop, after)
        room = NODE_MTU_BYTES - wrapping.overhead_bytes
        return Leg(
            hop=hop,
            does=self._forwards(past, hop, after),
            encapsulation=wrapping.headers,
            overhead_bytes=wrapping.overhead_bytes,
            mtu_bytes=min(room, hop.mtu_bytes) if hop.mtu_bytes is not None else room,
        )

    def _wrapping(self, hop: Hop, after: Hop) -> Wrapping:
        if after.kind == "wan":
            end, tunnel, pair = self._ends[hop.cluster, hop.device]
            return through_tunnel(pair, tunnel, to_server=end.host_type == "Client")
        if hop.interface != "nsm0":
            return Wrapping()
        return within_cluster(self._node(hop), self._node(after))

    def _forwards(self, past: Hop | None, hop: Hop, after: Hop) -> str:
        if hop.kind == "router" and after.cluster == hop.cluster and after.kind in ("pod", "proxy"):
            return f"has a host route to {after.address}, a client of its own"
        if hop.interface == "eth0" and after.kind == "proxy":
            return f"its Istio sidecar sends the request over the CNI of {hop.cluster} to the egress gateway"
        if hop.kind == "pod" and hop.interface == "eth0":
            return f"sends over the CNI of {hop.cluster}, outside the overlay"
        route = self._route(hop, after)
        if route is None:
            return f"passes it on to {after.device}"
        via = " and ".join(map(str, route.via))
        told = f"routes {route.destination} via {via} on {route.interface}"
        if hop.kind == "proxy":
            return f"ends the connection, picks an endpoint by weight and opens a new one: {told}"
        if hop.kind == "gateway":
            return f"encrypts: {told}" if after.kind == "wan" else f"decrypts, then {told}"
        if self._relays(past, hop, after):
            told = f"relays between spokes: {told}"
        if len(route.via) > 1:
            return f"{told}: ECMP by 5-tuple, so a flow keeps to one gateway; here {after.device}"
        return told

    def _relays(self, past: Hop | None, hop: Hop, after: Hop) -> bool:
        """Whether the router of a hub passes on what comes from one spoke and goes to another."""
        return hop.kind == "router" and past is not None and past.kind == after.kind == "gateway"

    def _route(self, hop: Hop, after: Hop) -> RoutePlan | None:
        """The route by which the packet leaves; towards a tunnel it is not the one of nsm0."""
        routes = [
            route for route in self._routes.get((hop.cluster, hop.device), []) if route.interface == hop.interface
        ]
        if hop.kind == "router" and self._slice is not None and after.kind == "gateway":
            peer = self._ends[after.cluster, after.device][0].peer
            cidr = self._slice.member(peer).cidr
            routes = [route for route in routes if cidr.subnet_of(route.destination)]
        return max(routes, key=lambda route: route.destination.prefixlen, default=None)

    def _crossing(self, past: Hop | None, hop: Hop) -> Iterator[str]:
        yield f"carries the outer packet, {hop.delay_s * 1000:g} ms one way"
        found = self._ends.get((past.cluster, past.device)) if past is not None else None
        qos = self._slice.qos if self._slice is not None else None
        if found is None or qos is None:
            return
        end, _, pair = found
        if not qos.shapes:
            yield f"{end.node} does not shape it: tc refuses the slice's rates or priority"
            return
        rates = f"{qos.guaranteed_bps // 1000} kbit/s guaranteed, {qos.ceiling_bps // 1000} at most"
        yield f"{end.deployment} lets {qos.ceiling_bps // 1000} kbit/s into its tunnel at most (TBF)"
        yield f"{end.node} sends it in HTB class {qos.leaf}: {rates}, shared by all tunnels of the slice on that node"
        if end.host_type == "Server" and pair.protocol == "UDP" and qos.dscp is not None:
            yield f"marked {qos.dscp_class} (DSCP {qos.dscp})"
        else:
            yield "not marked" if qos.dscp is None else "not marked: only servers mark, and only UDP"

    def _end(self, hop: Hop) -> str:
        if self._alone:
            return "the packet does not leave the pod"
        if not self._destination:
            return f"the packet stops here: {self._reason}"
        if hop.kind == "proxy":
            return "takes the connection on its own address; HTTP goes on to the pods behind it"
        if hop.device not in self._pods:
            return f"the packet is for {hop.address}"
        if self._via_proxy and self._on_overlay(hop):
            return f"receives it from {self._via_proxy.nsm_ip}: the gateway's address, not that of {self._source.name}"
        if self._on_overlay(hop):
            sender = f"receives it from {self._source.nsm_ip}: no address is translated on the way"
            return f"{sender}{self._masquerade()}"
        return f"receives it from {self._source.pod_ip}"

    def _masquerade(self) -> str:
        if not self._crosses or self._slice is None or self._slice.gateway_type != "Wireguard":
            return ""
        return (
            " (kubeslice/wireguard's master would put the gateway's; its branch hotfix-remove-nat, like us, does not)"
        )

    def _on_overlay(self, hop: Hop) -> bool:
        return str(self._pods[hop.device].nsm_ip) == hop.address

    def _node(self, hop: Hop) -> str:
        if hop.kind == "pod":
            return self._pods[hop.device].node
        if hop.kind == "gateway":
            return self._ends[hop.cluster, hop.device][0].node
        if hop.kind == "proxy":
            return self._proxies[hop.device].node
        router = self._slice.member(hop.cluster).router if self._slice is not None else None
        return router.node if router is not None else ""
