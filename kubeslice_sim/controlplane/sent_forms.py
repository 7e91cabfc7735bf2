"""Sent forms: the zero values that users wrote out (``enabled: false``, ``aliases: []``), which our nouns do not tell.

An API server keeps what was sent. A Go controller that updates the object leaves zero values out, and then they are
gone: so a form holds until a controller has written that part of the object, which some of them do at every look.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from kubeslice_sim.model.document import ObjectKey, ObjectMeta, key_of
from kubeslice_sim.model.release import KubeSliceVersion
from kubeslice_sim.planner.stored import stored

_REWRITTEN = frozenset(
    {("Project", "spec"), ("WorkerSliceConfig", "spec"), ("WorkerSliceGateway", "spec"), ("Cluster", "status")}
)
"""What KubeSlice's controllers write back whenever they look at the object, changed or not."""


class _Form(NamedTuple):
    document: Any
    parts: Mapping[str, Any]


class SentForms:
    """Remembers how the objects of one API server were written, where our own way of writing them differs."""

    def __init__(self, version: KubeSliceVersion) -> None:
        self._version = version
        self._forms: dict[ObjectKey, _Form] = {}

    def note(self, document: Any, data: Mapping[str, Any]) -> None:
        """The document was stored, and this is how a user wrote it."""
        key, ours = key_of(document), stored(document, self._version)
        parts = {
            part: data[part] for part in ("spec", "status")
            if part in data and data[part] != ours.get(part) and (key.kind, part) not in _REWRITTEN
        }  # fmt: skip
        self._forms.pop(key, None)
        if parts:
            self._forms[key] = _Form(document, parts)

    def show(self, item: Any) -> dict[str, Any]:
        """The object as its API server would show it now."""
        shown = stored(item, self._version)
        form = self._forms.get(key_of(item))
        if form is not None:
            shown |= {part: value for part, value in form.parts.items() if _holds(form.document, item, part)}
        return shown


def _holds(written: Any, now: Any, part: str) -> bool:
    """Whether nobody has written that part since; metadata go with the spec."""
    same = getattr(written, part) == getattr(now, part)
    return same and (part == "status" or _touched(written.metadata) == _touched(now.metadata))


def _touched(meta: ObjectMeta) -> tuple[Any, ...]:
    """What controllers write of metadata."""
    return meta.labels, meta.annotations, meta.finalizers, meta.owner_references
