"""Deploy: apply a world's objects stage by stage, after a dry run of all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from real.clock import Clock
from real.complaints import raise_for
from real.connection import Connection, check_all
from real.failures import ApiFailure
from real.namespaces import await_namespaces
from real.order import PROJECT_STAGE, in_stages, stage_of
from real.placement import Placement
from real.preflight import Objection, Preview
from real.survey import DeployOptions, DryRun, deferred_stages, survey


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What deploying did (or, for a diff, would do), object by object in the order of deployment."""

    world: str
    objects: tuple[Preview, ...]
    stale: tuple[Placement, ...]

    @property
    def unchanged(self) -> bool:
        """Everything was as the world says already, and nothing is left over from an earlier one."""
        return all(item.action == "unchanged" for item in self.objects) and not self.stale

    def rows(self) -> tuple[dict[str, str], ...]:
        """One row an object, for tables and JSON: context, kind, namespace, name, action, changes."""
        listed: list[tuple[Placement, str, str]]
        listed = [(item.placement, item.action, "; ".join(map(str, item.changes))) for item in self.objects]
        listed += [(placement, "stale", "") for placement in self.stale]
        return tuple({**placement.row(), "action": action, "changes": changes} for placement, action, changes in listed)

    def __str__(self) -> str:
        counts = {action: sum(item.action == action for item in self.objects)
                  for action in ("created", "changed", "unchanged")}  # fmt: skip
        lines = [str(item) for item in self.objects]
        lines += [f"{item}: deployed before and no longer in the world (ksim destroy --stale removes it)"
                  for item in self.stale]  # fmt: skip
        return "\n".join((*lines, ", ".join(f"{count} {action}" for action, count in counts.items())))


def diff(
    connections: Mapping[str, Connection],
    placements: Sequence[Placement],
    *,
    world: str,
    options: DeployOptions | None = None,
) -> Deployment:
    """What deploy would do; nothing is changed. Raises what deploy raises before it begins."""
    check_all(connections)
    found, _ = survey(connections, placements, world=world, options=options or DeployOptions())
    return Deployment(world=world, objects=found.previews, stale=found.stale)


def deploy(
    connections: Mapping[str, Connection],
    placements: Sequence[Placement],
    *,
    world: str,
    options: DeployOptions | None = None,
    clock: Clock | None = None,
    say: Callable[[str], None] = lambda _line: None,
) -> Deployment:
    """Server-side apply all placements in dependency order; what is as it should be stays untouched.

    Raises before the first change: BackendUnavailable (an API server, a CRD or a controller's namespace is missing),
    BadInput (objects that the API server refuses), DeployFailedError (field conflicts, objects of others).
    After it only what could not be known before: a webhook that still refuses once the objects before it are in
    place, a project namespace that no controller makes; the error then lists what was applied.
    """
    options, clock = options or DeployOptions(), clock or Clock()
    check_all(connections)
    found, dry_run = survey(connections, placements, world=world, options=options)
    expected = {item.placement.key: item for item in found.previews}
    ask_again = deferred_stages(found)
    awaited = found.namespaces.awaited
    done: list[Preview] = []
    for stage in in_stages(item.placement for item in found.previews):
        if awaited and stage_of(stage[0]) > PROJECT_STAGE:
            await_namespaces(
                connections, awaited, within_s=options.namespace_within_s, clock=clock, say=say, done=_touched(done)
            )
            awaited = ()
        if stage_of(stage[0]) in ask_again:
            expected |= _ask_again(dry_run, stage, done)
        for placement in stage:
            done.append(_apply(dry_run, expected[placement.key], done))
            say(str(done[-1]))
    return Deployment(world=world, objects=tuple(done), stale=found.stale)


def _ask_again(
    dry_run: DryRun, stage: Sequence[Placement], done: Sequence[Preview]
) -> dict[tuple[str, str, str, str, str], Preview]:
    answers = [dry_run.preview(placement) for placement in stage]
    raise_for([item for item in answers if not isinstance(item, Preview)], done=_touched(done))
    return {item.placement.key: item for item in answers if isinstance(item, Preview)}


def _apply(dry_run: DryRun, expected: Preview, done: Sequence[Preview]) -> Preview:
    placement = expected.placement
    if expected.action == "unchanged":
        return expected
    connection, force = dry_run.connections[placement.context], dry_run.options.force_conflicts
    try:
        connection.apply(dry_run.kind(placement), expected.manifest, dry_run=False, force=force)
    except ApiFailure as failure:
        exists = expected.action != "created"
        raise_for([Objection(placement=placement, failure=failure, exists=exists)], done=_touched(done))
    return expected


def _touched(done: Sequence[Preview]) -> list[Placement]:
    return [item.placement for item in done if item.action != "unchanged"]
