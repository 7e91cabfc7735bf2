"""The tunnels of a drawing: a line each from gateway to gateway, and what the WAN between two clusters is like."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch, Rectangle

from kubeslice_sim.model.underlay import Underlay
from kubeslice_sim.observe.units import say
from kubeslice_sim.planner.plan import GatewayPairPlan, Plan
from kubeslice_sim.view.figure import text_width
from kubeslice_sim.view.layout import Box, place_label
from kubeslice_sim.view.palette import INK, LINE, PAPER, dashes

LABEL_PT = 7.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How far parallel tunnels stand apart and how large a gateway's mark is, in points."""

    apart: float
    gateway: float
    width: float
    alpha: float = 1.0


def draw_tunnels(axes: Axes, plan: Plan, boxes: Mapping[str, Box], colours: Mapping[str, str], spread: Spread) -> None:
    """A line a tunnel; its ends are the gateways: filled at the server, hollow at the client."""
    order = list(colours)
    for (one, other), pairs in pairs_by_clusters(plan).items():
        lines = [(pair, index) for pair in pairs for index in range(len(pair.tunnels))]
        a, b = boxes[one], boxes[other]
        room = min(_across(a, b), _across(b, a)) - 2 * spread.gateway
        apart = min(spread.apart, room / max(1, len(lines) - 1)) if len(lines) > 1 else 0.0
        for number, (pair, _) in enumerate(lines):
            aside = (number - (len(lines) - 1) / 2) * apart
            start = a.border(b.x - a.x, b.y - a.y, aside)
            end = b.border(a.x - b.x, a.y - b.y, -aside)
            colour = colours[pair.slice]
            axes.plot(
                *zip(start, end, strict=True), color=colour, linewidth=spread.width, alpha=spread.alpha, zorder=2,
                linestyle=dashes(order.index(pair.slice)), solid_capstyle="round",
            )  # fmt: skip
            for place, cluster in ((start, one), (end, other)):
                server = pair.server.cluster == cluster
                _gateway(axes, place, colour, spread.gateway, server=server)


def draw_labels(axes: Axes, plan: Plan, boxes: Mapping[str, Box]) -> None:
    """What the WAN is like between each pair of clusters that has tunnels, where there is room for it."""
    taken = list(boxes.values())
    for one, other in pairs_by_clusters(plan):
        text = wan_text(plan.world.underlay, one, other)
        size = (text_width(text, LABEL_PT) + 12, LABEL_PT * 1.9)
        a, b = boxes[one], boxes[other]
        start, end = a.border(b.x - a.x, b.y - a.y), b.border(a.x - b.x, a.y - b.y)
        place = place_label(start, end, size, taken)
        if place is None:
            continue
        taken.append(place)
        axes.add_patch(FancyBboxPatch(
            (place.x - size[0] / 2, place.y - size[1] / 2), *size, facecolor=PAPER, edgecolor=LINE, linewidth=0.8,
            boxstyle=f"round,pad=0,rounding_size={size[1] / 2}", zorder=8,
        ))  # fmt: skip
        axes.text(place.x, place.y - 0.4, text, fontsize=LABEL_PT, color=INK, ha="center", va="center", zorder=9)


def widest_label(plan: Plan) -> float:
    """The width of the widest label of a drawing, or room for one."""
    texts = [wan_text(plan.world.underlay, one, other) for one, other in pairs_by_clusters(plan)]
    return max((text_width(text, LABEL_PT) + 12 for text in texts), default=94.0)


def pairs_by_clusters(plan: Plan) -> dict[tuple[str, str], list[GatewayPairPlan]]:
    """The gateway pairs of all slices by their two clusters, in the plan's order."""
    groups: dict[tuple[str, str], list[GatewayPairPlan]] = {}
    for item in plan.slices:
        for pair in item.pairs:
            ends = (pair.server.cluster, pair.client.cluster)
            groups.setdefault(ends if ends[::-1] not in groups else ends[::-1], []).append(pair)
    return groups


def wan_text(underlay: Underlay, one: str, other: str) -> str:
    """``62 ms · 200 Mbit/s · 0.01 % loss``; the two directions where they differ."""
    there, back = underlay.path(one, other), underlay.path(other, one)
    parts = [say("rtt_s", there.delay_s + back.delay_s), _both("rate_bps", there.bandwidth_bps, back.bandwidth_bps)]
    if there.loss or back.loss:
        parts.append(f"{_both('loss_ratio', there.loss, back.loss)} loss")
    return " · ".join(parts)


def wan_summary(plan: Plan) -> str:
    """The range of all WAN paths under tunnels, for a drawing that is too dense for labels."""
    underlay, ends = plan.world.underlay, list(pairs_by_clusters(plan))
    if not ends:
        return ""
    rtts = [underlay.path(a, b).delay_s + underlay.path(b, a).delay_s for a, b in ends]
    rates = [path.bandwidth_bps for a, b in ends for path in (underlay.path(a, b), underlay.path(b, a))]
    return f"WAN: {_range('rtt_s', rtts)} RTT, {_range('rate_bps', rates)}"


def _range(metric: str, values: Sequence[float]) -> str:
    low, high = say(metric, min(values)), say(metric, max(values))
    return low if low == high else f"{low} – {high}"


def _both(metric: str, there: float, back: float) -> str:
    return say(metric, there) if there == back else f"{say(metric, there)} → / ← {say(metric, back)}"


def _across(box: Box, other: Box) -> float:
    """How much room the side of the box that faces the other offers to parallel lines."""
    dx, dy = other.x - box.x, other.y - box.y
    length = math.hypot(dx, dy) or 1.0
    return min(box.width * abs(dy) / length + box.height * abs(dx) / length, box.width, box.height) * 0.9


def _gateway(axes: Axes, place: Iterable[float], colour: str, size: float, *, server: bool) -> None:
    x, y = place
    axes.add_patch(Rectangle((x - size / 2, y - size / 2), size, size, facecolor=colour if server else PAPER,
                             edgecolor=colour, linewidth=1.1, zorder=5, joinstyle="round"))  # fmt: skip
