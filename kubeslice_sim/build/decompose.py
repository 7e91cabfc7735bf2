"""World → the calls that make it: the reverse of ``compose``."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from kubeslice_sim.build.argument import split
from kubeslice_sim.build.builder import WorldBuilder
from kubeslice_sim.build.calls import CLUSTER_UNDERLAY, DEFAULT_LINK, DOCUMENTS, LINK, PARTS, WORKLOADS, Call
from kubeslice_sim.build.compose import Composer
from kubeslice_sim.build.step import Step, defaults_of, what_differs
from kubeslice_sim.build.workload import said_of
from kubeslice_sim.manifest.assemble import Draft, read_document
from kubeslice_sim.manifest.kinds import encode
from kubeslice_sim.model.document import key_of
from kubeslice_sim.model.project import Project
from kubeslice_sim.model.scenario import Scenario
from kubeslice_sim.model.underlay import ClusterUnderlay, Underlay
from kubeslice_sim.model.world import World

_CALLS: Mapping[str, Call] = {**DOCUMENTS, **WORKLOADS}
_CALL_OF: Mapping[str, str] = {call.kind: name for name, call in _CALLS.items()}
_MISSING = object()


def calls_of(world: World) -> list[Step]:
    """The calls, in the order in which a person would make them; arguments that a call has anyway are left out."""
    steps = list(_Decomposer(world).calls())
    if _made_of(steps) == world:
        return steps
    return [_verbatim(document) for document in world.documents()]


def _made_of(steps: list[Step]) -> World | None:
    composer = Composer()
    for step in steps:
        composer.take(step)
    draft = Draft(problems=composer.problems)
    for document in composer.documents:
        draft.add(document)
    made = draft.world("")
    return None if draft.problems else made


def _verbatim(document: Any) -> Step:
    return Step(call="add", said={"documents": (encode(document),)})


class _Decomposer:
    """Goes through a world's documents as they are written, and remembers what the calls before have said."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ground: dict[str, Any] = {}
        self.project: str | None = None
        self.members: dict[str | None, list[str]] = {}

    def calls(self) -> Iterator[Step]:
        documents = list(self.world.documents())
        underlay = next((item for item in documents if isinstance(item, Underlay)), None)
        ground = encode(underlay) if underlay else {}
        for document in documents:
            if document is underlay:
                yield from self._underlay(ground)
            elif isinstance(document, Scenario):
                yield from self._checked(document, self._scenario(encode(document)))
            else:
                call = _CALL_OF.get(key_of(document).kind)
                steps = self._checked(document, [self._one(call, encode(document), ground)] if call else [])
                if steps[0].call == "cluster":
                    ground.get("spec", {}).get("clusters", {}).pop(steps[0].said["name"], None)
                yield from steps
            if isinstance(document, Project):
                self.project = document.metadata.name

    def _checked(self, document: Any, steps: list[Step]) -> list[Step]:
        """The calls, if they make this very document; else the document itself."""
        composer = Composer()
        composer.stand_in(self.project, self.members)
        for step in steps:
            composer.take(step)
        made = [item.data for item in composer.documents if item.data["kind"] != Underlay.RESOURCE.kind]
        sound = len(made) == 1 and not composer.problems and all(_suffices(step.call, step.said) for step in steps)
        if sound and read_document(made[0]) == (document, []):
            self._remember(steps[0])
            return steps
        return [_verbatim(document)]

    def _remember(self, step: Step) -> None:
        if step.call == "cluster":
            self.members.setdefault(step.said.get("project", self.project), []).append(step.said["name"])

    def _one(self, call: str, data: dict[str, Any], ground: dict[str, Any]) -> Step:
        rest = _rest(data)
        said: dict[str, Any] = {}
        if call in WORKLOADS:
            pods = said_of(call, data["metadata"].get("name", ""), rest.pop("spec", None))
            said = pods or {}
        elif call == "slice" and isinstance(provider := rest.get("spec", {}).get("sliceGatewayProvider"), dict):
            provider.setdefault("sliceGatewayType", "OpenVPN")
        if call == "qos_profile":
            rest["spec"] = {key: value for key, value in rest["spec"].items() if key not in ("queueType", "tcType")}
        told = split(rest, _CALLS[call].arguments)
        if call == "project":
            rest.get("metadata", {}).pop("namespace", None)
        said |= told | ({"more": rest} if _holds(rest) else {})
        self._abbreviate(call, said, ground)
        return _said(call, said)

    def _abbreviate(self, call: str, said: dict[str, Any], ground: dict[str, Any]) -> None:
        """Leave out what follows from the calls before, or from the other arguments."""
        if said.get("project", _MISSING) == self.project:
            del said["project"]
        project = said.get("project", self.project)
        if call == "cluster":
            clusters = ground.get("spec", {}).get("clusters", {})
            if said["name"] in clusters:
                said |= _grounded(_copy(clusters[said["name"]]))
        elif call == "slice":
            said.setdefault("clusters", ())
            if list(said["clusters"]) == self.members.get(project, []):
                del said["clusters"]
            said.setdefault("gateway", None)
            said.setdefault("qos", None)
            if said["qos"] is None and ("ceiling" in said or "guaranteed" in said):
                del said["qos"]
        elif call == "topology" and said.get("name") == said.get("slice"):
            said.pop("name", None)
        elif call == "export" or call in WORKLOADS:
            if call == "export" and said.get("selector") == {"app": said["name"]}:
                del said["selector"]
            said["name"] = f"{said.pop('namespace', '')}/{said['name']}"

    def _underlay(self, ground: dict[str, Any]) -> Iterator[Step]:
        rest = _rest(ground)
        spec = rest.get("spec", {})
        links = spec.pop("links", [])
        default = spec.pop("defaultLink", None)
        if not spec.get("clusters", True):
            del spec["clusters"]
        said = split(rest, DOCUMENTS["underlay"].arguments)
        said |= {"more": rest} if _holds(rest) else {}
        if said != {"name": "default"} or not (links or default):
            yield _said("underlay", said)
        for link in links:
            between = link.pop("between")
            yield _said("link", {"a": between[0], "b": between[1], **split(link, LINK)})
        if default:
            yield _said("default_link", split(default, DEFAULT_LINK))

    def _scenario(self, data: dict[str, Any]) -> list[Step]:
        rest = _rest(data)
        spec = rest["spec"]
        lists = {place: spec.pop(place, []) for place in ("traffic", "timeline", "expect")}
        told = split(rest, DOCUMENTS["scenario"].arguments)
        steps = [_said("scenario", told | ({"more": rest} if _holds(rest) else {}))]
        for item in lists["traffic"]:
            kind = item.pop("kind")
            known = [
                argument
                for argument in PARTS[kind].arguments
                if argument.name in defaults_of(getattr(WorldBuilder, kind))
            ]
            said = split(item, known)
            steps.append(_said(kind, said | ({"more": item} if item else {})))
        steps += [_item("timeline", item) for item in lists["timeline"]]
        steps += [_item("expect", item) for item in lists["expect"]]
        return steps


def _item(place: str, item: dict[str, Any]) -> Step:
    """A fault or an expectation by the call that says all of it, else verbatim."""
    for call, part in PARTS.items():
        if part.place == place:
            rest = _copy(item)
            said = split(rest, part.arguments)
            clusters = said.pop("clusters", None)
            said |= {"a": clusters[0], "b": clusters[1]} if clusters else {}
            if not rest and _tells(part, said) and _suffices(call, said):
                return _said(call, said)
    if place == "timeline":
        return Step(call="step", said={"fields": item})
    name = item.pop("name")
    return Step(call="expect", said={"name": name, "fields": item})


def _tells(part: Call, said: Mapping[str, Any]) -> bool:
    """Whether it says more than the moment and the name, which every fault has."""
    return "a" in said or any(item.name in said for item in part.arguments if item.name not in ("at", "name"))


def _suffices(call: str, said: Mapping[str, Any]) -> bool:
    """Whether every argument that the call wants is said."""
    wanted = [
        name for name, default in defaults_of(getattr(WorldBuilder, call)).items() if default is inspect.Parameter.empty
    ]
    return all(name in said for name in wanted)


def _grounded(ground: dict[str, Any]) -> dict[str, Any]:
    said = split(ground, CLUSTER_UNDERLAY)
    if not said and not ground:
        return {"pod_cidr": ClusterUnderlay().pod_cidr}  # which it has anyway; but it shall be named in the Underlay
    return said | ({"underlay": ground} if ground else {})


def _said(call: str, said: Mapping[str, Any]) -> Step:
    return Step(call=call, said=what_differs(getattr(WorldBuilder, call), said))


def _rest(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in _copy(data).items() if key not in ("apiVersion", "kind")}


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _holds(rest: Mapping[str, Any]) -> bool:
    """Whether anything is left to say; mappings that the calls make anyway do not count."""
    return any(not (key in ("metadata", "spec") and value == {}) for key, value in rest.items())
