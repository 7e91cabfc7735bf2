"""The certificate Jobs are those that the real controller made, down to the request that the generator reads."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubeslice_sim.apiserver import read_steps
from kubeslice_sim.controlplane.built_in import built_in
from kubeslice_sim.controlplane.hub import labels
from kubeslice_sim.controlplane.hub.job import JOB
from kubeslice_sim.controlplane.reconciler import NOTHING, View
from kubeslice_sim.controlplane.rehearsal import rehearse
from kubeslice_sim.controlplane.table import ObjectTable
from kubeslice_sim.manifest import load_text
from kubeslice_sim.model.document import ObjectMeta, key_of
from kubeslice_sim.model.project import CONTROLLER_NAMESPACE
from kubeslice_sim.model.timing import KUBESLICE
from kubeslice_sim.model.underlay import Underlay
from tests.planner import oracle

SEQUENCES = [case for case in oracle.sequences() if any(case.glob("*-jobs.yaml"))]


def test_there_are_recorded_jobs(shared: Path) -> None:
    assert sum(len(_recorded(path)) for case in SEQUENCES for path in case.glob("*-jobs.yaml")) >= 100


@pytest.mark.parametrize("case", SEQUENCES, ids=lambda case: case.name)
def test_every_pair_has_the_job_that_the_real_controller_made(case: Path) -> None:
    """Jobs stay for a day, whatever became of their pair."""
    files = oracle.steps(case)
    world = load_text(yaml.safe_dump_all(oracle.setup_of(case)))
    played = rehearse(world, [(path.name, read_steps(path)) for path in files])
    for path, moment in zip(files, played.moments[1:], strict=True):
        ours = [_told(item) for item in moment.objects if item["kind"] == "Job"]
        theirs = _recorded(path.with_name(path.name.replace("-input", "-jobs")))
        assert _texts(ours) == _texts(theirs), path.name


def _recorded(path: Path) -> list[dict[str, Any]]:
    """The Jobs of a recording, whose requests stand there decoded."""
    found = [item for item in yaml.safe_load_all(path.read_text()) if item] if path.exists() else []
    for item in found:
        for variable in _environment(item):
            if "value_decoded" in variable:
                variable["value"] = variable.pop("value_decoded")
    return [_plain(item) for item in found]


def _told(job: Mapping[str, Any]) -> dict[str, Any]:
    item: dict[str, Any] = json.loads(json.dumps(job))
    for variable in _environment(item):
        if variable["name"] == "CERT_GEN_REQUESTS":
            text = b64decode(variable["value"]).decode()
            assert text.endswith("}\n")
            variable["value"] = json.loads(text)
    return _plain(item)


def _plain(job: Mapping[str, Any]) -> dict[str, Any]:
    """What is asked for, without a random name and the order of variables, which follows from a Go map."""
    found = {"labels": job["metadata"]["labels"], "namespace": job["metadata"]["namespace"], "spec": job["spec"]}
    _environment(job).sort(key=lambda variable: str(variable["name"]))
    return found


def _environment(job: Mapping[str, Any]) -> list[dict[str, Any]]:
    environment: list[dict[str, Any]] = job["spec"]["template"]["spec"]["containers"][0]["env"]
    return environment


def _texts(jobs: Iterable[Mapping[str, Any]]) -> list[str]:
    return sorted(yaml.safe_dump(job) for job in jobs)


def test_jobs_of_others_are_left_alone() -> None:
    """A CronJob's, a helm hook's: with every field that ours have, or with none of them."""
    own = {"containers": [{"name": "c", "image": "i", "env": [{"name": "SLICE_NAME", "value": "red"}]}]}
    bodies: tuple[dict[str, object], ...] = (
        {"spec": {}}, {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "i"}]}}}},
        {"spec": {"ttlSecondsAfterFinished": 1, "template": {"spec": own}},
         "status": {"conditions": [{"type": "Complete", "status": "True"}]}},
    )  # fmt: skip
    table = ObjectTable()
    for place, body in enumerate(bodies):
        job = built_in("Job", CONTROLLER_NAMESPACE, f"job-{place}", labels={labels.JOB_SLICE: "red"}, body=body)
        table.put(job)
        view = View(cluster="hub", hub=table, local=table, sidecars={}, timing=KUBESLICE,
                    underlay=Underlay(metadata=ObjectMeta(name="none")))  # fmt: skip
        assert JOB.reconcile(key_of(job), view, 1e9) == NOTHING
