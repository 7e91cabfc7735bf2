"""The schema for editors says yes to every scenario and no to what the loader refuses field by field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from kubeslice_sim import manifest
from kubeslice_sim.errors import BadInput

SCENARIOS = sorted((Path(__file__).parents[2] / "scenarios").glob("*/*.yaml"))
VALIDATOR = jsonschema.Draft202012Validator(manifest.json_schema())


def test_the_schema_itself_is_sound() -> None:
    jsonschema.Draft202012Validator.check_schema(manifest.json_schema())


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_every_scenario_fits(file: Path) -> None:
    for document in yaml.safe_load_all(file.read_text()):
        VALIDATOR.validate(document)


def underlay(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "kubeslice-sim.io/v1alpha1", "kind": "Underlay", "metadata": {"name": "u"}, "spec": spec}


def slice_config(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "controller.kubeslice.io/v1alpha1", "kind": "SliceConfig",
        "metadata": {"name": "s", "namespace": "kubeslice-p"}, "spec": spec,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("document", "fits"),
    [
        (underlay(links=[{"between": ["a", "b"], "rtt": "35ms", "loss": 0.1}]), True),
        (underlay(links=[{"between": ["a", "b"], "rtt": 0}]), True),
        (underlay(links=[{"between": ["a", "b"], "rtt": "35"}]), False),
        (underlay(links=[{"between": ["a", "b"], "rtt": 35}]), False),
        (underlay(links=[{"between": ["a"], "rtt": "35ms"}]), False),
        (underlay(cluster={}), False),
        (slice_config(maxClusters=32), True),
        (slice_config(maxClusters=33), False),
        (slice_config(maxClusters="16"), False),
        (slice_config(sliceGatewayProvider={"sliceGatewayType": "IPSec"}), False),
        (slice_config(qosProfileDetails={"priority": 1}), False),
        ({"apiVersion": "v1", "kind": "SliceConfig", "metadata": {"name": "s"}}, False),
        ({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n", "managedFields": []}}, True),
    ],
)
def test_it_agrees_with_the_loader_on(document: dict[str, Any], fits: bool) -> None:
    assert VALIDATOR.is_valid(document) is fits
    try:
        manifest.decode(document)
    except BadInput:
        assert not fits
    else:
        assert fits
