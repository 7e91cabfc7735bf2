"""The picture of a plan: clusters on a ring, slices in colours, tunnels between gateways."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Rectangle

from kubeslice_sim.model.cluster import Cluster
from kubeslice_sim.observe.units import say
from kubeslice_sim.planner.plan import ClusterPlan, Plan
from kubeslice_sim.view.cluster_box import Content, Detail, content_of, draw_cluster
from kubeslice_sim.view.figure import Picture, canvas, in_house_style, new_picture, text_width
from kubeslice_sim.view.layout import Box, extent, ring
from kubeslice_sim.view.palette import FAINT, INK, PAPER, colours_of, dashes
from kubeslice_sim.view.tunnel_lines import Spread, draw_labels, draw_tunnels, wan_summary, widest_label

MARGIN = 28.0
TITLE_H = 46.0
LEGEND_LINE = 15.0
LABELLED = 6
"""Up to so many clusters every WAN path has a label; beyond, the legend gives their range."""


@in_house_style
def draw(plan: Plan) -> Picture:
    """The plan as a figure: clusters with routers, pods and exports; a line a tunnel; the WAN's round trip and rate.

    The same plan gives the same picture. The more clusters there are, the less is told of each.
    """
    clusters = in_order_of_place(plan)
    detail: Detail = "full" if len(clusters) <= 4 else "medium" if len(clusters) <= LABELLED + 2 else "compact"
    colours = colours_of(item.name for item in plan.slices)
    contents = [content_of(plan, cluster, colours, detail) for cluster in clusters]
    labelled = len(clusters) <= LABELLED
    beside = widest_label(plan) + 40 if labelled else 34.0 if len(clusters) <= 8 else 22.0
    boxes = ring([content.size for content in contents], beside, 64.0 if labelled else beside)
    legend = _legend_lines(plan, labelled=labelled)
    wide, high = extent(boxes)
    width = max(wide, *(text_width(text, 8) + 60 for text, _ in legend), 420.0) + 2 * MARGIN
    foot = LEGEND_LINE * (len(legend) + 1) + MARGIN
    picture = new_picture(width, high + foot + TITLE_H + MARGIN)
    axes = canvas(picture)
    shifted = _shifted(boxes, (width - wide) / 2, foot + MARGIN / 2)
    by_name = {cluster.name: box for cluster, box in zip(clusters, shifted, strict=True)}
    draw_tunnels(axes, plan, by_name, colours, _spread(len(clusters)))
    _draw_clusters(axes, shifted, contents)
    if labelled:
        draw_labels(axes, plan, by_name)
    _draw_title(axes, plan, high + foot + TITLE_H + MARGIN)
    _draw_legend(axes, legend, colours, gateways=any(item.pairs for item in plan.slices), routers=detail != "compact")
    return picture


def in_order_of_place(plan: Plan) -> tuple[ClusterPlan, ...]:
    """The clusters as they go round the ring: clockwise on the map where all have a place, else as in the file."""
    places = {name: place for name, place in map(_place, plan.world.clusters) if place is not None}
    if len(plan.clusters) < 3 or any(cluster.name not in places for cluster in plan.clusters):
        return plan.clusters
    middle = tuple(sum(place[axis] for place in places.values()) / len(places) for axis in (0, 1))

    def clockwise(cluster: ClusterPlan) -> float:
        latitude, longitude = places[cluster.name]
        return math.atan2(longitude - middle[1], latitude - middle[0]) % (2 * math.pi)

    return tuple(sorted(plan.clusters, key=clockwise))


def _place(cluster: Cluster) -> tuple[str, tuple[float, float] | None]:
    facts = cluster.spec.cluster_property
    where = facts.geo_location if facts is not None else None
    if where is None or not where.latitude or not where.longitude:
        return cluster.metadata.name, None
    try:  # They are free text in KubeSlice.
        return cluster.metadata.name, (float(where.latitude), float(where.longitude))
    except ValueError:
        return cluster.metadata.name, None


def _spread(count: int) -> Spread:
    if count <= 4:
        return Spread(apart=13.0, gateway=7.5, width=1.6)
    return (
        Spread(apart=8.0, gateway=5.0, width=1.1)
        if count <= 8
        else Spread(apart=4.5, gateway=3.2, width=0.7, alpha=0.55)
    )


def _shifted(boxes: Sequence[Box], x: float, y: float) -> list[Box]:
    return [Box(x=box.x + x, y=box.y + y, width=box.width, height=box.height) for box in boxes]


def _draw_clusters(axes: Axes, boxes: Sequence[Box], contents: Sequence[Content]) -> None:
    for box, content in zip(boxes, contents, strict=True):
        draw_cluster(axes, box, content)


def _draw_title(axes: Axes, plan: Plan, top: float) -> None:
    tunnels = sum(len(item.tunnels) for item in plan.slices)
    counts = ((len(plan.clusters), "cluster"), (len(plan.slices), "slice"), (tunnels, "tunnel"),
              (sum(len(item.services) for item in plan.slices), "exported service"))  # fmt: skip
    text = " · ".join(f"{number} {noun}{'' if number == 1 else 's'}" for number, noun in counts)
    axes.text(MARGIN, top - 26, plan.world.name, fontsize=14, fontweight="bold", color=INK, va="baseline")
    axes.text(MARGIN, top - 40, f"{text} · KubeSlice {plan.kubeslice_version}", fontsize=8.5, color=FAINT,
              va="baseline")  # fmt: skip


def _legend_lines(plan: Plan, *, labelled: bool) -> list[tuple[str, str]]:
    """(text, slice) in order; the slice is empty for a line without a sample of a tunnel."""
    lines: list[tuple[str, str]] = []
    for item in plan.slices:
        parts = [item.name, str(item.subnet) if item.subnet else "no overlay network"]
        if item.pairs:
            parts.append(f"{len(item.tunnels)} {item.gateway_type} tunnels")
        if item.hubs:
            parts.append(f"hub {', '.join(item.hubs)}")
        if item.qos is not None:
            low, high = say("rate_bps", item.qos.guaranteed_bps), say("rate_bps", item.qos.ceiling_bps)
            parts.append(f"{low} guaranteed, {high} ceiling, {item.qos.dscp_class}")
        lines.append((" · ".join(parts), item.name))
    if not labelled and (summary := wan_summary(plan)):
        lines.append((summary, ""))
    return lines


def _draw_legend(
    axes: Axes, lines: Sequence[tuple[str, str]], colours: dict[str, str], *, gateways: bool, routers: bool
) -> None:
    y = MARGIN * 0.6 + LEGEND_LINE * len(lines)
    x = MARGIN
    if gateways:
        for text, filled in (("gateway, VPN server", True), ("gateway, VPN client", False)):
            axes.add_patch(
                Rectangle((x, y), 7, 7, facecolor=FAINT if filled else PAPER, edgecolor=FAINT, linewidth=1.1)
            )
            axes.text(x + 12, y + 0.4, text, fontsize=8, color=FAINT, va="baseline")
            x += text_width(text, 8) + 28
    if gateways and routers:
        axes.add_patch(Circle((x + 3.5, y + 3.4), 3.4, facecolor=FAINT, edgecolor=PAPER))
        axes.text(x + 12, y + 0.4, "slice router", fontsize=8, color=FAINT, va="baseline")
    for text, slice_name in lines:
        y -= LEGEND_LINE
        if slice_name:
            index = list(colours).index(slice_name)
            axes.add_line(Line2D([MARGIN, MARGIN + 26], [y + 3, y + 3], color=colours[slice_name], linewidth=2.2,
                                 linestyle=dashes(index)))  # fmt: skip
        axes.text(MARGIN + (34 if slice_name else 0), y, text, fontsize=8, color=INK, va="baseline")
