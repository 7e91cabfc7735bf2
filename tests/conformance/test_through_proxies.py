"""The same questions of verify, the simulator and the emulator: who gets through Istio's proxies, and to whose pods."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import kubeslice_sim as ks
from emulator.kernel import search_path
from kubeslice_sim.manifest import dump, load_text
from kubeslice_sim.model.scenario import Expectation, Reach, Traffic
from kubeslice_sim.model.world import World
from kubeslice_sim.observe.run import Run

MORE = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: ratings, namespace: bookinfo,
  annotations: {kubeslice-sim.io/clusters: worker-2, kubeslice-sim.io/emulate: http-echo}}
spec: {replicas: 2, selector: {matchLabels: {app: ratings}}, template: {metadata: {labels: {app: ratings}},
  spec: {containers: [{name: c, image: bookinfo, ports: [{containerPort: 9080}]}]}}}
---
apiVersion: networking.kubeslice.io/v1beta1
kind: ServiceExport
metadata: {name: ratings, namespace: bookinfo, annotations: {kubeslice-sim.io/clusters: worker-2}}
spec: {slice: red, selector: {matchLabels: {app: ratings}}, ports: [{name: http, containerPort: 9080, protocol: TCP}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: store, namespace: bookinfo,
  annotations: {kubeslice-sim.io/clusters: "worker-1,worker-2", kubeslice-sim.io/emulate: http-echo}}
spec: {selector: {matchLabels: {app: store}}, template: {metadata: {labels: {app: store}},
  spec: {containers: [{name: c, image: bookinfo, ports: [{containerPort: 5432}, {containerPort: 5433}]}]}}}
---
apiVersion: networking.kubeslice.io/v1beta1
kind: ServiceExport
metadata: {name: near, namespace: bookinfo, annotations: {kubeslice-sim.io/clusters: worker-1}}
spec: {slice: red, selector: {matchLabels: {app: store}}, ports: [{name: tcp, containerPort: 5432, protocol: TCP}]}
---
apiVersion: networking.kubeslice.io/v1beta1
kind: ServiceExport
metadata: {name: far, namespace: bookinfo, annotations: {kubeslice-sim.io/clusters: worker-2}}
spec: {slice: red, selector: {matchLabels: {app: store}}, ports: [{name: tcp, containerPort: 5432, protocol: TCP}]}
"""
EGRESS, INGRESS, PLAIN = "bookinfo/productpage@worker-1", "bookinfo/reviews@worker-2", "bookinfo/productpage@worker-3"
"""Pods with a sidecar and an egress gateway, with a sidecar and none, and without a sidecar."""
QUESTIONS = {
    (EGRESS, "ratings.bookinfo.svc.slice.local:9080"): True,
    (EGRESS, "reviews.bookinfo.svc.slice.local:9080"): True,
    (EGRESS, "near.bookinfo.svc.slice.local:5432"): False,  # TCP: the egress gateway has no port for it
    (EGRESS, "far.bookinfo.svc.slice.local:5432"): False,
    (EGRESS, "near.bookinfo.svc.slice.local:5433"): True,  # not the service's port, so nobody leads it anywhere
    (INGRESS, "ratings.bookinfo.svc.slice.local:9080"): True,
    (INGRESS, "near.bookinfo.svc.slice.local:5432"): True,  # no egress gateway: TCP goes where DNS leads
    (INGRESS, "far.bookinfo.svc.slice.local:5432"): False,
    (PLAIN, "ratings.bookinfo.svc.slice.local:9080"): False,
    (PLAIN, "ratings.bookinfo.svc.slice.local:8080"): True,
    (PLAIN, "near.bookinfo.svc.slice.local:5432"): True,
    (PLAIN, "far.bookinfo.svc.slice.local:5432"): False,
}
SHARED = ("ratings", "reviews")
"""Two services with the same port behind the same ingress gateway: only the Host header tells them apart."""


@pytest.fixture(scope="module")
def world(root: Path) -> World:
    first = ks.load(root / "tests/golden/plans/east-west.yaml")
    known = load_text(f"{dump(replace(first, scenarios=()))}\n---{MORE}")
    asked = tuple(_asked(number, *question) for number, question in enumerate(QUESTIONS))
    loads = tuple(
        Traffic(name=name, kind="http", from_=EGRESS, to=f"{name}.bookinfo.svc.slice.local:9080", start_s=1.0,
                requests_per_second=8.0)
        for name in SHARED
    )  # fmt: skip
    scenario = first.scenario()
    spec = replace(scenario.spec, duration_s=6.0, expect=asked, traffic=loads)
    return replace(known, scenarios=(replace(scenario, spec=spec),))


def _asked(number: int, source: str, target: str) -> Expectation:
    wish = Reach(from_=source, to=target)
    if QUESTIONS[source, target]:
        return Expectation(name=f"question {number}", reach=wish, by_s=5.0)
    return Expectation(name=f"question {number}", no_reach=wish)


def answers(result: ks.RunResult) -> dict[tuple[str, str], str]:
    outcomes = {verdict.name: verdict.outcome for verdict in result.verdicts}
    return {question: outcomes[f"question {number}"] for number, question in enumerate(QUESTIONS)}


def served(run: Run, name: str) -> set[str]:
    """The workloads that answered a traffic's requests."""
    rows = [row for row in run.observations if row.probe == name and row.metric == "request_s"]
    assert rows
    return {row.detail.partition("@")[0].rpartition("/")[2].rpartition("-")[0] for row in rows}


def test_verify_says_who_gets_through(world: World) -> None:
    assert {question: ks.verify(world, *question).allowed for question in QUESTIONS} == QUESTIONS


def test_the_simulator_agrees(world: World) -> None:
    result = ks.simulate(world)
    assert answers(result) == dict.fromkeys(QUESTIONS, "passed")
    assert {name: served(result.run, name) for name in SHARED} == {name: {name} for name in SHARED}


@pytest.mark.needs_sandbox
@pytest.mark.skipif(shutil.which("haproxy", path=search_path()) is None, reason="haproxy is not installed")
def test_the_emulator_agrees(world: World) -> None:
    result = ks.emulate(world)
    assert answers(result) == dict.fromkeys(QUESTIONS, "passed"), result.run.notices
    assert {name: served(result.run, name) for name in SHARED} == {name: {name} for name in SHARED}
