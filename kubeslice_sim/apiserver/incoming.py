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
from kubeslice_sim.manifest.shape import fields_of
from kubeslice_sim.model.document import ObjectMeta
from kubeslice_sim.model.field_path import show_path
from kubeslice_sim.model.kinds import HUB_NOUNS
from kubeslice_sim.model.release import DEFAULT_VERSION, KubeSliceVersion, includes

_PARTS = ("spec", "status")
_IDENTITY = (("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace"))


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


def known_metadata(metadata: Any) -> dict[str, Any]:
    """Metadata as an API server keeps it: unknown fields dropped. Raises :exc:`Refusal` where the name is missing."""
    if isinstance(metadata, Mapping) and metadata.get("generateName") and not metadata.get("name"):
        raise Refusal(
            "object-name", "metadata.generateName", "names are not made up here, as runs are repeated: give it a name"
        )
    if not isinstance(metadata, Mapping) or not metadata.get("name"):
        raise Refusal("object-name", "metadata.name", "Required value: name is required")
    known = fields_of(ObjectMeta)
    return {key: value for key, value in metadata.items() if key in known}


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


def check_identity(held: Mapping[str, Any], sent: Mapping[str, Any]) -> None:
    """Raises :exc:`Refusal` for an update that makes another object of an object."""
    if not isinstance(sent.get("metadata"), Mapping):
        raise Refusal("object-name", "metadata.name", "Required value: name is required")
    for path in _IDENTITY:
        before, after = _at(held, path), _at(sent, path)
        if before != after and (after or path != ("metadata", "namespace")):  # the URL says it
            raise Refusal("identity-kept", ".".join(path), f"cannot be changed from {before} to {after or 'nothing'}")
    uid = _at(held, ("metadata", "uid"))
    if uid and _at(sent, ("metadata", "uid")) not in (uid, None, ""):
        raise Refusal("identity-kept", "metadata.uid", "cannot be changed: the field is immutable")


def check_system_fields(held: Mapping[str, Any], sent: dict[str, Any], patch: Any) -> None:
    """Raises :exc:`Refusal` for metadata of an update that only the API server sets; puts back what it would."""
    sent["namespace"] = held.get("namespace", "")
    if isinstance(patch, Mapping) and "resourceVersion" in patch and not patch["resourceVersion"]:
        message = "must be specified for an update: leave it out of the patch, or send the one that was read"
        raise Refusal("resource-version-sent", "metadata.resourceVersion", message)
    deleting = held.get("deletionTimestamp")
    for name in ("creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"):
        if sent.get(name) is None or (deleting and name != "creationTimestamp"):
            sent[name] = held.get(name)
        elif sent[name] != held.get(name) and (held.get(name) or name != "creationTimestamp"):
            raise Refusal("system-field-kept", f"metadata.{name}", "cannot be changed: the field is immutable")
    if sent.get("ownerReferences") != held.get("ownerReferences"):
        check_owners(sent)


def check_owners(metadata: Mapping[str, Any]) -> None:
    """Raises :exc:`Refusal` for an owner that is not named in full, and for a second one that controls."""
    owners = metadata.get("ownerReferences") or ()
    for owner in owners:
        for name in ("apiVersion", "kind", "name", "uid") if isinstance(owner, Mapping) else ():
            if not owner.get(name):
                raise Refusal("owner-named", f"metadata.ownerReferences.{name}", "must not be empty: an owner has one")
    if sum(isinstance(owner, Mapping) and owner.get("controller") is True for owner in owners) > 1:
        message = "only one reference can have controller set to true"
        raise Refusal("owner-named", "metadata.ownerReferences", message)


def check_finalizers(held: ObjectMeta, sent: ObjectMeta) -> None:
    """Raises :exc:`Refusal` for an update that adds finalizers to an object that is being deleted."""
    added = sorted(set(sent.finalizers) - set(held.finalizers))
    if held.deletion_timestamp is not None and added:
        message = f"the object is being deleted: no finalizer can be added: {', '.join(added)}"
        raise Refusal("finalizers-while-deleting", "metadata.finalizers", message)


def _at(data: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        data = data.get(key) if isinstance(data, Mapping) else None
    return data


def _unreadable(error: Undecodable) -> Refusal:
    trouble = error.troubles[0]
    hint = f" ({trouble.hint})" if trouble.hint else ""
    return Refusal("readable", show_path(trouble.path), trouble.message + hint)
