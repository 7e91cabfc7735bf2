"""Connections to the test API servers, with KubeSlice's CRDs on them."""

from __future__ import annotations

import time
from typing import Any

import pytest

from kubeslice_sim.manifest import hub_crds, worker_crds
from real.client import Transport, read_kubeconfig
from real.connection import Connection, Kind
from tests.apiserver.fixture import apiserver, apiserver_binaries, own_apiserver, project_name
from tests.apiserver.server import ApiServers

__all__ = ["apiserver", "apiserver_binaries", "own_apiserver", "project_name"]

NAMESPACE = Kind(api_version="v1", kind="Namespace", plural="namespaces", namespaced=False)
_CRD = Kind(api_version="apiextensions.k8s.io/v1", kind="CustomResourceDefinition",
            plural="customresourcedefinitions", namespaced=False)  # fmt: skip


def connect(servers: ApiServers) -> dict[str, Connection]:
    kubeconfig = read_kubeconfig(servers.kubeconfig)
    return {context: Connection(Transport(kubeconfig, context)) for context in servers.contexts}


def install(connection: Connection, crds: tuple[dict[str, Any], ...]) -> None:
    """Apply CRDs and wait until each is served."""
    for crd in crds:
        connection.apply(_CRD, crd, dry_run=False)
    for crd in crds:
        for _ in range(100):
            live = connection.get(_CRD, "", crd["metadata"]["name"])
            conditions = ((live or {}).get("status") or {}).get("conditions") or ()
            if any(item["type"] == "Established" and item["status"] == "True" for item in conditions):
                break
            time.sleep(0.05)
        else:
            pytest.fail(f"{crd['metadata']['name']} was never established")


@pytest.fixture(scope="session")
def clusters(apiserver: ApiServers) -> dict[str, Connection]:
    """A connection per context; KubeSlice's CRDs where its controller and its worker operator would put them."""
    connections = connect(apiserver)
    install(connections["controller"], hub_crds())
    install(connections["worker-1"], worker_crds())
    install(connections["worker-2"], worker_crds())
    return {context: Connection(Transport(read_kubeconfig(apiserver.kubeconfig), context)) for context in connections}


@pytest.fixture
def hub(clusters: dict[str, Connection], project_name: str) -> Connection:
    """The controller cluster with the namespace in which this test's Project stands."""
    connection = clusters["controller"]
    make_namespace(connection, f"hub-{project_name}")
    return connection


def make_namespace(connection: Connection, name: str) -> None:
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    connection.apply(NAMESPACE, manifest, dry_run=False)
