"""A world with what no KubeSlice has is refused by file and line, and nothing is written."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from kubeslice_sim.cli import execute
from kubeslice_sim.manifest import hub_crds
from real.beyond import release_of
from real.connection import Connection, Kind
from tests.apiserver.server import ApiServers
from tests.real.conftest import NAMESPACE, connect, install

pytestmark = pytest.mark.needs_apiserver
ON_THE_OTHER = "{kubeslice-sim.io/clusters: worker-2}"
CHAIN = Path(__file__).parents[1] / "golden" / "plans" / "chain.yaml"


def test_the_cluster_says_which_release_it_is(clusters: dict[str, Connection]) -> None:
    assert release_of(clusters["controller"]) == "1.9"
    assert release_of(clusters["worker-1"]) == ""


def test_a_cluster_of_the_next_release_is_told_by_its_crds(own_apiserver: ApiServers) -> None:
    install(connect(own_apiserver)["controller"], hub_crds("next"))
    deadline_s = time.monotonic() + 60.0  # an API server publishes the schema some time after it serves the kind
    while (found := release_of(connect(own_apiserver)["controller"])) == "" and time.monotonic() < deadline_s:
        time.sleep(0.5)
    assert found == "next"


def chain_on_two_contexts() -> str:
    """The chain with workloads on two of its clusters, which are contexts here; the third gets nothing."""
    text = CHAIN.read_text()
    for before, after in (
        ("kubeslice-demo", "kubeslice-chained"),
        ("name: demo,", "name: chained,"),
        ("left", "worker-1"),
        ("middle", "worker-2"),
        ("{kubeslice-sim.io/clusters: right}", "{kubeslice-sim.io/clusters: worker-1}"),
        (
            "{name: web, namespace: app}",
            "{name: web, namespace: app, annotations: {kubeslice-sim.io/clusters: worker-2}}",
        ),
    ):
        assert before in text
        text = text.replace(before, after)
    return text


@pytest.mark.parametrize("verb", ["deploy", "diff"])
def test_a_chain_is_refused_and_nothing_is_written(
    clusters: dict[str, Connection],
    apiserver: ApiServers,
    verb: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "chain.yaml"
    path.write_text(chain_on_two_contexts())
    where = ["--kubeconfig", str(apiserver.kubeconfig)]
    assert execute([verb, str(path), *where, "--create-namespaces"]) == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 3
    assert told[0].startswith(
        f"{path}:33: spec: not deployable on KubeSlice 1.9 (context 'controller' has it): custom edges of slice red"
    )
    assert "dynamic IPAM with subnets of /24 of slice red" in told[2]
    controller = clusters["controller"]
    assert controller.get(NAMESPACE, "", "kubeslice-chained") is None
    project = Kind(api_version="controller.kubeslice.io/v1alpha1", kind="Project", plural="projects", namespaced=True)
    assert controller.get(project, "kubeslice-controller", "chained") is None
