"""Worlds that KubeSlice admits, over the whole model: projects, slices of every mode, exports, statuses, underlays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubeslice_sim.manifest.assemble import Draft
from kubeslice_sim.manifest.source import Source
from kubeslice_sim.model.world import World

HUB = "controller.kubeslice.io/v1alpha1"
OURS = "kubeslice-sim.io/v1alpha1"
DSCP = ("Default", "AF11", "AF13", "AF41", "EF")
Data = dict[str, Any]


def document(api_version: str, kind: str, name: str, namespace: str = "", **rest: Any) -> Data:
    """One document, without fields that say nothing."""
    annotations = rest.pop("annotations", {})
    metadata = {"name": name, "namespace": namespace, "annotations": annotations}
    told = {key: value for key, value in metadata.items() if value}
    return {"apiVersion": api_version, "kind": kind, "metadata": told, **{key: rest[key] for key in rest if rest[key]}}


def made_of(documents: list[Data]) -> World:
    """The world of sound documents, not yet judged."""
    draft = Draft()
    for number, data in enumerate(documents, start=1):
        draft.add(Source("world.yaml", (number, None), data))
    assert not draft.problems, draft.problems
    return draft.world("generated")


def holds_for(worlds: st.SearchStrategy[World]) -> Callable[[Callable[[World], None]], Callable[[int], None]]:
    """Make a property a test: a hundred worlds each time, a thousand under the marker ``long``."""

    def make(check: Callable[[World], None]) -> Callable[[int], None]:
        @pytest.mark.parametrize("examples", [100, pytest.param(1000, marks=pytest.mark.long)])
        def test(examples: int) -> None:
            settings(max_examples=examples)(given(worlds)(check))()

        return test

    return make


@st.composite
def admitted_worlds(draw: st.DrawFn) -> World:
    """A world that ``ksim validate`` finds nothing wrong with."""
    version = draw(st.sampled_from(("1.9", "1.9", "1.9", "0.6", "next")))
    members: dict[str, list[str]] = {}
    documents: list[Data] = []
    for project in ("red", "blue")[: draw(st.integers(1, 2))]:
        members[project] = [f"{project}-{number}" for number in range(draw(st.integers(1, 5)))]
        spec: Data = {"serviceAccount": {"readOnly": ["ann"], "readWrite": ["john"]}} if draw(st.booleans()) else {}
        if version != "0.6" and draw(st.integers(0, 3)) == 0:
            spec["defaultSliceCreation"] = True
        documents.append(document(HUB, "Project", project, "kubeslice-controller", spec=spec))
        documents += [draw(clusters(name, project, version)) for name in members[project]]
    for number in range(draw(st.integers(0, 3))):
        documents += draw(slices(number, draw(st.sampled_from(sorted(members))), members, version))
    everyone = [name for names in members.values() for name in names]
    documents += draw(underlays(everyone, version))
    return made_of(documents)


@st.composite
def clusters(draw: st.DrawFn, name: str, project: str, version: str) -> Data:
    """A Cluster, with or without the status that its worker would report."""
    spec: Data = {}
    status: Data = {}
    if draw(st.booleans()):
        location = {"cloudProvider": "AWS", "cloudRegion": "eu-west-1"}
        if draw(st.booleans()):
            location |= {"latitude": "52.5", "longitude": "13.4"}
        spec["clusterProperty"] = {"geoLocation": location}
    if version == "0.6":
        spec |= {"networkInterface": "eth0", "nodeIPs": ["203.0.113.7"]}
    elif draw(st.integers(0, 3)) == 0:
        spec["nodeIPs"] = ["203.0.113.8", "203.0.113.9"][: draw(st.integers(1, 2))]
    if version != "0.6" and draw(st.integers(0, 3)) == 0:
        status = {
            "cniSubnet": ["192.168.0.0/16"], "nodeIPs": ["198.51.100.4"], "registrationStatus": "Registered",
            "networkPresent": True, "clusterHealth": {"clusterHealthStatus": "Normal"},
        }  # fmt: skip
    return document(HUB, "Cluster", name, f"kubeslice-{project}", spec=spec, status=status)


@st.composite
def slices(draw: st.DrawFn, number: int, project: str, members: dict[str, list[str]], version: str) -> list[Data]:
    """A slice of any mode over some clusters of its project, its workloads and exports, maybe its topology."""
    name, hub = f"s{number}", f"kubeslice-{project}"
    own = draw(st.permutations(members[project]))[: draw(st.integers(0 if version != "0.6" else 1, 5))]
    mode = draw(st.sampled_from(("single-network", "single-network", "no-network"))) if version != "0.6" else ""
    namespaces = [f"n{number}-{index}" for index in range(draw(st.integers(0, 2)))] if own else []
    spec: Data = {"clusters": own, "maxClusters": draw(st.integers(max(2, len(own) + 1), 32))}
    found: list[Data] = []
    if mode == "no-network":
        spec["overlayNetworkDeploymentMode"] = mode
    else:
        spec["sliceSubnet"] = f"10.{number + 1}.0.0/16"
        spec["sliceGatewayProvider"] = draw(gateways(own, version))
        profile = draw(qos_profiles())
        choice = draw(st.sampled_from(("own", "named", "default" if version != "0.6" else "own")))
        if choice == "own":
            spec["qosProfileDetails"] = profile
        else:
            spec["standardQosProfileName"] = f"q{number}" if choice == "named" else "default"
        if choice == "named":
            found.append(document(HUB, "SliceQoSConfig", f"q{number}", hub, spec=profile))
        if version != "0.6" and own and draw(st.integers(0, 3)) == 0:
            spec["externalGatewayConfig"] = [
                {"gatewayType": "istio", "clusters": own[:1], "ingress": {"enabled": True}, "egress": {"enabled": True}}
            ]
        if version == "next" and len(own) > 1 and draw(st.booleans()):
            spec["topology"] = {"mode": "HubAndSpoke", "hubs": [draw(st.sampled_from(own))]}
        if version == "1.9" and draw(st.integers(0, 2)) == 0:
            found.append(draw(topologies(name, own)))
    isolation: Data = {
        "isolationEnabled": draw(st.booleans()),
        "applicationNamespaces": [{"namespace": item, "clusters": draw(placements(own))} for item in namespaces],
        "allowedNamespaces": [{"namespace": "monitoring", "clusters": ["*"]}] if draw(st.booleans()) else [],
    }
    spec["namespaceIsolationProfile"] = {key: value for key, value in isolation.items() if value}
    found.append(document(HUB, "SliceConfig", name, hub, spec=spec))
    for index, namespace in enumerate(namespaces):
        for job in range(draw(st.integers(0, 2))):
            exported = mode != "no-network"
            found += draw(workloads(f"w{index}-{job}", namespace, name, own, exported=exported, version=version))
    return found


@st.composite
def gateways(draw: st.DrawFn, own: list[str], version: str) -> Data:
    """A gateway provider; some members' gateways behind load balancers."""
    provider: Data = {"sliceGatewayType": "OpenVPN", "sliceCaType": "Local"}
    if version != "0.6":
        provider["sliceGatewayType"] = draw(st.sampled_from(("OpenVPN", "Wireguard")))
        if own and draw(st.integers(0, 3)) == 0:
            cluster = draw(st.sampled_from([*own, "*"]))
            provider["sliceGatewayServiceType"] = [{"cluster": cluster, "type": "LoadBalancer", "protocol": "TCP"}]
    return provider


@st.composite
def qos_profiles(draw: st.DrawFn) -> Data:
    """Bandwidths as KubeSlice counts them, the guaranteed within the ceiling."""
    ceiling = draw(st.integers(1, 10_000_000))
    return {
        "queueType": "HTB", "priority": draw(st.integers(0, 3)), "tcType": "BANDWIDTH_CONTROL",
        "bandwidthCeilingKbps": ceiling, "bandwidthGuaranteedKbps": draw(st.integers(1, ceiling)),
        "dscpClass": draw(st.sampled_from(DSCP)),
    }  # fmt: skip


@st.composite
def topologies(draw: st.DrawFn, name: str, own: list[str]) -> Data:
    """Edges of a slice's own choice, gateways per pair, dynamic IPAM."""
    spec: Data = {"slice": name, "gatewaysPerPair": draw(st.integers(1, 4))}
    pairs = [[a, b] for index, a in enumerate(own) for b in own[index + 1 :]]
    shape = draw(st.sampled_from(("all", "edges", "forbidden"))) if pairs else "all"
    if shape == "edges":
        spec["edges"] = [{"between": pair} for pair in draw(st.lists(st.sampled_from(pairs), unique_by=tuple))]
    elif shape == "forbidden":
        source, target = draw(st.sampled_from(pairs))
        spec["forbiddenEdges"] = [{"sourceCluster": source, "targetClusters": [target]}]
    if draw(st.booleans()):
        spec["ipam"] = {"type": "Dynamic", "subnetSize": draw(st.integers(20, 26))}
    return document(OURS, "SliceTopology", name, spec=spec)


def placements(own: list[str]) -> st.SearchStrategy[list[str]]:
    """Some of the clusters by name, or all."""
    some = st.lists(st.sampled_from(own), min_size=1, unique=True) if own else st.just(["*"])
    return st.just(["*"]) | some


@st.composite
def workloads(
    draw: st.DrawFn, name: str, namespace: str, slice_: str, own: list[str], *, exported: bool, version: str
) -> list[Data]:
    """A workload of any kind on some members, and maybe its export."""
    where = draw(st.lists(st.sampled_from(own), min_size=1, unique=True))
    placed = {"kubeslice-sim.io/clusters": ",".join(where)}
    kind = draw(st.sampled_from(("Deployment", "StatefulSet", "Pod")))
    pod: Data = {"containers": [{"name": "main", "image": "busybox"}]}
    spec: Data = pod
    labels = {"app": name}
    if kind != "Pod":
        spec = {
            "replicas": draw(st.integers(0, 4)), "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        }  # fmt: skip
    found = [document("v1" if kind == "Pod" else "apps/v1", kind, name, namespace, annotations=placed, spec=spec)]
    if exported and draw(st.booleans()):
        export: Data = {
            "slice": slice_, "selector": {"matchLabels": labels},
            "ports": [{"name": "http", "containerPort": draw(st.integers(1, 65535)), "protocol": "TCP"}],
        }  # fmt: skip
        if version != "0.6" and draw(st.booleans()):
            export["aliases"] = [f"{name}.{namespace}.example.com"]
        api = "networking.kubeslice.io/v1beta1"
        found.append(document(api, "ServiceExport", name, namespace, annotations=placed, spec=export))
    return found


@st.composite
def underlays(draw: st.DrawFn, everyone: list[str], version: str) -> list[Data]:
    """Nothing, or nodes of some clusters and links, each direction by itself."""
    spec: Data = {} if version == "1.9" else {"kubesliceVersion": version}
    if draw(st.booleans()):
        spec["clusters"] = {
            name: {"gatewayNodes": draw(st.integers(1, 3)), "appNodes": draw(st.integers(0, 3))}
            for name in draw(st.lists(st.sampled_from(everyone), unique=True))
        }
    pairs = [[a, b] for index, a in enumerate(everyone) for b in everyone[index + 1 :]]
    if pairs and draw(st.booleans()):
        spec["links"] = [
            {"between": pair, "rtt": f"{draw(st.integers(1, 300))}ms", "reverse": {"loss": "1%", "delay": "7ms"}}
            for pair in draw(st.lists(st.sampled_from(pairs), max_size=3, unique_by=tuple))
        ]
    return [document(OURS, "Underlay", "ground", spec=spec)] if spec else []
