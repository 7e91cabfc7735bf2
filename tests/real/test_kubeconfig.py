"""kubeconfig files that are missing or broken, and the match of clusters with contexts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kubeslice_sim.errors import BackendUnavailable, BadInput
from real.client import Transport, read_kubeconfig
from real.contexts import choose_contexts

AVAILABLE = ("controller", "worker-1", "kind-worker-2", "prod")


def test_names_match_or_are_chosen() -> None:
    found = choose_contexts(["worker-1", "worker-2", "worker-3"], available=AVAILABLE, chosen={"worker-3": "prod"})
    assert found.controller == "controller"
    assert found.workers == {"worker-1": "worker-1", "worker-2": "kind-worker-2", "worker-3": "prod"}
    assert found.all() == ("controller", "worker-1", "kind-worker-2", "prod")


def test_a_worker_may_live_on_the_controller_cluster() -> None:
    assert choose_contexts(["controller"], available=AVAILABLE).all() == ("controller",)


def test_everything_that_is_missing_is_named_with_what_to_pass() -> None:
    with pytest.raises(BackendUnavailable) as caught:
        choose_contexts(["worker-1", "worker-9"], available=AVAILABLE, controller="hub", chosen={"worker-1": "typo"})
    assert str(caught.value).splitlines() == [
        "no context 'hub' for the controller cluster: pass --controller-context",
        "no context 'typo' for cluster worker-1: pass --context worker-1=CONTEXT",
        "no context 'worker-9' for cluster worker-9: pass --context worker-9=CONTEXT",
        "the kubeconfig has: controller, worker-1, kind-worker-2, prod",
    ]


def test_the_current_context_is_no_guess() -> None:
    with pytest.raises(BackendUnavailable, match="no context 'controller' for the controller cluster"):
        choose_contexts([], available=("prod",))


def test_wrong_choices_are_bad_input() -> None:
    with pytest.raises(BadInput, match="worker-8; this world deploys to worker-1"):
        choose_contexts(["worker-1"], available=AVAILABLE, chosen={"worker-8": "prod"})
    with pytest.raises(BadInput, match="worker-1 and worker-2 would share context 'prod'"):
        choose_contexts(["worker-1", "worker-2"], available=AVAILABLE, chosen={"worker-1": "prod", "worker-2": "prod"})


def test_a_kubeconfig_that_is_not_there_or_not_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "absent"))
    with pytest.raises(BackendUnavailable, match=r"cannot read the kubeconfig .*absent"):
        read_kubeconfig()
    broken = tmp_path / "broken"
    broken.write_text("apiVersion: v1\nkind: Config\nusers: [{name: u, user: {token: s3cr3t")
    with pytest.raises(BackendUnavailable) as caught:
        read_kubeconfig(broken)
    assert "s3cr3t" not in str(caught.value)


def test_a_context_whose_certificate_file_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(f"""
apiVersion: v1
kind: Config
current-context: hub
contexts: [{{name: hub, context: {{cluster: c, user: u}}}}]
clusters: [{{name: c, cluster: {{server: "https://127.0.0.1:1"}}}}]
users: [{{name: u, user: {{client-certificate: {tmp_path}/gone.crt, client-key: {tmp_path}/gone.key}}}}]
""")
    with pytest.raises(BackendUnavailable, match=r"context 'hub' of .* cannot be used: .*gone\.crt"):
        Transport(read_kubeconfig(path), "hub")


def test_a_failed_credential_plugin_is_told_without_what_it_wrote(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    script = "echo s3cr3t; echo s3cr3t >&2; exit 7"
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": ["-c", script]}}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "hub",
        "contexts": [{"name": "hub", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:9"}}],
        "users": [{"name": "u", "user": user}],
    }
    path = tmp_path / "config"
    path.write_text(json.dumps(config))
    with pytest.raises(
        BackendUnavailable, match=r"gives no credentials: its plug-in failed \(exec: process returned 7"
    ):
        Transport(read_kubeconfig(path), "hub")
    assert "s3cr3t" not in "".join(capfd.readouterr())
    user["exec"]["command"] = "no-such-plugin"
    path.write_text(json.dumps(config))
    with pytest.raises(BackendUnavailable, match="no-such-plugin"):
        Transport(read_kubeconfig(path), "hub")
