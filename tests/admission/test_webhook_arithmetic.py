"""The odd corners of KubeSlice's checks: what Go's parsers take, and what counts as an overlap."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kubeslice_sim.admission import Request, WorldState, check, judge
from kubeslice_sim.admission.cluster import cluster_location, cluster_node_ips
from kubeslice_sim.admission.slice_members import overlap
from kubeslice_sim.model.cluster import Cluster, ClusterProperty, ClusterSpec, GeoLocation
from kubeslice_sim.model.document import ObjectMeta
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.project import Project
from kubeslice_sim.model.slice_config import SliceConfig, SliceConfigSpec, SliceGatewayProvider
from kubeslice_sim.model.underlay import ClusterUnderlay, Underlay, UnderlaySpec
from kubeslice_sim.model.world import World

WORLD = World(
    projects=(Project(metadata=ObjectMeta(name="demo", namespace="kubeslice-controller")),),
    clusters=(Cluster(metadata=ObjectMeta(name="worker-1", namespace="kubeslice-demo")),),
)


def cluster(**spec: object) -> Cluster:
    return Cluster(metadata=ObjectMeta(name="w", namespace="kubeslice-demo"), spec=ClusterSpec(**spec))  # type: ignore[arg-type]


def request(document: object) -> Request:
    return Request(operation="create", document=document, state=WorldState(WORLD))


@pytest.mark.parametrize(
    ("latitude", "longitude", "good"),
    [
        ("", "", True), ("37.7", "-122.4", True), ("-90", "-180", True), ("90.0", "180", True), ("1e1", ".5", True),
        ("NaN", "0", True), ("0x1p3", "0", True), ("+5", "0", True),
        ("91", "0", False), ("0", "180.1", False), ("abc", "0", False), ("", "10", False), ("10", "", False),
        ("Inf", "0", False), ("0", "-infinity", False), ("+5", "0x10", False), ("1_0", "0", False), (" 1", "0", False),
        ("1e999", "0", False),
    ],
)  # fmt: skip
def test_locations_are_read_as_go_reads_floats(latitude: str, longitude: str, good: bool) -> None:
    location = GeoLocation(latitude=latitude, longitude=longitude)
    document = cluster(cluster_property=ClusterProperty(geo_location=location))
    assert (list(cluster_location.check(request(document))) == []) is good


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("192.0.2.1", True), ("010.0.0.1", True), ("255.0.0.0", True), ("2001:db8::1", True), ("::ffff:1.2.3.4", True),
        ("300.1.1.1", False), ("x", False), ("", False), ("1.2.3", False), ("192.0.2.1/24", False),
        ("fe80::1%eth0", False),
        ("1.2.3.4.5", False), ("1..2.3", False), ("٣.1.1.1", False), ("0" * 5000 + ".1.1.1", False),
    ],
)  # fmt: skip
def test_node_ips_are_read_as_kubernetes_reads_them(text: str, good: bool) -> None:
    assert (list(cluster_node_ips.check(request(cluster(node_ips=(text,))))) == []) is good


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        ("10.1.128.0/17", "10.1.0.0/16", True), ("10.0.0.0/8", "10.1.0.0/16", True),
        ("10.1.0.0/16", "10.1.0.0/16", True),
        ("10.2.0.0/16", "10.1.0.0/16", False), ("not-a-network", "10.1.0.0/16", False),
        ("10.1.0.1", "10.1.0.0/16", False),
        ("fd00::/64", "10.1.0.0/16", False), ("fd00::/64", "fd00::/48", True), ("10.1.5.9/17", "10.1.0.0/16", True),
    ],
)  # fmt: skip
def test_networks_overlap_when_either_holds_the_others_base(first: str, second: str, together: bool) -> None:
    assert overlap(first, second) is overlap(second, first) is together


@pytest.mark.parametrize(
    ("subnet", "rule"),
    [
        ("10.1.0.0/16", None), ("172.31.0.0/16", None), ("10.0.0.0/16", None),
        ("", "slice-subnet-given"), ("10.1.0.0/24", "slice-subnet-form"), ("10.1.0.0/15", "slice-subnet-form"),
        ("10.1.1.0/16", "slice-subnet-form"), ("8.8.0.0/16", "slice-subnet-form"),
        ("172.32.0.0/16", "slice-subnet-form"),
        ("169.254.0.0/16", "slice-subnet-form"), ("abc", "slice-subnet-form"), ("10.1.0.0", "slice-subnet-form"),
        ("fd00::/16", "slice-subnet-form"), ("192.168.0.0/16", "slice-subnet-free-of-cni"),
        ("10.96.0.0/16", "slice-subnet-free-of-cni"),
    ],
)  # fmt: skip
def test_a_slice_has_a_private_16_that_no_cluster_uses(subnet: str, rule: str | None) -> None:
    spec = SliceConfigSpec(
        slice_subnet=subnet, clusters=("worker-1",), slice_gateway_provider=SliceGatewayProvider(),
        standard_qos_profile_name="default",
    )  # fmt: skip
    document = SliceConfig(metadata=ObjectMeta(name="red", namespace="kubeslice-demo"), spec=spec)
    errors = [item.rule for item in judge(request(document)) if item.severity == "error"]
    assert errors == ([rule] if rule else [])


def test_what_the_underlay_says_of_a_clusters_networks_counts() -> None:
    slice_ = SliceConfig(
        metadata=ObjectMeta(name="red", namespace="kubeslice-demo"),
        spec=SliceConfigSpec(
            slice_subnet="10.1.0.0/16", clusters=("worker-1",), slice_gateway_provider=SliceGatewayProvider(),
            standard_qos_profile_name="default",
        ),
    )  # fmt: skip
    underlay = Underlay(
        metadata=ObjectMeta(name="u"),
        spec=UnderlaySpec(clusters=FrozenMap({"worker-1": ClusterUnderlay(pod_cidr="10.1.64.0/18")})),
    )
    assert [item.rule for item in check(replace(WORLD, slices=(slice_,)))] == [
        "world-without-underlay",
        "slice-of-few-clusters",
    ]
    crowded = check(replace(WORLD, slices=(slice_,), underlay=underlay))
    assert [item.rule for item in crowded if item.severity == "error"] == ["slice-subnet-free-of-cni"]
