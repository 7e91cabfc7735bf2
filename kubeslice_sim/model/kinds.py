"""Every kind of document that is ours or KubeSlice's, in the order in which a person would write them."""

from __future__ import annotations

from typing import Any

from kubeslice_sim.model.cluster import Cluster
from kubeslice_sim.model.project import Project
from kubeslice_sim.model.scenario import Scenario
from kubeslice_sim.model.service_export import ServiceExport
from kubeslice_sim.model.service_export_config import ServiceExportConfig
from kubeslice_sim.model.service_import import ServiceImport
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.slice_gateway import SliceGateway
from kubeslice_sim.model.slice_ipam import SliceIpam
from kubeslice_sim.model.slice_qos_config import SliceQosConfig
from kubeslice_sim.model.slice_topology import SliceTopology
from kubeslice_sim.model.underlay import Underlay
from kubeslice_sim.model.vpn_key_rotation import VpnKeyRotation
from kubeslice_sim.model.worker_service_import import WorkerServiceImport
from kubeslice_sim.model.worker_slice import Slice
from kubeslice_sim.model.worker_slice_config import WorkerSliceConfig
from kubeslice_sim.model.worker_slice_gateway import WorkerSliceGateway
from kubeslice_sim.model.worker_slice_gw_recycler import WorkerSliceGwRecycler

OWN_NOUNS: tuple[Any, ...] = (SliceTopology, Underlay, Scenario)
"""Kinds of ours: no cluster knows them."""

WORLD_NOUNS: tuple[Any, ...] = (Project, Cluster, SliceQosConfig, SliceConfig, ServiceExport, *OWN_NOUNS)
"""What a user hands in (besides Kubernetes' own objects)."""

HUB_NOUNS: tuple[Any, ...] = (
    Project, Cluster, SliceQosConfig, SliceConfig, ServiceExportConfig, VpnKeyRotation,
    WorkerSliceConfig, WorkerSliceGateway, WorkerServiceImport, WorkerSliceGwRecycler,
)  # fmt: skip
"""KubeSlice's kinds on the controller cluster."""

WORKER_NOUNS: tuple[Any, ...] = (Slice, SliceGateway, ServiceExport, ServiceImport)
"""KubeSlice's kinds on worker clusters."""

PROPOSED_NOUNS: tuple[Any, ...] = (SliceIpam,)
"""Kinds that a controller would make for a SliceTopology; no release of KubeSlice has them."""

NOUNS: tuple[Any, ...] = (*HUB_NOUNS, *WORKER_NOUNS, *PROPOSED_NOUNS, *OWN_NOUNS)
"""Everything that can be decoded."""
