"""KubeSlice's mutating webhooks (kubeslice-controller apis/*/v1alpha1/*_webhook.go, config/webhook/manifests.yaml)."""

from __future__ import annotations

from typing import Any

from kubeslice_sim.apiserver.go_values import through_go
from kubeslice_sim.manifest.shape import fields_of
from kubeslice_sim.model.cluster import Cluster
from kubeslice_sim.model.project import Project
from kubeslice_sim.model.release import DEFAULT_VERSION, HAS_CIPHERS, KubeSliceVersion, includes
from kubeslice_sim.model.service_export_config import ServiceExportConfig
from kubeslice_sim.model.slice_config import SliceConfig, VpnConfig
from kubeslice_sim.model.slice_qos_config import SliceQosConfig
from kubeslice_sim.model.worker_slice_config import WorkerSliceConfig
from kubeslice_sim.model.worker_slice_gateway import WorkerSliceGateway

MUTATED: tuple[Any, ...] = (
    Project, Cluster, SliceConfig, SliceQosConfig, ServiceExportConfig, WorkerSliceConfig, WorkerSliceGateway,
)  # fmt: skip
"""The kinds that have one; a VpnKeyRotation, for example, has none."""


def mutated(data: dict[str, Any], noun: Any, version: KubeSliceVersion = DEFAULT_VERSION) -> dict[str, Any]:
    """The object after its mutating webhook, for a create or an update. Raises :exc:`go_values.Unreadable`.

    All of them write Go's zero values; the SliceConfig's gives a slice its cipher, and takes it from one without a
    network (since 1.1.0). What the version does not know is pruned again.
    """
    if noun not in MUTATED:
        return data
    held = data.get("spec")
    spec = through_go({} if held is None else held, fields_of(noun)["spec"].type, "spec")
    if noun is SliceConfig and includes(version, HAS_CIPHERS):
        if spec.get("overlayNetworkDeploymentMode") == "no-network":
            spec.pop("vpnConfig", None)
        elif spec.get("vpnConfig") is None:
            spec["vpnConfig"] = {"cipher": VpnConfig().cipher}
    return {**data, "spec": spec}
