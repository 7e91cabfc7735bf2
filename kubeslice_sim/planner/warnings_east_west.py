"""Warnings about East-West gateways: settings that nothing reads, and what Istio cannot carry."""

from __future__ import annotations

from collections.abc import Iterator

from kubeslice_sim.model.slice_config import ExternalGatewayConfig, Switch
from kubeslice_sim.planner import names
from kubeslice_sim.planner.external_gateways import GATEWAY_TYPE, HTTP_PORT
from kubeslice_sim.planner.istio import Sidecars, behind_gateway, speaks_http
from kubeslice_sim.planner.plan import Plan, PlanWarning, SlicePlan


def external_gateway_warnings(item: SlicePlan, plan: Plan) -> Iterator[PlanWarning]:
    """Everything about the slice's externalGatewayConfig, in the order of its entries."""
    entries = [
        entry
        for config in plan.world.slices
        if config.metadata.name == item.name
        for entry in config.spec.external_gateway_config
    ]
    for number, entry in enumerate(entries):
        yield from _without_effect(item, f"externalGatewayConfig[{number}]", entry)
    if item.east_west:
        yield from _not_http(item)
        yield from _no_sidecar(item, plan)
        yield from _same_virtual_service(item)


def _on(switch: Switch | None) -> bool:
    return switch is not None and switch.enabled


def _without_effect(item: SlicePlan, where: str, entry: ExternalGatewayConfig) -> Iterator[PlanWarning]:
    access = entry.vpc_service_access
    said = [
        (_on(entry.ns_ingress), "nsIngress is read by nobody: north-south traffic is not KubeSlice's"),
        (access is not None and (_on(access.ingress) or _on(access.egress)),
         "vpcServiceAccess only gives a namespace its name in the open-source operator"),
        (entry.gateway_type != GATEWAY_TYPE and (_on(entry.ingress) or _on(entry.egress)),
         f"gatewayType {entry.gateway_type or 'none'} installs nothing: the operator knows {GATEWAY_TYPE} only"),
        (entry.gateway_type == GATEWAY_TYPE and item.subnet is None,
         f"a {item.mode} slice has no overlay that a gateway could join"),
    ]  # fmt: skip
    for applies, message in said:
        if applies:
            yield PlanWarning(id="external-gateway-idle", subject=item.name, message=f"{where}: {message}")


def _not_http(item: SlicePlan) -> Iterator[PlanWarning]:
    egress = any(gateway.direction == "egress" for gateway in item.east_west)
    for service in item.services:
        if not speaks_http(service.ports) and (egress or _behind_ingress(item, service.source_clusters)):
            yield PlanWarning(
                id="istio-not-http",
                subject=f"{service.namespace}/{service.name}",
                message="Istio takes it for TCP (HTTP is one port whose name starts with http): no gateway carries it",
            )


def _behind_ingress(item: SlicePlan, clusters: tuple[str, ...]) -> bool:
    return any(gateway.direction == "ingress" and gateway.cluster in clusters for gateway in item.east_west)


def _no_sidecar(item: SlicePlan, plan: Plan) -> Iterator[PlanWarning]:
    if not any(service.backends for service in item.services):
        return
    seen: set[tuple[str, str]] = set()
    sidecars = Sidecars(plan.world)
    for pod in plan.pods:
        where = (pod.namespace, pod.cluster)
        if pod.slice == item.name and where not in seen and pod not in sidecars:
            seen.add(where)
            yield PlanWarning(
                id="istio-no-sidecar",
                subject=f"{pod.namespace}@{pod.cluster}",
                message=f"pods there have no Istio sidecar: services behind an ingress gateway answer them on port "
                f"{HTTP_PORT} only, whatever port is exported (label the Namespace istio-injection=enabled)",
            )


def _same_virtual_service(item: SlicePlan) -> Iterator[PlanWarning]:
    directions: dict[str, set[str]] = {}
    for gateway in item.east_west:
        directions.setdefault(gateway.cluster, set()).add(gateway.direction)
    for service in item.services:
        for cluster in service.source_clusters:
            if len(directions.get(cluster, ())) > 1:
                yield PlanWarning(
                    id="istio-one-virtual-service",
                    subject=f"{service.namespace}/{service.name}@{cluster}",
                    message=f"both gateways want VirtualService {names.SYSTEM_NAMESPACE}/{behind_gateway(service)}: "
                    "whichever is made first stays bound to its gateway, the other has no route",
                )
