"""A controller cluster's API server, asked what it would say: every request is a dry run in one and the same state.

The order is kube-apiserver's: pruning and defaults, mutating webhooks, the schema, validating webhooks, the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from kubeslice_sim.admission import RULES, DocumentState, Request, judge
from kubeslice_sim.admission.rule import Operation
from kubeslice_sim.apiserver.answer import Answer, Refusal
from kubeslice_sim.apiserver.conformance import misfits
from kubeslice_sim.apiserver.go_values import Unreadable
from kubeslice_sim.apiserver.merge_patch import merged
from kubeslice_sim.apiserver.mutate import mutated
from kubeslice_sim.apiserver.step import Step
from kubeslice_sim.apiserver.structural import defaulted, pruned, schemas
from kubeslice_sim.manifest.kinds import Undecodable, decode_as, noun_for
from kubeslice_sim.manifest.shape import fields_of
from kubeslice_sim.model.document import ObjectMeta, key_of
from kubeslice_sim.model.field_path import show_path
from kubeslice_sim.model.frozen import FrozenMap, freeze, thaw
from kubeslice_sim.model.project import CONTROLLER_NAMESPACE
from kubeslice_sim.model.underlay import KubeSliceVersion
from kubeslice_sim.planner.stored import stored

NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system", CONTROLLER_NAMESPACE)
"""Those of every controller cluster; each project adds its own."""
_ASKED = frozenset((rule.id, rule.kind) for rule in RULES if rule.is_asked_of_requests)
_FIXED = ("apiVersion", "kind")


class ApiServer:
    """Answers requests; holds objects and never changes them. ``now``: when the requests are made."""

    def __init__(self, objects: Iterable[Any], *, now: datetime | None, version: KubeSliceVersion = "1.9") -> None:
        self._objects = tuple(objects)
        self._state = DocumentState(self._objects, version)
        self._now = now

    def answer(self, step: Step) -> Answer:
        """What the real server would say to the request, were it the first one to come."""
        try:
            if step.operation == "create":
                spec, message = self._create(step), ""
            elif step.operation == "delete":
                spec, message = None, self._delete(self._target(step))
            else:
                status = step.operation == "merge-patch status"
                spec, message = self._patch(self._target(step), thaw(step.body), status=status), ""
        except Refusal as refusal:
            return Answer(id=step.id, allowed=False, rule=refusal.rule, field=refusal.field, message=str(refusal))
        return Answer(id=step.id, allowed=True, message=message, stored=spec)

    def _create(self, step: Step) -> FrozenMap[Any] | None:
        data = thaw(step.body)
        noun = self._noun(data)
        data["metadata"] = _metadata(data.get("metadata"), step.namespace)
        self._check_namespace(step.namespace)
        data = {key: value for key, value in _completed(data).items() if key != "status" or step.kind not in schemas()}
        document = _admissible(data, noun)
        self._judge("create", document)
        if self._state.find(step.kind, step.namespace, step.name) is not None:
            raise Refusal("object-unique", "metadata.name", f"a {step.kind} {step.name} already exists")
        return _spec(data, document)

    def _patch(self, old: Any, patch: Mapping[str, Any], *, status: bool) -> FrozenMap[Any] | None:
        held = stored(old)
        sent = merged(held, patch)
        for field, part in (*((field, ()) for field in _FIXED), ("metadata", ("name", "namespace"))):
            _check_kept(held, sent, field, part)
        # The subresources are apart: each keeps what belongs to the other.
        kept = ("spec", "metadata") if status else ("status",)
        noun = self._noun(sent)
        complete = _completed({**sent, **{key: held[key] for key in kept if key in held}}, mutate=not status)
        data = {key: value for key, value in complete.items() if status or key != "status" or key in held}
        document = _admissible(data, noun)
        _check_finalizers(old, document)
        if not status:
            self._judge("update", document, old)
        return _spec(data, document)

    def _delete(self, old: Any) -> str:
        self._judge("delete", old)
        left = old.metadata.finalizers
        return f"stays until its finalizers are gone: {', '.join(left)}" if left else ""

    def _judge(self, operation: Operation, document: Any, old: Any = None) -> None:
        request = Request(operation=operation, document=document, old=old, state=self._state, now=self._now)
        kind = key_of(document).kind
        for violation in judge(request):
            if (violation.rule, kind) in _ASKED or (violation.rule, "*") in _ASKED:
                hint = f" ({violation.hint})" if violation.hint else ""
                field = violation.webhook_field or violation.path
                raise Refusal(violation.rule, field, violation.message + hint)

    def _target(self, step: Step) -> Any:
        for item in self._state.all(step.kind, step.namespace or None):
            if item.metadata.name == step.name:
                return item
        raise Refusal("object-exists", "", f"there is no {step.kind} {step.name}")

    def _noun(self, data: Mapping[str, Any]) -> Any:
        try:
            return noun_for(data)
        except Undecodable as error:
            raise _unreadable(error) from error

    def _check_namespace(self, name: str) -> None:
        known = {*NAMESPACES, *(item.metadata.name for item in self._state.all("Namespace"))}
        if name not in known:
            message = f'there is no namespace "{name}" on the controller cluster'
            raise Refusal("namespace-exists", "metadata.namespace", message)


def _completed(data: dict[str, Any], *, mutate: bool = True) -> dict[str, Any]:
    """The object without what its CRD does not know, with defaults, and after its mutating webhook."""
    schema = schemas().get(data["kind"])
    if schema is None:
        return data
    noun = noun_for(data)
    whole: dict[str, Any] = defaulted(pruned(data, {"properties": {**schema["properties"], "metadata": {}}}), schema)
    try:
        changed: dict[str, Any] = defaulted(mutated(whole, noun), schema) if mutate else whole
    except Unreadable as error:
        raise Refusal("readable", error.at, str(error)) from error
    return changed


def _admissible(data: dict[str, Any], noun: Any) -> Any:
    """The object as a document, once its schema is met."""
    schema = schemas().get(data["kind"])
    if schema is not None:
        for part in ("spec", "status"):
            for field, message in misfits(data[part], schema["properties"][part], part) if part in data else ():
                raise Refusal("schema", field, message)
    try:
        return decode_as(noun, data)
    except Undecodable as error:
        raise _unreadable(error) from error


def _spec(data: Mapping[str, Any], document: Any) -> FrozenMap[Any] | None:
    if "spec" in data:
        return freeze(data["spec"])  # type: ignore[no-any-return]
    return FrozenMap() if hasattr(document, "spec") else None


def _metadata(metadata: Any, namespace: str) -> dict[str, Any]:
    """Metadata as an API server keeps it: unknown fields dropped, the namespace filled in."""
    if not isinstance(metadata, Mapping) or not metadata.get("name"):
        raise Refusal("object-name", "metadata.name", "Required value: name is required")
    known = fields_of(ObjectMeta)
    return {**{key: value for key, value in metadata.items() if key in known}, "namespace": namespace}


def _check_kept(held: Mapping[str, Any], sent: Mapping[str, Any], field: str, parts: tuple[str, ...]) -> None:
    for path in ((field, part) for part in parts) if parts else ((field,),):
        before, after = held, sent
        for key in path:
            before, after = before.get(key, ""), (after.get(key, "") if isinstance(after, Mapping) else "")
        if before != after:
            raise Refusal("identity-kept", ".".join(path), f"cannot be changed from {before} to {after or 'nothing'}")


def _check_finalizers(old: Any, document: Any) -> None:
    added = sorted(set(document.metadata.finalizers) - set(old.metadata.finalizers))
    if old.metadata.deletion_timestamp is not None and added:
        message = f"the object is being deleted: no finalizer can be added: {', '.join(added)}"
        raise Refusal("finalizers-while-deleting", "metadata.finalizers", message)


def _unreadable(error: Undecodable) -> Refusal:
    trouble = error.troubles[0]
    hint = f" ({trouble.hint})" if trouble.hint else ""
    return Refusal("readable", show_path(trouble.path), trouble.message + hint)
