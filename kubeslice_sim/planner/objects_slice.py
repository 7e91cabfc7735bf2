"""What the controller makes of a SliceConfig for each cluster, and for its keys.

Source: kubeslice-controller service/slice_config_service.go, worker_slice_config_service.go,
vpn_key_rotation_service.go; the defaults of apis/controller/v1alpha1/sliceconfig_webhook.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Network

from kubeslice_sim.model.document import ObjectMeta, OwnerReference
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.membership import WorkerExternalGatewayConfig, WorkerIsolationProfile, WorkerVpcServiceAccess
from kubeslice_sim.model.project import Project
from kubeslice_sim.model.slice_config import (
    ExternalGatewayConfig,
    QosProfile,
    SliceConfig,
    SliceGatewayProvider,
    Switch,
    VpcServiceAccess,
    VpnConfig,
)
from kubeslice_sim.model.vpn_key_rotation import VpnKeyRotation, VpnKeyRotationSpec
from kubeslice_sim.model.worker_slice_config import (
    WorkerQosProfile,
    WorkerSliceConfig,
    WorkerSliceConfigSpec,
    WorkerSliceGatewayProvider,
)
from kubeslice_sim.planner import names, slots
from kubeslice_sim.planner.external_gateways import external_gateway_of
from kubeslice_sim.planner.gateways import service_type
from kubeslice_sim.planner.members import has_network, member_clusters, namespaces_on, slice_subnet
from kubeslice_sim.planner.objects_metadata import (
    QOS_PROFILE_LABEL,
    SLICE_CONFIG_FINALIZER,
    WORKER_SLICE_CONFIG_FINALIZER,
    member_labels,
    owner_labels,
    propagated,
)
from kubeslice_sim.planner.qos import lacks_profile

FIRST_ROTATION = 1


def registered_slice(config: SliceConfig, project: Project | None) -> SliceConfig:
    """The SliceConfig as it stands on the hub.

    The mutating webhook gives it a cipher (or takes it away in a no-network slice), the controller its finalizer and
    the project's annotations. The Project's own labels do not arrive: the Project has lost them by then.
    """
    vpn = (config.spec.vpn_config or VpnConfig()) if has_network(config) else None
    finalizers = config.metadata.finalizers
    if SLICE_CONFIG_FINALIZER not in finalizers:
        finalizers = (*finalizers, SLICE_CONFIG_FINALIZER)
    metadata = replace(config.metadata, finalizers=finalizers)
    if project is not None:
        inherited = propagated(project.metadata.annotations)
        metadata = replace(metadata, annotations=FrozenMap({**inherited, **metadata.annotations}))
    return replace(config, metadata=metadata, spec=replace(config.spec, vpn_config=vpn))


def worker_slice_config(
    config: SliceConfig, cluster: str, slot: int | None, profile: QosProfile | None, cidr: IPv4Network | None = None
) -> WorkerSliceConfig:
    """One cluster's share of the slice. ``slot`` None: a no-network slice. ``profile``: the slice's, resolved.

    ``cidr``: what dynamic IPAM gave the cluster; None: that of its slot.
    """
    namespace, slice_ = config.metadata.namespace, config.metadata.name
    made = WorkerSliceConfig(
        metadata=ObjectMeta(
            name=names.worker_slice_config(slice_, cluster),
            namespace=namespace,
            labels=FrozenMap({**owner_labels("SliceConfig", slice_), **member_labels(slice_, cluster, namespace)}),
            finalizers=(WORKER_SLICE_CONFIG_FINALIZER,),
        ),
        spec=_unfilled(slice_),
    )
    if lacks_profile(config, profile):
        return made
    labels = {**_said(config.metadata.labels), **made.metadata.labels}
    labels[QOS_PROFILE_LABEL] = config.spec.standard_qos_profile_name
    annotations = _said(config.metadata.annotations)
    metadata = replace(made.metadata, labels=FrozenMap(labels), annotations=FrozenMap(annotations))
    return replace(made, metadata=metadata, spec=worker_slice_config_spec(config, cluster, slot, profile, cidr))


def _said(items: Mapping[str, str]) -> dict[str, str]:
    """What a share takes over of its slice's labels or annotations: not those that are empty."""
    return {key: value for key, value in propagated(items).items() if value}


def _unfilled(slice_: str) -> WorkerSliceConfigSpec:
    """What a share says before its slice has filled it in."""
    return WorkerSliceConfigSpec(
        slice_name=slice_,
        slice_gateway_provider=WorkerSliceGatewayProvider(),
        qos_profile_details=_qos_profile(None),
        external_gateway_config=_external_gateways(ExternalGatewayConfig()),
    )


def worker_slice_config_spec(
    config: SliceConfig, cluster: str, slot: int | None, profile: QosProfile | None, cidr: IPv4Network | None = None
) -> WorkerSliceConfigSpec:
    """The spec alone: what a change of the SliceConfig or of its QoS profile changes."""
    spec, isolation, subnet = config.spec, config.spec.namespace_isolation_profile, slice_subnet(config)
    provider = spec.slice_gateway_provider or SliceGatewayProvider()
    connectivity, protocol = service_type(spec.slice_gateway_provider, cluster)
    placed = subnet is not None and slot is not None
    return WorkerSliceConfigSpec(
        slice_name=config.metadata.name,
        slice_subnet=spec.slice_subnet,
        slice_type=spec.slice_type,
        slice_gateway_provider=WorkerSliceGatewayProvider(
            slice_gateway_type=provider.slice_gateway_type,
            slice_ca_type=provider.slice_ca_type,
            slice_gateway_service_type=connectivity,
            slice_gateway_protocol=protocol,
        ),
        slice_ipam_type=spec.slice_ipam_type,
        qos_profile_details=_qos_profile(profile),
        namespace_isolation_profile=WorkerIsolationProfile(
            isolation_enabled=isolation.isolation_enabled,
            application_namespaces=namespaces_on(isolation.application_namespaces, cluster),
            allowed_namespaces=namespaces_on(isolation.allowed_namespaces, cluster),
        ),
        octet=slot if placed else None,
        cluster_subnet_cidr=str(cidr or slots.written_cidr(subnet, spec.max_clusters, slot))
        if subnet is not None and slot is not None
        else "",
        external_gateway_config=_external_gateways(external_gateway_of(config, cluster)),
        overlay_network_deployment_mode=spec.overlay_network_deployment_mode,
    )


def vpn_key_rotation(
    config: SliceConfig, gateways: Mapping[str, tuple[str, ...]], owner_uid: str = ""
) -> VpnKeyRotation | None:
    """The slice's rotation of keys as it is first made; None for a no-network slice.

    ``gateways``: those of each cluster. Sorted here: the real controller compares unsorted lists and rewrites the
    object again and again. The times are set when the certificates are made.
    """
    if not has_network(config):
        return None
    slice_ = config.metadata.name
    return VpnKeyRotation(
        metadata=ObjectMeta(
            name=slice_,
            namespace=config.metadata.namespace,
            labels=FrozenMap({"kubeslice-slice": slice_}),
            owner_references=(
                OwnerReference(
                    api_version=config.RESOURCE.api_version,
                    kind=config.RESOURCE.kind,
                    name=slice_,
                    uid=owner_uid or config.metadata.uid,
                    controller=True,
                    block_owner_deletion=True,
                ),
            ),
        ),
        spec=VpnKeyRotationSpec(
            slice_name=slice_,
            cluster_gateway_mapping=FrozenMap(
                {
                    cluster: tuple(sorted(gateways[cluster]))
                    for cluster in member_clusters(config)
                    if gateways.get(cluster)
                }
            ),
            rotation_interval=config.spec.rotation_interval,
            clusters=config.spec.clusters,
            rotation_count=FIRST_ROTATION,
        ),
    )


def _qos_profile(profile: QosProfile | None) -> WorkerQosProfile:
    if profile is None:
        return WorkerQosProfile()
    return WorkerQosProfile(
        queue_type=profile.queue_type,
        priority=profile.priority,
        tc_type=profile.tc_type,
        bandwidth_ceiling_kbps=profile.bandwidth_ceiling_kbps,
        bandwidth_guaranteed_kbps=profile.bandwidth_guaranteed_kbps,
        dscp_class=profile.dscp_class,
    )


def _external_gateways(entry: ExternalGatewayConfig) -> WorkerExternalGatewayConfig:
    access = entry.vpc_service_access or VpcServiceAccess()
    return WorkerExternalGatewayConfig(
        ingress=entry.ingress or Switch(),
        egress=entry.egress or Switch(),
        ns_ingress=entry.ns_ingress or Switch(),
        gateway_type=entry.gateway_type,
        vpc_service_access=WorkerVpcServiceAccess(ingress=access.ingress or Switch(), egress=access.egress or Switch()),
    )
