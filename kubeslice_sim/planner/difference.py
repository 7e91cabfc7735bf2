"""Difference: what changes for the user between two plans: who joins, what moves, what restarts, which names go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kubeslice_sim.planner.change import Change, ChangeKind, counted
from kubeslice_sim.planner.difference_east_west import east_west_changes
from kubeslice_sim.planner.difference_names import name_changes
from kubeslice_sim.planner.difference_pods import pod_changes
from kubeslice_sim.planner.difference_slice import slice_changes
from kubeslice_sim.planner.headline import headline
from kubeslice_sim.planner.plan import Plan, SlicePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Everything that changes from one plan to the other; empty when nothing does.

    ``headlines``: one sentence a slice that says what its user wants to know first, also what does *not* happen.
    """

    changes: tuple[Change, ...]
    headlines: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.changes)

    def of(self, *kinds: ChangeKind) -> tuple[Change, ...]:
        """The changes of these kinds."""
        return tuple(change for change in self.changes if change.kind in kinds)

    def __str__(self) -> str:
        if not self.changes:
            return "nothing changes"
        return "\n".join((*self.headlines, *(f"  {change.sentence}" for change in self.changes)))


def diff(before: Plan, after: Plan) -> Difference:
    """What changes on the way from ``before`` to ``after``; never raises, whatever the two plans are.

    ``after`` should be planned with ``previous=before``: only then do members keep what a running KubeSlice lets them
    keep. Two plans made apart differ as two separate installations do.
    """
    old = {item.name: item for item in before.slices}
    new = {item.name: item for item in after.slices}
    changes = (
        *_clusters_come_and_go(before, after),
        *_slices_come_and_go(old, new),
        *(change for name in new if name in old for change in slice_changes(old[name], new[name], before, after)),
        *(change for name in new if name in old for change in east_west_changes(old[name], new[name])),
        *pod_changes(before, after),
        *name_changes(before, after),
    )
    names = dict.fromkeys((*old, *new))
    told = (headline(name, [item for item in changes if item.slice == name]) for name in names)
    return Difference(changes=changes, headlines=tuple(filter(None, told)))


def _clusters_come_and_go(before: Plan, after: Plan) -> Iterator[Change]:
    was, now = ({cluster.name for cluster in plan.clusters} for plan in (before, after))
    for cluster in (item.name for item in before.clusters if item.name not in now):
        yield Change(kind="cluster removed", slice="", cluster=cluster, subject=cluster,
                     sentence=f"cluster {cluster} is deregistered")  # fmt: skip
    for cluster in (item.name for item in after.clusters if item.name not in was):
        yield Change(kind="cluster registered", slice="", cluster=cluster, subject=cluster,
                     sentence=f"cluster {cluster} is registered")  # fmt: skip


def _slices_come_and_go(old: dict[str, SlicePlan], new: dict[str, SlicePlan]) -> Iterator[Change]:
    for name, item in old.items():
        if name not in new:
            yield Change(
                kind="slice vanishes", slice=name, cluster="", subject=name, before=str(item.subnet or item.mode),
                sentence=f"slice {name} goes, with {counted(len(item.tunnels), 'tunnel')} between "
                f"{counted(len(item.members), 'cluster')}",
            )  # fmt: skip
    for name, item in new.items():
        if name not in old:
            yield Change(
                kind="slice appears", slice=name, cluster="", subject=name, after=str(item.subnet or item.mode),
                sentence=f"slice {name} is made on {item.subnet or 'no network'}, with "
                f"{counted(len(item.tunnels), 'tunnel')} between {counted(len(item.members), 'cluster')}",
            )  # fmt: skip
