"""What is written is what is read: single documents, and whole worlds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kubeslice_sim import manifest
from kubeslice_sim.manifest.yaml_text import parse
from kubeslice_sim.model.kinds import NOUNS
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.world import World
from tests.manifest.worlds import JSON, TEXT, kubernetes_objects, nouns, worlds

SCENARIOS = sorted(folder for folder in (Path(__file__).parents[2] / "scenarios").iterdir() if folder.is_dir())
slow = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@pytest.mark.parametrize("folder", SCENARIOS, ids=lambda folder: folder.name)
def test_every_scenario_survives_writing_and_reading(folder: Path) -> None:
    world = manifest.load(folder)
    again = manifest.load_text(manifest.dump(world))
    assert again == world
    assert manifest.dump(again) == manifest.dump(world)


@given(worlds())
@settings(slow, max_examples=60, phases=set(Phase) - {Phase.shrink})  # shrinking a whole world takes minutes
def test_every_world_survives_writing_and_reading(world: World) -> None:
    text = manifest.dump(world)
    if text:
        assert manifest.load_text(text, admit=False) == world


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.__name__)
def test_every_kind_survives_encoding_and_decoding(noun: Any) -> None:
    @given(nouns(noun))
    @settings(slow, max_examples=25)
    def check(document: Any) -> None:
        assert manifest.decode(manifest.encode(document)) == document

    check()


@given(kubernetes_objects())
@settings(slow, max_examples=50)
def test_built_in_objects_are_kept_verbatim(document: KubernetesObject) -> None:
    assert manifest.decode(manifest.encode(document)) == document


@given(st.dictionaries(TEXT, JSON, max_size=4))
@settings(slow, max_examples=300)
def test_kubectl_reads_what_we_write_as_we_do(data: dict[str, Any]) -> None:
    text = manifest.dump_documents([data])
    assert yaml.safe_load(text) == data  # YAML 1.1, as kubectl's reader
    (source,), problems = parse(text, "f")
    assert (source.data, problems) == (data, [])


def test_defaults_and_an_empty_status_are_not_written() -> None:
    world = manifest.load_text("""
apiVersion: controller.kubeslice.io/v1alpha1
kind: Project
metadata: {name: demo, namespace: kubeslice-controller, labels: {}}
spec: {defaultSliceCreation: false, serviceAccount: {readOnly: []}}
status: {}
""")
    assert manifest.encode(world.projects[0]) == {
        "apiVersion": "controller.kubeslice.io/v1alpha1", "kind": "Project",
        "metadata": {"name": "demo", "namespace": "kubeslice-controller"},
    }  # fmt: skip


def test_a_slot_of_zero_is_written_and_none_is_not() -> None:
    data = {
        "apiVersion": "worker.kubeslice.io/v1alpha1", "kind": "WorkerSliceConfig",
        "metadata": {"name": "red-worker-1", "namespace": "kubeslice-demo"}, "spec": {"sliceName": "red", "octet": 0},
    }  # fmt: skip
    assert manifest.encode(manifest.decode(data)) == data
    del data["spec"]["octet"]  # type: ignore[attr-defined]
    assert manifest.encode(manifest.decode(data)) == data
