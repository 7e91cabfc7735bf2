"""A document with its troubled fields made harmless, so that everything else in it can still be judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import is_dataclass
from typing import Any, get_origin

from annotated_types import Ge, Gt, Len, MinLen

from kubeslice_sim.manifest.explain import Trouble
from kubeslice_sim.manifest.kinds import Undecodable, decode_as
from kubeslice_sim.manifest.shape import bare_type, choices, fields_of, item_type, noun_at
from kubeslice_sim.model.field_path import FieldPath, child
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.quantity import Quantity

_ROUNDS = 4


def salvage(noun: Any, data: Mapping[str, Any], troubles: list[Trouble]) -> Any:
    """The document without its troubles (list positions kept), or None where too little of it is left.

    Never for use beyond looking for further problems.
    """
    if noun is KubernetesObject:
        return None
    mended = deepcopy(dict(data))
    for _ in range(_ROUNDS):
        if not all(_mend(noun, mended, trouble) for trouble in troubles):
            return None
        try:
            return decode_as(noun, mended)
        except Undecodable as error:
            troubles = error.troubles
    return None


def _mend(noun: Any, data: Any, trouble: Trouble) -> bool:
    if not trouble.path or trouble.path[0] == "metadata":
        return False
    *steps, last = trouble.path
    inside = data
    for step in steps:
        inside = child(inside, step)
    owner = noun_at(noun, tuple(steps))
    if isinstance(inside, list) and isinstance(last, int) and last < len(inside):
        inside[last] = _harmless_item(noun, tuple(steps))
        return True
    if not isinstance(inside, dict):
        return False
    shape = fields_of(owner).get(str(last)) if owner else None
    if shape is None or not shape.required:
        inside.pop(last, None)
    else:
        inside[last] = _harmless(shape.type, shape.marks)
    return True


def _harmless_item(noun: Any, path: FieldPath) -> Any:
    owner = noun_at(noun, path[:-1])
    shape = fields_of(owner).get(str(path[-1])) if owner and path else None
    kind, marks, _ = bare_type(item_type(shape.type)) if shape and item_type(shape.type) else (str, (), False)
    return _harmless(kind, marks)


def _harmless(kind: Any, marks: Iterable[Any]) -> Any:
    kind = kind[0] if isinstance(kind, tuple) else kind
    for mark in marks:
        if isinstance(mark, Quantity):
            return mark.example
        if isinstance(mark, Ge):
            return mark.ge
        if isinstance(mark, Gt):
            return mark.gt + 1  # type: ignore[operator]
        if isinstance(mark, Len | MinLen) and kind is not str:
            inner, inner_marks, _ = bare_type(item_type(kind))
            return [_harmless(inner, inner_marks) for _ in range(mark.min_length)]
    if is_dataclass(kind):
        return {name: _harmless(shape.type, shape.marks) for name, shape in fields_of(kind).items() if shape.required}
    if choices(kind):
        return choices(kind)[0]
    if get_origin(kind) is tuple:
        return []
    if get_origin(kind) is FrozenMap:
        return {}
    return {str: "unknown", bool: False, int: 1, float: 1.0}.get(kind)
