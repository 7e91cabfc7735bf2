"""What an API server has against a request's metadata, before any webhook is asked (apimachinery, api/validation)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kubeslice_sim.apiserver.answer import Refusal
from kubeslice_sim.manifest.shape import fields_of
from kubeslice_sim.model.document import ObjectMeta
from kubeslice_sim.model.timestamp import Rfc3339

_IDENTITY = (("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace"))
_TIMES = ("creationTimestamp", "deletionTimestamp")
_SET_BY_SERVER = (*_TIMES, "deletionGracePeriodSeconds")
_TEXTS = ("name", "namespace", "uid", "resourceVersion", "generateName", "selfLink")
_NUMBERS = ("generation", "deletionGracePeriodSeconds")
_NO_OWNERS = (("v1", "Event"), ("events.k8s.io/v1", "Event"))
_MAPS = ("labels", "annotations")
_OWNER_TEXTS, _OWNER_SWITCHES = ("apiVersion", "kind", "name", "uid"), ("controller", "blockOwnerDeletion")
_LARGEST = 2**63


def known_metadata(metadata: Any) -> dict[str, Any]:
    """Metadata as an API server keeps it: unknown fields dropped. Raises :exc:`Refusal` where the name is missing."""
    if isinstance(metadata, Mapping) and metadata.get("generateName") and not metadata.get("name"):
        raise Refusal(
            "object-name", "metadata.generateName", "names are not made up here, as runs are repeated: give it a name"
        )
    if not isinstance(metadata, Mapping) or not metadata.get("name"):
        raise Refusal("object-name", "metadata.name", "Required value: name is required")
    known = fields_of(ObjectMeta)
    kept = {key: value for key, value in metadata.items() if key in known}
    for name in _MAPS:  # of a text that is null, Go makes an empty one
        if kept.get(name):
            kept[name] = {key: "" if value is None else value for key, value in kept[name].items()}
    return kept


def check_types(metadata: Any, *, patched: bool = False) -> None:
    """Raises :exc:`Refusal` for metadata that no API server can read; ``patched``: a patch made them so."""
    for field, wanted in _misread(metadata):
        raise Refusal("readable", "patch" if patched else field, f"{field} must be {wanted}")


def check_identity(held: Mapping[str, Any], sent: Mapping[str, Any]) -> None:
    """Raises :exc:`Refusal` for an update that makes another object of an object."""
    for path in _IDENTITY:
        before, after = _at(held, path), _at(sent, path)
        if before != after and (after or path != ("metadata", "namespace")):  # the URL says it
            raise Refusal("identity-kept", ".".join(path), f"cannot be changed from {before} to {after or 'nothing'}")
    uid = _at(held, ("metadata", "uid"))
    if uid and _at(sent, ("metadata", "uid")) not in (uid, None, ""):
        raise Refusal("identity-kept", "metadata.uid", "cannot be changed: the field is immutable")


def check_version_sent(patch: Any) -> None:
    """Raises :exc:`Refusal` for a patch that takes the resourceVersion away, or sends what is none."""
    if not isinstance(patch, Mapping) or "resourceVersion" not in patch:
        return
    sent = patch["resourceVersion"]
    if not sent or not sent.isdecimal():
        what = f'"{sent}" is none' if sent else "must be specified for an update"
        message = f"{what}: leave it out of the patch, or send the one that was read"
        raise Refusal("resource-version-sent", "metadata.resourceVersion", message)


def check_system_fields(held: Mapping[str, Any], sent: dict[str, Any]) -> None:
    """Raises :exc:`Refusal` for metadata of an update that only the API server sets; puts back what it would."""
    sent["namespace"] = held.get("namespace", "")
    deleting = held.get("deletionTimestamp")
    for name in _SET_BY_SERVER:
        if sent.get(name) is None or (deleting and name != "creationTimestamp"):
            sent[name] = held.get(name)
        elif sent[name] != held.get(name) and (held.get(name) or name != "creationTimestamp"):
            raise Refusal("system-field-kept", f"metadata.{name}", "cannot be changed: the field is immutable")
    if sent.get("ownerReferences") != held.get("ownerReferences"):
        check_owners(sent)


def check_owners(metadata: Mapping[str, Any]) -> None:
    """Raises :exc:`Refusal` for owners that are not named in full, cannot own anything, or both control."""
    field, owners = "metadata.ownerReferences", metadata.get("ownerReferences") or ()
    for owner in owners:
        for name in _OWNER_TEXTS:
            if not (owner or {}).get(name):
                raise Refusal("owner-named", f"{field}.{name}", "must not be empty: an owner has one")
        if (owner["apiVersion"], owner["kind"]) in _NO_OWNERS:
            raise Refusal("owner-named", field, f"{owner['kind']} is disallowed from being an owner")
    if sum(owner.get("controller") is True for owner in owners) > 1:
        raise Refusal("owner-named", field, "only one reference can have controller set to true")


def check_finalizers(held: ObjectMeta, sent: ObjectMeta) -> None:
    """Raises :exc:`Refusal` for an update that adds finalizers to an object that is being deleted."""
    added = sorted(set(sent.finalizers) - set(held.finalizers))
    if held.deletion_timestamp is not None and added:
        message = f"the object is being deleted: no finalizer can be added: {', '.join(added)}"
        raise Refusal("finalizers-while-deleting", "metadata.finalizers", message)


def _misread(metadata: Any) -> Iterator[tuple[str, str]]:
    """The fields of another type than in Go's ObjectMeta, and what they should be; null is nothing everywhere."""
    if not _is_none_or(Mapping, metadata):
        yield "metadata", "an object"
        return
    found: Mapping[str, Any] = metadata or {}
    owners = found.get("ownerReferences")
    fits = {
        **{name: (_is_text(found.get(name)), "text") for name in _TEXTS},
        **{name: (_is_number(found.get(name)), "a whole number") for name in _NUMBERS},
        **{name: (_is_time(found.get(name)), "a time such as 2026-01-01T00:00:00Z") for name in _TIMES},
        **{name: (_is_map(found.get(name)), "a map of text to text") for name in _MAPS},
        "finalizers": (_is_list(_is_text, found.get("finalizers")), "a list of text"),
        "managedFields": (_is_list(_is_object, found.get("managedFields")), "a list of objects"),
        "ownerReferences": (_is_list(_is_owner, owners), "a list of objects with apiVersion, kind, name and uid"),
    }
    yield from ((f"metadata.{name}", wanted) for name, (good, wanted) in fits.items() if not good)


def _is_none_or(kind: Any, value: Any) -> bool:
    return value is None or isinstance(value, kind)


def _is_text(value: Any) -> bool:
    return _is_none_or(str, value)


def _is_object(value: Any) -> bool:
    return _is_none_or(Mapping, value)


def _is_number(value: Any) -> bool:
    return value is None or (type(value) is int and -_LARGEST <= value < _LARGEST)


def _is_time(value: Any) -> bool:
    if not isinstance(value, str):
        return value is None
    try:
        Rfc3339().check(value)
    except ValueError:
        return False
    return True


def _is_map(value: Any) -> bool:
    return value is None or (isinstance(value, Mapping) and all(map(_is_text, value.values())))


def _is_list(each: Callable[[Any], bool], value: Any) -> bool:
    return value is None or (isinstance(value, list) and all(map(each, value)))


def _is_owner(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return value is None
    texts, switches = (_is_text(value.get(name)) for name in _OWNER_TEXTS), map(value.get, _OWNER_SWITCHES)
    return all(texts) and all(_is_none_or(bool, item) for item in switches)


def _at(data: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        data = data.get(key) if isinstance(data, Mapping) else None
    return data
