"""Which live objects are this world's: those that carry its label."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kubeslice_sim.errors import BadInput
from real.connection import Object
from real.diff import SERVER_OWNED_METADATA

WORLD_LABEL = "kubeslice-sim.io/world"
"""KubeSlice copies a Project's labels to its children unless the key holds ``kubeslice-``: so this one stays put."""
_NO_EMPTY_MAPS = "controller.kubeslice.io/"
"""Server-side apply turns an empty map whose fields were ours before into null, which the CRD then refuses
(kube-apiserver 1.34). In this group an empty map says the same as none, so it is left out."""
_LABEL_VALUE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")


def check_world_name(world: str) -> str:
    """The world's name, which must do as a label's value. Raises BadInput."""
    if not _LABEL_VALUE.fullmatch(world):
        raise BadInput(
            f"the world's name {world!r} cannot mark what is deployed: it must be 1 to 63 letters, digits, '-', '_' or "
            "'.', with a letter or digit at both ends; rename its file or folder"
        )
    return world


def owner(live: Object) -> str:
    """The world that deployed an object, or the empty string."""
    return str((live["metadata"].get("labels") or {}).get(WORLD_LABEL, ""))


def selector(world: str) -> str:
    """The label selector that finds a world's objects."""
    return f"{WORLD_LABEL}={world}"


def applicable(manifest: Object, world: str | None) -> dict[str, Any]:
    """The manifest as it is applied: without status and what only the server writes, with the world's label if any."""
    metadata = {key: plain(value) for key, value in manifest["metadata"].items() if key not in SERVER_OWNED_METADATA}
    if world is not None:
        metadata["labels"] = {**(metadata.get("labels") or {}), WORLD_LABEL: world}
    body = {key: plain(value) for key, value in manifest.items() if key not in ("metadata", "status")}
    if str(manifest["apiVersion"]).startswith(_NO_EMPTY_MAPS):
        body = _without_empty_maps(body)
    return {**body, "metadata": metadata}


def plain(value: Any) -> Any:
    """Dicts and lists all the way down, from any mappings and sequences (the model's are frozen)."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value


def _without_empty_maps(value: dict[str, Any]) -> dict[str, Any]:
    kept = {key: _without_empty_maps(inner) if isinstance(inner, dict) else inner for key, inner in value.items()}
    return {key: inner for key, inner in kept.items() if inner != {}}
