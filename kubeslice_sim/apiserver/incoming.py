"""From the data of a request to the document that would be stored, as far as no other object matters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubeslice_sim.apiserver.answer import Refusal
from kubeslice_sim.apiserver.conformance import misfits
from kubeslice_sim.apiserver.go_values import Unreadable
from kubeslice_sim.apiserver.mutate import mutated
from kubeslice_sim.apiserver.structural import defaulted, pruned, schemas, unknown, with_whole_numbers
from kubeslice_sim.manifest.kinds import Undecodable, decode_as, noun_for
from kubeslice_sim.model.field_path import show_path
from kubeslice_sim.model.kinds import HUB_NOUNS
from kubeslice_sim.model.release import DEFAULT_VERSION, KubeSliceVersion, includes

_PARTS = ("spec", "status")


def noun_of(data: Mapping[str, Any], version: KubeSliceVersion = DEFAULT_VERSION) -> Any:
    """The class that the data's ``apiVersion`` and ``kind`` name. Raises :exc:`Refusal`."""
    try:
        noun = noun_for(data)
    except Undecodable as error:
        raise _unreadable(error) from error
    since = noun.RESOURCE.since if noun in HUB_NOUNS else ""
    if not includes(version, since):
        raise Refusal(
            "kind-exists", "kind", f"KubeSlice {version} has no {data['kind']}: KubeSlice has it since {since}"
        )
    return noun


def dropped_fields(data: Mapping[str, Any], version: KubeSliceVersion = DEFAULT_VERSION) -> tuple[str, ...]:
    """What of the spec the CRD does not know and the API server silently drops."""
    schema = schemas(version).get(data["kind"])
    return tuple(unknown(data.get("spec"), schema["properties"]["spec"], "spec")) if schema is not None else ()


def completed(data: dict[str, Any], *, mutate: bool, version: KubeSliceVersion = DEFAULT_VERSION) -> dict[str, Any]:
    """The object without what its CRD does not know, with defaults and, with ``mutate``, after its webhook.

    Defaults come before and after the webhook. Raises :exc:`Refusal` for what the webhook cannot read.
    """
    schema = schemas(version).get(data["kind"])
    if schema is None:
        return data
    known = {"properties": {**schema["properties"], "metadata": {}}}
    whole: dict[str, Any] = defaulted(pruned(with_whole_numbers(data), known), schema)
    try:
        written = pruned(mutated(whole, noun_for(data), version), known) if mutate else whole
        changed: dict[str, Any] = defaulted(written, schema) if mutate else whole
    except Unreadable as error:
        raise Refusal("readable", error.at, str(error)) from error
    return changed


def admissible(data: dict[str, Any], version: KubeSliceVersion = DEFAULT_VERSION) -> Any:
    """The object as a document, once it fits its schema. Raises :exc:`Refusal`."""
    schema = schemas(version).get(data["kind"])
    if schema is not None:
        for part in _PARTS:
            for misfit in misfits(data[part], schema["properties"][part], part) if part in data else ():
                raise Refusal(f"schema-{misfit.keyword}", misfit.field, misfit.message)
    try:
        return decode_as(noun_of(data, version), data)
    except Undecodable as error:
        raise _unreadable(error) from error


def _unreadable(error: Undecodable) -> Refusal:
    trouble = error.troubles[0]
    hint = f" ({trouble.hint})" if trouble.hint else ""
    return Refusal("readable", show_path(trouble.path), trouble.message + hint)
