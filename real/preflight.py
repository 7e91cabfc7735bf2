"""Ask the API server what applying an object would do, by a dry run, before anything is changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal

from real.connection import Connection, Kind, Object
from real.defaults import drift, merged
from real.diff import FieldChange, field_changes
from real.failures import ApiFailure
from real.ownership import WORLD_LABEL, applicable, owner
from real.placement import Placement

Action = Literal["created", "changed", "unchanged"]
STAND_IN_NAMESPACE = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What applying one placement does (or would do): the action, for a change the fields, and what is applied."""

    placement: Placement
    action: Action
    changes: tuple[FieldChange, ...] = ()
    manifest: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        return "\n".join((f"{self.placement}: {self.action}", *(f"  {change}" for change in self.changes)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """Why applying one placement would fail, and whether its object is there already."""

    placement: Placement
    failure: ApiFailure
    exists: bool

    @property
    def by_webhook(self) -> bool:
        """A webhook refuses: it may not once other objects are in place."""
        return bool(self.failure.webhook)


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """The object exists and is not this world's: ``owner`` is the other world, or empty."""

    placement: Placement
    owner: str


def preview(
    connection: Connection, kind: Kind, placement: Placement, *, world: str, force: bool = False, adopt: bool = False
) -> Preview | Objection | Foreign:
    """Dry-run one placement against its live object. Nothing is changed.

    When the namespace does not exist yet, a dry run there is impossible: the object is tried in a stand-in namespace,
    so that its schema is checked all the same (webhooks, which may ask about the namespace, are then not listened to).
    """
    try:
        live = connection.get(kind, placement.namespace, placement.name)
    except ApiFailure as failure:
        return Objection(placement=placement, failure=failure, exists=False)
    if live is not None and owner(live) != world and not adopt and not _is_shared(placement, live):
        return Foreign(placement=placement, owner=owner(live))
    # A namespace that was there before is not marked as the world's, so that destroy leaves it alone.
    mark = None if live is not None and _is_shared(placement, live) else world
    manifest = applicable(placement.manifest, mark)
    try:
        wanted = connection.apply(kind, manifest, dry_run=True, force=force)
        drifted = drift(placement.defaults, wanted)
        if drifted:
            manifest = merged(manifest, drifted)
            wanted = connection.apply(kind, manifest, dry_run=True, force=force)
    except ApiFailure as failure:
        if live is None and is_missing_namespace(failure, placement.namespace):
            return _try_elsewhere(connection, kind, placement, manifest)
        return Objection(placement=placement, failure=failure, exists=live is not None)
    if live is None:
        return Preview(placement=placement, action="created", manifest=manifest)
    changes = field_changes(live, wanted)
    action: Action = "changed" if changes else "unchanged"
    return Preview(placement=placement, action=action, changes=changes, manifest=manifest)


def is_missing_namespace(failure: ApiFailure, namespace: str) -> bool:
    """The API server refuses because this namespace does not exist."""
    return failure.status == HTTPStatus.NOT_FOUND and f'namespaces "{namespace}" not found' in failure.message


def _is_shared(placement: Placement, live: Object) -> bool:
    return placement.kind == "Namespace" and WORLD_LABEL not in (live["metadata"].get("labels") or {})


def _try_elsewhere(
    connection: Connection, kind: Kind, placement: Placement, manifest: Mapping[str, Any]
) -> Preview | Objection:
    metadata = {**manifest["metadata"], "namespace": STAND_IN_NAMESPACE}
    if connection.get(kind, STAND_IN_NAMESPACE, placement.name) is not None:
        metadata["name"] = f"{placement.name}-preflight"[-63:].lstrip("-.")
    try:
        connection.apply(kind, {**manifest, "metadata": metadata}, dry_run=True)
    except ApiFailure as failure:
        if failure.is_refusal and not failure.webhook:
            return Objection(placement=placement, failure=failure, exists=False)
    return Preview(placement=placement, action="created", manifest=manifest)
