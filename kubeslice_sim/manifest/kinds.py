"""The kinds that may be written down, and single documents in and out of JSON-like data."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, to_json

from kubeslice_sim.errors import BadInput, Problem
from kubeslice_sim.manifest.explain import Trouble, explain, shown
from kubeslice_sim.model.document import ObjectMeta, Resource
from kubeslice_sim.model.field_path import FieldPath, show_path
from kubeslice_sim.model.frozen import FrozenMap, freeze, thaw
from kubeslice_sim.model.kinds import NOUNS
from kubeslice_sim.model.kubernetes import KUBERNETES_KINDS, KubernetesObject
from kubeslice_sim.model.suggest import meant

BOOKKEEPING = ("managedFields", "selfLink", "deletionGracePeriodSeconds")
"""Metadata that an API server writes for itself; dropped, so that what ``kubectl get -o yaml`` prints can be read."""

_BY_KIND: Mapping[str, Any] = {noun.RESOURCE.kind: noun for noun in NOUNS}
_VERBATIM = "KubernetesObject"


class Undecodable(Exception):
    """A document that no noun fits; ``troubles`` says where and why."""

    def __init__(self, troubles: list[Trouble]) -> None:
        super().__init__("; ".join(trouble.message for trouble in troubles))
        self.troubles = troubles


@cache
def adapter(noun: Any) -> TypeAdapter[Any]:
    """pydantic's reader and writer of a noun (made once, it takes milliseconds)."""
    return TypeAdapter(noun)


def noun_for(data: Mapping[str, Any]) -> Any:
    """The class that a document's ``apiVersion`` and ``kind`` name. Raises :exc:`Undecodable`."""
    troubles = [
        Trouble((), f"{field} is missing", "every document needs apiVersion and kind") if data.get(field) is None
        else Trouble((field,), "should be text", "")
        for field in ("apiVersion", "kind") if not isinstance(data.get(field), str)
    ]  # fmt: skip
    if troubles:
        raise Undecodable(troubles)
    kind, version = data["kind"], data["apiVersion"]
    noun = _BY_KIND.get(kind)
    expected = noun.RESOURCE.api_version if noun else KUBERNETES_KINDS.get(kind)
    if expected is None:
        known = (*_BY_KIND, *KUBERNETES_KINDS)
        raise Undecodable([Trouble(("kind",), f"unknown kind {shown(kind)}", meant(kind, known))])
    if version != expected:
        raise Undecodable([Trouble(("apiVersion",), f"{kind} is not in {shown(version)}", f"write {expected}")])
    return noun or KubernetesObject


def decode_as(noun: Any, data: Mapping[str, Any]) -> Any:
    """The document as a noun. Raises :exc:`Undecodable` with every trouble."""
    if noun is KubernetesObject:
        body = {key: value for key, value in data.items() if key not in ("apiVersion", "kind", "metadata")}
        metadata = _read(ObjectMeta, ObjectMeta, _metadata(data.get("metadata")), ("metadata",))
        return KubernetesObject(api_version=data["apiVersion"], kind=data["kind"], metadata=metadata, body=freeze(body))
    body = {key: value for key, value in data.items() if key not in ("apiVersion", "kind")}
    if "metadata" in body:
        body["metadata"] = _metadata(body["metadata"])
    return _read(noun, noun, without_nulls(body), ())


def decode(data: Mapping[str, Any]) -> Any:
    """One document from JSON-like data (from an API server, say). Raises :exc:`BadInput` with every problem."""
    plain = thaw(data)
    try:
        return decode_as(noun_for(plain), plain)
    except Undecodable as error:
        name = (plain.get("metadata") or {}).get("name", "") if isinstance(plain.get("metadata"), dict) else ""
        where = f"{plain.get('kind', 'document')} {name}".strip()
        raise BadInput([
            Problem(message=f"{where}: {trouble.message}", path=show_path(trouble.path), hint=trouble.hint)
            for trouble in error.troubles
        ]) from error  # fmt: skip


def encode(document: Any) -> dict[str, Any]:
    """One document as JSON-like data; what equals its default, an empty status among it, is left out."""
    if isinstance(document, KubernetesObject):
        head = {"apiVersion": document.api_version, "kind": document.kind}
        return {**head, "metadata": encode_part(document.metadata), **thaw(document.body)}
    resource: Resource = document.RESOURCE
    data = encode_part(document)
    metadata = data.pop("metadata")
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, **data}


def encode_part(part: Any) -> dict[str, Any]:
    """A noun inside a document as JSON-like data, without what equals its default."""
    noun: Any = type(part)
    data: dict[str, Any] = adapter(noun).dump_python(part, mode="json", by_alias=True, exclude_defaults=True)
    return data


def without_nulls(value: Any) -> Any:
    """As an API server prunes: a field that is null is a field that is not there."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def _metadata(metadata: Any) -> Any:
    if not isinstance(metadata, dict):
        return metadata
    return {key: value for key, value in metadata.items() if value is not None and key not in BOOKKEEPING}


def _read(noun: Any, root: Any, data: Any, at: FieldPath) -> Any:
    try:
        text = to_json(data, fallback=_plain)
    except (PydanticSerializationError, ValueError) as error:
        raise Undecodable([Trouble(at, "holds a text that is no valid Unicode", "write it in UTF-8")]) from error
    try:
        return adapter(noun).validate_json(text, strict=True, by_alias=True, by_name=False)
    except ValidationError as error:
        raise Undecodable(explain(error, root, data, at)) from error


def _plain(value: Any) -> Any:
    if isinstance(value, FrozenMap):
        return thaw(value)
    raise TypeError(f"{type(value).__name__} is no JSON")
