"""QoS of a slice on one cluster: netops' class on the gateway nodes (netops server/netop_handler.go)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from kubeslice_sim.controlplane.built_in import SLICE_LABEL, node_port
from kubeslice_sim.controlplane.effects import SetQos
from kubeslice_sim.controlplane.reconciler import View
from kubeslice_sim.model.slice_config import DscpClass, QosProfile
from kubeslice_sim.model.slice_gateway import SliceGateway
from kubeslice_sim.model.worker_slice import Slice
from kubeslice_sim.planner import names
from kubeslice_sim.planner.plan import QosPlan
from kubeslice_sim.planner.qos import classify

NUMBER_ANNOTATION = "kubeslice-sim.io/qos-number"
"""Ours: which of netops' classes is the slice's; netops itself keeps that in memory."""


def free_number(view: View) -> int:
    """The lowest class number that no slice of this cluster has."""
    taken = {item.metadata.annotations.get(NUMBER_ANNOTATION) for item in view.local.list(Slice)}
    number = 1
    while str(number) in taken:
        number += 1
    return number


def shape(slice_: Slice, view: View) -> tuple[SetQos, ...]:
    """The slice's class and the ports that select its packets; nothing for a slice without a profile."""
    qos = _class(slice_)
    if qos is None:
        return ()
    name = slice_.metadata.name
    servers = view.local.objects("Service", names.SYSTEM_NAMESPACE, {SLICE_LABEL: name})
    clients = view.local.list(SliceGateway, names.SYSTEM_NAMESPACE, {SLICE_LABEL: name})
    return (
        SetQos(
            cluster=view.cluster,
            slice=name,
            qos=qos,
            source_ports=_in_order(port for item in servers if (port := node_port(item))),
            destination_ports=_in_order(
                port
                for item in clients
                if item.status.config.slice_gateway_host_type == "Client"
                for port in item.status.config.slice_gateway_remote_node_ports
            ),
        ),
    )


def _class(slice_: Slice) -> QosPlan | None:
    settings = slice_.status.slice_config
    held = settings.qos_profile_details if settings else None
    number = slice_.metadata.annotations.get(NUMBER_ANNOTATION)
    if held is None or not held.dscp_class or number is None:
        return None
    profile = QosProfile(
        queue_type=held.queue_type, priority=held.priority, tc_type=held.tc_type,
        bandwidth_ceiling_kbps=held.bandwidth_ceiling_kbps, bandwidth_guaranteed_kbps=held.bandwidth_guaranteed_kbps,
        dscp_class=cast(DscpClass, held.dscp_class),
    )  # fmt: skip
    return classify(slice_.metadata.name, profile, int(number))


def _in_order(ports: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted(set(ports)))
