"""Deploying to a real kube-apiserver: created, unchanged, one field changed, conflicts, refusals."""

from __future__ import annotations

import re
from typing import Any

import pytest

from kubeslice_sim.errors import BackendUnavailable, BadInput
from real.clock import Clock
from real.connection import Connection
from real.deploy import deploy, diff
from real.failures import DeployFailedError
from real.placement import Placement
from real.survey import DeployOptions
from tests.real.conftest import make_namespace
from tests.real.objects import cluster, deployment, iperf_world, on_controller, project, slice_config

pytestmark = pytest.mark.needs_apiserver
BARE = DeployOptions(create_namespaces=True)


def live(clusters: dict[str, Connection], placement: Placement) -> Any:
    connection = clusters[placement.context]
    kind = connection.find_kind(placement.api_version, placement.kind)
    assert kind is not None
    return connection.get(kind, placement.namespace, placement.name)


@pytest.mark.usefixtures("hub")
def test_created_then_unchanged_then_one_field(clusters: dict[str, Connection], project_name: str) -> None:
    world = iperf_world(project_name)
    first = deploy(clusters, world, world=project_name, options=BARE)
    assert {item.action for item in first.objects} == {"created"}
    assert [f"{item.placement.kind} on {item.placement.context}" for item in first.objects] == [
        "Namespace on worker-1", "Namespace on controller", "Project on controller", "Cluster on controller",
        "Cluster on controller", "SliceConfig on controller", "Deployment on worker-1", "ServiceExport on worker-1",
    ]  # fmt: skip
    versions = [live(clusters, item)["metadata"]["resourceVersion"] for item in world]

    second = deploy(clusters, world, world=project_name)  # the option is not needed any more: the namespaces are ours
    assert {item.action for item in second.objects} == {"unchanged"}
    assert second.unchanged and len(second.objects) == len(first.objects)
    assert [live(clusters, item)["metadata"]["resourceVersion"] for item in world] == versions

    qos = {**world[2].manifest["spec"]["qosProfileDetails"], "bandwidthCeilingKbps": 50000}
    world[2] = on_controller(slice_config("red", project_name, qosProfileDetails=qos))[0]
    shown = diff(clusters, world, world=project_name)
    changed = [item for item in shown.objects if item.action != "unchanged"]
    assert [str(change) for item in changed for change in item.changes] == [
        "spec.qosProfileDetails.bandwidthCeilingKbps: 30000 -> 50000"
    ]
    assert [live(clusters, item)["metadata"]["resourceVersion"] for item in world] == versions, "a diff changes nothing"
    third = deploy(clusters, world, world=project_name)
    assert [item.action for item in third.objects].count("changed") == 1
    assert live(clusters, world[2])["spec"]["qosProfileDetails"]["bandwidthCeilingKbps"] == 50000


@pytest.mark.usefixtures("hub")
def test_a_field_dropped_from_the_world_is_dropped_from_the_cluster(
    clusters: dict[str, Connection], project_name: str
) -> None:
    make_namespace(clusters["controller"], f"kubeslice-{project_name}")
    deploy(clusters, on_controller(cluster("w", project_name)), world=project_name)
    emptied = cluster("w", project_name)
    emptied["spec"] = {}
    shown = deploy(clusters, on_controller(emptied), world=project_name)
    assert [change.path for item in shown.objects for change in item.changes] == ["spec"]
    assert "spec" not in live(clusters, on_controller(emptied)[0])


@pytest.mark.usefixtures("hub")
def test_another_manager_s_field_is_a_conflict_that_names_it(
    clusters: dict[str, Connection], project_name: str
) -> None:
    world = iperf_world(project_name)
    deploy(clusters, world, world=project_name, options=BARE)
    server = world[1]
    path = f"/apis/apps/v1/namespaces/{server.namespace}/deployments/{server.name}"
    scale = {"spec": {"replicas": 3}}
    requests = clusters["worker-1"]._requests
    requests.request("PATCH", path, query=[("fieldManager", "autoscaler")], body=scale,
                     content_type="application/merge-patch+json")  # fmt: skip
    world[2] = on_controller(slice_config("red", project_name, clusters=["worker-1"]))[0]
    with pytest.raises(DeployFailedError) as caught:
        deploy(clusters, world, world=project_name)
    message = str(caught.value)
    assert "autoscaler manages spec.replicas with another value" in message and "--force-conflicts" in message
    assert message.endswith("nothing was applied")
    assert live(clusters, world[2])["spec"]["clusters"] == ["worker-1", "worker-2"], (
        "no other object was applied either"
    )
    deploy(clusters, world, world=project_name, options=DeployOptions(force_conflicts=True))
    assert live(clusters, server)["spec"]["replicas"] == 1


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize("namespace_exists", [True, False])
def test_every_refusal_at_once_with_its_field_and_nothing_applied(
    clusters: dict[str, Connection], project_name: str, namespace_exists: bool
) -> None:
    if namespace_exists:
        make_namespace(clusters["controller"], f"kubeslice-{project_name}")
    bad_slice = slice_config("red", project_name, topology={"mode": "HubAndSpoke"}, maxCluster=3)
    worse_slice = slice_config("blue", project_name, maxClusters=99, sliceGatewayProvider={"sliceGatewayType": "IPsec"})
    world = on_controller(
        project(project_name, f"hub-{project_name}"), cluster("w", project_name), bad_slice, worse_slice
    )
    with pytest.raises(BadInput) as caught:
        deploy(clusters, world, world=project_name)
    lines = str(caught.value).splitlines()
    red, blue = f"SliceConfig kubeslice-{project_name}/red", f"SliceConfig kubeslice-{project_name}/blue"
    assert lines[-1] == "nothing was applied"
    assert any(line.startswith(f"{red} on controller: spec.topology: unknown field") for line in lines)
    assert f"{red} on controller: spec.maxCluster: unknown field" in lines
    about_blue = [line for line in lines if line.startswith(blue)]
    assert any(
        "spec.maxClusters: Invalid value: 99" in line and "less than or equal to 32" in line for line in about_blue
    )
    assert any("sliceGatewayProvider.sliceGatewayType: Unsupported value" in line for line in about_blue)
    assert len(lines) == 5
    assert [live(clusters, item) for item in world] == [None] * 4


@pytest.mark.usefixtures("hub")
def test_without_a_controller_deploy_says_what_the_namespace_waits_for(
    clusters: dict[str, Connection], project_name: str
) -> None:
    options = DeployOptions(namespace_within_s=1.0)
    said: list[str] = []
    with pytest.raises(BackendUnavailable) as caught:
        deploy(clusters, iperf_world(project_name), world=project_name, options=options, say=said.append)
    message = str(caught.value)
    assert f"namespace kubeslice-{project_name} does not exist on controller" in message
    assert "the KubeSlice controller creates it from the Project; is it running?" in message
    assert message.splitlines()[-1].startswith("applied before that: Namespace iperf-")
    assert any(line.startswith("waiting up to 1 s") for line in said)


def test_the_controller_s_namespace_from_the_project_is_waited_for(
    clusters: dict[str, Connection], hub: Connection, project_name: str
) -> None:
    """The clock's sleep stands in for the controller, which makes the namespace a moment after the Project."""

    def sleep(_pause_s: float) -> None:
        make_namespace(hub, f"kubeslice-{project_name}")

    done = deploy(clusters, iperf_world(project_name), world=project_name, clock=Clock(sleep=sleep))
    assert {item.action for item in done.objects} == {"created"}


def test_missing_hub_namespace_and_missing_crds_are_told_before_anything(
    clusters: dict[str, Connection], project_name: str
) -> None:
    with pytest.raises(BackendUnavailable, match=f"namespace hub-{project_name} does not exist .*--create-namespaces"):
        deploy(clusters, iperf_world(project_name), world=project_name)
    swapped = {"controller": "worker-1", "worker-1": "controller"}
    wrong = [Placement(context=swapped[item.context], manifest=item.manifest) for item in iperf_world(project_name)]
    with pytest.raises(BackendUnavailable) as caught:
        deploy(clusters, wrong, world=project_name)
    message = str(caught.value)
    assert "'worker-1' has no SliceConfig (controller.kubeslice.io/v1alpha1)" in message
    assert (
        "'controller' has no ServiceExport (networking.kubeslice.io/v1beta1): install the KubeSlice worker" in message
    )
    assert "ksim crds | kubectl --context worker-1 apply -f -" in message


@pytest.mark.usefixtures("hub")
def test_a_field_that_the_clusters_own_crds_lack_is_refused_before_anything_is_written(
    clusters: dict[str, Connection], project_name: str
) -> None:
    """What a world's kubesliceVersion says does not matter: the cluster is asked."""
    world = [
        Placement(context=item.context, manifest={**item.manifest, "spec": {
            **item.manifest["spec"], "topology": {"mode": "HubAndSpoke", "hubs": ["worker-1"]}
        }}) if item.kind == "SliceConfig" else item
        for item in iperf_world(project_name)
    ]  # fmt: skip
    with pytest.raises(BadInput) as caught:
        deploy(clusters, world, world=project_name, options=BARE)
    message = str(caught.value)
    assert "spec.topology: unknown field" in message
    assert "the CRD of that cluster has no such field; KubeSlice has it since next" in message
    assert "nothing was applied" in message
    assert {item.action for item in diff(clusters, iperf_world(project_name), world=project_name).objects} == {
        "created"
    }


@pytest.mark.usefixtures("hub")
def test_objects_of_others_are_not_touched_unless_adopted(clusters: dict[str, Connection], project_name: str) -> None:
    namespace = f"shop-{project_name}"
    make_namespace(clusters["worker-1"], namespace)
    theirs = deployment("web", namespace)
    kind = clusters["worker-1"].find_kind("apps/v1", "Deployment")
    assert kind is not None
    clusters["worker-1"].apply(kind, theirs, dry_run=False)
    world = [Placement(context="worker-1", manifest=theirs)]
    with pytest.raises(DeployFailedError, match=r"exists already and was not deployed by ksim.*ksim adopt"):
        deploy(clusters, world, world=project_name)
    deploy(clusters, world, world=project_name, options=DeployOptions(adopt=True))
    with pytest.raises(DeployFailedError, match=f"belongs to the world '{project_name}'"):
        deploy(clusters, world, world="another-world")


@pytest.mark.usefixtures("hub")
def test_what_left_the_world_is_shown_as_stale(clusters: dict[str, Connection], project_name: str) -> None:
    world = iperf_world(project_name)
    deploy(clusters, world, world=project_name, options=BARE)
    shown = diff(clusters, world[1:], world=project_name)
    assert [str(item) for item in shown.stale] == [str(world[0])]
    assert not shown.unchanged
    assert re.search(r"ServiceExport .*: deployed before and no longer in the world", str(shown))


def test_a_world_name_that_cannot_be_a_label_and_a_doubled_object_are_bad_input(
    clusters: dict[str, Connection], project_name: str
) -> None:
    world = iperf_world(project_name)
    with pytest.raises(BadInput, match="cannot mark what is deployed"):
        deploy(clusters, world, world="my world")
    with pytest.raises(BadInput, match="is in the world twice"):
        deploy(clusters, [*world, world[0]], world=project_name)
