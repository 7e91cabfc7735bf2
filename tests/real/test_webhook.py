"""Webhooks that look at other objects, as KubeSlice's do: asked in their turn, and what they say reaches the user."""

from __future__ import annotations

import time
from typing import Any

import pytest

from kubeslice_sim.errors import BadInput
from real.connection import Connection
from real.deploy import deploy
from real.destroy import destroy
from real.failures import DeployFailedError
from tests.apiserver.server import ApiServers
from tests.real.conftest import make_namespace
from tests.real.objects import CONTROLLER_GROUP, cluster, on_controller, slice_config
from tests.real.webhook import slice_webhook

pytestmark = pytest.mark.needs_apiserver
PENDING = 'Spec.Clusters: Invalid value: "worker-1": cluster registration is not completed. Possible cause: Slice Operator installation is pending on the cluster.'  # noqa: E501  KubeSlice's own words


def settled(connection: Connection, project_name: str) -> None:
    """A webhook works a moment after it is registered: wait until a dry run meets it."""
    kind = connection.find_kind(CONTROLLER_GROUP, "SliceConfig")
    assert kind is not None
    for _ in range(100):
        try:
            connection.apply(kind, slice_config("probe", project_name), dry_run=True)
        except Exception:
            return
        time.sleep(0.1)
    pytest.fail("the webhook is never asked")


def test_a_slice_whose_clusters_come_first_is_not_refused_beforehand(
    apiserver: ApiServers, hub: Connection, clusters: dict[str, Connection], project_name: str
) -> None:
    namespace = f"kubeslice-{project_name}"
    make_namespace(hub, namespace)
    kind = hub.find_kind(CONTROLLER_GROUP, "Cluster")
    assert kind is not None

    def judge(request: dict[str, Any]) -> str:
        return "" if hub.get(kind, namespace, "worker-1") else 'Invalid value: "worker-1": cluster is not registered'

    world = on_controller(slice_config("red", project_name, clusters=["worker-1"]), cluster("worker-1", project_name))
    with slice_webhook(apiserver, hub, namespace, judge):
        settled(hub, project_name)
        done = deploy(clusters, world, world=project_name)
        assert [item.action for item in done.objects] == ["created", "created"]
        assert deploy(clusters, world, world=project_name).unchanged


def test_a_refusal_in_its_turn_says_what_was_applied_and_what_to_do(
    apiserver: ApiServers, hub: Connection, clusters: dict[str, Connection], project_name: str
) -> None:
    namespace = f"kubeslice-{project_name}"
    make_namespace(hub, namespace)
    world = on_controller(slice_config("red", project_name, clusters=["worker-1"]), cluster("worker-1", project_name))
    with slice_webhook(apiserver, hub, namespace, lambda _request: PENDING):
        settled(hub, project_name)
        with pytest.raises(DeployFailedError) as first:
            deploy(clusters, world, world=project_name)
        with pytest.raises(DeployFailedError) as second:
            deploy(clusters, world, world=project_name)
    message = str(first.value)
    assert f"SliceConfig {namespace}/red on controller: refused by the webhook vsliceconfig.kb.io: {PENDING}" in message
    assert "install the KubeSlice worker operator on that cluster, then deploy again" in message
    assert f"applied before that: Cluster {namespace}/worker-1 on controller" in message
    assert str(second.value).endswith("nothing was applied")


def test_a_refusal_for_the_object_itself_is_bad_input(
    apiserver: ApiServers, hub: Connection, clusters: dict[str, Connection], project_name: str
) -> None:
    namespace = f"kubeslice-{project_name}"
    make_namespace(hub, namespace)
    reason = 'Spec.SliceSubnet: Invalid value: "8.8.0.0/16": must be a private subnet'
    with slice_webhook(apiserver, hub, namespace, lambda _request: reason):
        settled(hub, project_name)
        with pytest.raises(BadInput, match="must be a private subnet"):
            deploy(clusters, on_controller(slice_config("red", project_name)), world=project_name)


def test_destroy_takes_namespaces_off_the_slice_and_waits_for_the_webhook_to_agree(
    apiserver: ApiServers, hub: Connection, clusters: dict[str, Connection], project_name: str
) -> None:
    """KubeSlice refuses to delete a slice with namespaces on board, then until the workers have let them go."""
    namespace = f"kubeslice-{project_name}"
    make_namespace(hub, namespace)
    denied: list[str] = []

    def judge(request: dict[str, Any]) -> str:
        if request["operation"] != "DELETE":
            return "probe" if request["name"] == "probe" else ""
        if request["oldObject"]["spec"]["namespaceIsolationProfile"].get("applicationNamespaces"):
            return "Please deboard the namespaces"
        denied.append("Deboarding of namespaces is in progress")
        return denied[-1] if len(denied) < 3 else ""

    world = on_controller(slice_config("red", project_name))
    with slice_webhook(apiserver, hub, namespace, judge):
        settled(hub, project_name)
        deploy(clusters, world, world=project_name)
        done = destroy(clusters, world=project_name, within_s=10.0)
    assert done.complete and len(denied) == 3


def test_a_destroy_that_was_cut_short_does_not_stand_in_the_way_of_a_deploy(
    apiserver: ApiServers, hub: Connection, clusters: dict[str, Connection], project_name: str
) -> None:
    namespace = f"kubeslice-{project_name}"
    make_namespace(hub, namespace)
    world = on_controller(slice_config("red", project_name))

    def judge(request: dict[str, Any]) -> str:
        return "not now" if request["operation"] == "DELETE" or request["name"] == "probe" else ""

    with slice_webhook(apiserver, hub, namespace, judge):
        settled(hub, project_name)
        deploy(clusters, world, world=project_name)
        (blocked,) = destroy(clusters, world=project_name, within_s=0.6).removals
        assert (blocked.outcome, blocked.reason) == ("blocked", "not now")
        (again,) = deploy(clusters, world, world=project_name).objects
        assert again.action == "changed"
        assert deploy(clusters, world, world=project_name).unchanged
