"""Mesh: the way of a request that Istio's sidecar and the slice's East-West gateways carry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from ipaddress import IPv4Address

from kubeslice_sim.planner import names
from kubeslice_sim.planner.east_west import EastWestGateway
from kubeslice_sim.planner.encapsulation import CNI_MTU_BYTES
from kubeslice_sim.planner.external_gateways import GATEWAY_TYPE, HTTP_PORT, external_gateway_of
from kubeslice_sim.planner.istio import Sidecars, speaks_http
from kubeslice_sim.planner.plan import EndpointPlan, Plan, PodPlan, ServicePlan, SlicePlan
from kubeslice_sim.verify.answer import Answer, Hop
from kubeslice_sim.verify.overlay import Overlay, Trace


class Mesh:
    """What Istio makes of requests to the services of the slices."""

    def __init__(self, plan: Plan, overlays: Mapping[str, Overlay]) -> None:
        self._plan = plan
        self._overlays = overlays
        self._sidecars = Sidecars(plan.world)
        self._types = {
            (config.metadata.name, cluster): external_gateway_of(config, cluster).gateway_type
            for config in plan.world.slices
            for cluster in config.spec.clusters
        }

    def service(self, pod: PodPlan, name: str, port: int | None) -> ServicePlan | None:
        """The service whose requests the pod's sidecar leads by their Host; None where no sidecar has a say.

        A VirtualService of worker-operator is exported to its own namespace only. What is sent to another port than
        the service's goes where DNS leads (Istio's default ``outboundTrafficPolicy``, ALLOW_ANY).
        """
        if not self._led(pod):
            return None
        asked = name.rstrip(".").lower()
        for service in self._plan.slice(pod.slice or "").services:
            local = names.cluster_service_dns(service.name, service.namespace)
            if service.namespace == pod.namespace and asked in (service.dns_name, local):
                meant = port is None or port in {item.port for item in service.ports}
                return service if service.endpoints and meant and speaks_http(service.ports) else None
        return None

    def request(self, pod: PodPlan, asked: str, service: ServicePlan) -> Answer:
        """The answer for all endpoints together: the first that is not reached, else the first."""
        egress = _gateway(self._plan.slice(service.slice), pod.cluster, "egress")
        how = f"the sidecar of {pod.reference} sends {service.dns_name} {_where(egress)}"
        answers = [self._to(pod, asked, how, service, endpoint, egress) for endpoint in service.endpoints]
        return next((answer for answer in answers if not answer.allowed), answers[0])

    def refusal(self, pod: PodPlan, asked: str, how: str, address: IPv4Address, port: int | None) -> Answer | None:
        """Why a sidecar lets no connection to this address and port through; None where it does.

        What Istio takes for TCP has no Host: it is led by its address. Behind an egress gateway it is led to a port
        that the gateway's Service does not have.
        """
        if port is None or not self._led(pod):
            return None
        found = self._plan.slice(pod.slice or "")
        egress = _gateway(found, pod.cluster, "egress")
        for service in found.services:
            to_it = service.namespace == pod.namespace and address in {end.nsm_ip for end in service.endpoints}
            taken = to_it and port in {item.port for item in service.ports} and not speaks_http(service.ports)
            if egress is not None and taken:
                reason = (
                    f"{egress.name} takes HTTP only: its Service has no port {service.ports[0].port} for what Istio "
                    "takes for TCP"
                )
                led = f"the sidecar of {pod.reference} sends {service.dns_name} {_where(egress)}"
                return Answer(source=pod.reference, target=asked, allowed=False, reason=reason, evidence=(led, how))
        return None

    def arrival(
        self, pod: PodPlan, asked: str, how: str, address: IPv4Address, port: int | None, trace: Trace
    ) -> Answer:
        """What becomes of a packet that DNS led to an ingress gateway, without a sidecar at its start."""
        gateway = next((item for item in self._plan.slice(pod.slice or "").east_west if item.nsm_ip == address), None)
        gone = Answer(source=pod.reference, target=asked, allowed=False, reason=trace.reason, hops=trace.hops,
                      evidence=(how, *trace.evidence))  # fmt: skip
        if gateway is None:
            return gone
        if port not in (None, HTTP_PORT):
            # Its Service has more ports, but its Gateway asks Envoy for a listener on this one only.
            where = f"{gateway.name} on {gateway.cluster}"
            reason = f"{where} listens on {HTTP_PORT} only, and no Istio sidecar leads port {port} there"
            return replace(gone, reason=reason)
        reason = f"over slice {gateway.slice}, to {gateway.name}, which proxies HTTP to the pods behind it"
        return replace(gone, allowed=True, reason=reason)

    def _led(self, pod: PodPlan) -> bool:
        """Whether the pod has a sidecar, and KubeSlice tells it of its slice's services."""
        return self._types.get((pod.slice or "", pod.cluster)) == GATEWAY_TYPE and pod in self._sidecars

    def _to(
        self, pod: PodPlan, asked: str, how: str, service: ServicePlan, endpoint: EndpointPlan,
        egress: EastWestGateway | None,
    ) -> Answer:  # fmt: skip
        overlay, found = self._overlays[service.slice], self._plan.slice(service.slice)
        traces = [overlay.trace(egress or pod, endpoint.nsm_ip)]
        ingress = _gateway(found, endpoint.cluster, "ingress")
        reason = f"over slice {service.slice}{f', through {egress.name}' if egress else ''}"
        if ingress is not None and ingress.nsm_ip == endpoint.nsm_ip:
            behind = [item for item in service.backends if item.cluster == endpoint.cluster]
            if not behind:
                reason = f"{ingress.name} on {ingress.cluster} has no pod of {service.dns_name} behind it"
                return _answer(pod, asked, how, reason, traces, egress, allowed=False)
            traces.append(overlay.trace(ingress, behind[0].nsm_ip))
            reason += f", to {ingress.name}:{HTTP_PORT} and the {len(behind)} behind it"
        lost = next((trace.reason for trace in traces[-1:] if trace.delivered_to is None), "")
        return _answer(pod, asked, how, lost or reason, traces, egress, allowed=not lost)


def _answer(
    pod: PodPlan, asked: str, how: str, reason: str, traces: Iterable[Trace], egress: EastWestGateway | None,
    *, allowed: bool,
) -> Answer:  # fmt: skip
    """The hops of every connection in a row; where two meet, the proxy stands once."""
    hops: list[Hop] = []
    if egress is not None:
        hops.append(Hop(device=pod.reference, kind="pod", cluster=pod.cluster, interface="eth0",
                        address=str(pod.pod_ip), mtu_bytes=CNI_MTU_BYTES))  # fmt: skip
    for trace in traces:
        if hops and hops[-1].device == trace.hops[0].device:
            hops.pop()
        hops.extend(trace.hops)
    evidence = (how, *(line for trace in traces for line in trace.evidence))
    return Answer(source=pod.reference, target=asked, allowed=allowed, reason=reason, hops=tuple(hops),
                  evidence=evidence)  # fmt: skip


def _where(egress: EastWestGateway | None) -> str:
    return f"to {egress.name} on {egress.cluster}" if egress is not None else "to its endpoints by weight"


def _gateway(found: SlicePlan, cluster: str, direction: str) -> EastWestGateway | None:
    wanted = (cluster, direction)
    return next((item for item in found.east_west if (item.cluster, item.direction) == wanted), None)
