"""pydantic's findings in plain words: which field, what is wrong, what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from annotated_types import Len
from pydantic import ValidationError

from kubeslice_sim.manifest.shape import choices, fields_of, is_union, noun_at
from kubeslice_sim.model.field_path import FieldPath, child
from kubeslice_sim.model.suggest import meant

_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing wrong in one document. ``missing``: the path names a field that is not there."""

    path: FieldPath
    message: str
    hint: str
    missing: bool = False


def explain(error: ValidationError, noun: Any, data: Any, at: FieldPath) -> list[Trouble]:
    """Every trouble of a document (or of its part at ``at``), in pydantic's order, each path once."""
    troubles: dict[FieldPath, Trouble] = {}
    for found in error.errors(include_url=False):
        path = _real_path(found["loc"], noun, data)
        if path is None or at + path in troubles or _only_lost_wrong_items(found):
            continue
        message, hint = _say(found["type"], found.get("input"), found.get("ctx") or {}, found["msg"], noun, path)
        troubles[at + path] = Trouble(at + path, message, hint, missing=found["type"] == "missing")
    return list(troubles.values())


def shown(value: Any) -> str:
    """A value in a message: short, strings in quotes."""
    if isinstance(value, Mapping | list | tuple):
        return "a mapping" if isinstance(value, Mapping) else "a list"
    text = {True: "true", False: "false", None: "null"}.get(value) if isinstance(value, bool | None) else None
    text = text or (f'"{value}"' if isinstance(value, str) else str(value))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _only_lost_wrong_items(found: Mapping[str, Any]) -> bool:
    """Whether a list seems too short only because pydantic left out the items that are wrong themselves."""
    return bool(found["type"] == "too_short" and len(found["input"]) >= found["ctx"]["min_length"])


def _real_path(location: tuple[str | int, ...], noun: Any, data: Any) -> FieldPath | None:
    """pydantic's location without its notes on unions; None for a branch that the value did not mean."""
    path: FieldPath = ()
    value = data
    for step in location:
        if is_union(noun, path):
            means_noun, of_noun = isinstance(value, Mapping), not str(step).startswith("literal[")
            if means_noun != of_noun:
                return None
            if str(step).startswith("literal[") or step == noun_at(noun, path).__name__:
                continue
        path = (*path, step)
        value = child(value, step)
    return path


def _say(kind: str, value: Any, context: Mapping[str, Any], raw: str, noun: Any, path: FieldPath) -> tuple[str, str]:
    if kind == "missing":
        return "required field missing", ""
    if kind == "unexpected_keyword_argument":
        owner = noun_at(noun, path[:-1])
        if path[-1] == "<<":
            return "merge keys (<<) are not YAML 1.2", "write the fields out"
        return "unknown field", meant(str(path[-1]), fields_of(owner)) if owner else ""
    if kind == "literal_error":
        return _not_a_choice(value, noun, path)
    if kind == "value_error":
        return str(context.get("error", raw)), ""
    if kind in ("too_short", "too_long"):
        return _count(value, noun, path), ""
    return _SAYINGS[kind](value, context) if kind in _SAYINGS else (raw[:1].lower() + raw[1:], "")


def _not_a_choice(value: Any, noun: Any, path: FieldPath) -> tuple[str, str]:
    owner = noun_at(noun, path[:-1])
    kind = fields_of(owner)[str(path[-1])].type if owner and isinstance(path[-1], str) else None
    known = [choice for member in (kind if isinstance(kind, tuple) else (kind,)) for choice in choices(member)]
    listed = ", ".join(choice or '""' for choice in known)
    hint = ""
    if not isinstance(value, str) and str(value) in known:
        hint = f'put it in quotes: "{value}"'
    elif isinstance(value, str):
        close = meant(value, known)
        hint = close if close.startswith("did") else ""
    return f"must be one of {listed}, not {shown(value)}", hint


def _number(value: Any, context: Mapping[str, Any]) -> tuple[str, str]:
    return f"should be a number, not {shown(value)}", ""


def _whole_number(value: Any, context: Mapping[str, Any]) -> tuple[str, str]:
    return f"should be a whole number, not {shown(value)}", "without quotes" if _is_number(value) else ""


def _text(value: Any, context: Mapping[str, Any]) -> tuple[str, str]:
    simple = isinstance(value, bool | int | float)
    return f"should be text, not {shown(value)}", f'put it in quotes: "{shown(value)}"' if simple else ""


def _truth(value: Any, context: Mapping[str, Any]) -> tuple[str, str]:
    return f"should be true or false, not {shown(value)}", ""


def _list(value: Any, context: Mapping[str, Any]) -> tuple[str, str]:
    return f"should be a list, not {shown(value)}", ""


def _mapping(value: Any, context: Mapping[str, Any]) -> tuple[str, str]:
    return f"should be a mapping of fields, not {shown(value)}", ""


def _count(value: Any, noun: Any, path: FieldPath) -> str:
    owner = noun_at(noun, path[:-1])
    marks = fields_of(owner)[str(path[-1])].marks if owner else ()
    least, most = next((mark.min_length, mark.max_length) for mark in marks if isinstance(mark, Len))
    bound = str(least) if least == most else f"at least {least}" if most is None else f"{least} to {most}"
    return f"should have {bound} items, not {len(value)}"


def _length(value: Any, context: Mapping[str, Any]) -> tuple[str, str]:
    if "min_length" in context:
        return "must not be empty", ""
    return f"should have at most {context['max_length']} characters, not {len(str(value))}", ""


def _bound(value: Any, context: Mapping[str, Any]) -> tuple[str, str]:
    at_least = "ge" in context
    limit = context["ge"] if at_least else context["le"]
    return f"must be at {'least' if at_least else 'most'} {limit}, not {shown(value)}", ""


def _above(value: Any, context: Mapping[str, Any]) -> tuple[str, str]:
    return f"must be more than {context['gt']:g}, not {shown(value)}", ""


def _is_number(value: Any) -> bool:
    return isinstance(value, str) and value.lstrip("+-").isdigit()


_SAYINGS: Mapping[str, Callable[[Any, Mapping[str, Any]], tuple[str, str]]] = {
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float", "int_parsing_size"), _whole_number),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), _number),
    **dict.fromkeys(("string_type", "string_unicode", "string_sub_type"), _text),
    **dict.fromkeys(("bool_type", "bool_parsing"), _truth),
    **dict.fromkeys(("tuple_type", "list_type"), _list),
    **dict.fromkeys(("dict_type", "dataclass_type", "mapping_type"), _mapping),
    **dict.fromkeys(("string_too_short", "string_too_long"), _length),
    **dict.fromkeys(("greater_than_equal", "less_than_equal"), _bound),
    "greater_than": _above,
}
