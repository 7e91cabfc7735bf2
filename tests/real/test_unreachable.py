"""An API server that is stopped, silent, foreign or unwilling: one clear error, within seconds, without secrets."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path

import pytest

from kubeslice_sim.errors import BackendUnavailable
from real import client
from real.client import Transport, read_kubeconfig
from real.connection import Connection, check_all
from real.deploy import deploy
from tests.apiserver.server import ApiServers
from tests.real.conftest import connect
from tests.real.objects import cluster, on_controller

pytestmark = pytest.mark.needs_apiserver


def test_stopped_then_started_again(own_apiserver: ApiServers) -> None:
    connections = connect(own_apiserver)
    assert check_all(connections)["controller"].startswith("v1.")
    own_apiserver.stop("controller")
    started_s = time.monotonic()
    with pytest.raises(BackendUnavailable) as caught:
        deploy(connections, on_controller(cluster("w", "demo")), world="demo")
    assert time.monotonic() - started_s < 20.0, "seconds, not minutes"
    assert caught.value.exit_code == 3
    message = str(caught.value)
    assert message.startswith("cannot reach the API server of context 'controller' (https://127.0.0.1:")
    assert message.endswith("is it running, and is the kubeconfig right?") and "\n" not in message
    own_apiserver.start("controller")
    assert check_all(connections)["controller"].startswith("v1.")


def test_all_that_do_not_answer_are_named_together(apiserver: ApiServers, tmp_path: Path) -> None:
    config = json.loads(apiserver.kubeconfig.read_text())
    for entry in config["clusters"][1:]:
        entry["cluster"]["server"] = "https://127.0.0.1:1"
    path = _write(tmp_path, config)
    kubeconfig = read_kubeconfig(path)
    connections = {name: Connection(Transport(kubeconfig, name)) for name in kubeconfig.contexts}
    with pytest.raises(BackendUnavailable) as caught:
        check_all(connections)
    assert [line.split("'")[1] for line in str(caught.value).splitlines()] == ["worker-1", "worker-2"]


def test_a_server_that_accepts_and_says_nothing(
    apiserver: ApiServers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "ANSWER_WITHIN_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        config = json.loads(apiserver.kubeconfig.read_text())
        config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{silent.getsockname()[1]}"
        connection = Connection(Transport(read_kubeconfig(_write(tmp_path, config)), "controller"))
        started_s = time.monotonic()
        with pytest.raises(BackendUnavailable, match=r"did not answer|no answer"):
            connection.check()
        assert time.monotonic() - started_s < 30.0, "seconds, not minutes"


def test_an_untrusted_certificate_is_said_to_be_one(apiserver: ApiServers, tmp_path: Path) -> None:
    config = json.loads(apiserver.kubeconfig.read_text())
    del config["clusters"][0]["cluster"]["certificate-authority"]
    connection = Connection(Transport(read_kubeconfig(_write(tmp_path, config)), "controller"))
    with pytest.raises(BackendUnavailable, match="certificate that the kubeconfig does not trust"):
        connection.check()


def test_a_token_that_is_refused_is_never_repeated(apiserver: ApiServers, tmp_path: Path) -> None:
    config = json.loads(apiserver.kubeconfig.read_text())
    config["users"] = [{"name": "admin", "user": {"token": "s3cr3t-token"}}]
    connection = Connection(Transport(read_kubeconfig(_write(tmp_path, config)), "controller"))
    with pytest.raises(BackendUnavailable) as caught:
        connection.check()
    assert "are the kubeconfig's credentials still valid?" in str(caught.value)
    assert "s3cr3t" not in str(caught.value) + repr(caught.value.__context__)


def test_a_user_without_the_right_is_told_which(apiserver: ApiServers, clusters: dict[str, Connection]) -> None:
    """Impersonation makes the admin a user of no rights, as RBAC sees it."""

    class Nobody(Transport):
        def __init__(self) -> None:
            super().__init__(read_kubeconfig(apiserver.kubeconfig), "controller")
            self._client.client.set_default_header("Impersonate-User", "nobody")

    connections = {**clusters, "controller": Connection(Nobody())}
    with pytest.raises(
        BackendUnavailable, match=r'Cluster kubeslice-demo/w .*User "nobody" cannot get resource "clusters"'
    ):
        deploy(connections, on_controller(cluster("w", "demo")), world="demo")


def _write(folder: Path, config: object) -> Path:
    path = folder / "kubeconfig"
    path.write_text(json.dumps(config))
    return path
