"""Objects of an API server as KubeSlice's nouns and back: nothing that our nouns do not know is lost or touched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubeslice_sim.apiserver.incoming import completed
from kubeslice_sim.apiserver.metadata import known_metadata
from kubeslice_sim.manifest.kinds import decode_as, noun_for
from kubeslice_sim.planner.stored import stored

_KEPT = ("name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp")
"""Metadata that the API server alone decides."""


def read(data: Mapping[str, Any]) -> Any:
    """The noun that an API server's JSON stands for, without fields that the noun does not have.

    Raises :exc:`kubeslice_sim.manifest.kinds.Undecodable` and :exc:`kubeslice_sim.apiserver.answer.Refusal`.
    """
    known = completed({**data, "metadata": known_metadata(data["metadata"])}, mutate=False)
    return decode_as(noun_for(known), known)


def creation(item: Any) -> dict[str, Any]:
    """The JSON that creates the object."""
    data = stored(item)
    data.pop("status", None)
    data["metadata"] = {key: value for key, value in data["metadata"].items() if key not in _KEPT[2:]}
    return data


def change(held: Any, wanted: Any) -> dict[str, Any]:
    """The merge patch that makes the held object's spec and metadata as wanted, empty if they are."""
    old, new = stored(held), stored(wanted)
    for data in (old, new):
        data.pop("status", None)
        data["metadata"] = {key: value for key, value in data["metadata"].items() if key not in _KEPT}
    return _difference(old, new)


def status_change(held: Any, wanted: Any) -> dict[str, Any]:
    """The merge patch that makes the held object's status as wanted, empty if it is."""
    return _difference({"status": stored(held).get("status", {})}, {"status": stored(wanted).get("status", {})})


def _difference(old: Any, new: Any) -> dict[str, Any]:
    """The JSON merge patch (RFC 7386) from one mapping to another."""
    patch: dict[str, Any] = {key: None for key in old if key not in new}
    for key, value in new.items():
        before = old.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            if inner := _difference(before, value):
                patch[key] = inner
        elif key not in old or before != value:
            patch[key] = value
    return patch
