"""What the controller makes of a Project: its namespace and its default QoS profile.

Source: kubeslice-controller service/project_service.go, service/namespace_service.go.
"""

from __future__ import annotations

from dataclasses import replace

from kubeslice_sim.model.document import ObjectMeta
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.project import Project
from kubeslice_sim.model.slice_qos_config import SliceQosConfig, SliceQosConfigSpec
from kubeslice_sim.planner.objects_metadata import (
    PROJECT_FINALIZER,
    PROJECT_NAMESPACE_LABEL,
    SLICE_QOS_FINALIZER,
    owner_labels,
    propagated,
)
from kubeslice_sim.planner.qos import DEFAULT_PROFILE

DEFAULT_QOS = "default"


def registered_project(project: Project) -> Project:
    """The Project as the controller leaves it: its only label names its namespace (the user's own labels are lost)."""
    labels = FrozenMap({PROJECT_NAMESPACE_LABEL: project.project_namespace})
    return replace(project, metadata=replace(project.metadata, labels=labels, finalizers=(PROJECT_FINALIZER,)))


def project_namespace(project: Project) -> KubernetesObject:
    """The namespace of a project's objects; it keeps the labels and annotations that the user gave the Project."""
    name = project.project_namespace
    labels = {
        **propagated(project.metadata.labels),
        **owner_labels("Project", name),
        "kubernetes.io/metadata.name": name,
    }
    return KubernetesObject(
        api_version="v1",
        kind="Namespace",
        metadata=ObjectMeta(
            name=name, labels=FrozenMap(labels), annotations=FrozenMap(propagated(project.metadata.annotations))
        ),
    )


def default_qos_profile(project: Project) -> SliceQosConfig:
    """The profile ``default`` that every project gets: 1 to 10 Gbit/s, AF11."""
    return SliceQosConfig(
        metadata=ObjectMeta(name=DEFAULT_QOS, namespace=project.project_namespace, finalizers=(SLICE_QOS_FINALIZER,)),
        spec=SliceQosConfigSpec(
            queue_type="HTB",
            priority=DEFAULT_PROFILE.priority,
            tc_type="BANDWIDTH_CONTROL",
            bandwidth_ceiling_kbps=DEFAULT_PROFILE.bandwidth_ceiling_kbps,
            bandwidth_guaranteed_kbps=DEFAULT_PROFILE.bandwidth_guaranteed_kbps,
            dscp_class=DEFAULT_PROFILE.dscp_class,
        ),
    )


def registered_qos_profile(profile: SliceQosConfig) -> SliceQosConfig:
    """A user's profile as the controller leaves it."""
    return replace(profile, metadata=replace(profile.metadata, finalizers=(SLICE_QOS_FINALIZER,)))
