"""A plan as YAML that a person can read and a reviewer can diff."""

from __future__ import annotations

from typing import Any

import yaml

from kubeslice_sim.planner import Plan
from kubeslice_sim.planner.east_west import IstioObject
from kubeslice_sim.planner.plan import GatewayPairPlan, MemberPlan, PodPlan, QosPlan, RoutePlan, ServicePlan, SlicePlan


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def legible(plan: Plan) -> str:
    content: dict[str, Any] = {
        "clusters": {
            cluster.name: {
                "nodes": {node.name: f"{node.ip}{' gateway' if node.gateway else ''}" for node in cluster.nodes},
                "nodeIPs": ", ".join(cluster.node_ips),
                "podCIDR": str(cluster.pod_cidr),
                "dnsIP": str(cluster.dns_ip),
                "dns": {name: ", ".join(map(str, ips)) for name, ips in cluster.dns.items()},
                "clusterDns": {name: ", ".join(map(str, ips)) for name, ips in cluster.cluster_dns.items()},
            }
            for cluster in plan.clusters
        },
        "pods": {pod.reference: _pod(pod) for pod in plan.pods},
        "slices": {item.name: _slice(item) for item in plan.slices},
        "warnings": [f"{item.id} {item.subject}: {item.message}" for item in plan.warnings],
    }
    if plan.not_deployable:
        content["notDeployable"] = list(plan.not_deployable)
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, width=140)


def _pod(pod: PodPlan) -> str:
    overlay = f", {pod.slice} {pod.nsm_ip}" if pod.slice else ""
    return f"{pod.node} {pod.pod_ip}{overlay}"


def _slice(item: SlicePlan) -> dict[str, Any]:
    return _usual(item) | {key: lines for key, lines in _east_west(item).items() if lines}


def _east_west(item: SlicePlan) -> dict[str, list[str]]:
    """Only of slices that have it, so that the others' files stay as they are."""
    return {
        "eastWest": [f"{g.cluster} {g.name} {g.nsm_ip} on {g.node} {g.pod_ip}" for g in item.east_west],
        "edges": [
            f"{e.cluster} {e.name} behind {e.service or 'no service'} {', '.join(e.load_balancer_ips)} {e.protocol}: "
            + ", ".join(f"{p.port} -> {p.service}:{p.target_port}" for p in e.ports)
            for e in item.edges
        ],
        "behindIngress": [
            f"{s.namespace}/{s.name}: {e.pod}@{e.cluster} {e.nsm_ip}:{e.port}"
            for s in item.services
            for e in s.backends
        ],
        "istio": [_istio(o) for o in item.istio_objects],
    }


def _istio(item: IstioObject) -> str:
    ports = ", ".join(f"{port.name} {port.port}->{port.target_port}" for port in item.ports)
    routes = ", ".join(f"{route.host}:{route.port} {route.weight}%" for route in item.routes)
    parts = [
        f"{item.cluster} {item.kind} {item.namespace}/{item.name} {item.protocol}", " ".join(item.hosts), ports,
        " ".join((item.location, item.resolution, *item.addresses)).strip(), routes,
        f"at {' '.join(item.gateways)}" if item.gateways else "",
    ]  # fmt: skip
    return " | ".join(filter(None, parts))


def _usual(item: SlicePlan) -> dict[str, Any]:
    return {
        "what": f"{item.project} {item.mode} {item.subnet} {item.gateway_type} {item.cipher}".rstrip(),
        "members": {member.cluster: _member(member) for member in item.members},
        "pairs": {f"{pair.server.cluster} <- {pair.client.cluster}": _pair(pair) for pair in item.pairs},
        "qos": _qos(item.qos) if item.qos else None,
        "services": {f"{s.namespace}/{s.name}": _service(s) for s in item.services},
        "routes": [_route(route) for route in item.routes],
        "policies": [f"{p.cluster} {p.name}: {', '.join(p.allowed_namespaces)}" for p in item.policies],
    }


def _member(member: MemberPlan) -> str:
    router = f"{member.router.address} on {member.router.node}" if member.router else "-"
    applications = ", ".join(member.application_namespaces) or "-"
    allowed = ", ".join(member.allowed_namespaces) or "-"
    return f"slot {member.slot} {member.cidr}, router {router}, namespaces {applications}, allowed {allowed}"


def _qos(qos: QosPlan) -> str:
    rates = f"{qos.guaranteed_bps}..{qos.ceiling_bps} bit/s, prio {qos.priority}"
    return f"{rates}, {qos.dscp_class} marks {qos.dscp}, classes {qos.parent} {qos.leaf}"


def _pair(pair: GatewayPairPlan) -> dict[str, Any]:
    return {
        "what": f"number {pair.number} {pair.connectivity} {pair.protocol} {pair.vpn_network}",
        "tunnels": [
            f"{t.server.deployment} {t.server.nsm_ip} {t.server.vpn_ip} on {t.server.node}:{t.node_port}"
            f" <- {t.client.deployment} {t.client.nsm_ip} {t.client.vpn_ip} on {t.client.node}"
            for t in pair.tunnels
        ],
    }


def _service(service: ServicePlan) -> dict[str, Any]:
    return {
        "what": f"{service.dns_name} from {', '.join(service.source_clusters)}",
        "ports": ", ".join(f"{p.name} {p.port}/{p.protocol}" for p in service.ports),
        "aliases": ", ".join(service.aliases),
        "endpoints": [f"{e.pod}@{e.cluster} {e.nsm_ip}:{e.port} {e.dns_name}" for e in service.endpoints],
    }


def _route(route: RoutePlan) -> str:
    via = ", ".join(map(str, route.via))
    return f"{route.cluster} {route.device}: {route.destination} via {via} dev {route.interface}"
