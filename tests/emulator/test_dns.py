"""Real sockets in real namespaces, asked by programs that know nothing of us."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import pytest

from emulator.dns import DnsService, PodResolver, ZoneServer
from emulator.netns import Namespace
from emulator.resolver import Upstreams
from emulator.zone import cluster_zone, resolv_conf, slice_zone
from kubeslice_sim.errors import BackendUnavailable

IPERF, WEB = "iperf-server.iperf.svc.slice.local", "web.iperf.svc.cluster.local"
SLICE_DNS, CLUSTER_DNS = IPv4Address("10.96.0.20"), IPv4Address("10.96.0.10")
ADDRESS = IPv4Address("10.1.0.5")


class Cluster:
    """A pod and the machine on which both DNS servers of its cluster run."""

    def __init__(self, cable: Callable[..., None], *, upstream_timeout_s: float = 2.0) -> None:
        self.pod = Namespace.create("pod", private_files=True)
        self.node = Namespace.create("node")
        cable(self.node, self.pod, f"{SLICE_DNS}/24", "10.96.0.1/24")
        self.node.run(["ip", "address", "add", f"{CLUSTER_DNS}/24", "dev", "eth0"], timeout_s=5)
        self.service = DnsService()
        self.slice: ZoneServer = self.service.serve_zone(self.node, SLICE_DNS, slice_zone({IPERF: (ADDRESS,)}))
        self.cluster = self.service.serve_zone(
            self.node, CLUSTER_DNS, cluster_zone({WEB: (IPv4Address("192.168.1.7"),)})
        )
        upstreams = Upstreams(slice_dns=SLICE_DNS, others=(CLUSTER_DNS,))
        self.resolver: PodResolver = self.service.serve_resolver(
            self.pod, upstreams, upstream_timeout_s=upstream_timeout_s
        )
        self.pod.set_resolv_conf(resolv_conf("iperf", nameserver=IPv4Address("127.0.0.1"), search=["slice.local"]))

    def getent(self, name: str) -> list[str]:
        """The addresses that a C program sees, each once and in order."""
        done = self.pod.run(["getent", "ahostsv4", name], timeout_s=30)
        return list(dict.fromkeys(line.split()[0] for line in done.stdout.decode().splitlines()))


@pytest.fixture
def cluster(cable: Callable[..., None]) -> Callable[..., Cluster]:
    return lambda **options: Cluster(cable, **options)


@pytest.mark.inside
def test_unmodified_programs_find_slice_and_cluster_names(cluster: Callable[..., Cluster]) -> None:
    world = cluster()
    assert world.getent(IPERF) == [str(ADDRESS)]
    assert world.getent("web") == ["192.168.1.7"]  # by the search list
    assert world.getent("nobody.iperf.svc.slice.local") == []
    python = "import socket, sys; print(socket.gethostbyname(sys.argv[1]))"
    done = world.pod.run([sys.executable, "-c", python, IPERF], timeout_s=10)
    assert done.stdout.decode().strip() == str(ADDRESS), done.stderr.decode()
    world.service.close()


@pytest.mark.inside
def test_a_long_answer_reaches_a_program_over_tcp(cluster: Callable[..., Cluster]) -> None:
    world = cluster()
    many = tuple(IPv4Address("10.1.0.0") + n for n in range(1, 201))
    world.slice.set_records({IPERF: many})
    assert sorted(world.getent(IPERF)) == sorted(str(address) for address in many)
    world.service.close()


@pytest.mark.inside
def test_records_are_replaced_at_run_time_and_the_pods_cache_is_the_only_delay(cluster: Callable[..., Cluster]) -> None:
    world = cluster()
    assert world.getent(IPERF) == [str(ADDRESS)]
    world.slice.set_records({IPERF: (IPv4Address("10.1.16.9"),)})
    assert world.getent(IPERF) == [str(ADDRESS)]  # the pod's resolver keeps it for its 60 s
    direct = world.pod.call(dns.query.udp, dns.message.make_query(IPERF, "A"), str(SLICE_DNS), timeout=5)
    assert str(direct.answer[0][0]) == "10.1.16.9"
    world.service.close()


@pytest.mark.inside
def test_a_dead_kubeslice_dns_leaves_the_cluster_names(
    cluster: Callable[..., Cluster],
) -> None:
    world = cluster(upstream_timeout_s=0.2)
    world.slice.close()
    world.slice.close()
    assert world.getent(WEB + ".") == ["192.168.1.7"]
    assert world.getent(IPERF + ".") == []
    again = world.service.serve_zone(world.node, SLICE_DNS, slice_zone({IPERF: (ADDRESS,)}))
    assert world.getent(IPERF + ".") == [str(ADDRESS)]
    assert again.questions >= 1
    world.service.close()


@pytest.mark.inside
def test_a_pod_joins_a_slice_while_it_runs(cluster: Callable[..., Cluster]) -> None:
    world = cluster()
    world.resolver.set_upstreams(Upstreams(slice_dns=None, others=(CLUSTER_DNS,)))
    assert world.getent(IPERF) == []
    world.resolver.set_upstreams(Upstreams(slice_dns=SLICE_DNS, others=(CLUSTER_DNS,)))
    assert world.getent(IPERF) == [str(ADDRESS)]
    world.service.close()


@pytest.mark.inside
def test_rubbish_and_half_sent_questions_do_not_stop_it(cluster: Callable[..., Cluster]) -> None:
    world = cluster()

    def disturb() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for wire in (b"", b"x", bytes(12), os.urandom(300)):
                sender.sendto(wire, (str(SLICE_DNS), 53))
                sender.sendto(wire, ("127.0.0.1", 53))
        for wire in (b"\xff\xffhalf", b"\0\0", b"\0\x0c" + bytes(12)):
            with socket.create_connection((str(SLICE_DNS), 53), timeout=5) as stream:
                stream.sendall(wire)

    world.pod.call(disturb)
    assert world.getent(IPERF) == [str(ADDRESS)]
    world.service.close()


@pytest.mark.inside
def test_a_taken_port_is_said_plainly_and_freed_by_close(cluster: Callable[..., Cluster]) -> None:
    world = cluster()
    with pytest.raises(BackendUnavailable, match=r"node: no DNS server at 10\.96\.0\.20:53"):
        world.service.serve_zone(world.node, SLICE_DNS, slice_zone({}))
    world.service.close()
    world.service.close()
    with pytest.raises(dns.exception.Timeout):
        world.pod.call(dns.query.udp, dns.message.make_query(IPERF, "A"), str(SLICE_DNS), timeout=0.2)
    other = DnsService()
    other.serve_zone(world.node, SLICE_DNS, slice_zone({}))
    other.close()


@pytest.mark.inside
def test_a_pod_costs_sockets_and_no_process_or_thread(cluster: Callable[..., Cluster]) -> None:
    world = cluster()
    pods = [Namespace.create(f"pod{n}") for n in range(20)]
    threads, files = threading.active_count(), _open_files()
    for pod in pods:
        world.service.serve_resolver(pod, Upstreams(slice_dns=SLICE_DNS, others=()))
    assert threading.active_count() == threads
    assert _open_files() - files == 20 * 3
    assert pods[0].pids() == ()
    world.service.close()


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
