"""The pace of requests: a bucket for each kind, client-go's towards the hub, Kubernetes' parts by themselves."""

from __future__ import annotations

from kubeslice_sim.controlplane.api_client import NODES, ApiClient, ApiServerPost
from kubeslice_sim.controlplane.api_load import ApiLoad
from kubeslice_sim.controlplane.store import Store
from kubeslice_sim.model.timing import FAST, FAST_FACTOR, KUBESLICE, TimingChoice


def client_of(cluster: str, server: str) -> ApiClient:
    return ApiClient(cluster, ApiServerPost(Store(server), 0.0), 0.0, KUBESLICE, ApiLoad())


def held_back(client: ApiClient, requests: int, kind: str = "Pod", sender: str = "") -> float:
    """How long the last of so many requests at one moment waits."""
    return round(max(client.leave("create", kind, 0.0, sender) for _ in range(requests)), 9)


def test_a_kind_does_not_wait_for_another() -> None:
    client = client_of("a", "a")
    assert held_back(client, 30, "Pod") == 0.0
    assert held_back(client, 30, "Service") == 0.0
    assert held_back(client, 20, "Pod") == 1.0


def test_requests_to_the_controller_cluster_go_at_client_gos_pace() -> None:
    client = client_of("a", "controller")
    assert held_back(client, 10, "WorkerSliceGateway") == 0.0
    assert held_back(client, 5, "WorkerSliceGateway") == 1.0


def test_parts_of_kubernetes_have_clients_of_their_own() -> None:
    client = client_of("a", "a")
    assert held_back(client, 100, sender=NODES) == 0.0
    assert held_back(client, 50, sender=NODES) == 1.0
    assert held_back(client, 30, sender="workload") == 0.0
    assert held_back(client, 30) == 0.0, "KubeSlice's operator does not wait for them"


def test_paces_are_a_worlds_to_choose() -> None:
    assert (FAST.hub_client_qps, FAST.hub_client_burst) == (5.0 * FAST_FACTOR, 10)
    settled = TimingChoice(hub_client_qps=50.0, node_client_burst=7).settle()
    assert (settled.hub_client_qps, settled.node_client_burst, settled.client_qps) == (50.0, 7, 20.0)
