"""Calls → documents: what each call writes, and into which document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kubeslice_sim.build.argument import Argument
from kubeslice_sim.build.calls import (
    CLUSTER_UNDERLAY,
    DEFAULT_LINK,
    DOCUMENTS,
    LINK,
    PARTS,
    WORKLOADS,
    WRITTEN,
    Call,
)
from kubeslice_sim.build.step import Step
from kubeslice_sim.build.workload import body
from kubeslice_sim.build.written import Written, begun, write
from kubeslice_sim.errors import Problem
from kubeslice_sim.model.field_path import FieldPath

_EVERY = "*"
_HUB = ("cluster", "qos_profile", "slice")


class Composer:
    """Takes calls one by one; ``documents`` and ``problems`` are what came of them."""

    def __init__(self) -> None:
        self.documents: list[Written] = []
        self.problems: list[Problem] = []
        self._project: str | None = None
        self._clusters: dict[str, list[str]] = {}
        self._underlay: Written | None = None
        self._scenario: Written | None = None

    def stand_in(self, project: str | None, clusters: Mapping[str | None, list[str]]) -> None:
        """Go on where other calls ended: with this latest project, and these clusters of each."""
        self._project = project
        self._clusters = {str(name): list(members) for name, members in clusters.items()}

    def take(self, step: Step) -> None:
        """Write what the call says."""
        special: dict[str, Callable[[Step], None]] = {
            "underlay": self._name_underlay, "link": self._link, "default_link": self._default_link, "add": self._add,
            "step": self._step, "expect": self._expect,
        }  # fmt: skip
        if step.call in special:
            special[step.call](step)
        elif step.call in PARTS:
            self._part(step)
        else:
            self._document(step, {**DOCUMENTS, **WORKLOADS}[step.call])

    def _document(self, step: Step, call: Call) -> None:
        document = begun(step, call.api_version, call.kind)
        for path, value in call.constants.items():
            document.data.setdefault(path[0], {})[path[1]] = value
        said = self._settled(step)
        self.problems += write(document, step, said, call.arguments)
        if step.call in WORKLOADS:
            document.data["spec"] = body(step.call, said["name"], said)
            document.origins[("spec",)] = (step, "")
        self.documents.append(document)
        if step.call == "project":
            self._project = str(said["name"])
        elif step.call == "cluster":
            self._clusters.setdefault(str(said["project"]), []).append(said["name"])
            self._ground(step, said)
        elif step.call == "scenario":
            self._scenario = document

    def _settled(self, step: Step) -> dict[str, Any]:
        """What was said, and what follows from earlier calls and other arguments."""
        said = {**WRITTEN.get(step.call, {}), **step.said}
        if step.call in _HUB:
            said["project"] = said.get("project") or self._project
            if said["project"] is None:
                what = "a document of KubeSlice's stands in a project"
                self._tell(step, what, 'call .project("demo") before, or say project=')
        if step.call == "slice":
            if said["clusters"] == _EVERY:
                said["clusters"] = list(self._clusters.get(str(said["project"]), ()))
            if said.get("ceiling") is None and said.get("guaranteed") is None:
                said["priority"] = said["dscp"] = None
            elif said["qos"] == "default":
                said["qos"] = None
        elif step.call == "topology":
            said.setdefault("name", said["slice"])
        elif step.call == "export" or step.call in WORKLOADS:
            namespace, slash, name = str(said["name"]).rpartition("/")
            said |= {"namespace": namespace if slash else None, "name": name}
            if step.call == "export":
                if not slash:
                    self._tell(step, "the name needs its namespace", f'write it as "shop/{name}"')
                said.setdefault("selector", {"app": name})
        return said

    def _ground(self, step: Step, said: Mapping[str, Any]) -> None:
        more = said.get("underlay")
        if more is None and all(said.get(argument.name) in (None, ()) for argument in CLUSTER_UNDERLAY):
            return
        place = ("spec", "clusters", said["name"])
        self._write_ground(step, {**said, "more": more}, CLUSTER_UNDERLAY, place)

    def _link(self, step: Step) -> None:
        ground = self._the_underlay(step)
        number = len(ground.data.setdefault("spec", {}).setdefault("links", []))
        ground.data["spec"]["links"].append({"between": [step.said["a"], step.said["b"]]})
        ground.origins[("spec", "links", number)] = (step, "")
        self._write_ground(step, step.said, LINK, ("spec", "links", number))

    def _default_link(self, step: Step) -> None:
        self._write_ground(step, step.said, DEFAULT_LINK, ("spec", "defaultLink"))

    def _write_ground(self, step: Step, said: Mapping[str, Any], known: tuple[Argument, ...], place: FieldPath) -> None:
        ground = self._the_underlay(step)
        self.problems += write(ground, step, said, known, place)
        ground.origins.setdefault(place, (step, ""))

    def _name_underlay(self, step: Step) -> None:
        self.problems += write(self._the_underlay(step), step, step.said, DOCUMENTS["underlay"].arguments)

    def _the_underlay(self, step: Step) -> Written:
        if self._underlay is None:
            call = DOCUMENTS["underlay"]
            self._underlay = begun(step, call.api_version, call.kind)
            self._underlay.data["metadata"] = {"name": "default"}
            self.documents.append(self._underlay)
        return self._underlay

    def _part(self, step: Step) -> None:
        part = PARTS[step.call]
        said = {**WRITTEN.get(step.call, {}), **step.said}
        if "a" in said:
            said["clusters"] = [said["a"], said["b"]]
        place = self._place(step, part.place)
        if place is not None and self._scenario is not None:
            self._scenario.data["spec"][part.place].append({path[0]: value for path, value in part.constants.items()})
            self.problems += write(self._scenario, step, said, part.arguments, place)

    def _step(self, step: Step) -> None:
        self._verbatim(step, "timeline", dict(step.said.get("fields", {})))

    def _expect(self, step: Step) -> None:
        self._verbatim(step, "expect", {"name": step.said["name"], **step.said.get("fields", {})})

    def _verbatim(self, step: Step, list_name: str, item: dict[str, Any]) -> None:
        if self._place(step, list_name) is not None and self._scenario is not None:
            self._scenario.data["spec"][list_name].append(item)

    def _place(self, step: Step, list_name: str) -> FieldPath | None:
        """Where the next item of the latest scenario's list stands."""
        if self._scenario is None:
            self._tell(step, f"{step.call} belongs to a scenario", 'call .scenario("tour", "60s") before')
            return None
        items = self._scenario.data.setdefault("spec", {}).setdefault(list_name, [])
        place = ("spec", list_name, len(items))
        self._scenario.origins[place] = (step, "")
        return place

    def _add(self, step: Step) -> None:
        for data in step.said.get("documents", ()):
            if isinstance(data, Mapping):
                self.documents.append(Written(step.file, (step.line, None), dict(data), {(): (step, "")}, step))
            else:
                self._tell(step, f"a document should be a mapping of fields, not {type(data).__name__}", "")

    def _tell(self, step: Step, message: str, hint: str) -> None:
        self.problems.append(Problem(file=step.file, line=step.line, path=step.title, message=message, hint=hint))
