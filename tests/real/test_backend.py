"""The verbs as the facade calls them: a whole world from its files to three API servers and back."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubeslice_sim import manifest
from kubeslice_sim.errors import BackendUnavailable
from kubeslice_sim.model.world import World
from real.backend import RealClusters
from real.connection import Connection
from real.failures import DeployFailedError
from real.place import place, worker_clusters
from tests.apiserver.server import ApiServers
from tests.real.conftest import make_namespace

pytestmark = pytest.mark.needs_apiserver


@pytest.fixture
def world(root: Path, project_name: str) -> World:
    """The tutorial's world, in a project, namespaces and a name of this test's own."""
    text = (root / "scenarios" / "01-two-clusters" / "world.yaml").read_text()
    for name in ("kubeslice-controller", "kubeslice-demo", "name: demo", "namespace: iperf", "namespace: other"):
        text = text.replace(name, f"{name}-{project_name}")
    loaded = manifest.load_text(text, admit=False)
    assert loaded.projects[0].project_namespace == loaded.slices[0].metadata.namespace
    return World(**{field: getattr(loaded, field) for field in World.__slots__} | {"name": project_name})


def test_a_world_goes_out_twice_is_looked_at_and_taken_back(
    apiserver: ApiServers, clusters: dict[str, Connection], world: World
) -> None:
    make_namespace(clusters["controller"], world.projects[0].metadata.namespace)
    real = RealClusters()
    first = real.deploy(world, kubeconfig=apiserver.kubeconfig, create_namespaces=True)
    assert {item.action for item in first.objects} == {"created"}
    assert {item.placement.context for item in first.objects} == {"controller", "worker-1", "worker-2"}
    second = real.deploy(world, kubeconfig=apiserver.kubeconfig)
    assert second.unchanged
    assert str(second).endswith(f"0 created, 0 changed, {len(first.objects)} unchanged")
    assert {row["action"] for row in second.rows()} == {"unchanged"}

    # No KubeSlice runs here: what it would report is missing, and the status says what and who.
    seen = {(item.placement.kind, item.placement.name): item.readiness for item in
            real.status(world, kubeconfig=apiserver.kubeconfig).objects}  # fmt: skip
    assert seen["Project", world.projects[0].metadata.name].state == "ready"
    assert "install the worker operator" in seen["Cluster", "worker-1"].reason
    assert "has not made its WorkerSliceConfig" in seen["SliceConfig", world.slices[0].metadata.name].reason
    assert seen["Deployment", "iperf-server"].reason == "0 of 2 pods ready"
    waited = real.wait(world, kubeconfig=apiserver.kubeconfig, within_s=0.2)
    assert not waited.ready and not waited.hopeless and waited.waited_s >= 0.2

    gone = real.destroy(world, kubeconfig=apiserver.kubeconfig, within_s=0.5)
    left = {item.placement.kind for item in gone.removals if item.outcome != "deleted"}
    assert left <= {"Namespace"}


def test_a_default_that_somebody_changed_is_seen(
    apiserver: ApiServers, clusters: dict[str, Connection], world: World
) -> None:
    """The file's rotationInterval is the default, isolationEnabled is left out: neither is in the manifest."""
    hub, slice_ = clusters["controller"], world.slices[0].metadata
    make_namespace(hub, world.projects[0].metadata.namespace)
    real = RealClusters()
    real.deploy(world, kubeconfig=apiserver.kubeconfig, create_namespaces=True)
    kind = hub.find_kind("controller.kubeslice.io/v1alpha1", "SliceConfig")
    assert kind is not None
    edit = {"spec": {"rotationInterval": 60, "namespaceIsolationProfile": {"isolationEnabled": True}}}
    hub._requests.request("PATCH", kind.path(slice_.namespace, slice_.name), query=[("fieldManager", "kubectl-edit")],
                          body=edit, content_type="application/merge-patch+json")  # fmt: skip
    with pytest.raises(DeployFailedError, match=r"kubectl-edit manages spec.*rotationInterval.*with another value"):
        real.diff(world, kubeconfig=apiserver.kubeconfig)
    shown = real.diff(world, kubeconfig=apiserver.kubeconfig, force_conflicts=True)
    assert sorted(str(change) for item in shown.objects for change in item.changes) == [
        "spec.namespaceIsolationProfile.isolationEnabled: True -> False", "spec.rotationInterval: 60 -> 30",
    ]  # fmt: skip
    real.deploy(world, kubeconfig=apiserver.kubeconfig, force_conflicts=True)
    assert real.deploy(world, kubeconfig=apiserver.kubeconfig).unchanged


def test_a_missing_context_is_told_before_anything(apiserver: ApiServers, world: World) -> None:
    with pytest.raises(BackendUnavailable) as caught:
        RealClusters().deploy(world, kubeconfig=apiserver.kubeconfig, contexts={"worker-2": "gone"})
    assert "no context 'gone' for cluster worker-2: pass --context worker-2=CONTEXT" in str(caught.value)
    assert caught.value.exit_code == 3


def test_only_clusters_with_workloads_need_a_context(world: World) -> None:
    assert worker_clusters(world) == ("worker-1", "worker-2")
    assert worker_clusters(World(clusters=world.clusters, slices=world.slices)) == ()


def test_every_document_but_underlay_and_scenarios_is_placed(world: World) -> None:
    from real.contexts import ClusterContexts

    workers = {"worker-1": "one", "worker-2": "two"}
    placed = place(world, ClusterContexts(controller="hub", workers=workers))
    assert {(item.context, item.kind) for item in placed} == {
        ("hub", "Project"), ("hub", "Cluster"), ("hub", "SliceConfig"), ("one", "Deployment"), ("one", "Pod"),
        ("two", "Deployment"), ("two", "ServiceExport"),
    }  # fmt: skip
