"""Where East-West gateways, the weights of Istio's routes, and the MTUs of the way come from."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from kubeslice_sim.planner.east_west import EastWestGateway, IstioObject
from kubeslice_sim.planner.encapsulation import NODE_MTU_BYTES, TUNNEL_MTU_BYTES, VXLAN_BYTES, MtuPlan
from kubeslice_sim.planner.plan import EdgePlan, EdgePort
from kubeslice_sim.planner.provenance_overlay import client_address
from kubeslice_sim.planner.question import Asked, Input, Provenance, Question


def east_west_questions(asked: Asked) -> Iterator[Question]:
    """The addresses and nodes of the gateways, then every VirtualService's routes."""
    base = asked.slice.name
    for gateway in asked.slice.east_west:
        path = f"{base}/{gateway.cluster}/{gateway.direction}"
        yield Question(path=f"{path}/nsm-address", answer=partial(_address, asked, gateway))
        yield Question(path=f"{path}/pod-ip", answer=partial(_pod_ip, asked, gateway))
        yield Question(path=f"{path}/node", answer=partial(_node, asked, gateway))
    for item in asked.slice.istio_objects:
        if item.routes:
            path = f"{base}/{item.cluster}/virtual-services/{item.namespace}/{item.name}"
            if item.gateways:
                path = f"{path}/{item.gateways[0].rpartition('-')[2]}"
            yield Question(path=path, answer=partial(_routes, asked, item))


def edge_questions(asked: Asked) -> Iterator[Question]:
    """The ports of every load balancer."""
    for edge in asked.slice.edges:
        for port in edge.ports:
            path = f"{asked.slice.name}/{edge.cluster}/edge/{port.gateway}/port"
            yield Question(path=path, answer=partial(_edge_port, asked, edge, port))


def mtu_questions(asked: Asked) -> Iterator[Question]:
    """What fits through each stretch of the way."""
    for item in asked.slice.mtus:
        yield Question(path=f"{asked.slice.name}/mtu/{item.where.replace(' ', '-')}", answer=partial(_mtu, asked, item))


def _address(asked: Asked, gateway: EastWestGateway, path: str) -> Provenance:
    return client_address(asked, gateway.cluster, gateway.name, gateway.nsm_ip, path)


def _pod_ip(asked: Asked, gateway: EastWestGateway, path: str) -> Provenance:
    network = asked.plan.cluster(gateway.cluster).pod_cidr
    return Provenance(
        path=path,
        value=str(gateway.pod_ip),
        inputs=(Input(name=f"Underlay: clusters.{gateway.cluster}.podCIDR", value=str(network)),),
        formula="the address that it had before, else the lowest that the cluster's own pods leave free",
        source="ours: in a cluster the CNI chooses",
    )


def _node(asked: Asked, gateway: EastWestGateway, path: str) -> Provenance:
    slot = asked.slice.member(gateway.cluster).slot
    return Provenance(
        path=path,
        value=gateway.node,
        inputs=(asked.known(f"{gateway.cluster}/slot", slot),),
        formula="application nodes in turn (gateway nodes where there are no others), from the slot's number on, the "
        "ingress gateway one further than the egress gateway",
        source="ours: Kubernetes schedules; worker-operator files/manifests ask for no node",
    )


def _routes(asked: Asked, item: IstioObject, path: str) -> Provenance:
    bound = f"bound to {', '.join(item.gateways)}" if item.gateways else f"for the sidecars of {item.namespace}"
    return Provenance(
        path=path,
        value=", ".join(f"{route.host}:{route.port} {route.weight}%" for route in item.routes),
        inputs=(
            Input(name=f"ServiceExport {item.service}", value=f"{item.protocol}, {len(item.routes)} destinations"),
            asked.field("spec.externalGatewayConfig", f"gatewayType istio on {item.cluster}"),
        ),
        formula=f"100 over the number of destinations, rounded down, and 1 more for the first until it is 100; {bound}",
        source="worker-operator controllers/serviceimport/istio_utils.go, serviceexport/istio_virtualservice.go",
    )


def _edge_port(asked: Asked, edge: EdgePlan, port: EdgePort, path: str) -> Provenance:
    end = asked.ends[edge.cluster, port.gateway]
    return Provenance(
        path=path,
        value=f"{port.port} to {port.service}:{port.target_port}",
        inputs=(
            asked.field("spec.sliceGatewayProvider.sliceGatewayServiceType", f"LoadBalancer on {edge.cluster}"),
            asked.known(f"{edge.cluster}/gateways/{end.peer}/{end.instance}/node-port", port.port),
        ),
        formula=f"the load balancer takes each gateway's NodePort number as its own port; {edge.name} translates it to "
        "the gateway's Service (DNAT) and puts its own address in (MASQUERADE)",
        source="worker-operator controllers/slice/slice_gw_edge.go, slicegw-edge pkg/edgeservice/edge_server.go",
    )


def _mtu(asked: Asked, item: MtuPlan, path: str) -> Provenance:
    formulas = {
        "pod": "nsm0 keeps the kernel's default",
        "between nodes": f"{NODE_MTU_BYTES} less VXLAN's {VXLAN_BYTES} bytes",
        "router": "nsm0 keeps the kernel's default",
        "gateway": f"tun-mtu and MTU of KubeSlice's templates: {TUNNEL_MTU_BYTES}",
        "tunnel": f"{TUNNEL_MTU_BYTES} inside; headers, tag and padding make it {item.wire_bytes} outside",
        "wan": f"{NODE_MTU_BYTES} of the node's network",
    }
    return Provenance(
        path=path,
        value=f"{item.mtu_bytes} bytes",
        inputs=(asked.field("spec.sliceGatewayProvider.sliceGatewayType", asked.slice.gateway_type),),
        formula=f"{formulas[item.where]}; a larger packet: {item.beyond}",
        source="gateway-certs-generator ovpn/template, wireguard scripts/entrypoint.sh, cmd-forwarder-kernel",
    )
