"""What of a slice cannot change (kubeslice-controller service/slice_config_webhook_validation.go)."""

from __future__ import annotations

from collections.abc import Iterator

from kubeslice_sim.admission.rule import UPDATE, Finding, Request, rule
from kubeslice_sim.admission.slice_members import SOURCE
from kubeslice_sim.admission.state import names
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.release import ASKS_HEALTH, includes
from kubeslice_sim.model.slice_config import SliceConfig, SliceGatewayServiceType
from kubeslice_sim.model.suggest import meant

_SERVICE_TYPES = "Spec.SliceGatewayProvider.SliceGatewayServiceType"
_DEFAULT_TYPE, _DEFAULT_PROTOCOL = "NodePort", "UDP"
_NO_NETWORK = "no-network"


@rule("SliceConfig", on=UPDATE, source=SOURCE, field="Spec.OverlayNetworkDeploymentMode")
def slice_mode_kept(request: Request) -> Iterator[Finding]:
    """Only a no-network slice can change its mode."""
    old, new = _mode(request.old), _mode(request.document)
    if new != old != _NO_NETWORK:
        message = f"a slice cannot go from {old} to {new}"
        yield Finding(("spec", "overlayNetworkDeploymentMode"), message, "make a new slice")


@rule("SliceConfig", on=UPDATE, source=SOURCE)
def slice_fields_kept(request: Request) -> Iterator[Finding]:
    """Subnet, types, authority, address management and cipher stay as they are, unless the mode changes."""
    old, new = request.old.spec, request.document.spec
    if _changes_mode(request):
        return
    was, is_now = old.slice_gateway_provider, new.slice_gateway_provider
    compared = [("sliceSubnet", old.slice_subnet, new.slice_subnet), ("sliceType", old.slice_type, new.slice_type)]
    if was is not None and is_now is not None:
        compared += [
            ("sliceGatewayProvider.sliceGatewayType", was.slice_gateway_type, is_now.slice_gateway_type),
            ("sliceGatewayProvider.sliceCaType", was.slice_ca_type, is_now.slice_ca_type),
        ]
    compared.append(("sliceIpamType", old.slice_ipam_type, new.slice_ipam_type))
    if old.vpn_config is not None and new.vpn_config is not None:
        compared.append(("vpnConfig.cipher", old.vpn_config.cipher, new.vpn_config.cipher))
    for name, before, after in compared:
        if before != after:
            steps = name.split(".")
            field = ".".join(("Spec", *(step[0].upper() + step[1:] for step in steps))).replace("Vpn", "VPN")
            message = f"{steps[-1]} cannot be changed from {before or 'nothing'} to {after or 'nothing'}"
            yield Finding(("spec", *steps), message, "make a new slice", field=field)


@rule("SliceConfig", on=UPDATE, source=SOURCE, field=_SERVICE_TYPES)
def slice_gateway_services_kept(request: Request) -> Iterator[Finding]:
    """A gateway service may go from NodePort to LoadBalancer, never back, and never changes its protocol."""
    provider = request.document.spec.slice_gateway_provider
    if _changes_mode(request) or provider is None:
        return
    before = _service_types(request.old)
    for index, entry in enumerate(provider.slice_gateway_service_type):
        at = ("spec", "sliceGatewayProvider", "sliceGatewayServiceType", index)
        held = before.get(entry.cluster)
        if held is not None and held.type != _DEFAULT_TYPE and entry.type != held.type:
            message = f"the gateway service of {entry.cluster} cannot go from {held.type} to {entry.type}"
            yield Finding((*at, "type"), message)
        protocol = held.protocol if held is not None else _DEFAULT_PROTOCOL
        is_member = held is not None or entry.cluster in request.old.spec.clusters
        if is_member and entry.protocol != protocol:
            message = f"the gateway protocol of {entry.cluster} cannot go from {protocol} to {entry.protocol}"
            yield Finding((*at, "protocol"), message, f"without an entry it is {_DEFAULT_PROTOCOL}")


@rule("SliceConfig", on=UPDATE, source=SOURCE, field="Spec.Clusters")
def slice_new_clusters_ready(request: Request) -> Iterator[Finding]:
    """A cluster that joins is registered and healthy (one that reports no health makes KubeSlice's webhook panic)."""
    config: SliceConfig = request.document
    namespace, asked = config.metadata.namespace, includes(request.state.version, ASKS_HEALTH)
    for index, name in enumerate(config.spec.clusters):
        if name in request.old.spec.clusters or not asked:
            continue
        at, about = ("spec", "clusters", index), (ObjectKey("Cluster", namespace, name),)
        cluster = request.state.find("Cluster", namespace, name)
        if cluster is None:
            hint = meant(name, names(request.state.all("Cluster", namespace)), "add a Cluster")
            yield Finding(at, f"the cluster {name} is not registered", hint, about, index)
            continue
        status = request.state.status_of(cluster)
        if status.registration_status != "Registered":
            said = status.registration_status or "not begun"
            message = f"the registration of {name} is not completed: it is {said}"
            yield Finding(at, message, "its Slice Operator may not be installed yet", about, index)
        health = status.cluster_health
        if health is None:
            message, hint = f"{name} reports no health yet", "wait until its Slice Operator has reported"
            yield Finding(at, message, hint, about, index)
        elif health.cluster_health_status != "Normal":
            message = f"the health of {name} is not normal: it is {health.cluster_health_status or 'not set'}"
            yield Finding(at, message, "", about, index)


@rule("SliceConfig", on=UPDATE, source=SOURCE, field="Spec.MaxClusterCount")
def slice_size_kept(request: Request) -> Iterator[Finding]:
    """``maxClusters`` stays, and the clusters fit (both are not looked at when the mode changes)."""
    old, new = request.old.spec, request.document.spec
    if _mode(request.document) == _NO_NETWORK or _changes_mode(request):
        return
    if new.max_clusters != old.max_clusters:
        message = f"maxClusters cannot be changed from {old.max_clusters} to {new.max_clusters}"
        yield Finding(("spec", "maxClusters"), message, "the size of a cluster's subnet follows from it")
    if len(new.clusters) > new.max_clusters:
        message = f"{len(new.clusters)} participating clusters cannot be more than maxClusters, {new.max_clusters}"
        yield Finding(("spec", "clusters"), message, "make a new, larger slice", field="Spec.Clusters")


def _mode(config: SliceConfig) -> str:
    return config.spec.overlay_network_deployment_mode


def _changes_mode(request: Request) -> bool:
    return _mode(request.old) != _mode(request.document)


def _service_types(config: SliceConfig) -> dict[str, SliceGatewayServiceType]:
    """The entry of each cluster; of two that mean it (by name and by ``*``) the later one holds."""
    found: dict[str, SliceGatewayServiceType] = {}
    provider = config.spec.slice_gateway_provider
    for entry in provider.slice_gateway_service_type if provider is not None else ():
        meant_here = config.spec.clusters if entry.cluster == "*" else (entry.cluster,)
        found.update(dict.fromkeys(meant_here, entry))
    return found
