"""Where gateway roles, numbers, VPN addresses, node ports and overlay addresses come from."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from kubeslice_sim.planner import names, slots
from kubeslice_sim.planner.gateways import service_type
from kubeslice_sim.planner.plan import GatewayPairPlan, GatewayPlan, TunnelEnd, TunnelPlan
from kubeslice_sim.planner.provenance_overlay import client_address
from kubeslice_sim.planner.question import OURS_BEYOND, PLACES, Asked, Input, Provenance, Question
from kubeslice_sim.planner.topology import most_gateways


def gateway_questions(asked: Asked) -> Iterator[Question]:
    """What concerns one cluster's side of a pair: ``<slice>/<cluster>/gateways/<peer>/…``."""
    for pair in asked.slice.pairs:
        for gateway in (pair.server, pair.client):
            base = f"{asked.slice.name}/{gateway.cluster}/gateways/{gateway.peer}"
            yield Question(path=f"{base}/name", answer=partial(_name, asked, gateway))
            yield Question(path=f"{base}/role", answer=partial(_role, asked, pair, gateway))
            yield Question(path=f"{base}/number", answer=partial(_number, asked, pair))
            yield Question(path=f"{base}/vpn-address", answer=partial(_vpn_address, asked, gateway))
            yield Question(path=f"{base}/connectivity", answer=partial(_connectivity, asked, pair))
            for tunnel in pair.tunnels:
                end = tunnel.server if gateway is pair.server else tunnel.client
                inner = f"{base}/{tunnel.instance}"
                yield Question(path=f"{inner}/deployment", answer=partial(_deployment, asked, end))
                yield Question(path=f"{inner}/nsm-address", answer=partial(_nsm_address, asked, end))
                yield Question(path=f"{inner}/node", answer=partial(_node, asked, end))
                yield Question(path=f"{inner}/node-port", answer=partial(_node_port, asked, pair, tunnel))


def _name(asked: Asked, gateway: GatewayPlan, path: str) -> Provenance:
    return Provenance(
        path=path,
        value=gateway.name,
        inputs=(Input(name="slice, cluster, peer", value=f"{gateway.slice}, {gateway.cluster}, {gateway.peer}"),),
        formula="<slice>-<local cluster>-<remote cluster>; its secret on the controller cluster has the same name",
        source="kubeslice-controller service/kube_slice_resource_names.go",
    )


def _role(asked: Asked, pair: GatewayPairPlan, gateway: GatewayPlan, path: str) -> Provenance:
    server, client = pair.server.cluster, pair.client.cluster
    edge = asked.edge(server, client)
    if edge is not None and edge.server is not None:
        held = server if edge.server == server else f"the pair keeps its roles from before: {server}"
        return Provenance(
            path=path,
            value=gateway.host_type,
            inputs=(asked.shaped("spec.edges", f"{' and '.join(edge.between)}: server {edge.server}"),),
            formula=f"the edge says who serves: {held} does, {client} dials",
            source=OURS_BEYOND,
        )
    if server in asked.slice.hubs:
        formula = f"{server} is a hub (spec.topology.hubs), and a hub serves its spokes wherever it stands in the list"
    elif asked.listed.index(server) < asked.listed.index(client):
        formula = f"of a pair the earlier listed cluster serves, the other dials: {server} stands before {client}"
    else:
        formula = (
            f"a pair keeps its roles however the list is ordered later: {server} stood before {client} when the pair "
            "was made"
        )
    return Provenance(
        path=path,
        value=gateway.host_type,
        inputs=(asked.field("spec.clusters", ", ".join(asked.listed)),),
        formula=formula,
        source="kubeslice-controller service/worker_slice_gateway_service.go createMinimumGatewaysIfNotExists",
    )


def _number(asked: Asked, pair: GatewayPairPlan, path: str) -> Provenance:
    ends = (pair.server.cluster, pair.client.cluster)
    held = [asked.slice.member(cluster).slot for cluster in ends]
    low, high = sorted(held)
    return Provenance(
        path=path,
        value=str(pair.number),
        inputs=tuple(asked.known(f"{name}/slot", slot) for name, slot in zip(ends, held, strict=True)),
        formula=f"(max - 1)(max - 2) / 2 + min of the two slots = ({high} - 1)({high} - 2) / 2 + {low}; written for "
        "slots counted from 1 but fed slots counted from 0, hence not unique",
        source="kubeslice-controller service/worker_slice_gateway_service.go calculateGatewayNumber",
    )


def _vpn_address(asked: Asked, gateway: GatewayPlan, path: str) -> Provenance:
    subnet = asked.slice.subnet
    network = slots.vpn_network(subnet) if subnet is not None else ""
    host = "a.b.255.1" if gateway.host_type == "Server" else "a.b.255.2"
    return Provenance(
        path=path,
        value=str(gateway.vpn_ip),
        inputs=(
            asked.known("vpn-network", network),
            asked.known(f"{gateway.cluster}/gateways/{gateway.peer}/role", gateway.host_type),
        ),
        formula=f"every {gateway.host_type.lower()} of the slice has {host}, in all tunnels alike",
        source="kubeslice-controller service/worker_slice_gateway_service.go BuildNetworkAddresses",
    )


def _connectivity(asked: Asked, pair: GatewayPairPlan, path: str) -> Provenance:
    provider, server = asked.config.spec.slice_gateway_provider, pair.server.cluster
    entries = provider.slice_gateway_service_type if provider else ()
    told = "; ".join(f"{entry.cluster}: {entry.type} {entry.protocol}" for entry in entries) or "none"
    connectivity, protocol = service_type(provider, server)
    return Provenance(
        path=path,
        value=f"{connectivity} {protocol}",
        inputs=(
            asked.field("spec.sliceGatewayProvider.sliceGatewayServiceType", told),
            Input(name="server of the pair", value=server),
        ),
        formula=f"the last entry that names {server} or *, else NodePort UDP; the client's own entry is not read",
        source="kubeslice-controller service/service_helper.go getSliceGwSvcTypes",
    )


def _deployment(asked: Asked, end: TunnelEnd, path: str) -> Provenance:
    return Provenance(
        path=path,
        value=end.deployment,
        inputs=(asked.known(f"{end.cluster}/gateways/{end.peer}/name", end.gateway),),
        formula=f"<gateway>-<instance>-<generation>: instance {end.instance} of {asked.gateways(end)}, and 0 until the "
        "recycler replaces it",
        source="worker-operator controllers/slicegateway/slicegateway.go",
    )


def _nsm_address(asked: Asked, end: TunnelEnd, path: str) -> Provenance:
    return client_address(asked, end.cluster, end.deployment, end.nsm_ip, path)


def _node(asked: Asked, end: TunnelEnd, path: str) -> Provenance:
    nodes = [node.name for node in asked.plan.cluster(end.cluster).gateway_nodes]
    what, block = asked.place_of(end.peer)
    place = (block + end.instance) % len(nodes)
    return Provenance(
        path=path,
        value=end.node,
        inputs=(
            asked.known(f"{end.peer}/{what}", block if what == "slot" else asked.slice.member(end.peer).cidr),
            Input(name=f"gateway nodes of {end.cluster}", value=", ".join(nodes)),
        ),
        formula=f"gateway node number (peer's {PLACES[what]} + instance) mod nodes = ({block} + {end.instance}) mod "
        f"{len(nodes)} = {place}, counted from 0",
        source="ours: in a cluster Kubernetes' scheduler chooses, by anti-affinity on different gateway nodes",
    )


def _node_port(asked: Asked, pair: GatewayPairPlan, tunnel: TunnelPlan, path: str) -> Provenance:
    start, slot, width = asked.first_port, asked.slice.member(pair.client.cluster).slot, most_gateways(asked.shape)
    port = start + slot * width + tunnel.instance
    if port == tunnel.node_port:
        formula = (
            f"first port of the slice + {width} × client's slot + instance = "
            f"{start} + {width} × {slot} + {tunnel.instance}"
        )
    else:
        formula = (
            f"the port that it had before, or the lowest free one; {port}, its own in the slice's range, is taken or "
            "past the end"
        )
    return Provenance(
        path=path,
        value=str(tunnel.node_port),
        inputs=(
            Input(name=f"first port of slice {asked.slice.name}", value=str(start)),
            asked.known(f"{pair.client.cluster}/slot", slot),
            Input(name="Service", value=f"{names.gateway_service(tunnel.server.deployment)} on {pair.server.cluster}"),
        ),
        formula=formula,
        source="ours: a real API server takes a random free port; the operator tells it to the client through the hub",
    )
