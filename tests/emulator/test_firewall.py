"""Packet rules: their JSON as goldens, and each of them on live packets."""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network

import pytest
from pytest_regressions.data_regression import DataRegressionFixture

from emulator import nft
from emulator.conntrack import forget_udp
from emulator.firewall import (
    DSCP_TABLE,
    NAT_TABLE,
    POLICY_TABLE,
    Allow,
    NodePort,
    PodPolicy,
    PortRange,
    dscp_marks,
    network_policies,
    node_nat,
    partition,
)
from emulator.netns import Namespace
from emulator.shaping import PortMatch, PortSide

NODE, POD, OTHER_POD, OUTSIDE = (
    IPv4Address(text) for text in ("172.18.0.2", "192.168.1.5", "192.168.2.6", "172.18.0.1")
)
POD_CIDR = IPv4Network("192.168.0.0/16")
SERVER_MARK = PortMatch(side=PortSide.SOURCE, port=11194)


def _net(*texts: object) -> tuple[IPv4Network, ...]:
    return tuple(IPv4Network(str(text)) for text in texts)


def _nat(*ports: NodePort) -> nft.Table:
    return node_nat(node=NODE, uplink="eth0", pod_cidr=POD_CIDR, node_ports=ports)


def test_nat_of_a_node(data_regression: DataRegressionFixture) -> None:
    table = _nat(NodePort(port=31001, pod=OTHER_POD), NodePort(port=31000, pod=POD))
    data_regression.check(table.replacement())


def test_marks_of_a_server_gateway(data_regression: DataRegressionFixture) -> None:
    data_regression.check(dscp_marks("AF11", [SERVER_MARK]).replacement())


@pytest.mark.parametrize("ignored", ["AF13", "Default"])
def test_a_class_that_the_sidecar_ignores_marks_nothing(ignored: str) -> None:
    assert dscp_marks(ignored, [SERVER_MARK]).chains[0].rules == ()


def test_policies_on_a_node(data_regression: DataRegressionFixture) -> None:
    slice_pods = _net("192.168.1.0/25", "192.168.1.128/25", "192.168.2.6")
    policies = (
        PodPolicy(pod=POD, ingress=(Allow(peers=slice_pods),), egress=(Allow(peers=slice_pods),)),
        PodPolicy(
            pod=OTHER_POD,
            ingress=(
                Allow(
                    peers=None,
                    ports=(
                        PortRange(protocol="tcp", first=80),
                        PortRange(protocol="udp", first=8000, last=8010),
                        PortRange(protocol="sctp"),
                    ),
                ),
            ),
            egress=None,
        ),
    )
    data_regression.check(network_policies(policies, place="node").replacement())


def test_an_empty_allow_list_denies_everybody() -> None:
    nobody = PodPolicy(pod=POD, ingress=(Allow(peers=()),), egress=())
    egress, ingress = network_policies([nobody], place="pod").chains
    assert [one.comment for one in ingress.rules] == ["answers", f"to {POD}: denied"]
    assert [one.comment for one in egress.rules] == ["answers", f"from {POD}: denied"]
    assert (egress.hook, ingress.hook) == ("output", "input")


def test_a_partition(data_regression: DataRegressionFixture) -> None:
    data_regression.check(partition("cut", _net("172.18.0.2"), _net("172.18.0.3", "172.18.1.0/24")).replacement())


def test_a_partition_from_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one address"):
        partition("cut", (), _net("172.18.0.2"))


class Cluster:
    """One node that routes for two pods and has an uplink to a machine outside."""

    def __init__(self, cable: Callable[..., None]) -> None:
        self.node, self.pod, self.other, self.outside = (
            Namespace.create(name) for name in ("node", "pod", "other-pod", "outside")
        )
        cable(self.node, self.outside, f"{NODE}/24", f"{OUTSIDE}/24")
        cable(self.node, self.pod, "192.168.1.1/24", f"{POD}/24", a_name="pod0")
        cable(self.node, self.other, "192.168.2.1/24", f"{OTHER_POD}/24", a_name="pod1")
        self.node.sysctl("net.ipv4.ip_forward", 1)
        for pod, router in ((self.pod, "192.168.1.1"), (self.other, "192.168.2.1")):
            pod.run(["ip", "route", "add", "default", "via", router], timeout_s=5)


def _listen(namespace: Namespace, port: int, *, tos: bool = False) -> socket.socket:
    def bind() -> socket.socket:
        listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        listener.bind(("0.0.0.0", port))  # noqa: S104
        listener.settimeout(0.3)
        if tos:
            listener.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
        return listener

    return namespace.call(bind)


def _sender(namespace: Namespace, port: int = 0) -> socket.socket:
    return _listen(namespace, port)


def _reaches(sender: socket.socket, target: IPv4Address, port: int, listener: socket.socket) -> tuple[str, int] | None:
    """Where a datagram seems to come from when it arrives, or None."""
    try:
        sender.sendto(b"x", (str(target), port))
        return listener.recvfrom(100)[1]  # type: ignore[no-any-return]
    except (TimeoutError, PermissionError):
        return None


@pytest.mark.inside
def test_a_node_port_leads_to_the_pod_and_its_answer_comes_from_the_node(cable: Callable[..., None]) -> None:
    cluster = Cluster(cable)
    nft.apply(cluster.node, _nat(NodePort(port=31000, pod=POD)))
    gateway, client = _listen(cluster.pod, 11194), _sender(cluster.outside)

    seen = _reaches(client, NODE, 31000, gateway)

    assert seen == (str(OUTSIDE), client.getsockname()[1])
    gateway.sendto(b"answer", seen)
    assert client.recvfrom(100) == (b"answer", (str(NODE), 31000))


@pytest.mark.inside
def test_a_node_port_that_moves_to_another_pod_takes_running_flows_along(cable: Callable[..., None]) -> None:
    cluster = Cluster(cable)
    old, new, client = _listen(cluster.pod, 11194), _listen(cluster.other, 11194), _sender(cluster.outside)
    nft.apply(cluster.node, _nat(NodePort(port=31000, pod=POD)))
    assert _reaches(client, NODE, 31000, old)

    nft.apply(cluster.node, _nat(NodePort(port=31000, pod=OTHER_POD)))

    assert _reaches(client, NODE, 31000, new) is None  # the kernel remembers the flow …
    assert forget_udp(cluster.node, 31000) == 1
    assert _reaches(client, NODE, 31000, new)  # … until told to forget it
    assert forget_udp(cluster.node, 31999) == 0


@pytest.mark.inside
def test_a_pod_speaks_to_the_outside_as_its_node_and_to_pods_as_itself(cable: Callable[..., None]) -> None:
    cluster = Cluster(cable)
    nft.apply(cluster.node, _nat())
    pod = _sender(cluster.pod, 5000)
    assert _reaches(pod, OUTSIDE, 7000, _listen(cluster.outside, 7000)) == (str(NODE), 5000)
    assert _reaches(pod, OTHER_POD, 7000, _listen(cluster.other, 7000)) == (str(POD), 5000)


@pytest.mark.inside
def test_a_gateways_packets_carry_the_class_and_no_others(cable: Callable[..., None]) -> None:
    cluster = Cluster(cable)
    nft.apply(cluster.pod, dscp_marks("EF", [SERVER_MARK]))
    listener = _listen(cluster.other, 7000, tos=True)

    def tos_from(port: int) -> int:
        _sender(cluster.pod, port).sendto(b"x", (str(OTHER_POD), 7000))
        _, ancillary, _, _ = listener.recvmsg(100, 100)
        return ancillary[0][2][0]

    assert tos_from(11194) == 46 << 2
    assert tos_from(11195) == 0
    (counter,) = nft.counters(cluster.pod, DSCP_TABLE)
    assert counter.packets == 1


@pytest.mark.inside
@pytest.mark.parametrize("place", ["node", "pod"])
def test_a_policy_lets_in_whom_it_names_and_answers_to_what_the_pod_asked(
    cable: Callable[..., None], place: str
) -> None:
    cluster = Cluster(cable)
    where = cluster.node if place == "node" else cluster.pod
    policy = PodPolicy(pod=POD, ingress=(Allow(peers=_net(OUTSIDE)),), egress=(Allow(peers=_net(OTHER_POD)),))
    pod, friend, other = _listen(cluster.pod, 7000), _listen(cluster.outside, 7000), _listen(cluster.other, 7000)
    cluster.outside.run(["ip", "route", "add", str(POD_CIDR), "via", str(NODE)], timeout_s=5)
    assert _reaches(other, POD, 7000, pod)
    nft.apply(where, network_policies([policy], place="node" if place == "node" else "pod"))
    forget_udp(where, 7000)

    assert _reaches(friend, POD, 7000, pod)
    assert _reaches(other, POD, 7000, pod) is None
    assert _reaches(pod, OTHER_POD, 7000, other)
    assert _reaches(other, POD, 7000, pod)  # now it is an answer
    assert _reaches(pod, OUTSIDE, 7000, friend)  # an answer to the friend
    assert _reaches(_sender(cluster.pod), OUTSIDE, 7000, friend) is None
    denied = {one.comment: one.packets for one in nft.counters(where, POLICY_TABLE)}
    assert denied == {f"to {POD}: denied": 1, f"from {POD}: denied": 1}
    nft.remove(where, POLICY_TABLE)
    nft.remove(where, POLICY_TABLE)
    assert _reaches(_sender(cluster.pod), OUTSIDE, 7000, friend)


@pytest.mark.inside
def test_a_partition_cuts_both_ways_and_only_the_two_sides(cable: Callable[..., None]) -> None:
    cluster = Cluster(cable)
    pod, other, outside = _listen(cluster.pod, 7000), _listen(cluster.other, 7000), _listen(cluster.outside, 7000)
    cluster.outside.run(["ip", "route", "add", str(POD_CIDR), "via", str(NODE)], timeout_s=5)
    cut = partition("cut", _net(POD), _net(OTHER_POD))

    nft.apply(cluster.node, cut)

    assert _reaches(pod, OTHER_POD, 7000, other) is None
    assert _reaches(other, POD, 7000, pod) is None
    assert _reaches(pod, OUTSIDE, 7000, outside)
    dropped = {one.comment: one.packets for one in nft.counters(cluster.node, cut.name) if one.packets}
    assert dropped == {"cut: there": 1, "cut: back": 1}
    nft.remove(cluster.node, cut.name)
    assert _reaches(pod, OTHER_POD, 7000, other)


@pytest.mark.inside
def test_a_table_that_nft_refuses_leaves_the_old_one_in_place(cable: Callable[..., None]) -> None:
    cluster = Cluster(cable)
    nft.apply(cluster.node, _nat(NodePort(port=31000, pod=POD)))
    with pytest.raises(nft.FirewallError, match="node: nft refused"):
        nft.apply(cluster.node, _nat(NodePort(port=99999, pod=POD)))
    shown = cluster.node.run(["nft", "list", "table", "ip", NAT_TABLE], timeout_s=5).stdout.decode()
    assert "udp dport 31000 dnat to 192.168.1.5:11194" in shown
