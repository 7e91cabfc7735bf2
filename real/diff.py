"""What a server-side apply would change in a live object, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SERVER_OWNED_METADATA = frozenset(
    {"creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "managedFields",
     "resourceVersion", "selfLink", "uid"}
)  # fmt: skip
"""Written by the API server alone: never part of what a user asks for."""
SECRET_FIELDS = frozenset({"accessToken", "token", "password"})
MASK = "(secret)"
_ABSENT = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field that would change: its path as in YAML, and its values (None: not there)."""

    path: str
    before: Any
    after: Any

    def __str__(self) -> str:
        if self.before is None:
            return f"{self.path}: + {self.after!r}"
        if self.after is None:
            return f"{self.path}: - {self.before!r}"
        return f"{self.path}: {self.before!r} -> {self.after!r}"


def field_changes(live: Mapping[str, Any], wanted: Mapping[str, Any]) -> tuple[FieldChange, ...]:
    """The fields in which two objects differ, leaving out status and what the API server keeps for itself.

    The values of Secrets and of token fields are masked: the change is told, the value never.
    Lists whose items all have a name (containers, ports, namespaces) are compared by it, others by position.
    """
    hidden = live.get("kind", wanted.get("kind")) == "Secret"
    before, after = _asked(live), _asked(wanted)
    return tuple(_masked(change, hidden) for change in _walk("", before, after))


def _asked(item: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in item.items() if key not in ("status", "apiVersion", "kind")}
    metadata = item.get("metadata") or {}
    kept["metadata"] = {key: value for key, value in metadata.items() if key not in SERVER_OWNED_METADATA}
    return kept


def _walk(path: str, before: Any, after: Any) -> Iterator[FieldChange]:
    if before is not _ABSENT and after is not _ABSENT and before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys((*before, *after)):
            yield from _walk(_join(path, key), before.get(key, _ABSENT), after.get(key, _ABSENT))
    elif _is_list(before) and _is_list(after):
        old, new = _by_item(before), _by_item(after)
        for key in dict.fromkeys((*old, *new)):
            yield from _walk(f"{path}[{key}]", old.get(key, _ABSENT), new.get(key, _ABSENT))
    else:
        yield FieldChange(
            path=path, before=None if before is _ABSENT else before, after=None if after is _ABSENT else after
        )


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _by_item(items: Sequence[Any]) -> dict[str, Any]:
    for name in ("name", "namespace", "cluster"):
        keys = [item.get(name) if isinstance(item, Mapping) else None for item in items]
        if items and all(isinstance(key, str) for key in keys) and len(set(keys)) == len(keys):
            return {f"{name}={key}": item for key, item in zip(keys, items, strict=True)}
    return {str(position): item for position, item in enumerate(items)}


def _join(path: str, key: str) -> str:
    plain = "." not in key and "/" not in key
    return (f"{path}.{key}" if path else key) if plain else f"{path}[{key}]"


def _masked(change: FieldChange, hidden: bool) -> FieldChange:
    top, last = change.path.split(".")[0].split("[")[0], change.path.rsplit(".", 1)[-1]
    if not (last in SECRET_FIELDS or (hidden and top in ("data", "stringData"))):
        return FieldChange(path=change.path, before=_scrub(change.before), after=_scrub(change.after))
    mask = [None if value is None else MASK for value in (change.before, change.after)]
    return FieldChange(path=change.path, before=mask[0], after=mask[1])


def _scrub(value: Any) -> Any:
    """A whole subtree that came or went may hold a token deeper down."""
    if isinstance(value, Mapping):
        return {key: MASK if key in SECRET_FIELDS else _scrub(inner) for key, inner in value.items()}
    if _is_list(value):
        return [_scrub(inner) for inner in value]
    return value
