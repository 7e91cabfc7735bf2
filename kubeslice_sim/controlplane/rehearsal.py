"""Rehearsal: requests to a controller cluster, one after the other, and what stands there after each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal

from kubeslice_sim.apiserver import Answer, ApiServer, Step
from kubeslice_sim.controlplane.controller_cluster import ControllerCluster
from kubeslice_sim.controlplane.refusal import Refused
from kubeslice_sim.controlplane.request import Remove, Request, Send
from kubeslice_sim.controlplane.sent_forms import SentForms
from kubeslice_sim.controlplane.timestamp import ORIGIN
from kubeslice_sim.model.document import ObjectKey, key_of
from kubeslice_sim.model.field_path import FieldPath, show_path
from kubeslice_sim.model.kinds import WORKER_NOUNS
from kubeslice_sim.model.scenario import Scenario
from kubeslice_sim.model.underlay import Underlay
from kubeslice_sim.model.world import World

BOOKKEEPING = frozenset({"resourceVersion", "generation", "uid", "creationTimestamp"})
"""Metadata that changes with every write and tells nothing."""
_MISSING = object()
_ELSEWHERE = {noun.RESOURCE.kind: "a kind of worker clusters" for noun in WORKER_NOUNS} | {
    noun.RESOURCE.kind: "a document of kubeslice-sim alone" for noun in (Underlay, Scenario)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What became of one object. ``fields``: of a changed one, path, old value and new value (None: not there)."""

    key: ObjectKey
    action: Literal["created", "changed", "deleted"]
    fields: tuple[tuple[str, Any, Any], ...] = ()

    def __str__(self) -> str:
        mark = {"created": "+", "changed": "~", "deleted": "-"}[self.action]
        lines = (f"\n      {path}: {_shown(old)} → {_shown(new)}" for path, old, new in self.fields)
        return f"{mark} {self.key}{''.join(lines)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The controller cluster when it has settled after some requests.

    ``objects`` are manifests as the cluster's API server would show them; ``settled`` is False where the controller
    was still at work when time was up.
    """

    name: str
    answers: tuple[Answer, ...]
    objects: tuple[Mapping[str, Any], ...]
    differences: tuple[Difference, ...]
    events: tuple[str, ...]
    settled: bool

    @property
    def refused(self) -> tuple[Answer, ...]:
        """The requests that changed nothing."""
        return tuple(answer for answer in self.answers if not answer.allowed)

    def __str__(self) -> str:
        unrest = () if self.settled else ("the controller was still at work when time was up",)
        changes = self.differences if self.answers else (f"{len(self.objects)} objects",)
        return "\n  ".join((f"{self.name}:", *map(str, (*self.answers, *unrest, *(changes or ("nothing changed",))))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What a controller cluster came to, moment by moment; the first is the world's, before any request."""

    moments: tuple[Moment, ...]

    @property
    def refused(self) -> tuple[Answer, ...]:
        """Every request that changed nothing."""
        return tuple(answer for moment in self.moments for answer in moment.refused)

    def __str__(self) -> str:
        return "\n".join(map(str, self.moments))


def rehearse(world: World, acts: Iterable[tuple[str, Iterable[Step]]], derived: Iterable[Any] = ()) -> Rehearsal:
    """Set up the world's controller cluster and make the requests, act by act; each act has a name.

    Every request waits until the controller has done with the one before; a refused one changes nothing. ``derived``:
    objects that KubeSlice made and that stand there besides. Raises :exc:`BadInput` for a world that has no plan.
    """
    stage = _Stage(world, derived)
    return Rehearsal(moments=(stage.moment("world", ()), *(stage.play(name, steps) for name, steps in acts)))


class _Stage:
    """A controller cluster, and what it looked like at the moment before."""

    def __init__(self, world: World, derived: Iterable[Any]) -> None:
        self._cluster = ControllerCluster(world, derived=derived)
        self._version = world.underlay.spec.kubeslice_version
        self._forms = SentForms(self._version)
        self._held: dict[ObjectKey, Mapping[str, Any]] = {}
        self._told = 0

    def play(self, name: str, steps: Iterable[Step]) -> Moment:
        return self.moment(name, tuple(self._answer(step) for step in steps))

    def moment(self, name: str, answers: tuple[Answer, ...]) -> Moment:
        shown: dict[ObjectKey, Mapping[str, Any]] = {
            key_of(item): self._forms.show(item) for item in self._cluster.objects()
        }
        events = self._cluster.events()
        moment = Moment(
            name=name, answers=answers, objects=tuple(shown.values()), events=events[self._told :],
            differences=tuple(_differences(self._held, shown)), settled=self._cluster.settled,
        )  # fmt: skip
        self._held, self._told = shown, len(events)
        return moment

    def _answer(self, step: Step) -> Answer:
        if step.kind in _ELSEWHERE:
            message = f"a controller cluster has no {step.kind}: it is {_ELSEWHERE[step.kind]}"
            return Answer(id=step.id, allowed=False, rule="kind-exists", field="kind", message=message)
        objects = self._cluster.objects()
        now = ORIGIN + timedelta(seconds=self._cluster.now_s)
        answer = ApiServer(objects, now=now, version=self._version, show=self._forms.show).answer(step)
        if answer.allowed:
            try:
                self._cluster.send(_request(step, answer, objects))
                if answer.data is not None:
                    self._forms.note(answer.document, answer.data)
            except Refused as error:  # a patch that names another resourceVersion, say
                return Answer(id=step.id, allowed=False, rule=f"http-{error.code}", message=str(error))
        # Whether a deleted object waits for its finalizers, the objects themselves tell when all has settled.
        return replace(answer, message="") if answer.allowed and step.operation == "delete" else answer


def _request(step: Step, answer: Answer, objects: Iterable[Any]) -> Request:
    if step.operation == "delete":
        found = (key_of(item) for item in objects)
        target = next(
            key for key in found
            if (key.kind, key.name) == (step.kind, step.name) and step.namespace in ("", key.namespace)
        )  # fmt: skip
        return Remove(key=target)
    verb: Literal["create", "update", "update status"] = (
        "create" if step.operation == "create" else "update" if step.operation == "merge-patch" else "update status"
    )
    return Send(document=answer.document, verb=verb)


def _differences(
    before: Mapping[ObjectKey, Mapping[str, Any]], after: Mapping[ObjectKey, Mapping[str, Any]]
) -> Iterator[Difference]:
    for key in sorted(before.keys() | after.keys()):
        if key not in before:
            yield Difference(key=key, action="created")
        elif key not in after:
            yield Difference(key=key, action="deleted")
        elif before[key] != after[key] and (fields := tuple(_fields(before[key], after[key], ()))):
            yield Difference(key=key, action="changed", fields=fields)


def _fields(old: Any, new: Any, path: FieldPath) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in dict.fromkeys((*old, *new)):
            if not (path == ("metadata",) and name in BOOKKEEPING):
                yield from _fields(old.get(name, _MISSING), new.get(name, _MISSING), (*path, name))
    elif old != new:
        yield show_path(path), None if old is _MISSING else old, None if new is _MISSING else new


def _shown(value: Any) -> str:
    return "nothing" if value in (None, "", [], {}) else str(value)
