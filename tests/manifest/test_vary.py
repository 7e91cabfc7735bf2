"""A world with some fields changed: what paths lead to, what they refuse, and what stays the same object."""

from __future__ import annotations

from typing import Any

import pytest

from kubeslice_sim import manifest
from kubeslice_sim.errors import BadInput
from kubeslice_sim.model.world import World

PLAY = """
---
apiVersion: kubeslice-sim.io/v1alpha1
kind: Scenario
metadata: {name: tour}
spec:
  duration: 60s
  timing: fast
  traffic:
  - {name: bulk, kind: tcp, from: iperf/iperf-sleep@worker-1, to: "iperf-server.iperf.svc.slice.local:5201",
     duration: 10s}
"""


@pytest.fixture(scope="module")
def world(root: Any) -> World:
    text = (root / "scenarios" / "01-two-clusters" / "world.yaml").read_text()
    return manifest.load_text(text + PLAY)


@pytest.mark.parametrize(
    ("path", "value", "read"),
    [
        ("underlay.links[worker-1,worker-2].rtt", "80ms", lambda w: w.underlay.spec.links[0].rtt_s == 0.08),
        ("underlay.links[worker-2, worker-1].rtt", "80ms", lambda w: w.underlay.spec.links[0].rtt_s == 0.08),
        ("Underlay/two-regions.spec.links[0].loss", 0.5, lambda w: w.underlay.spec.links[0].loss == 0.5),
        ("underlay.links[0].forward.loss", "2%", lambda w: w.underlay.path("worker-1", "worker-2").loss == 0.02),
        ("underlay.defaultLink.rtt", "5ms", lambda w: w.underlay.spec.default_link.rtt_s == 0.005),
        ("underlay.clusters.worker-1.gatewayNodes", 3, lambda w: w.underlay.cluster("worker-1").gateway_nodes == 3),
        ("underlay.clusters.worker-1", None, lambda w: "worker-1" not in w.underlay.spec.clusters),
        ("slice/iperf-slice.maxClusters", 8, lambda w: w.slices[0].spec.max_clusters == 8),
        ("SliceConfig.spec.clusters", ["worker-2"], lambda w: w.slices[0].spec.clusters == ("worker-2",)),
        ("slice.clusters[worker-1]", None, lambda w: w.slices[0].spec.clusters == ("worker-2",)),
        ("slice.qosProfileDetails.dscpClass", "EF", lambda w: w.slices[0].spec.qos_profile_details.dscp_class == "EF"),
        ("deployment/iperf-server.spec.replicas", 5, lambda w: w.objects[1].replicas == 5),
        ("Deployment/iperf/iperf-server.spec.replicas", 5, lambda w: w.objects[1].replicas == 5),
        (
            "deployment/iperf-server.spec.template.spec.containers[iperf].args", ["-s"],
            lambda w: w.objects[1].command == ("-s",),
        ),
        (
            'pod/intruder.metadata.annotations["kubeslice-sim.io/clusters"]', "worker-2",
            lambda w: w.placed(w.objects[2].metadata) == ("worker-2",),
        ),
        ("scenario.traffic[bulk].rate", "10Mbit", lambda w: w.scenarios[0].spec.traffic[0].rate_bps == 10e6),
        ("scenario/tour.spec.duration", "90s", lambda w: w.scenarios[0].spec.duration_s == 90),
    ],
)  # fmt: skip
def test_a_path_leads_to_its_field(world: World, path: str, value: Any, read: Any) -> None:
    changed = manifest.vary(world, {path: value})
    assert read(changed) and not read(world)
    assert sum(a is not b for a, b in zip(changed.documents(), world.documents(), strict=True)) == 1


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("underly.links[0].rtt", "80ms", "the world has no underly (did you mean Underlay?)"),
        ("underlay.linx[0].rtt", "80ms", "unknown field 'linx' (did you mean links?)"),
        ("underlay.links[0].rt", "80ms", "unknown field 'rt' in spec.links[0] (did you mean rtt?)"),
        ("underlay.links[worker-1,worker-3].rtt", "80ms",
         "spec.links has no item 'worker-1,worker-3' (did you mean worker-1,worker-2?)"),
        ("underlay.links[3].rtt", "80ms", "spec.links has 1 items; there is no [3] (they are counted from 0)"),
        ("underlay.links[0].rtt", "80", "'80' needs a unit; use one of ns, us, µs, ms, s, m, h, d, as in 35ms"),
        ("slice/iperf-slise.maxClusters", 8, "the world has no SliceConfig 'iperf-slise' (did you mean iperf-slice?)"),
        ("deployment.spec.replicas", 8, "which deployment? (name it: iperf/iperf-sleep, iperf/iperf-server)"),
        ("deployment/iperf-server.spec.replica", 8, "unknown field 'replica' in spec (did you mean replicas?)"),
        ("deployment/iperf-server.metadata.label", {}, "unknown field 'label' in metadata (did you mean labels?)"),
        ("slice.maxClusters.most", 8, "spec.maxClusters is 4, which has no fields"),
        ("slice.maxClusters", 99, "must be at most 32, not 99"),
        ("slice", 99, "'slice' names no field (add one: .spec.maxClusters)"),
        ("slice..x", 99, "'slice..x' is no path"),
        ("slice.clusters[worker-1]", "worker-9", "worker-9"),
        ("scenario.timing.certificates", "1s", "spec.timing is 'fast', which has no fields"),
    ],
)  # fmt: skip
def test_what_leads_nowhere_or_does_not_fit_is_told(world: World, path: str, value: Any, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        manifest.vary(world, {path: value})
    assert message in str(caught.value)


def test_every_problem_comes_at_once_and_is_named_as_it_was_asked(world: World) -> None:
    with pytest.raises(BadInput) as caught:
        manifest.vary(world, {"slice.maxClusters": 99, "underlay.links[0].rtt": "fast"})
    assert [problem.path for problem in caught.value.problems] == ["slice.maxClusters", "underlay.links[0].rtt"]


def test_changes_are_judged_together(world: World) -> None:
    with pytest.raises(BadInput):
        manifest.vary(world, {"slice.qosProfileDetails.bandwidthGuaranteedKbps": 50_000})
    both = {
        "slice.qosProfileDetails.bandwidthGuaranteedKbps": 50_000,
        "slice.qosProfileDetails.bandwidthCeilingKbps": 60_000,
    }
    assert manifest.vary(world, both).slices[0].spec.qos_profile_details is not None


def test_a_world_without_underlay_gets_one() -> None:
    changed = manifest.vary(World(), {"underlay.defaultLink.rtt": "5ms"})
    assert changed.underlay.path("a", "b").delay_s == 0.0025
