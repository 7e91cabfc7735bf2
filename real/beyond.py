"""Beyond: what of a world no KubeSlice has, and so no cluster: refused before anything is written."""

from __future__ import annotations

from typing import Any, get_args

from kubeslice_sim.errors import BadInput, Problem
from kubeslice_sim.manifest import hub_crds, located
from kubeslice_sim.model.release import KubeSliceVersion
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.world import World
from kubeslice_sim.planner.deployable import beyond_kubeslice
from real.connection import Connection


def refuse_beyond(world: World, controller: Connection) -> None:
    """Raise BadInput, by file and line, for what the world's SliceTopologies ask for.

    Which KubeSlice the cluster has is asked of its own CRDs, not of the world's Underlay.
    """
    asked = [(shape, what) for shape in world.topologies for what in beyond_kubeslice(shape)]
    if not asked:
        return
    version = release_of(controller)
    there = f"KubeSlice {version}" if version else "KubeSlice"
    where = f"context {controller.context!r} has it" if version else f"context {controller.context!r} has none at all"
    problems = [
        Problem(
            path=f"SliceTopology/{shape.metadata.name}.spec",
            message=f"not deployable on {there} ({where}): {what} of slice {shape.spec.slice}",
            hint="no KubeSlice has a SliceTopology; without the document the slice is deployed as KubeSlice makes it",
        )
        for shape, what in asked
    ]
    raise located(BadInput(problems), world)


def release_of(controller: Connection) -> str:
    """The newest release of those we know whose SliceConfig fields this cluster's CRD has; empty where it has none."""
    live = controller.fields_of(SliceConfig.RESOURCE.api_version, SliceConfig.RESOURCE.kind)
    for version in reversed(get_args(KubeSliceVersion)):
        if live and _fields(version) <= live:
            return str(version)
    return ""


def _fields(version: Any) -> frozenset[str]:
    crd = next(crd for crd in hub_crds(version) if crd["spec"]["names"]["kind"] == SliceConfig.RESOURCE.kind)
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return frozenset(schema["properties"]["spec"]["properties"])
