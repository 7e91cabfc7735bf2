"""One cluster of a drawing: its name and place, and a lane for each slice with router, pods and exports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyBboxPatch

from kubeslice_sim.planner.plan import ClusterPlan, MemberPlan, Plan, PodPlan, SlicePlan
from kubeslice_sim.view.figure import text_width
from kubeslice_sim.view.layout import Box
from kubeslice_sim.view.palette import CARD, FAINT, INK, LINE, PAPER

Detail = Literal["full", "medium", "compact"]

PAD = 10.0
LANE_PAD = 6.0
LANE_GAP = 5.0
ROUTER_R = 3.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of text."""

    text: str
    size: float
    bold: bool = False
    faint: bool = False
    router: bool = False

    @property
    def height(self) -> float:
        """With its leading."""
        return self.size * 1.42

    @property
    def width(self) -> float:
        """With the router's mark where it has one."""
        return text_width(self.text, self.size, bold=self.bold) + (3 * ROUTER_R if self.router else 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One slice in one cluster; without a colour: the pods that are in no slice."""

    colour: str | None
    lines: tuple[Line, ...]

    @property
    def height(self) -> float:
        """With its padding."""
        return sum(line.height for line in self.lines) + 2 * LANE_PAD - 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """All that stands in a cluster's box."""

    heading: tuple[Line, ...]
    lanes: tuple[Lane, ...]

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the box that holds it."""
        widths = [line.width for line in self.heading]
        widths += [line.width + 2 * LANE_PAD + 4 for lane in self.lanes for line in lane.lines]
        height = sum(line.height for line in self.heading) + sum(lane.height + LANE_GAP for lane in self.lanes)
        return max(widths, default=40.0) + 2 * PAD, height + 2 * PAD - 2


def content_of(plan: Plan, cluster: ClusterPlan, colours: Mapping[str, str], detail: Detail) -> Content:
    """What the box of this cluster says, at this level of detail."""
    big = {"full": 11.5, "medium": 10.0, "compact": 8.5}[detail]
    heading = [Line(text=cluster.name, size=big, bold=True)]
    if detail != "compact":
        heading.append(Line(text=_place(plan, cluster, detail), size=7.5, faint=True))
    lanes: list[Lane] = []
    for item in plan.slices:
        for member in item.members:
            if member.cluster == cluster.name:
                lanes.append(Lane(colour=colours[item.name], lines=tuple(_lane(plan, item, member, detail))))
    outside = [pod for pod in plan.pods if pod.cluster == cluster.name and pod.slice is None]
    if outside:
        text = f"{len(outside)} in no slice" if detail == "compact" else f"no slice: {_workloads(outside)}"
        lanes.append(Lane(colour=None, lines=(Line(text=text, size=7.5, faint=True),)))
    return Content(heading=tuple(heading), lanes=tuple(lanes))


def draw_cluster(axes: Axes, box: Box, content: Content) -> None:
    """Draw the box and what stands in it."""
    left, top = box.x - box.width / 2, box.y + box.height / 2
    axes.add_patch(_rounded(left, box.y - box.height / 2, box.width, box.height, 9.0, CARD, LINE, zorder=3))
    y = top - PAD
    for line in content.heading:
        _write(axes, left + PAD, y, line)
        y -= line.height
    y -= 1
    for lane in content.lanes:
        y -= LANE_GAP - 1
        fill = f"{lane.colour}1c" if lane.colour else PAPER
        edge = f"{lane.colour}88" if lane.colour else LINE
        x, width = left + PAD - 2, box.width - 2 * PAD + 4
        axes.add_patch(_rounded(x, y - lane.height, width, lane.height, 5.0, fill, edge, zorder=4))
        inner = y - LANE_PAD + 1
        for line in lane.lines:
            _write(axes, x + LANE_PAD, inner, line, lane.colour)
            inner -= line.height
        y -= lane.height + 1


def _lane(plan: Plan, item: SlicePlan, member: MemberPlan, detail: Detail) -> Iterable[Line]:
    pods = [pod for pod in plan.pods if pod.slice == item.name and pod.cluster == member.cluster]
    exports = [service.name for service in item.services if member.cluster in service.source_clusters]
    if detail == "compact":
        yield Line(text=item.name, size=7.5, bold=True)
        parts = [_count(len(pods), "pod")] if pods else []
        parts += [_count(len(exports), "export")] if exports else []
        yield Line(text=" · ".join(parts) or "no pods", size=7, faint=True)
        return
    yield Line(text=item.name, size=8.5, bold=True)
    if member.router is not None:
        where = f"router {member.router.address}" if detail == "full" else f"router · {member.cidr}"
        yield Line(text=where, size=7.5, router=True)
        if detail == "full":
            yield Line(text=f"{member.cidr} · slot {member.slot}", size=7.5, faint=True)
    before = [f"Istio {gateway.direction}" for gateway in item.east_west if gateway.cluster == member.cluster]
    before += [f"load balancer · {edge.name}" for edge in item.edges if edge.cluster == member.cluster and edge.service]
    if before:
        yield Line(text=" · ".join(before), size=7.5)
    yield Line(text=_workloads(pods) if pods else "no pods", size=7.5, faint=not pods)
    if exports:
        yield Line(text=f"exports {_listed(exports, 3)}", size=7.5, bold=True)


def _place(plan: Plan, cluster: ClusterPlan, detail: Detail) -> str:
    parts: list[str] = []
    for item in plan.world.clusters:
        facts = item.spec.cluster_property
        if item.metadata.name == cluster.name and facts is not None and facts.geo_location is not None:
            parts += [text for text in (facts.geo_location.cloud_provider, facts.geo_location.cloud_region) if text]
    nodes = _count(len(cluster.nodes), "node")
    told = [" ".join(parts), nodes, f"pods {cluster.pod_cidr}" if detail == "full" else ""]
    return " · ".join(text for text in told if text)


def _workloads(pods: Sequence[PodPlan]) -> str:
    counts = Counter(pod.workload for pod in pods)
    return _listed([name if count == 1 else f"{name} ×{count}" for name, count in counts.items()], 3)


def _listed(names: Sequence[str], most: int) -> str:
    shown = [name if len(name) <= 28 else f"{name[:27]}…" for name in names[:most]]
    return ", ".join(shown) + (f" +{len(names) - most}" if len(names) > most else "")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _write(axes: Axes, x: float, top: float, line: Line, colour: str | None = None) -> None:
    if line.router:
        axes.add_patch(Circle((x + ROUTER_R, top - line.size * 0.62), ROUTER_R, facecolor=colour or INK,
                              edgecolor=PAPER, linewidth=0.8, zorder=6))  # fmt: skip
        x += 3 * ROUTER_R
    axes.text(x, top - line.size * 0.98, line.text, fontsize=line.size, fontweight="bold" if line.bold else "normal",
              color=FAINT if line.faint else INK, va="baseline", ha="left", zorder=7)  # fmt: skip


def _rounded(
    x: float, y: float, width: float, height: float, radius: float, fill: str, edge: str, zorder: int
) -> FancyBboxPatch:
    return FancyBboxPatch((x, y), width, height, boxstyle=f"round,pad=0,rounding_size={radius}", facecolor=fill,
                          edgecolor=edge, linewidth=1.0, zorder=zorder)  # fmt: skip
