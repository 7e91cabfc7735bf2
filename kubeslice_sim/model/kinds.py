"""Every kind of document that is ours or KubeSlice's, in the order in which a person would write them."""

from __future__ import annotations

from typing import Any

from kubeslice_sim.model.cluster import Cluster
from kubeslice_sim.model.project import Project
from kubeslice_sim.model.scenario import Scenario
from kubeslice_sim.model.service_export import ServiceExport
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.slice_qos_config import SliceQosConfig
from kubeslice_sim.model.underlay import Underlay

WORLD_NOUNS: tuple[Any, ...] = (Project, Cluster, SliceQosConfig, SliceConfig, ServiceExport, Underlay, Scenario)
"""What a user hands in (besides Kubernetes' own objects)."""

NOUNS: tuple[Any, ...] = WORLD_NOUNS
"""Everything that can be decoded."""
