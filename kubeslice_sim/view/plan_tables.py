"""A plan as tables for a terminal, and as a frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from kubeslice_sim.observe.frames import TEXT, Schema, framed
from kubeslice_sim.observe.units import say
from kubeslice_sim.planner.ipam import IpamPlan
from kubeslice_sim.planner.plan import Plan, SlicePlan
from kubeslice_sim.view.tables import new_table, titled

if TYPE_CHECKING:
    import pandas as pd

DEVICE_SCHEMA: Schema = {
    "slice": TEXT, "cluster": TEXT, "kind": TEXT, "name": TEXT, "node": TEXT, "nsm_ip": TEXT, "vpn_ip": TEXT,
    "pod_ip": TEXT, "peer": TEXT,
}  # fmt: skip
"""One row a device of the overlay; an address that the device does not have is the empty text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A pod, a router or a gateway."""

    slice: str
    cluster: str
    kind: str
    name: str
    node: str
    nsm_ip: str = ""
    vpn_ip: str = ""
    pod_ip: str = ""
    peer: str = ""


def plan_frame(plan: Plan) -> pd.DataFrame:
    """One row a device: routers and gateways slice by slice, then the application pods."""
    return framed(DEVICE_SCHEMA, devices(plan))


def devices(plan: Plan) -> Iterator[Device]:
    """Every device of the overlay, and the pods that are in no slice."""
    for item in plan.slices:
        for member in item.members:
            router = member.router
            if router is not None:
                yield Device(slice=item.name, cluster=router.cluster, kind="router", name=router.name,
                             node=router.node, nsm_ip=str(router.address))  # fmt: skip
        for tunnel in item.tunnels:
            for end in tunnel.ends:
                yield Device(slice=item.name, cluster=end.cluster, kind=f"gateway ({end.host_type.lower()})",
                             name=end.deployment, node=end.node, nsm_ip=str(end.nsm_ip), vpn_ip=str(end.vpn_ip),
                             peer=end.peer)  # fmt: skip
        for gate in item.east_west:
            yield Device(slice=item.name, cluster=gate.cluster, kind=gate.direction, name=gate.name, node=gate.node,
                         nsm_ip=str(gate.nsm_ip), pod_ip=str(gate.pod_ip))  # fmt: skip
    for pod in plan.pods:
        yield Device(slice=pod.slice or "", cluster=pod.cluster, kind="pod", name=f"{pod.namespace}/{pod.name}",
                     node=pod.node, nsm_ip=str(pod.nsm_ip or ""), pod_ip=str(pod.pod_ip))  # fmt: skip


def plan_tables(plan: Plan) -> Iterator[Group]:
    """Clusters; per slice its members, tunnels and services; the pods; what cannot be deployed; the warnings."""
    yield titled(f"{plan.world.name}: KubeSlice {plan.kubeslice_version}", _clusters(plan))
    for item in plan.slices:
        yield titled(slice_line(item), _members(item))
        if item.ipam is not None:
            yield titled(ipam_line(item.ipam), _subnets(item.ipam))
        if item.pairs:
            yield titled(f"tunnels of {item.name}", _tunnels(item))
        if item.east_west:
            yield titled(f"East-West gateways of {item.name}", _east_west(item))
        if item.services:
            yield titled(f"exported services of {item.name}", _services(item))
    if plan.pods:
        yield titled("pods", _pods(plan))
    if plan.not_deployable:
        yield titled("what no KubeSlice has: planned and run, but not deployed", _not_deployable(plan))
    if plan.warnings:
        yield titled("warnings", _warnings(plan))


def slice_line(item: SlicePlan) -> str:
    """A slice in one line: subnet, gateway type, traffic class."""
    parts = [f"slice {item.name}", str(item.subnet or "no network"), f"up to {item.max_clusters} clusters"]
    if item.subnet is not None:
        parts.append(f"{item.gateway_type} gateways")
    if item.qos is not None:
        qos = item.qos
        parts.append(
            f"{say('rate_bps', qos.guaranteed_bps)} guaranteed, {say('rate_bps', qos.ceiling_bps)} at most, "
            f"priority {qos.priority}, {qos.dscp_class}" + ("" if qos.dscp is not None else " (not marked)")
        )
    return " · ".join(parts)


def ipam_line(ipam: IpamPlan) -> str:
    """Dynamic IPAM in one line: blocks in all, left, and held for clusters that left."""
    held = f", {len(ipam.held_back)} of them held for clusters that left" if ipam.held_back else ""
    return f"dynamic IPAM of {ipam.subnet}: {ipam.total} subnets of /{ipam.subnet_size}, {ipam.available} left{held}"


def _subnets(ipam: IpamPlan) -> Table:
    table = new_table("subnet", "cluster", "status", "since")
    for item in ipam.allocations:
        at_s = item.allocated_at_s if item.released_at_s is None else item.released_at_s
        _add(table, item.subnet, item.cluster, item.status, f"{at_s / 3600:g} h")
    return table


def _clusters(plan: Plan) -> Table:
    table = new_table("cluster", "nodes", "gateway node IPs", "pod CIDR", "DNS", "names")
    for cluster in plan.clusters:
        _add(table, cluster.name, len(cluster.nodes), ", ".join(cluster.node_ips), cluster.pod_cidr, cluster.dns_ip,
             len(cluster.dns))  # fmt: skip
    return table


def _members(item: SlicePlan) -> Table:
    table = new_table("cluster", "slot", "CIDR", "router", "application namespaces")
    for member in item.members:
        router = f"{member.router.address} on {member.router.node}" if member.router else "–"
        _add(table, member.cluster, member.slot, member.cidr, router, ", ".join(member.application_namespaces) or "–")
    return table


def _tunnels(item: SlicePlan) -> Table:
    table = new_table("server", "client", "inside", "node port", "nsm0 server → client")
    for pair in item.pairs:
        for tunnel in pair.tunnels:
            server, client = tunnel.ends
            _add(table, f"{server.deployment} on {server.node}", f"{client.deployment} on {client.node}",
                 f"{server.vpn_ip} → {client.vpn_ip} {pair.protocol}", tunnel.node_port,
                 f"{server.nsm_ip} → {client.nsm_ip}")  # fmt: skip
    return table


def _east_west(item: SlicePlan) -> Table:
    table = new_table("cluster", "gateway", "nsm0", "pod IP", "node", "ports", "Istio objects there")
    made = Counter(found.cluster for found in item.istio_objects)
    for gate in item.east_west:
        ports = ", ".join(f"{port.port} to {port.target_port}" for port in gate.ports)
        _add(table, gate.cluster, gate.name, gate.nsm_ip, gate.pod_ip, gate.node, ports, made[gate.cluster])
    return table


def _services(item: SlicePlan) -> Table:
    table = new_table("name", "from", "ports", "endpoints")
    for service in item.services:
        _add(table, "\n".join((service.dns_name, *service.aliases)), ", ".join(service.source_clusters),
             ", ".join(f"{port.port}/{port.protocol}" for port in service.ports),
             "\n".join(f"{end.pod}@{end.cluster} {end.nsm_ip}" for end in service.endpoints) or "–")  # fmt: skip
    return table


def _pods(plan: Plan) -> Table:
    table = new_table("pod", "slice", "nsm0", "pod IP", "node", "runs")
    for pod in plan.pods:
        _add(table, pod.reference, pod.slice or "–", pod.nsm_ip or "–", pod.pod_ip, pod.node,
             pod.emulate or " ".join(pod.command) or "–")  # fmt: skip
    return table


def _not_deployable(plan: Plan) -> Table:
    table = new_table("")
    for sentence in plan.not_deployable:
        _add(table, sentence)
    return table


def _warnings(plan: Plan) -> Table:
    table = new_table("what", "where", "")
    for warning in plan.warnings:
        _add(table, warning.id, warning.subject, warning.message)
    return table


def _add(table: Table, *cells: object) -> None:
    table.add_row(*(Text(str(cell)) for cell in cells))
