"""Manifests that the tests deploy: as KubeSlice's tutorial has them, in a project of the test's own."""

from __future__ import annotations

from typing import Any

from real.placement import Placement

CONTROLLER_GROUP = "controller.kubeslice.io/v1alpha1"


def project(name: str, namespace: str) -> dict[str, Any]:
    return _object(CONTROLLER_GROUP, "Project", name, namespace, {"serviceAccount": {"readOnly": ["viewer"]}})


def cluster(name: str, project_name: str) -> dict[str, Any]:
    place = {"cloudProvider": "aws", "cloudRegion": "us-east-1"}
    return _object(CONTROLLER_GROUP, "Cluster", name, f"kubeslice-{project_name}",
                   {"clusterProperty": {"geoLocation": place}})  # fmt: skip


def slice_config(name: str, project_name: str, **spec: Any) -> dict[str, Any]:
    filled = {
        "sliceSubnet": "10.1.0.0/16",
        "maxClusters": 4,
        "clusters": ["worker-1", "worker-2"],
        "sliceGatewayProvider": {"sliceGatewayType": "Wireguard", "sliceCaType": "Local"},
        "qosProfileDetails": {"queueType": "HTB", "priority": 1, "tcType": "BANDWIDTH_CONTROL", "dscpClass": "AF11",
                              "bandwidthCeilingKbps": 30000, "bandwidthGuaranteedKbps": 10000},
        "namespaceIsolationProfile": {"applicationNamespaces": [{"namespace": "iperf", "clusters": ["*"]}]},
    }  # fmt: skip
    return _object(CONTROLLER_GROUP, "SliceConfig", name, f"kubeslice-{project_name}", {**filled, **spec})


def deployment(name: str, namespace: str, **spec: Any) -> dict[str, Any]:
    labels = {"app": name}
    pod = {"containers": [{"name": "server", "image": "mlabbe/iperf", "args": ["-s"]}]}
    filled = {"replicas": 1, "selector": {"matchLabels": labels},
              "template": {"metadata": {"labels": labels}, "spec": pod}}  # fmt: skip
    return _object("apps/v1", "Deployment", name, namespace, {**filled, **spec})


def service_export(name: str, namespace: str) -> dict[str, Any]:
    ports = [{"name": "tcp", "containerPort": 5201, "protocol": "TCP"}]
    spec = {"slice": "red", "selector": {"matchLabels": {"app": name}}, "ports": ports}
    return _object("networking.kubeslice.io/v1beta1", "ServiceExport", name, namespace, spec)


def iperf_world(project_name: str) -> list[Placement]:
    """A project with two clusters and a slice on the controller; an iperf server with its export on a worker."""
    namespace = f"iperf-{project_name}"
    return [
        Placement(context="worker-1", manifest=service_export("iperf-server", namespace)),  # order is deploy's job
        Placement(context="worker-1", manifest=deployment("iperf-server", namespace)),
        *on_controller(slice_config("red", project_name), cluster("worker-1", project_name),
                       cluster("worker-2", project_name), project(project_name, f"hub-{project_name}")),
    ]  # fmt: skip


def on_controller(*manifests: dict[str, Any]) -> list[Placement]:
    return [Placement(context="controller", manifest=manifest) for manifest in manifests]


def _object(api_version: str, kind: str, name: str, namespace: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec}
