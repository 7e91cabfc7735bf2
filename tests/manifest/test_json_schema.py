"""The schema for editors says yes to every scenario and no to what the loader refuses field by field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from kubeslice_sim import manifest
from kubeslice_sim.errors import BadInput
from kubeslice_sim.manifest.shape import fields_of, noun_at
from kubeslice_sim.model.kinds import WORLD_NOUNS

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


TYPOS = (
    ("kind: SliceConfig", "kind: SliceConfg", "kind"),
    ("metadata: {name: demo,", "metadata: {nam: demo,", "metadata"),
    ("sliceSubnet:", "slicesubnet:", "spec"),
    ("maxClusters: 4", "maxClusters: four", "spec.maxClusters"),
    ("sliceGatewayType: Wireguard", "sliceGatewayType: WireGuard", "spec.sliceGatewayProvider.sliceGatewayType"),
    ("bandwidthCeilingKbps: 30000", "bandwidthCeilingKbps: 30Mbit", "spec.qosProfileDetails.bandwidthCeilingKbps"),
    ("dscpClass: AF11", "dscpClass: AF15", "spec.qosProfileDetails.dscpClass"),
    ("clusters: [worker-1, worker-2]", "clusters: worker-1", "spec.clusters"),
    ("containerPort: 5201, protocol", 'containerPort: "5201", protocol', "spec.ports.0.containerPort"),
    ("rtt: 62ms", "rtt: 62", "spec.links.0.rtt"),
    ("gatewayNodes: 2", "gateway_nodes: 2", "spec.clusters.worker-1"),
    ("bandwidth: 200Mbit", "bandwidth: 200Mbps", "spec.links.0.bandwidth"),
)


@pytest.mark.parametrize(("right", "wrong", "place"), TYPOS, ids=lambda text: text[:30])
def test_a_typo_is_told_where_it_stands(root: Path, right: str, wrong: str, place: str) -> None:
    text = (root / "scenarios" / "01-two-clusters" / "world.yaml").read_text()
    assert right in text
    found = {
        ".".join(str(step) for step in error.absolute_path)
        for document in yaml.safe_load_all(text.replace(right, wrong, 1))
        for error in VALIDATOR.iter_errors(document)
    }
    assert found == {place}
    with pytest.raises(BadInput):
        manifest.load_text(text.replace(right, wrong, 1))


def test_an_editor_completes_the_fields_of_every_kind() -> None:
    schema = manifest.json_schema()
    for noun in WORLD_NOUNS:
        kind = noun.RESOURCE.kind
        (then,) = [part["then"] for part in schema["allOf"] if part["if"]["properties"]["kind"]["const"] == kind]
        assert kind in schema["properties"]["kind"]["enum"]
        spec = then["properties"]["spec"]
        assert set(schema["$defs"][spec["$ref"].rsplit("/", 1)[1]]["properties"]) == set(
            fields_of(noun_at(noun, ("spec",)))
        )
        assert then["description"]
