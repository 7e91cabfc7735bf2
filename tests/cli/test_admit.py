"""``ksim admit``: requests read from files, answers for people and for machines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import kubeslice_sim as ks
from kubeslice_sim.apiserver import read_steps
from kubeslice_sim.cli import execute
from kubeslice_sim.errors import BadInput
from kubeslice_sim.manifest import load_text
from tests.admit.standing import NOW, WORLD, write

REQUESTS = """
- {id: joins, op: merge-patch, target: [SliceConfig, red], patch: {spec: {clusters: [worker-1, worker-2, worker-3]}}}
- {op: delete, target: [SliceQoSConfig, gold]}
- op: create
  object:
    apiVersion: controller.kubeslice.io/v1alpha1
    kind: Cluster
    metadata: {name: here, namespace: kubeslice-demo}
    spec: {clusterProperty: {geoLocation: {latitude: 1e1, longitude: "2"}}}
"""


def test_answers_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state, requests = write(tmp_path, "world.yaml", WORLD), write(tmp_path, "requests.yaml", REQUESTS)
    assert execute(["admit", "--state", state, requests, "-o", "json"]) == 1
    joins, used, here = json.loads(capsys.readouterr().out)
    assert list(joins) == ["id", "allowed", "rule", "field", "message", "stored"]
    assert (joins["id"], joins["allowed"], joins["rule"]) == ("joins", True, "")
    assert joins["stored"]["clusters"] == ["worker-1", "worker-2", "worker-3"]
    assert (used["id"], used["allowed"], used["rule"], used["stored"]) == ("2", False, "qos-profile-unused", None)
    assert here["stored"]["clusterProperty"]["geoLocation"] == {"latitude": "1e1", "longitude": "2"}


def test_answers_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = write(tmp_path, "world.yaml", WORLD)
    cluster = "apiVersion: controller.kubeslice.io/v1alpha1\nkind: Cluster\nmetadata: {name: new, namespace: %s}\n"
    requests = write(tmp_path, "new.yaml", cluster % "kubeslice-demo")
    assert execute(["admit", "--state", state, requests]) == 0
    assert capsys.readouterr().out == "1: allowed\n1 allowed, 0 refused\n"
    requests = write(tmp_path, "bad.yaml", cluster % "default")
    assert execute(["admit", "--state", state, requests]) == 1
    assert capsys.readouterr().out == (
        '1: refused: metadata.namespace: a Cluster must be applied on a project\'s namespace: "default" is no '
        "project's namespace (write namespace: kubeslice-demo) [in-project-namespace]\n0 allowed, 1 refused\n"
    )


def test_the_state_may_hold_what_kubeslice_made(tmp_path: Path) -> None:
    exported = """---
apiVersion: controller.kubeslice.io/v1alpha1
kind: ServiceExportConfig
metadata: {name: web-shop-worker-1, namespace: kubeslice-demo}
spec: {serviceName: web, serviceNamespace: shop, sourceCluster: worker-1, sliceName: red}
"""
    requests = write(tmp_path, "requests.yaml", "- {op: delete, target: [SliceConfig, red]}\n")
    assert execute(["admit", "--state", write(tmp_path, "a.yaml", WORLD), requests]) == 0
    assert execute(["admit", "--state", write(tmp_path, "b.yaml", WORLD + exported), requests]) == 1


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("- {op: replace, target: [SliceConfig, red]}", 1, "op is one of create"),
        ("- {op: delete}", 1, "names its target"),
        ("- {op: delete, target: red}", 1, "names its target"),
        ("- op: merge-patch\n  target: [SliceConfig, red]", 1, "needs a patch"),
        ("- op: create", 1, "needs an object"),
        ("- op: delete\n  targets: [SliceConfig, red]", 2, "did you mean target?"),
        ("- {}\n", 1, "op is one of"),
        ("[1, 2]", 1, "not a mapping"),
        ("", 0, "there are no requests"),
    ],
)
def test_a_bad_file_of_requests_says_where(tmp_path: Path, text: str, line: int, word: str) -> None:
    file = write(tmp_path, "requests.yaml", text)
    with pytest.raises(BadInput) as caught:
        read_steps(file)
    (problem,) = caught.value.problems
    assert (problem.line or 0, word in str(problem)) == (line, True), str(problem)
    assert execute(["admit", "--state", write(tmp_path, "world.yaml", WORLD), file]) == 2


def test_a_world_in_python_answers_requests_in_python() -> None:
    world = load_text(WORLD)
    used, free = ks.admit(
        world,
        {"id": "used", "op": "delete", "target": ["SliceQoSConfig", "gold"]},
        {
            "op": "merge-patch",
            "target": ["SliceConfig", "red"],
            "patch": {"spec": {"renewBefore": "2026-05-01T00:00:00Z"}},
        },
        now=NOW,
    )
    assert (used.id, used.allowed, free.id, free.allowed) == ("used", False, "2", True)
    with pytest.raises(BadInput, match="names its target"):
        ks.admit(world, {"op": "delete"})
    with pytest.raises(BadInput, match="no requests"):
        ks.admit(world)


def test_a_bad_state_is_bad_input(tmp_path: Path) -> None:
    requests = write(tmp_path, "requests.yaml", "- {op: delete, target: [SliceConfig, red]}\n")
    assert execute(["admit", "--state", str(tmp_path / "absent.yaml"), requests]) == 2
    assert execute(["admit", "--state", write(tmp_path, "odd.yaml", "kind: Cluster\n"), requests]) == 2
