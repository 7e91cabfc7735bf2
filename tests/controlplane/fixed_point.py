"""What a fleet has come to, in the words of a plan, so that the two can be compared."""

from __future__ import annotations

from typing import Any

from kubeslice_sim.controlplane.effects import (
    ConnectPod,
    Effect,
    ServeNames,
    SetNetworkPolicy,
    SetNextHops,
    SetQos,
    StartAppPod,
    StartGateway,
    StartRouter,
)
from kubeslice_sim.controlplane.fleet import Fleet
from kubeslice_sim.planner.external_gateways import PROGRAM
from kubeslice_sim.planner.plan import Plan, TunnelPlan
from tests.controlplane.loopback import SYSTEM

Facts = dict[str, Any]


def reached(fleet: Fleet, effects: list[Effect]) -> Facts:
    """Of the fleet's last orders and stores: what stands where, at which address, behind which next hops."""
    newest: dict[tuple[Any, ...], Effect] = {}
    for effect in effects:
        newest[_subject(effect)] = effect
    last = list(newest.values())
    return {
        "pods": {
            (e.cluster, e.namespace, e.pod): (e.node, e.pod_ip, e.emulate, e.command)
            for e in last if isinstance(e, StartAppPod)
        },
        "overlay": {(e.cluster, e.namespace, e.pod): (e.slice, e.nsm_ip) for e in last if isinstance(e, ConnectPod)},
        "routers": {
            (e.cluster, e.slice): (e.pod, e.node, e.address, e.cidr) for e in last if isinstance(e, StartRouter)
        },
        "gateways": {
            (e.cluster, e.pod): (
                e.gateway, e.remote_gateway, e.remote_cluster, e.instance, e.host_type, e.node, e.nsm_ip, e.vpn_ip,
                e.remote_vpn_ip, e.remote_cidr, e.node_port, e.remote_node_ips, e.tunnel_rate_bps,
                e.routes_entire_slice,
            )
            for e in last if isinstance(e, StartGateway)
        },
        "next hops": {
            (e.cluster, e.slice, e.destination): frozenset(e.via) for e in last if isinstance(e, SetNextHops) and e.via
        },
        "names": {
            (e.cluster, name): frozenset(addresses)
            for e in last if isinstance(e, ServeNames) for name, addresses in e.records.items()
        },
        "policies": {
            (e.cluster, e.namespace, e.name): e.allowed_namespaces for e in last if isinstance(e, SetNetworkPolicy)
        },
        "shaped": {
            (e.cluster, e.slice): (
                e.qos.ceiling_bps, e.qos.guaranteed_bps, e.qos.dscp, e.source_ports, e.destination_ports,
            )
            for e in last if isinstance(e, SetQos) and e.qos is not None
        },
    }  # fmt: skip


def planned(plan: Plan) -> Facts:
    """The same of a plan."""
    cidrs = {(m.slice, m.cluster): m.cidr for item in plan.slices for m in item.members}
    tunnels = [(item, pair, tunnel) for item in plan.slices for pair in item.pairs for tunnel in pair.tunnels]
    hops: dict[Any, set[Any]] = {}
    gateways = {}
    for item, pair, tunnel in tunnels:
        for end, other in ((tunnel.server, tunnel.client), (tunnel.client, tunnel.server)):
            own, peer = (pair.server, pair.client)[:: 1 if end is tunnel.server else -1]
            carried = item.subnet if own.routes_entire_slice else cidrs[item.name, end.peer]
            hops.setdefault((end.cluster, item.name, carried), set()).add(end.nsm_ip)
            gateways[end.cluster, end.deployment] = (
                end.gateway, other.gateway, end.peer, end.instance, end.host_type, end.node, end.nsm_ip, end.vpn_ip,
                other.vpn_ip, cidrs[item.name, end.peer], tunnel.node_port, peer.node_ips,
                item.qos.ceiling_bps if item.qos else None, own.routes_entire_slice,
            )  # fmt: skip
    return {
        "pods": {
            (p.cluster, p.namespace, p.name): (p.node, p.pod_ip, p.emulate, p.command) for p in plan.pods
        } | {
            (g.cluster, SYSTEM, g.name): (g.node, g.pod_ip, PROGRAM, ())
            for item in plan.slices for g in item.east_west
        },
        "overlay": {(p.cluster, p.namespace, p.name): (p.slice, p.nsm_ip) for p in plan.pods if p.nsm_ip is not None}
        | {(g.cluster, SYSTEM, g.name): (g.slice, g.nsm_ip) for item in plan.slices for g in item.east_west},
        "routers": {
            (m.cluster, m.slice): (m.router.name, m.router.node, m.router.address, m.cidr)
            for item in plan.slices for m in item.members if m.router is not None
        },
        "gateways": gateways,
        "next hops": {key: frozenset(via) for key, via in hops.items()},
        "names": {
            (cluster.name, name): frozenset(addresses)
            for cluster in plan.clusters for name, addresses in cluster.dns.items()
        },
        "policies": {
            (p.cluster, p.namespace, p.name): p.allowed_namespaces for item in plan.slices for p in item.policies
        },
        "shaped": {
            (m.cluster, item.name): (
                item.qos.ceiling_bps, item.qos.guaranteed_bps, item.qos.dscp,
                *_ports(m.cluster, [tunnel for slice_, _, tunnel in tunnels if slice_ is item]),
            )
            for item in plan.slices if item.qos is not None for m in item.members
        },
    }  # fmt: skip


def differences(fleet: Fleet, effects: list[Effect], plan: Plan) -> list[str]:
    """Every line on which they disagree; empty if they do not."""
    ours, theirs = reached(fleet, effects), planned(plan)
    found = []
    for part in theirs:
        for key in sorted(ours[part].keys() | theirs[part].keys(), key=str):
            if ours[part].get(key) != theirs[part].get(key):
                found.append(f"{part} {key}: reached {ours[part].get(key)}, planned {theirs[part].get(key)}")
    return found


def _ports(cluster: str, tunnels: list[TunnelPlan]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    served = sorted({t.node_port for t in tunnels if t.server.cluster == cluster})
    dialled = sorted({t.node_port for t in tunnels if t.client.cluster == cluster})
    return tuple(served), tuple(dialled)


def _subject(effect: Any) -> tuple[Any, ...]:
    names = ("cluster", "slice", "namespace", "pod", "destination", "name", "server")
    kind = type(effect).__name__
    if kind in ("StartGateway", "StartRouter"):
        return ("pod", effect.cluster, SYSTEM, effect.pod)
    if kind in ("StartAppPod", "StopPod"):
        return ("pod", effect.cluster, effect.namespace, effect.pod)
    if kind in ("ConnectPod", "DisconnectPod"):
        return ("interface", effect.cluster, effect.slice, effect.namespace, effect.pod)
    return (kind, *(getattr(effect, name) for name in names if hasattr(effect, name)))
