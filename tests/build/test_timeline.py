"""Whatever a timeline can say, calls can: a kind of fault or step that the builder does not know fails here."""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import fields
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from pydantic import TypeAdapter

import kubeslice_sim as ks
from kubeslice_sim import manifest
from kubeslice_sim.build.calls import DOCUMENTS, PARTS
from kubeslice_sim.model.scenario import Fault, ScenarioSpec, TimelineStep, Traffic
from kubeslice_sim.model.world import World
from tests.project import project

WORLD = (
    project("east", "west")
    + """
apiVersion: controller.kubeslice.io/v1alpha1
kind: SliceConfig
metadata: {name: red, namespace: kubeslice-demo}
spec:
  sliceSubnet: 10.1.0.0/16
  clusters: [east, west]
  sliceGatewayProvider: {sliceGatewayType: Wireguard, sliceCaType: Local}
  standardQosProfileName: plain
  namespaceIsolationProfile: {applicationNamespaces: [{namespace: app, clusters: ["*"]}]}
---
apiVersion: controller.kubeslice.io/v1alpha1
kind: SliceQoSConfig
metadata: {name: plain, namespace: kubeslice-demo}
spec: {queueType: HTB, priority: 1, tcType: BANDWIDTH_CONTROL, bandwidthCeilingKbps: 5120, bandwidthGuaranteedKbps: 10,
  dscpClass: AF11}
---
apiVersion: v1
kind: Pod
metadata: {name: one, namespace: app, annotations: {kubeslice-sim.io/clusters: east}}
spec: {containers: [{name: c, image: busybox}]}
"""
)
LISTS = {"traffic", "timeline", "expect"}
"""What scenarios hold in lists has calls of its own."""
PLACES: dict[str, dict[str, Any]] = {
    "gateway": {"slice": "red", "cluster": "east", "peer": "west", "instance": 1},
    "router": {"slice": "red", "cluster": "east"},
    "dns": {"cluster": "east"},
    "pod": {"cluster": "east", "pod": "app/one"},
    "operator": {"cluster": "controller"},
    "node": {"cluster": "east", "node": "east-gw-1"},
    "sidecar": {"slice": "red", "cluster": "east", "peer": "west"},
    "down": {"cluster": "controller"},
    "slow": {"cluster": "east", "slower": "2s"},
    "watches": {"cluster": "west"},
    "fail": {"slice": "red"},
    "ahead": {"cluster": "east", "by": "5m"},
    "behind": {"cluster": "controller", "by": "10s"},
}
"""Where each thing that breaks is, and by how much."""
OTHERS: dict[str, Any] = {
    "partition": ["east", "controller"],
    "link": {"between": ["east", "west"], "rtt": "200ms", "loss": "1%"},
}
NAMED = {"kind": "Pod", "metadata": {"name": "one", "namespace": "app"}}
STEPS: dict[str, Any] = {
    "restore": "all",
    "apply": [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "new"}}],
    "patch": {**NAMED, "metadata": {**NAMED["metadata"], "labels": {"app": "one"}}},  # type: ignore[dict-item]
    "delete": NAMED,
}


def kinds(noun: type) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The fields of a noun that may be left out as None, with the words that they take."""
    hints = get_type_hints(noun)
    for field in fields(noun):
        options = get_args(hints[field.name]) if get_origin(hints[field.name]) in (Union, types.UnionType) else ()
        words = [word for option in options if get_origin(option) is Literal for word in get_args(option)]
        if type(None) in options and field.default is None:
            yield field.name, tuple(words)


def faults() -> Iterator[dict[str, Any]]:
    amounts = {"slower_s", "by_s", "instance"}
    for name, words in kinds(Fault):
        if name not in amounts:
            yield from ({name: word, **PLACES[word]} for word in words) if words else ({name: OTHERS[name]},)


def steps() -> Iterator[dict[str, Any]]:
    for fault in faults():
        yield {"fault": fault}
        yield {"fault": {"name": "it", **fault}}
    for field in fields(TimelineStep):
        if field.name not in ("at_s", "fault"):
            yield {field.name: STEPS[field.name]}


def world_of(step: dict[str, Any]) -> World:
    told = {"duration": "60s", "timeline": [{"at": "10s", **step}]}
    scenario = {"apiVersion": "kubeslice-sim.io/v1alpha1", "kind": "Scenario", "metadata": {"name": "s"}, "spec": told}
    return manifest.load_text(f"{WORLD}---\n{scenario}")


@pytest.mark.parametrize("step", list(steps()), ids=str)
def test_calls_and_yaml_agree_on_every_step(step: dict[str, Any]) -> None:
    world = world_of(step)
    program = ks.to_python(world)
    assert ".step(" not in program and ".add(" not in program and "more=" not in program, program
    names: dict[str, Any] = {}
    exec(program, names)  # noqa: S102 - our own text
    assert names["world"] == world


def test_a_mistake_is_told_at_its_argument() -> None:
    builder = ks.world().project("demo").cluster("a").scenario("s", "60s").set_clock("ahead", "5", "a", at="1s")
    with pytest.raises(ks.BadInput, match=r"set_clock\(.*\)\.by"):
        builder.build()


def test_calls_and_yaml_agree_on_every_field_of_traffic() -> None:
    arguments = {item.path[0] for item in PARTS["http"].arguments} | {"kind"}
    assert set(TypeAdapter(Traffic).json_schema()["properties"]) == arguments
    spec = set(TypeAdapter(ScenarioSpec).json_schema()["properties"])
    assert spec == {item.path[1] for item in DOCUMENTS["scenario"].arguments if item.path[0] == "spec"} | LISTS
    world = (
        ks.world()
        .project("demo")
        .cluster("a")
        .slice("red", "10.1.0.0/16", "a", ceiling="2Mbit", guaranteed="1Mbit", namespaces=["app"])
        .pod("app/one", on="a")
        .scenario("s", "60s", engine="packet", warm_up="5s")
        .tcp("bulk", "app/one@a", "10.1.0.1:80", size="1MB", engine="fluid")
        .udp("drops", "app/one@a", "10.1.0.1:80", rate="1Mbit", duration="5s", engine="packet")
        .build()
    )
    program = ks.to_python(world)
    assert "more=" not in program
    names: dict[str, Any] = {}
    exec(program, names)  # noqa: S102 - our own text
    assert names["world"] == world
