"""A plan's capacity for a terminal, a notebook, frames and machines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.text import Text

from kubeslice_sim.observe.frames import COUNT, NUMBER, TEXT, Schema, framed
from kubeslice_sim.planner.capacity import Capacity, ClusterCapacity, SliceCapacity
from kubeslice_sim.view.data import plain
from kubeslice_sim.view.markup import el, table
from kubeslice_sim.view.notebook import block
from kubeslice_sim.view.tables import new_table, titled

if TYPE_CHECKING:
    import pandas as pd

SLICE_SCHEMA: Schema = {
    "slice": TEXT, "clusters": COUNT, "clusters_left": COUNT, "pairs": COUNT, "tunnels": COUNT, "gateway_pods": COUNT,
    "certificate_jobs": COUNT, "certificates": COUNT, "rotations_per_year": NUMBER, "renewals_per_year": NUMBER,
}  # fmt: skip
MEMBER_SCHEMA: Schema = {
    "slice": TEXT, "cluster": TEXT, "cidr": TEXT, "addresses": COUNT, "pods": COUNT, "gateway_pods": COUNT,
    "east_west_gateways": COUNT, "addresses_left": COUNT,
}  # fmt: skip
NODE_SCHEMA: Schema = {
    "cluster": TEXT, "node": TEXT, "gateway_pods": COUNT, "routers": COUNT, "shaped_slices": COUNT,
}  # fmt: skip
_SLICES = ("slice", "clusters", "left", "pairs", "tunnels", "gateway pods", "certificates", "renewals a year")
_MEMBERS = ("slice", "cluster", "CIDR", "addresses", "pods", "gateway pods", "E-W gateways", "left")
_CLUSTERS = ("cluster", "node ports", "left", "gateway node", "gateway pods", "routers", "shaped slices")


def capacity_data(capacity: Capacity) -> dict[str, Any]:
    """All figures, also those that follow from others."""
    return {
        "slices": [
            {
                **{name: getattr(item, name) for name in SLICE_SCHEMA},
                "max_clusters": item.max_clusters,
                "subnets_left": item.subnets_left,
                "members": [{name: getattr(member, name) for name in MEMBER_SCHEMA} for member in item.members],
            }
            for item in capacity.slices
        ],
        "clusters": [{**plain(item), "node_ports_left": item.node_ports_left} for item in capacity.clusters],
    }


def capacity_tables(capacity: Capacity) -> Group:
    """Slices, their members, and the clusters with their gateway nodes."""
    parts = (
        ("slices: clusters that may still join, and what the tunnels cost", _SLICES, map(_slice, capacity.slices)),
        ("overlay addresses that pods and gateways may still get", _MEMBERS, _members(capacity)),
        ("clusters: node ports and gateway nodes", _CLUSTERS, _nodes(capacity.clusters)),
    )
    groups = []
    for title, headings, rows in parts:
        made = new_table(*headings)
        for row in rows:
            made.add_row(*map(Text, row))
        groups.append(titled(title, made))
    return Group(*groups)


def capacity_html(capacity: Capacity) -> str:
    """The same for a notebook."""
    return block(
        table(_SLICES, map(_slice, capacity.slices)),
        el("div", "overlay addresses", class_="faint"),
        table(_MEMBERS, _members(capacity)),
        el("div", "node ports and gateway nodes", class_="faint"),
        table(_CLUSTERS, _nodes(capacity.clusters)),
    )


def capacity_frame(capacity: Capacity) -> pd.DataFrame:
    """One row a slice."""
    return framed(SLICE_SCHEMA, capacity.slices)


def member_frame(capacity: Capacity) -> pd.DataFrame:
    """One row a cluster's part of a slice."""
    return framed(MEMBER_SCHEMA, (member for item in capacity.slices for member in item.members))


def node_frame(capacity: Capacity) -> pd.DataFrame:
    """One row a gateway node."""
    return framed(NODE_SCHEMA, (node for item in capacity.clusters for node in item.nodes))


def _slice(item: SliceCapacity) -> tuple[str, ...]:
    return (
        item.slice, f"{item.clusters} of {item.max_clusters}", str(item.clusters_left), str(item.pairs),
        str(item.tunnels), str(item.gateway_pods), str(item.certificates),
        f"{item.renewals_per_year:.1f}" if item.renewals_per_year else "–",
    )  # fmt: skip


def _members(capacity: Capacity) -> Iterator[tuple[str, ...]]:
    for item in capacity.slices:
        for member in item.members:
            yield (member.slice, member.cluster, member.cidr, str(member.addresses), str(member.pods),
                   str(member.gateway_pods), str(member.east_west_gateways), str(member.addresses_left))  # fmt: skip


def _nodes(clusters: tuple[ClusterCapacity, ...]) -> Iterator[tuple[str, ...]]:
    for item in clusters:
        for number, node in enumerate(item.nodes):
            head = ("", "", "") if number else (item.cluster, str(item.node_ports), str(item.node_ports_left))
            yield (*head, node.node, str(node.gateway_pods), str(node.routers), str(node.shaped_slices))
