"""Gateway pods: the Deployments and Services of one side of a pair, and what its pods need to start.

As worker-operator controllers/slicegateway/slicegateway.go does. What a running pod must not see change (the port that
a client dials, the rotation of its keys) is written into its template, as KubeSlice does by environment and volume.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Network
from typing import Any

from kubeslice_sim.controlplane import ip
from kubeslice_sim.controlplane.built_in import (
    GATEWAY_LABEL,
    GATEWAY_OWNER_LABEL,
    POD_TYPE_LABEL,
    SLICE_LABEL,
    built_in,
    node_of,
    node_port,
    nsm_ip,
    owned_by,
)
from kubeslice_sim.controlplane.effects import StartGateway
from kubeslice_sim.controlplane.reconciler import View
from kubeslice_sim.controlplane.worker.gateway_deployments import split
from kubeslice_sim.model.document import OwnerReference
from kubeslice_sim.model.frozen import FrozenMap, freeze
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.slice_gateway import SliceGateway
from kubeslice_sim.model.worker_slice import Slice
from kubeslice_sim.planner import names
from kubeslice_sim.planner.addresses import router_address
from kubeslice_sim.planner.gateways import gateway_place
from kubeslice_sim.planner.slots import slot_of

VPN_PORT = 11194
NODE_PORT = "NODE_PORT"


def deployment(gateway: SliceGateway, name: str, rotation: int, dialled: int | None) -> KubernetesObject:
    """The Deployment of one gateway pod. ``dialled``: the node port that a client is given; None for a server."""
    config = gateway.status.config
    labels = {POD_TYPE_LABEL: "slicegateway", SLICE_LABEL: config.slice_name, GATEWAY_LABEL: gateway.metadata.name}
    environment = [] if dialled is None else [{"name": NODE_PORT, "value": str(dialled)}]
    pod = {
        "volumes": [{"name": "vpn-certs", "secret": {
            "secretName": names.gateway_secret(gateway.metadata.name, rotation)
        }}],
        "containers": [{"name": "kubeslice-sidecar", "env": environment}],
    }  # fmt: skip
    return built_in(
        "Deployment", names.SYSTEM_NAMESPACE, name, labels=_labels(gateway), owners=_owners(gateway),
        body={"spec": {
            "replicas": 1, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        }},
    )  # fmt: skip


def node_port_service(gateway: SliceGateway, name: str) -> KubernetesObject:
    """The Service in front of a server's pod of that name; the API server gives it its node port."""
    port = {"port": VPN_PORT, "targetPort": VPN_PORT, "protocol": gateway.status.config.slice_gateway_protocol}
    return built_in(
        "Service", names.SYSTEM_NAMESPACE, names.gateway_service(name), labels=_labels(gateway),
        owners=_owners(gateway), body={"spec": {"type": "NodePort", "ports": [port]}},
    )  # fmt: skip


def remote_endpoints(gateway: SliceGateway) -> tuple[KubernetesObject, KubernetesObject]:
    """The headless Service and the Endpoints under which a client finds the server's node IPs."""
    name = gateway.status.config.slice_gateway_remote_gateway_id
    service = built_in(
        "Service", names.SYSTEM_NAMESPACE, name, owners=_owners(gateway), body={"spec": {"clusterIP": "None"}}
    )
    endpoints = built_in(
        "Endpoints", names.SYSTEM_NAMESPACE, name, owners=_owners(gateway),
        body=endpoints_body(gateway),
    )  # fmt: skip
    return service, endpoints


def addresses_of(endpoints: KubernetesObject) -> frozenset[str]:
    """The addresses that Endpoints name."""
    subsets = endpoints.body.get("subsets") or ()
    return frozenset(str(item["ip"]) for subset in subsets for item in subset["addresses"])


def endpoints_body(gateway: SliceGateway) -> FrozenMap[Any]:
    """What stands in a client's Endpoints: the node IPs of its server, or the addresses of its load balancer."""
    config = gateway.status.config
    return _endpoints_of(config.slice_gateway_server_lb_ips or config.slice_gateway_remote_node_ips)


@lru_cache(4096)
def _endpoints_of(addresses: tuple[str, ...]) -> FrozenMap[Any]:
    """Every look of a client compares them with what is there, and a server's gateways all have the same."""
    return FrozenMap(freeze({"subsets": [{"addresses": [{"ip": address} for address in addresses]}]}))


def instance_of(pod: KubernetesObject) -> int:
    """Which of its gateway's pods it is: the first number after the gateway's name."""
    return split(pod.metadata.labels[GATEWAY_LABEL], pod.metadata.name)[0]


def gateway_node(pod: KubernetesObject, nodes: Sequence[str], view: View) -> str:
    """The gateway node that the pod runs on, empty while its gateway is unknown."""
    found = _gateway_and_slice(pod, view)
    if found is None or not nodes:
        return ""
    gateway, slice_ = found
    settings = slice_.status.slice_config
    if settings is None:
        return ""
    remote = gateway.status.config.slice_gateway_remote_subnet
    if not ip.is_network(remote):
        return nodes[0]
    peer_slot = slot_of(ip.network(settings.slice_subnet), ip.network(remote))
    return nodes[gateway_place(peer_slot, instance_of(pod), len(nodes))]


def start_gateway(pod: KubernetesObject, view: View) -> StartGateway | None:
    """The order to run a gateway pod; None while its gateway or its port is unknown, or its network is none."""
    found = _gateway_and_slice(pod, view)
    settings = found[1].status.slice_config if found is not None else None
    if found is None or settings is None:
        return None
    config = found[0].status.config
    if not (ip.is_network(settings.cluster_subnet_cidr) and ip.is_network(config.slice_gateway_remote_subnet)):
        return None  # neither its routes nor its VPN's configuration can be read: it never gets up
    server = config.slice_gateway_host_type == "Server"
    port = _served_port(pod, view) if server else dialled_port(pod.spec)
    if not port:
        return None
    qos = settings.qos_profile_details
    return StartGateway(
        cluster=view.cluster,
        slice=config.slice_name,
        pod=pod.metadata.name,
        gateway=config.slice_gateway_id,
        remote_gateway=config.slice_gateway_remote_gateway_id,
        remote_cluster=config.slice_gateway_remote_cluster_id,
        instance=instance_of(pod),
        rotation=rotation_of(pod.spec),
        host_type="Server" if server else "Client",
        protocol="TCP" if config.slice_gateway_protocol == "TCP" else "UDP",
        node=node_of(pod),
        node_port=port,
        remote_node_ips=config.slice_gateway_server_lb_ips or config.slice_gateway_remote_node_ips,
        nsm_ip=ip.address(nsm_ip(pod)),
        router_address=router_address(ip.network(settings.cluster_subnet_cidr)),
        vpn_ip=ip.address(config.slice_gateway_local_vpn_ip),
        remote_vpn_ip=ip.address(config.slice_gateway_remote_vpn_ip),
        slice_subnet=ip.network(settings.slice_subnet),
        remote_cidr=ip.network(config.slice_gateway_remote_subnet),
        routes_entire_slice=config.route_entire_slice_subnet,
        tunnel_rate_bps=qos.bandwidth_ceiling_kbps * 1000 if qos and qos.bandwidth_ceiling_kbps else None,
    )


def tunnelled(gateway: SliceGateway, view: View) -> IPv4Network | None:
    """What goes through the gateway's tunnels: the remote CIDR, from a spoke all of the slice; None while unknown.

    (worker-operator controllers/slicegateway remoteNsmSubnetForRoute, pull request 496)
    """
    config = gateway.status.config
    if not config.route_entire_slice_subnet:
        remote = config.slice_gateway_remote_subnet
        return ip.network(remote) if ip.is_network(remote) else None
    slice_ = view.local.get(Slice, names.SYSTEM_NAMESPACE, gateway.spec.slice_name)
    settings = slice_.status.slice_config if slice_ is not None else None
    return ip.network(settings.slice_subnet) if settings is not None else None


def _gateway_and_slice(pod: KubernetesObject, view: View) -> tuple[SliceGateway, Slice] | None:
    gateway = view.local.get(SliceGateway, names.SYSTEM_NAMESPACE, pod.metadata.labels[GATEWAY_LABEL])
    slice_ = view.local.get(Slice, names.SYSTEM_NAMESPACE, pod.metadata.labels[SLICE_LABEL])
    return None if gateway is None or slice_ is None else (gateway, slice_)


def _served_port(pod: KubernetesObject, view: View) -> int:
    service = view.local.find("Service", names.SYSTEM_NAMESPACE, names.gateway_service(pod.metadata.name))
    return node_port(service) if service is not None else 0


def dialled_port(pod: Mapping[str, Any]) -> int:
    """The node port that a client's pod is told by its spec; 0 for a server's."""
    environment = pod["containers"][0].get("env") or ()
    return next((int(item["value"]) for item in environment if item["name"] == NODE_PORT), 0)


def dialling(pod: Mapping[str, Any], port: int) -> Mapping[str, Any]:
    """A client's pod spec with another node port."""
    first, *others = pod["containers"]
    return {**pod, "containers": [{**first, "env": [{"name": NODE_PORT, "value": str(port)}]}, *others]}


def rotation_of(pod: Mapping[str, Any]) -> int:
    """The number of the keys that a pod is given by its spec."""
    return int(str(pod["volumes"][0]["secret"]["secretName"]).rpartition("-")[2])


def _labels(gateway: SliceGateway) -> dict[str, str]:
    return {
        POD_TYPE_LABEL: "slicegateway", SLICE_LABEL: gateway.status.config.slice_name,
        GATEWAY_OWNER_LABEL: gateway.metadata.name,
    }  # fmt: skip


def _owners(gateway: SliceGateway) -> tuple[OwnerReference, ...]:
    return (owned_by(gateway, "SliceGateway", SliceGateway.RESOURCE.api_version),)
