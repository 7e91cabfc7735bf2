"""Survey: everything that deploying a world would do, found out by dry runs before anything is changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kubeslice_sim.errors import BadInput
from real.complaints import raise_for
from real.connection import Connection, Kind
from real.inventory import find_owned, stale
from real.kinds import resolve_kinds
from real.namespaces import NamespacePlan, plan_namespaces
from real.order import in_stages, stage_of
from real.ownership import check_world_name
from real.placement import Placement
from real.preflight import Foreign, Objection, Preview, preview


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployOptions:
    """What the user allows. All are off by default.

    force_conflicts: take fields from other field managers. adopt: take over objects that are not this world's.
    create_namespaces: make the controller's namespaces, too. namespace_within_s: how long the controller may take.
    """

    force_conflicts: bool = False
    adopt: bool = False
    create_namespaces: bool = False
    namespace_within_s: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What deploying would do.

    previews: in the order of deployment. namespaces: those to make or to wait for. stale: objects that this world
    deployed once and no longer has. deferred: the stages in which a webhook objects, but may not when the stages
    before it are in place (a SliceConfig before its Clusters are there): it is asked again in its turn.
    """

    previews: tuple[Preview, ...]
    namespaces: NamespacePlan
    stale: tuple[Placement, ...]
    deferred: tuple[Objection, ...]


class DryRun:
    """Previews placements with one set of connections and options."""

    def __init__(
        self, connections: Mapping[str, Connection], placements: Sequence[Placement], world: str, options: DeployOptions
    ) -> None:
        self.connections, self.world, self.options = connections, world, options
        self._kinds = resolve_kinds(connections, placements)

    def kind(self, placement: Placement) -> Kind:
        """How the placement's cluster serves its kind."""
        return self._kinds[placement.context, placement.api_version, placement.kind]

    def preview(self, placement: Placement) -> Preview | Objection | Foreign:
        """Dry-run one placement."""
        return preview(
            self.connections[placement.context], self.kind(placement), placement, world=self.world,
            force=self.options.force_conflicts, adopt=self.options.adopt,
        )  # fmt: skip


def survey(
    connections: Mapping[str, Connection], placements: Sequence[Placement], *, world: str, options: DeployOptions
) -> tuple[Survey, DryRun]:
    """Find out what deploying would do; nothing is changed.

    Raises BadInput, DeployFailedError or BackendUnavailable with everything that would stop it, all at once.
    """
    check_world_name(world)
    _refuse_doubles(placements)
    in_stages(placements)  # an unknown kind is the user's error, and comes before the cluster's lack of one
    resolve_kinds(connections, placements)
    namespaces = plan_namespaces(connections, placements, world=world, create_missing=options.create_namespaces)
    everything = (*namespaces.extra, *placements)
    dry_run = DryRun(connections, everything, world, options)
    previews: list[Preview] = []
    objections: list[Objection | Foreign] = []
    deferred: list[Objection] = []
    for stage in in_stages(everything):
        earlier_change = any(item.action != "unchanged" for item in previews) or bool(deferred)
        for placement in stage:
            answer = dry_run.preview(placement)
            if isinstance(answer, Preview):
                previews.append(answer)
            elif isinstance(answer, Objection) and answer.by_webhook and earlier_change:
                deferred.append(answer)
                previews.append(Preview(placement=placement, action="created" if not answer.exists else "changed"))
            else:
                objections.append(answer)
    raise_for(objections)
    used = [item.namespace for item in everything if item.namespace]
    left = stale(find_owned(connections, world, namespaces=used), everything)
    return Survey(previews=tuple(previews), namespaces=namespaces, stale=left, deferred=tuple(deferred)), dry_run


def deferred_stages(found: Survey) -> frozenset[int]:
    """The stages that must be previewed again in their turn: a webhook objected, or their namespace was not there."""
    awaited = set(found.namespaces.awaited) | {(item.context, item.name) for item in found.namespaces.extra}
    late = [item.placement for item in found.deferred]
    late += [item.placement for item in found.previews if (item.placement.context, item.placement.namespace) in awaited]
    return frozenset(stage_of(placement) for placement in late)


def _refuse_doubles(placements: Sequence[Placement]) -> None:
    times = Counter(item.key for item in placements)
    doubles = {str(item): None for item in placements if times[item.key] > 1}
    if doubles:
        raise BadInput("\n".join(f"{item} is in the world twice" for item in doubles))
