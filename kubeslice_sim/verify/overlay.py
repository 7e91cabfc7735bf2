"""Overlay: follows a packet through the routing tables of a slice, device by device."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from typing import NamedTuple

from kubeslice_sim.model.underlay import Underlay
from kubeslice_sim.planner.east_west import EastWestGateway
from kubeslice_sim.planner.encapsulation import NODE_MTU_BYTES, NSM_MTU_BYTES, TUNNEL_MTU_BYTES
from kubeslice_sim.planner.plan import PodPlan, RoutePlan, SlicePlan, TunnelEnd
from kubeslice_sim.verify.answer import Hop, HopKind

_MOST_HOPS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Where a packet went. ``delivered_to``: the pod that got it, or None; ``evidence``: the routes it took."""

    hops: tuple[Hop, ...]
    delivered_to: PodPlan | None
    reason: str
    evidence: tuple[str, ...]


class _Device(NamedTuple):
    """What has an overlay address."""

    kind: HopKind
    name: str
    cluster: str
    pod: PodPlan | None = None
    end: TunnelEnd | None = None
    proxy: EastWestGateway | None = None


class Overlay:
    """The devices and routing tables of one slice."""

    def __init__(self, found: SlicePlan, pods: list[PodPlan], underlay: Underlay) -> None:
        self._slice = found
        self._underlay = underlay
        self._devices: dict[IPv4Address, _Device] = {}
        self._peers: dict[tuple[str, str], TunnelEnd] = {}
        self._tables: dict[tuple[str, str], list[RoutePlan]] = defaultdict(list)
        for member in found.members:
            if member.router is not None:
                self._devices[member.router.address] = _Device("router", member.router.name, member.cluster)
        for tunnel in found.tunnels:
            for end, peer in (tunnel.ends, tunnel.ends[::-1]):
                self._devices[end.nsm_ip] = _Device("gateway", end.deployment, end.cluster, end=end)
                self._peers[end.cluster, end.deployment] = peer
        for pod in pods:
            if pod.nsm_ip is not None:
                self._devices[pod.nsm_ip] = _Device("pod", pod.reference, pod.cluster, pod=pod)
        for gateway in found.east_west:
            self._devices[gateway.nsm_ip] = _Device("proxy", gateway.reference, gateway.cluster, proxy=gateway)
        for route in found.routes:
            self._tables[route.cluster, route.device].append(route)

    def trace(self, source: PodPlan | EastWestGateway, destination: IPv4Address) -> Trace:
        """The way from a pod or an East-West gateway of the slice to an overlay address."""
        if isinstance(source, PodPlan):
            at = _Device("pod", source.reference, source.cluster, pod=source)
        else:
            at = _Device("proxy", source.reference, source.cluster, proxy=source)
        hops: list[Hop] = []
        evidence: list[str] = []
        target = self._devices.get(destination)
        while len(hops) < _MOST_HOPS:
            if target is not None and at[:3] == target[:3]:
                hops.append(Hop(device=at.name, kind=at.kind, cluster=at.cluster, address=str(destination)))
                reason = f"over slice {self._slice.name}" if target.pod else f"{destination} is the {at.kind} {at.name}"
                return self._end(hops, target.pod, reason, evidence)
            attached = target is not None and at.kind == "router" and at.cluster == target.cluster
            if target is not None and attached:
                hops.append(self._leave(at, "nsm0", NSM_MTU_BYTES))
                evidence.append(f"{at.name} in {at.cluster}: {destination} is attached")
                at = target
                continue
            route = self._best_route(at, destination)
            if route is None or not route.via:
                what = f"{at.name} in {at.cluster} has no route to {destination}"
                apart = self._no_edge(at, destination)
                return self._end([*hops, self._leave(at, "", None)], None, f"{apart}{what}", evidence)
            evidence.append(f"{at.name} in {at.cluster}: {route.destination} via {', '.join(map(str, route.via))}")
            if route.interface == "nsm0":
                steps, following = self._over_nsm(at, route)
            else:
                steps, following = self._over_tunnel(at, route)
            hops += steps
            if following is None:
                return self._end(hops, None, f"next hop {route.via[0]} of {at.name} does not exist", evidence)
            if following.kind == "router" and target is None and _owns(self._slice, following, destination):
                hops.append(self._leave(following, "", None))
                return self._end(hops, None, f"nobody in {following.cluster} has {destination}", evidence)
            at = following
        return self._end(hops, None, f"the packet to {destination} goes round in circles", evidence)

    def _no_edge(self, at: _Device, destination: IPv4Address) -> str:
        """Whether that is because the slice joins the two clusters by no tunnel, and lets nobody relay."""
        owners = (member.cluster for member in self._slice.members if destination in member.cidr)
        owner = next(owners, at.cluster)
        joined = {frozenset((pair.server.cluster, pair.client.cluster)) for pair in self._slice.pairs}
        if at.kind != "router" or owner == at.cluster or frozenset((at.cluster, owner)) in joined:
            return ""
        return f"slice {self._slice.name} has no edge between {at.cluster} and {owner}: "

    def _over_nsm(self, at: _Device, route: RoutePlan) -> tuple[list[Hop], _Device | None]:
        choices = [self._devices.get(address) for address in route.via]
        names = tuple(device.name for device in choices[1:] if device is not None)
        hop = self._leave(at, "nsm0", NSM_MTU_BYTES)
        following = choices[0]
        if following is not None and names:
            hop = replace(hop, alternatives=names)
        return [hop], following

    def _over_tunnel(self, at: _Device, route: RoutePlan) -> tuple[list[Hop], _Device | None]:
        peer = self._peers[at.cluster, at.name]
        if peer.vpn_ip not in route.via:
            return [self._leave(at, route.interface, TUNNEL_MTU_BYTES)], None
        path = self._underlay.path(at.cluster, peer.cluster)
        wan = Hop(
            device=f"{at.cluster} to {peer.cluster}",
            kind="wan",
            cluster="",
            mtu_bytes=NODE_MTU_BYTES,
            delay_s=path.delay_s,
        )
        return [self._leave(at, route.interface, TUNNEL_MTU_BYTES), wan], self._devices[peer.nsm_ip]

    def _best_route(self, at: _Device, destination: IPv4Address) -> RoutePlan | None:
        matching = [route for route in self._tables[at.cluster, at.name] if destination in route.destination]
        return max(matching, key=lambda route: route.destination.prefixlen, default=None)

    def _leave(self, at: _Device, interface: str, mtu_bytes: int | None) -> Hop:
        address = next((part.nsm_ip for part in (at.pod, at.end, at.proxy) if part is not None), None)
        return Hop(
            device=at.name,
            kind=at.kind,
            cluster=at.cluster,
            interface=interface,
            address=str(address or ""),
            mtu_bytes=mtu_bytes,
        )

    def _end(self, hops: list[Hop], pod: PodPlan | None, reason: str, evidence: list[str]) -> Trace:
        return Trace(hops=tuple(hops), delivered_to=pod, reason=reason, evidence=tuple(evidence))


def _owns(found: SlicePlan, router: _Device, destination: IPv4Address) -> bool:
    return destination in found.member(router.cluster).cidr
