"""What becomes of data when KubeSlice's mutating webhooks read it into Go types and write it back.

controller-runtime (pkg/webhook/admission/defaulter_custom.go, v0.20) sends the difference as a patch, but keeps what
the way through Go would lose: so zero values appear and nothing that was sent disappears.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import is_dataclass
from datetime import UTC, datetime
from typing import Any, get_origin

from kubeslice_sim.apiserver.conformance import json_type
from kubeslice_sim.manifest.openapi import crd_of
from kubeslice_sim.manifest.shape import Shape, bare_type, fields_of, item_type
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.timestamp import Rfc3339
from kubeslice_sim.model.worker_slice_config import WorkerQosProfile, WorkerSliceGatewayProvider
from kubeslice_sim.planner.stored import ALWAYS_WRITTEN

_BY_VALUE = (*ALWAYS_WRITTEN, WorkerQosProfile, WorkerSliceGatewayProvider)
"""Optional in our model, held by value in Go: ``{}`` where they are absent."""
_ZERO: Mapping[Any, Any] = {int: 0, bool: False, float: 0.0}
_GO_NAMES = {int: "an int", bool: "a bool", float: "a float64", str: "a string"}
_LARGEST = 2**63


class Unreadable(Exception):
    """Data that Go cannot read into the type of its field."""

    def __init__(self, at: str, found: Any, wanted: str) -> None:
        shown = json.dumps(found) if isinstance(found, str | int | float) else ""
        super().__init__(f"cannot read the {json_type(found)} {shown}".rstrip() + f" into {at}, which is {wanted}")
        self.at = at


def through_go(value: Any, noun: Any, at: str) -> Any:
    """The data of a noun, or of a part of it, after the way through Go. Raises :exc:`Unreadable`."""
    if is_dataclass(noun):
        return _struct(value, noun, at)
    origin = get_origin(noun)
    if origin is tuple:
        return [_item(item, noun, f"{at}[{i}]") for i, item in enumerate(_expect(value, list, at, "a list"))]
    if origin is FrozenMap:
        entries = _expect(value, Mapping, at, "a map")
        return {key: _item(item, noun, f"{at}.{key}") for key, item in entries.items()}
    return _scalar(value, noun, at)


def _struct(value: Any, noun: Any, at: str) -> dict[str, Any]:
    found = dict(_expect(value, Mapping, at, "a struct"))
    for name, shape in fields_of(noun).items():
        if found.get(name) is not None:
            found[name] = _field(found[name], shape, f"{at}.{name}")
        elif is_dataclass(shape.type) and (not shape.optional or shape.type in _BY_VALUE):
            found[name] = _struct({}, shape.type, f"{at}.{name}")
        elif _is_kept(shape):
            found[name] = _ZERO.get(shape.type, "")
    return found


def _field(value: Any, shape: Shape, at: str) -> Any:
    found = through_go(value, shape.type, at)
    return _in_utc(found, at) if any(isinstance(mark, Rfc3339) for mark in shape.marks) else found


def _item(value: Any, noun: Any, at: str) -> Any:
    """An element of a list or map; null is Go's zero value of it."""
    kind = bare_type(item_type(noun))[0]
    if value is None:
        return through_go({}, kind, at) if is_dataclass(kind) else _ZERO.get(kind, "")
    return through_go(value, kind, at)


def _scalar(value: Any, kind: Any, at: str) -> Any:
    wanted = kind if kind in _GO_NAMES else str
    fits = isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))
    if not fits or (wanted is int and not -_LARGEST <= value < _LARGEST):
        raise Unreadable(at, value, _GO_NAMES[wanted])
    return value


def _in_utc(text: str, at: str) -> str:
    """As Kubernetes writes a time: in UTC, in whole seconds."""
    try:
        moment = datetime.fromisoformat(Rfc3339().check(text).upper())
    except ValueError as error:
        raise Unreadable(at, text, "a time") from error
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _is_kept(shape: Shape) -> bool:
    """Whether Go writes the field even when it is zero: its JSON tag lacks ``omitempty``."""
    crd = crd_of(shape.marks)
    return crd.required or crd.default is not None


def _expect(value: Any, kind: Any, at: str, wanted: str) -> Any:
    if not isinstance(value, kind):
        raise Unreadable(at, value, wanted)
    return value
