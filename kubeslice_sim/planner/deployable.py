"""Deployable: what of a world no KubeSlice of its version has, and so cannot be deployed as it is planned."""

from __future__ import annotations

from collections.abc import Iterator

from kubeslice_sim.model.slice_topology import DEFAULT_GATEWAYS, SliceTopology
from kubeslice_sim.model.world import World


def not_deployable(world: World) -> tuple[str, ...]:
    """A sentence for each: ``not deployable on KubeSlice 1.9: custom edges of slice red (SliceTopology chain)``."""
    version = world.underlay.spec.kubeslice_version
    return tuple(
        f"not deployable on KubeSlice {version}: {what} of slice {item.spec.slice} (SliceTopology {item.metadata.name})"
        for item in world.topologies
        for what in beyond_kubeslice(item)
    )


def beyond_kubeslice(shape: SliceTopology) -> Iterator[str]:
    """What the document asks for that every KubeSlice lacks; nothing for one that only says what KubeSlice does."""
    spec = shape.spec
    if spec.edges is not None:
        yield "custom edges"
    if spec.forbidden_edges:
        yield "forbidden edges"
    counts = dict.fromkeys((spec.gateways_per_pair, *(edge.gateways for edge in spec.edges or ())))
    unusual = [str(count) for count in counts if count not in (None, DEFAULT_GATEWAYS)]
    if unusual:
        yield f"{' and '.join(unusual)} gateway{'' if unusual == ['1'] else 's'} a pair"
    if spec.ipam.type == "Dynamic":
        yield f"dynamic IPAM with subnets of /{spec.ipam.subnet_size}"
