"""A controller cluster's API server, asked what it would say: every request is a dry run in one and the same state.

The order is kube-apiserver's: pruning and defaults, mutating webhooks, the schema, validating webhooks, the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from kubeslice_sim.admission import DocumentState
from kubeslice_sim.admission.rule import Operation
from kubeslice_sim.apiserver.answer import Answer, Refusal
from kubeslice_sim.apiserver.incoming import admissible, completed, dropped_fields, noun_of
from kubeslice_sim.apiserver.merge_patch import merged
from kubeslice_sim.apiserver.metadata import (
    check_finalizers,
    check_identity,
    check_owners,
    check_system_fields,
    check_types,
    check_version_sent,
    known_metadata,
)
from kubeslice_sim.apiserver.objection import first_objection
from kubeslice_sim.apiserver.step import Step
from kubeslice_sim.apiserver.structural import schemas
from kubeslice_sim.model.frozen import FrozenMap, freeze, thaw
from kubeslice_sim.model.kinds import HUB_NOUNS
from kubeslice_sim.model.project import CONTROLLER_NAMESPACE
from kubeslice_sim.model.release import KubeSliceVersion
from kubeslice_sim.planner.stored import stored

NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system", CONTROLLER_NAMESPACE)
"""Those of every controller cluster; each project adds its own."""


class ApiServer:
    """Answers requests; holds objects and never changes them. ``now``: when the requests are made.

    ``webhooks`` False: the CRDs are there, but no KubeSlice controller is. ``show``: an object as it is written there,
    where that is not as KubeSlice's controllers write it.
    """

    def __init__(
        self,
        objects: Iterable[Any],
        *,
        now: datetime | None,
        version: KubeSliceVersion = "1.9",
        webhooks: bool = True,
        show: Callable[[Any], dict[str, Any]] | None = None,
    ) -> None:
        self._state = DocumentState(objects, version)
        self._version = version
        self._now = now
        self._webhooks = webhooks
        self._show = show or (lambda item: stored(item, version))

    def answer(self, step: Step) -> Answer:
        """What the real server would say to the request, were it the first one to come."""
        try:
            if step.operation == "create":
                return self._create(step)
            target = self._target(step)
            if step.operation == "delete":
                return self._delete(step, target)
            return self._patch(step, target)
        except Refusal as refusal:
            return Answer(id=step.id, allowed=False, rule=refusal.rule, field=refusal.field, message=str(refusal))

    def _create(self, step: Step) -> Answer:
        sent = thaw(step.body)
        check_types(sent.get("metadata"))
        noun = noun_of(sent, self._version)
        sent["metadata"] = {**known_metadata(sent.get("metadata")), "namespace": step.namespace}
        if noun in HUB_NOUNS:
            self._check_namespace(step.namespace)
        check_owners(sent["metadata"])
        data = completed(sent, mutate=self._webhooks, version=self._version)
        if step.kind in schemas(self._version):
            data.pop("status", None)  # a subresource: a create cannot set it
        document = admissible(data, self._version)
        self._judge("create", document)
        if self._state.find(step.kind, step.namespace, step.name) is not None:
            raise Refusal("object-unique", "metadata.name", f"a {step.kind} {step.name} already exists")
        return _stored(step, data, document, dropped_fields(sent, self._version))

    def _patch(self, step: Step, old: Any) -> Answer:
        held, of_status = self._show(old), step.operation == "merge-patch status"
        sent = merged(held, thaw(step.body))
        check_types(sent.get("metadata"), patched=True)
        check_identity(held, sent)
        check_version_sent(step.body.get("metadata"))
        # Each of the two subresources keeps what belongs to the other.
        for part in ("spec", "metadata") if of_status else ("status",):
            sent.pop(part, None)
            sent.update({part: held[part]} if part in held else {})
        check_system_fields(held["metadata"], sent["metadata"])
        sent["metadata"] = known_metadata(sent["metadata"])
        data = completed(sent, mutate=self._webhooks and not of_status, version=self._version)
        document = admissible(data, self._version)
        check_finalizers(old.metadata, document.metadata)
        if not of_status:
            self._judge("update", document, old)
        return _stored(step, data, document, dropped_fields(sent, self._version))

    def _delete(self, step: Step, old: Any) -> Answer:
        self._judge("delete", old)
        left = old.metadata.finalizers
        message = f"it stays until its finalizers are gone: {', '.join(left)}" if left else ""
        return Answer(id=step.id, allowed=True, message=message)

    def _judge(self, operation: Operation, document: Any, old: Any = None) -> None:
        found = first_objection(
            operation, document, self._state, old=old, now=self._now, webhooks=self._webhooks
        )  # fmt: skip
        if found is not None:
            raise found

    def _target(self, step: Step) -> Any:
        found = [
            item for item in self._state.all(step.kind, step.namespace or None) if item.metadata.name == step.name
        ]  # fmt: skip
        if not found:
            where = f" in {step.namespace}" if step.namespace else ""
            raise Refusal("object-exists", "", f"there is no {step.kind} {step.name}{where}")
        if len(found) > 1:
            spaces = [item.metadata.namespace for item in found]
            message = f"there are {len(found)} objects {step.kind} {step.name}, in {' and in '.join(spaces)}"
            hint = f"say which: target: [{step.kind}, {step.name}, {spaces[0]}]"
            raise Refusal("target-unique", "target", f"{message} ({hint})")
        return found[0]

    def _check_namespace(self, name: str) -> None:
        known = {item.metadata.name: item for item in self._state.all("Namespace")}
        if name in known and known[name].metadata.deletion_timestamp is not None:
            message = f'the namespace "{name}" is being terminated: nothing new can be created in it'
            raise Refusal("namespace-exists", "metadata.namespace", message)
        if name not in known and name not in NAMESPACES:
            message = f'there is no namespace "{name}" on the controller cluster'
            raise Refusal("namespace-exists", "metadata.namespace", message)


def _stored(step: Step, data: Mapping[str, Any], document: Any, dropped: tuple[str, ...]) -> Answer:
    message = f"unknown, and so dropped: {', '.join(dropped)}" if dropped else ""
    spec = freeze(data.get("spec", {})) or FrozenMap()
    return Answer(id=step.id, allowed=True, message=message, stored=spec, document=document, data=data)
