"""Documents → World; and which document of the world came from where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kubeslice_sim.errors import Problem
from kubeslice_sim.manifest.builtin import troubles_of
from kubeslice_sim.manifest.explain import Trouble
from kubeslice_sim.manifest.kinds import Undecodable, decode_as, noun_for
from kubeslice_sim.manifest.placeholder import salvage
from kubeslice_sim.manifest.source import Source
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.field_path import FieldPath
from kubeslice_sim.model.frozen import FrozenMap, thaw
from kubeslice_sim.model.kinds import WORLD_NOUNS
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.scenario import Scenario
from kubeslice_sim.model.underlay import Underlay
from kubeslice_sim.model.world import World

PLACES: Mapping[str, str] = {
    "Project": "projects",
    "Cluster": "clusters",
    "SliceConfig": "slices",
    "SliceTopology": "topologies",
    "SliceQosConfig": "qos_profiles",
    "ServiceExport": "exports",
    "KubernetesObject": "objects",
    "Scenario": "scenarios",
}
"""Which tuple of the World holds which noun (the Underlay stands alone)."""


@dataclass(slots=True)
class Draft:
    """What has been read so far. ``troubled`` names the documents that are wrong or stand for a wrong one."""

    documents: list[Any] = field(default_factory=list)
    sources: dict[int, Source] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    troubled: set[ObjectKey] = field(default_factory=set)
    troubled_paths: dict[int, list[FieldPath]] = field(default_factory=dict)
    nouns: tuple[Any, ...] = (*WORLD_NOUNS, KubernetesObject)
    """What may be read; of other kinds there is nothing to say for a user."""

    def add(self, source: Source) -> None:
        """Decode one document and keep it; its troubles become problems."""
        document, troubles = read_document(source.data, self.nouns)
        self.problems += [source.problem(item.path, item.message, item.hint) for item in troubles]
        if troubles:
            self.troubled.add(_key_of(source.data))
        if document is not None:
            self.documents.append(document)
            self.sources[id(document)] = source
            self.troubled_paths[id(document)] = [item.path for item in troubles]

    def world(self, name: str) -> World:
        """The world of the documents; a second Underlay is a problem and left out."""
        places: dict[str, list[Any]] = {place: [] for place in PLACES.values()}
        underlays = []
        for document in self.documents:
            if isinstance(document, Underlay):
                underlays.append(document)
            elif type(document).__name__ in PLACES:
                places[PLACES[type(document).__name__]].append(document)
        for extra in underlays[1:]:
            first = self.sources[id(underlays[0])]
            hint = f"the first is {first.file}:{first.line}"
            self.problems.append(self.sources[id(extra)].problem((), "a world has at most one Underlay", hint))
        fields: dict[str, Any] = {place: tuple(found) for place, found in places.items()}
        if underlays:
            fields["underlay"] = underlays[0]
        return World(name=name, **fields)


def unfolded(sources: Iterable[Source]) -> Iterator[Source]:
    """The documents, with those of a Kubernetes ``List`` one by one."""
    for source in sources:
        items = source.data.get("items")
        if source.data.get("kind") == "List" and isinstance(items, list):
            for index, item in enumerate(items):
                yield source.part(("items", index)) if isinstance(item, dict) else source
        else:
            yield source


def read_document(
    data: Mapping[str, Any], nouns: tuple[Any, ...] = (*WORLD_NOUNS, KubernetesObject)
) -> tuple[Any, list[Trouble]]:
    """The document (with troubles: what can be saved of it, or None), and everything wrong with it field by field."""
    try:
        noun = noun_for(data)
    except Undecodable as error:
        return None, error.troubles
    if noun not in nouns:
        hint = "leave it out: it follows from the SliceConfig, the Clusters and the ServiceExports"
        return None, [Trouble(("kind",), f"a {data['kind']} is made by KubeSlice, not by the user", hint)]
    troubles = troubles_of(data["kind"], data) if noun is KubernetesObject else []
    try:
        document = decode_as(noun, data)
    except Undecodable as error:
        troubles = [*error.troubles, *troubles]
        document = salvage(noun, data, troubles)
    if noun is KubernetesObject and troubles and document is not None:
        document = replace(document, body=FrozenMap())  # a body that is wrong is not to be read any further
    if isinstance(document, Scenario):
        troubles += _requests(document)
    return document, troubles


def _requests(scenario: Scenario) -> Iterator[Trouble]:
    """What is wrong with the documents that a scenario's timeline applies."""
    for index, step in enumerate(scenario.spec.timeline):
        for number, request in enumerate(step.apply):
            at: FieldPath = ("spec", "timeline", index, "apply", number)
            for trouble in read_document(thaw(request))[1]:
                yield Trouble((*at, *trouble.path), trouble.message, trouble.hint, trouble.missing)


def _key_of(data: Mapping[str, Any]) -> ObjectKey:
    metadata = data.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    return ObjectKey(str(data.get("kind")), str(metadata.get("namespace") or ""), str(metadata.get("name") or ""))
