"""Blocks: the CIDRs that a slice's clusters have under dynamic IPAM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Network

from kubeslice_sim.errors import BadInput
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.slice_topology import SliceTopology
from kubeslice_sim.planner.ipam import IpamPlan, allocate, settled
from kubeslice_sim.planner.members import has_network, member_clusters


def is_dynamic(config: SliceConfig, shape: SliceTopology | None) -> bool:
    """Whether the slice's clusters get blocks of a pool instead of those of their slots."""
    return shape is not None and shape.spec.ipam.type == "Dynamic" and has_network(config)


def plan_ipam(config: SliceConfig, shape: SliceTopology, past: IpamPlan | None, elapsed_s: float) -> IpamPlan:
    """The blocks of a slice with dynamic IPAM when its clusters have settled, ``elapsed_s`` after ``past``.

    Raises :exc:`BadInput` when there are too few. A past under another subnet or size is no past.
    """
    subnet, ipam, clusters = IPv4Network(config.spec.slice_subnet), shape.spec.ipam, member_clusters(config)
    at = _size_field(config, shape)
    if past is not None and (past.subnet, past.subnet_size) != (subnet, ipam.subnet_size):
        past = None
    at_s = past.at_s + elapsed_s if past is not None else 0.0
    held = past.allocations if past is not None else ()
    try:
        found = allocate(subnet, ipam.subnet_size, clusters, held, at_s)
    except BadInput as error:
        raise BadInput([replace(problem, path=at) for problem in error.problems]) from error
    return IpamPlan(subnet=subnet, subnet_size=ipam.subnet_size, at_s=at_s, allocations=settled(found))


def size_fields(configs: Mapping[str, SliceConfig], shapes: Mapping[str, SliceTopology]) -> dict[str, str]:
    """Slice → the field that says how large its clusters' CIDRs are."""
    return {name: _size_field(config, shapes.get(name)) for name, config in configs.items()}


def _size_field(config: SliceConfig, shape: SliceTopology | None) -> str:
    if shape is not None and is_dynamic(config, shape):
        return f"SliceTopology/{shape.metadata.name}.spec.ipam.subnetSize"
    return f"SliceConfig/{config.metadata.name}.spec.maxClusters"
