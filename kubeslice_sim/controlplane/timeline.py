"""Timeline requests: what a scenario's step asks of the API servers, the same on every back end."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from kubeslice_sim import manifest
from kubeslice_sim.controlplane.request import Apply, Patch, Remove, Request
from kubeslice_sim.errors import BadInput
from kubeslice_sim.model.document import CLUSTERS_ANNOTATION, ObjectKey
from kubeslice_sim.model.frozen import thaw
from kubeslice_sim.model.scenario import TimelineStep


def requests(step: TimelineStep) -> tuple[Request, ...]:
    """The requests of one step: its documents to apply, then its patch, then its deletion.

    ``patch`` is a partial document: ``kind`` and ``metadata`` say which object, the rest is merged into it as
    RFC 7386 says (null removes). ``delete`` needs ``kind`` and ``metadata`` alone. Raises :exc:`BadInput` for what is
    no document.
    """
    found: list[Request] = [Apply(document=manifest.decode(thaw(document))) for document in step.apply]
    if step.patch is not None:
        found.append(
            Patch(key=_key(step.patch), change=partial(_patched, thaw(step.patch)), clusters=_clusters(step.patch))
        )
    if step.delete is not None:
        found.append(Remove(key=_key(step.delete), clusters=_clusters(step.delete)))
    return tuple(found)


def merged(stored: Any, change: Any) -> Any:
    """A JSON merge patch (RFC 7386): mappings merge, null removes, everything else replaces."""
    if not isinstance(change, Mapping):
        return change
    result = dict(stored) if isinstance(stored, Mapping) else {}
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def _patched(change: Mapping[str, Any], stored: Any) -> Any:
    return manifest.decode(merged(manifest.encode(stored), change))


def _key(document: Mapping[str, Any]) -> ObjectKey:
    metadata = document.get("metadata")
    if not document.get("kind") or not isinstance(metadata, Mapping) or not metadata.get("name"):
        raise BadInput("a patch or delete of the timeline needs kind and metadata.name; add them")
    return ObjectKey(str(document["kind"]), str(metadata.get("namespace", "")), str(metadata["name"]))


def _clusters(document: Mapping[str, Any]) -> tuple[str, ...]:
    annotations = document["metadata"].get("annotations") or {}
    text = str(annotations.get(CLUSTERS_ANNOTATION, "*"))
    return tuple(part.strip() for part in text.split(",") if part.strip())
