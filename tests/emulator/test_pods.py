"""What a pod is told to run, and in which environment."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from emulator.pods import environment_of, program_of
from kubeslice_sim.controlplane.effects import StartAppPod


def pod(emulate: str = "", command: tuple[str, ...] = ("/bin/app", "--flag")) -> StartAppPod:
    return StartAppPod(
        cluster="worker-1", namespace="shop", pod="web-0", node="n", pod_ip=IPv4Address("10.0.0.2"), emulate=emulate,
        command=command, ports=(8080,),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("emulate", "argv"),
    [
        ("", ("/bin/app", "--flag")),
        ("sleep", ("sleep", "infinity")),
        ("iperf3 5300", ("iperf3", "--server", "--json", "--port", "5300")),
        ("sh -c 'echo \"a b\"; $HOME `id`'", ("sh", "-c", 'echo "a b"; $HOME `id`')),  # words, for no shell to read
    ],
)
def test_the_annotation_goes_before_the_command(emulate: str, argv: tuple[str, ...]) -> None:
    assert program_of(pod(emulate)) == argv


def test_a_pod_knows_its_names_and_no_proxy_of_the_host() -> None:
    outside = {"PATH": "/bin", "http_proxy": "http://proxy:3128", "HTTPS_PROXY": "x", "NO_PROXY": "y", "POD_NAME": "z"}
    assert environment_of(pod(), outside) == {
        "PATH": "/bin", "POD_NAME": "web-0", "POD_NAMESPACE": "shop", "CLUSTER_NAME": "worker-1",
    }  # fmt: skip
