"""Our controller on a real API server leaves the objects that the real controller left, and lets go when it is told."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubeslice_sim.apiserver import Step, read_steps
from kubeslice_sim.apiserver.incoming import completed
from kubeslice_sim.manifest import hub_crds
from kubeslice_sim.model.frozen import thaw
from kubeslice_sim.model.kinds import HUB_NOUNS
from kubeslice_sim.planner.stored import stored
from real.client import Transport, read_kubeconfig
from real.connection import Connection, Kind
from real.controller import OTHER_KINDS, HubController
from real.leadership import LEASE, LEASE_NAME
from real.typed import read
from tests.apiserver.server import ApiServers
from tests.planner import oracle
from tests.real.conftest import NAMESPACE, connect, install, make_namespace

pytestmark = pytest.mark.needs_apiserver
CASES = ("mesh-3", "no-network", "service-export", "grow-shrink", "worker-reports")
CONTROLLER = "kubeslice-controller"
KSIM = (sys.executable, "-c", "from kubeslice_sim.cli import main; main()")
WITHIN_S = 120.0
"""How long a test waits before it says that something never came; nothing is measured by it."""


@pytest.fixture
def hub(own_apiserver: ApiServers) -> Connection:
    """An API server with KubeSlice's CRDs and the controller's namespace, and no controller."""
    connection = connect(own_apiserver)["controller"]
    install(connection, hub_crds())
    make_namespace(connection, CONTROLLER)
    return Connection(Transport(read_kubeconfig(own_apiserver.kubeconfig), "controller"))


class Running:
    """A controller on a thread of this process."""

    def __init__(self, servers: ApiServers) -> None:
        self.said: list[str] = []
        transport = Transport(read_kubeconfig(servers.kubeconfig), "controller")
        self.controller = HubController(transport, certificates="immediate", say=self.said.append)
        self._thread = threading.Thread(target=self._run)
        self.worked: Any = None

    def _run(self) -> None:
        self.worked = self.controller.run()

    def __enter__(self) -> Running:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.controller.stop()
        self._thread.join(timeout=30)
        assert not self._thread.is_alive()


@pytest.mark.parametrize("name", CASES)
def test_every_step_leaves_what_the_real_controller_left(
    name: str, hub: Connection, own_apiserver: ApiServers, shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each sequence has a server of its own: slices of one name in two projects share lists of gateways."""
    case = next(item for item in oracle.sequences() if item.name == name)
    objects, paths = 0, (case / "00-setup-input.yaml", *oracle.steps(case))
    with Running(own_apiserver) as running:
        for document in oracle.setup_of(case):
            create(hub, document)
        for path in paths:
            for step in accepted(case, path):
                ask(hub, step, case)
            theirs = [item for item in oracle.outcome_of_step(path) if of_case(item, case)]
            left = eventually_none(lambda t=theirs: list(oracle.differences(standing(hub, case), t)))  # type: ignore[misc]
            assert left == [], f"{path.name}: {left[:5]}\n" + "\n".join(running.said[-20:])
            objects += len(theirs)
    with capsys.disabled():
        print(f" {name}: {len(paths)} steps, {objects} objects, 0 differences; {running.worked} ", end="")


def test_in_a_steady_state_nothing_is_written(hub: Connection, own_apiserver: ApiServers, shared: Path) -> None:
    case = next(item for item in oracle.sequences() if item.name == "mesh-2")
    with Running(own_apiserver):
        for document in oracle.setup_of(case):
            create(hub, document)
        (step,) = read_steps(oracle.first_step(case))
        ask(hub, step, case)
        theirs = [item for item in oracle.outcome_of(case) if of_case(item, case)]
        assert eventually_none(lambda: list(oracle.differences(standing(hub, case), theirs))) == []
        assert eventually_none(lambda: undated(hub, case)) == []
    before = versions(hub)
    with Running(own_apiserver) as again:
        eventually_none(lambda: [] if again.said else ["not listed yet"])
        while again.controller.pending():
            time.sleep(0.05)
    assert again.worked.reconciles > 10
    assert again.worked.writes == 0, "it looked at everything, and everything was as it should be"
    assert versions(hub) == before


def test_the_command_dries_works_waits_its_turn_and_stops(
    hub: Connection, own_apiserver: ApiServers, shared: Path, tmp_path: Path
) -> None:
    case = next(item for item in oracle.sequences() if item.name == "mesh-2")
    for document in oracle.setup_of(case)[:1]:
        create(hub, document)
    project = oracle.setup_of(case)[0]["metadata"]["name"]
    command = [*KSIM, "controller", "--kubeconfig", str(own_apiserver.kubeconfig)]

    dry = subprocess.run([*command, "--dry-run"], capture_output=True, text=True, timeout=WITHIN_S)
    assert dry.returncode == 0, dry.stderr
    assert f"create Namespace kubeslice-{project}" in dry.stdout
    assert hub.get(NAMESPACE, "", f"kubeslice-{project}") is None

    logs = [tmp_path / "first.log", tmp_path / "second.log"]
    with ExitStack() as files:
        first, second = (
            subprocess.Popen(command, stderr=files.enter_context(log.open("w")), text=True) for log in logs
        )
    try:
        assert eventually_none(lambda: [] if hub.get(NAMESPACE, "", f"kubeslice-{project}") else ["no namespace"]) == []
        leader = str((hub.get(LEASE, CONTROLLER, LEASE_NAME) or {})["spec"]["holderIdentity"])
        one, other = (first, second) if leader.endswith(f"_{first.pid}") else (second, first)
        assert leader.endswith(f"_{one.pid}")
        assert eventually_none(lambda: [] if any("waiting: " in log.read_text() for log in logs) else ["waits"]) == []
        one.send_signal(signal.SIGTERM)
        assert one.wait(timeout=WITHIN_S) == 0
        taken = f"_{other.pid}"
        assert eventually_none(lambda: [] if holder(hub).endswith(taken) else ["not taken over"]) == []
        other.send_signal(signal.SIGINT)
        assert other.wait(timeout=WITHIN_S) == 0
        assert holder(hub) == ""
    finally:
        for process in (first, second):
            process.kill()
            process.wait()
    assert all("stopped after " in log.read_text() for log in logs)


def test_beside_kubeslices_own_controller_it_does_not_start(hub: Connection, own_apiserver: ApiServers) -> None:
    deployments = Kind(api_version="apps/v1", kind="Deployment", plural="deployments", namespaced=True)
    labels = {"control-plane": "controller-manager"}
    pod = {"containers": [{"name": "manager", "image": "aveshasystems/kubeslice-controller"}]}
    hub.apply(deployments, {
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "kubeslice-controller-manager", "namespace": CONTROLLER},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}},
    }, dry_run=False)  # fmt: skip
    command = [*KSIM, "controller", "--kubeconfig", str(own_apiserver.kubeconfig)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=WITHIN_S)
    assert done.returncode == 3
    assert "KubeSlice's own controller is on context 'controller'" in done.stderr
    assert hub.get(LEASE, CONTROLLER, LEASE_NAME) is None


def holder(hub: Connection) -> str:
    return str((hub.get(LEASE, CONTROLLER, LEASE_NAME) or {"spec": {}})["spec"].get("holderIdentity") or "")


def accepted(case: Path, path: Path) -> list[Step]:
    """The recorded requests of a step without those that KubeSlice's webhooks refused: here are none."""
    recorded = yaml.safe_load((case / "meta.yaml").read_text())["steps"]
    verdicts = {item["step"]: item.get("verdicts", ()) for item in recorded}
    name = path.name.removesuffix("-input.yaml")
    if name == "00-setup":
        return []
    steps = read_steps(path)
    return [step for step, verdict in zip(steps, verdicts[name], strict=True) if verdict["code"] < 300]


def create(hub: Connection, document: dict[str, Any]) -> None:
    """As a user creates it whose webhooks have spoken; then its status, as its worker reports it."""
    kind = served(hub, document["apiVersion"], document["kind"])
    namespace, name = document["metadata"].get("namespace", ""), document["metadata"]["name"]
    whole = completed(dict(document), mutate=True)
    status = whole.pop("status", None)
    assert eventually_none(lambda: missing_namespace(hub, namespace)) == []
    hub.apply(kind, whole, dry_run=False)
    if status:
        patch_status(hub, kind, namespace, name, {"status": status})


def ask(hub: Connection, step: Step, case: Path) -> None:
    """Make a recorded request."""
    body: dict[str, Any] = thaw(step.body)
    if step.operation == "create":
        create(hub, body)
        return
    noun = next(noun for noun in HUB_NOUNS if noun.RESOURCE.kind == step.kind)
    kind = served(hub, noun.RESOURCE.api_version, step.kind)
    (found,) = (
        item["metadata"] for item in hub.list(kind, namespace=step.namespace)
        if item["metadata"]["name"] == step.name and of_case(item, case)
    )  # fmt: skip
    namespace, uid = found.get("namespace", ""), found["uid"]
    if step.operation == "delete":
        hub.delete(kind, namespace, step.name, uid=uid)
    elif step.operation == "merge-patch":
        hub.merge(kind, namespace, step.name, body)
    else:
        patch_status(hub, kind, namespace, step.name, body)


def patch_status(hub: Connection, kind: Kind, namespace: str, name: str, patch: dict[str, Any]) -> None:
    part = Kind(api_version=kind.api_version, kind=kind.kind, plural=kind.plural, namespaced=True)
    hub.merge(part, namespace, f"{name}/status", patch)


def served(hub: Connection, api_version: str, kind: str) -> Kind:
    found = hub.find_kind(api_version, kind)
    assert found is not None
    return found


def missing_namespace(hub: Connection, name: str) -> list[str]:
    return [f"namespace {name}"] if name and hub.get(NAMESPACE, "", name) is None else []


def standing(hub: Connection, case: Path) -> list[dict[str, Any]]:
    """What is on the API server and belongs to the case."""
    kinds = [*((noun.RESOURCE.api_version, noun.RESOURCE.kind) for noun in HUB_NOUNS), *OTHER_KINDS]
    items = [item for pair in kinds for item in hub.list(served(hub, *pair))]
    return [dict(stored(read(item))) for item in items if of_case(item, case)]


def of_case(item: Any, case: Path) -> bool:
    project = oracle.setup_of(case)[0]["metadata"]["name"]
    metadata = item["metadata"]
    own = f"kubeslice-{project}"
    return own in (metadata.get("namespace"), metadata["name"]) or (item["kind"], metadata["name"]) == (
        "Project", project,
    )  # fmt: skip


def undated(hub: Connection, case: Path) -> list[str]:
    """Rotations of keys that do not say yet when these were made (their jobs are looked at every 30 s)."""
    rotations = (item for item in standing(hub, case) if item["kind"] == "VpnKeyRotation")
    return [item["metadata"]["name"] for item in rotations if not item["spec"].get("certificateCreationTime")]


def versions(hub: Connection) -> dict[str, str]:
    kinds = [*((noun.RESOURCE.api_version, noun.RESOURCE.kind) for noun in HUB_NOUNS), *OTHER_KINDS]
    return {
        item["metadata"]["uid"]: item["metadata"]["resourceVersion"]
        for pair in kinds for item in hub.list(served(hub, *pair))
    }  # fmt: skip


def eventually_none(look: Any) -> list[str]:
    """What is left of a list that should become empty."""
    deadline_s = time.monotonic() + WITHIN_S
    while (left := look()) and time.monotonic() < deadline_s:
        time.sleep(0.5)
    return list(left)
