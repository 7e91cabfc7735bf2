"""Destroying: only what is the world's, in reverse order; what holds a deletion is named."""

from __future__ import annotations

import pytest

from real.connection import Connection
from real.deploy import deploy, diff
from real.destroy import destroy
from real.placement import Placement
from real.survey import DeployOptions
from tests.real.conftest import NAMESPACE, make_namespace
from tests.real.objects import CONTROLLER_GROUP, cluster, deployment, iperf_world, on_controller, slice_config

pytestmark = pytest.mark.needs_apiserver
BARE = DeployOptions(create_namespaces=True)


@pytest.mark.usefixtures("hub")
def test_reverse_order_and_nothing_of_the_world_is_left(clusters: dict[str, Connection], project_name: str) -> None:
    deploy(clusters, iperf_world(project_name), world=project_name, options=BARE)
    done = destroy(clusters, world=project_name, within_s=1.0)
    kinds = [item.placement.kind for item in done.removals]
    assert kinds == [
        "ServiceExport",
        "Deployment",
        "SliceConfig",
        "Cluster",
        "Cluster",
        "Project",
        "Namespace",
        "Namespace",
    ]
    *objects, first, second = done.removals
    assert {item.outcome for item in objects} == {"deleted"}
    # No kube-controller-manager runs here, so namespaces never finish: and that is what the user is told.
    for namespace in (first, second):
        assert namespace.outcome == "blocked"
        assert namespace.reason.startswith("held by the finalizer kubernetes: kube-controller-manager")
    assert not done.complete


def test_only_its_own(clusters: dict[str, Connection], hub: Connection, project_name: str) -> None:
    namespace = f"kubeslice-{project_name}"
    make_namespace(hub, namespace)
    kind = hub.find_kind(CONTROLLER_GROUP, "Cluster")
    assert kind is not None
    hub.apply(kind, cluster("by-hand", project_name), dry_run=False)
    deploy(clusters, on_controller(cluster("ours", project_name)), world=project_name)
    deploy(clusters, on_controller(cluster("other", project_name)), world=f"{project_name}-other")
    done = destroy(clusters, world=project_name)
    assert [str(item) for item in done.removals] == [f"Cluster {namespace}/ours on controller: deleted"]
    assert done.complete
    assert {item["metadata"]["name"] for item in hub.list(kind, namespace=namespace)} == {"by-hand", "other"}
    assert destroy(clusters, world=project_name).removals == ()


def test_a_finalizer_blocks_and_what_comes_after_is_kept(
    clusters: dict[str, Connection], hub: Connection, project_name: str
) -> None:
    namespace = f"kubeslice-{project_name}"
    make_namespace(hub, namespace)
    world = on_controller(cluster("w", project_name), slice_config("red", project_name))
    deploy(clusters, world, world=project_name)
    kind = hub.find_kind(CONTROLLER_GROUP, "SliceConfig")
    assert kind is not None
    held = ["controller.kubeslice.io/slice-configuration-finalizer"]
    hub.merge(kind, namespace, "red", {"metadata": {"finalizers": held}})
    done = destroy(clusters, world=project_name, within_s=0.6)
    slice_, cluster_ = done.removals
    assert slice_.outcome == "blocked"
    assert slice_.reason.startswith(f"held by the finalizer {held[0]}: the KubeSlice controller or the worker operator")
    assert str(cluster_).endswith(f"kept: SliceConfig {namespace}/red on controller has to go first")
    hub.merge(kind, namespace, "red", {"metadata": {"finalizers": None}})
    again = destroy(clusters, world=project_name, within_s=5.0)
    assert again.complete and [item.placement.kind for item in again.removals] == ["Cluster"]


def test_a_namespace_with_foreign_workloads_is_kept(clusters: dict[str, Connection], project_name: str) -> None:
    worker = clusters["worker-1"]
    ours, theirs = f"ours-{project_name}", f"theirs-{project_name}"
    make_namespace(worker, theirs)
    world = [Placement(context="worker-1", manifest=deployment("web", namespace)) for namespace in (ours, theirs)]
    explicit = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": theirs, "labels": {"team": "shop"}}}
    deploy(clusters, [*world, Placement(context="worker-1", manifest=explicit)], world=project_name)
    there_before = worker.get(NAMESPACE, "", theirs)
    assert there_before is not None
    assert there_before["metadata"]["labels"]["team"] == "shop"
    kind = worker.find_kind("apps/v1", "Deployment")
    assert kind is not None
    worker.apply(kind, deployment("stranger", ours), dry_run=False)
    done = destroy(clusters, world=project_name, within_s=1.0)
    namespaces = [str(item) for item in done.removals if item.placement.kind == "Namespace"]
    assert namespaces == [f"Namespace {ours} on worker-1: kept: it holds what is not this world's: Deployment stranger"]
    assert worker.get(NAMESPACE, "", theirs) is not None


@pytest.mark.usefixtures("hub")
def test_stale_objects_alone(clusters: dict[str, Connection], project_name: str) -> None:
    world = iperf_world(project_name)
    deploy(clusters, world, world=project_name, options=BARE)
    assert [item.key for item in diff(clusters, world[1:], world=project_name).stale] == [world[0].key]
    done = destroy(clusters, world=project_name, stale_among=world[1:])
    assert [item.placement.key for item in done.removals] == [world[0].key]
    assert diff(clusters, world[1:], world=project_name).unchanged
