"""The controller's loops, at rest after every recorded request, leave the objects that the real controller left."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kubeslice_sim.apiserver import read_steps
from kubeslice_sim.controlplane.rehearsal import rehearse
from kubeslice_sim.manifest import load_text
from tests.planner import oracle

OF_EVERY_CLUSTER = frozenset({"default", "kube-system", "kubeslice-controller"})
"""Namespaces that were there before; the recording leaves them out."""


def test_there_are_sequences(shared: Path) -> None:
    assert sum(len(oracle.steps(case)) for case in oracle.sequences()) >= 40


@pytest.mark.parametrize("case", oracle.sequences(), ids=lambda case: case.name)
def test_every_step_leaves_what_the_real_controller_left(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = load_text(yaml.safe_dump_all(oracle.setup_of(case)))
    files = oracle.steps(case)
    played = rehearse(world, [(path.name, read_steps(path)) for path in files])
    setup = case / "00-setup-input.yaml"
    objects, found = 0, []
    for path, moment in zip((setup, *files), played.moments, strict=True):
        ours = [dict(item) for item in moment.objects if item["metadata"]["name"] not in OF_EVERY_CLUSTER]
        theirs = oracle.outcome_of_step(path)
        theirs = [item for item in theirs if item["metadata"]["name"] not in OF_EVERY_CLUSTER]
        objects += sum(item["kind"] in oracle.KINDS for item in theirs)
        found += [f"{path.name}: {line}" for line in oracle.differences(ours, theirs)]
        assert moment.settled
    with capsys.disabled():
        print(f" {len(files)} steps, {objects} objects, {len(found)} differences ", end="")
    assert found == []


@pytest.mark.parametrize("case", oracle.sequences(), ids=lambda case: case.name)
def test_the_same_requests_are_refused(case: Path) -> None:
    recorded = yaml.safe_load((case / "meta.yaml").read_text())["steps"]
    real = [verdict["code"] < 300 for step in recorded if step["step"] != "00-setup" for verdict in step["verdicts"]]
    world = load_text(yaml.safe_dump_all(oracle.setup_of(case)))
    played = rehearse(world, [(path.name, read_steps(path)) for path in oracle.steps(case)])
    assert [answer.allowed for moment in played.moments for answer in moment.answers] == real
