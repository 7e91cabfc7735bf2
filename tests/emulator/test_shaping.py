"""HTB and TBF as netops and the sidecar set them: the lines, and what really passes a veth."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from emulator.netns import Namespace
from emulator.shaping import (
    Leaf,
    NodeShaper,
    PortMatch,
    PortSide,
    ShapingError,
    SliceShape,
    choose_leaf,
    htb_lines,
    limit_line,
    limit_rate,
    parse_counters,
    read_counters,
    run_tc,
    shape_tunnel,
    tunnel_line,
    unlimit,
)
from kubeslice_sim.errors import BadInput

RED = SliceShape(
    number=1,
    ceiling_bps=30_000_000,
    guaranteed_bps=10_000_000,
    priority=1,
    ports=(PortMatch(side=PortSide.SOURCE, port=31000), PortMatch(side=PortSide.DESTINATION, port=32000)),
)
BLUE = SliceShape(
    number=2,
    ceiling_bps=5_120_000,
    guaranteed_bps=2_562_000,
    priority=3,
    ports=(PortMatch(side=PortSide.SOURCE, port=31001),),
)
FILTERS_OF_RED = (
    "filter add dev eth0 protocol ip parent 17: prio 1 u32 match ip sport 31000 0xffff flowid 17:12",
    "filter add dev eth0 protocol ip parent 17: prio 1 u32 match ip dport 32000 0xffff flowid 17:12",
)


def test_the_first_slice_makes_the_root_and_its_two_classes() -> None:
    assert htb_lines("eth0", before=(), after=(RED,), leaf=Leaf.SFQ) == (
        "qdisc replace dev eth0 root handle 17: htb default 30",
        "class replace dev eth0 parent 17: classid 17:11 htb rate 30000000bit burst 64k",
        "class replace dev eth0 parent 17:11 classid 17:12 htb rate 10000000bit ceil 30000000bit burst 32k",
        "qdisc add dev eth0 parent 17:12 handle 11: sfq perturb 10",
        *FILTERS_OF_RED,
    )


def test_a_second_slice_leaves_the_queue_of_the_first_alone() -> None:
    assert htb_lines("eth0", before=(RED,), after=(RED, BLUE), leaf=Leaf.PFIFO) == (
        "filter del dev eth0 parent 17:",
        "class replace dev eth0 parent 17: classid 17:11 htb rate 30000000bit burst 64k",
        "class replace dev eth0 parent 17:11 classid 17:12 htb rate 10000000bit ceil 30000000bit burst 32k",
        "class replace dev eth0 parent 17: classid 17:22 htb rate 5120000bit burst 64k",
        "class replace dev eth0 parent 17:22 classid 17:23 htb rate 2562000bit ceil 5120000bit burst 32k",
        "qdisc add dev eth0 parent 17:23 handle 22: pfifo limit 127",
        *FILTERS_OF_RED,
        "filter add dev eth0 protocol ip parent 17: prio 3 u32 match ip sport 31001 0xffff flowid 17:23",
    )


def test_a_slice_that_goes_takes_its_classes_and_the_last_one_the_root() -> None:
    lines = htb_lines("eth0", before=(RED, BLUE), after=(RED,), leaf=Leaf.SFQ)
    assert lines[:3] == (
        "filter del dev eth0 parent 17:",
        "class del dev eth0 classid 17:23",
        "class del dev eth0 classid 17:22",
    )
    assert htb_lines("eth0", before=(RED,), after=(), leaf=Leaf.SFQ) == ("qdisc del dev eth0 root",)
    assert htb_lines("eth0", before=(RED,), after=(RED,), leaf=Leaf.SFQ) == ()


def test_the_default_class_of_the_root_is_never_that_of_a_slice() -> None:
    classes = {
        name for n in range(1, 101) for name in (replace(RED, number=n).parent_class, replace(RED, number=n).leaf_class)
    }
    assert len(classes) == 200
    assert "17:30" not in classes


def test_a_tunnel_and_a_plain_limit() -> None:
    assert tunnel_line("wg0", 30_000_000) == "qdisc replace dev wg0 root tbf rate 30000000bit burst 4096b latency 500ms"
    assert limit_line("eth0", 1_000_000) == "qdisc replace dev eth0 root tbf rate 1000000bit burst 15000b latency 50ms"
    assert limit_line("eth0", 10**9, latency_s=0.02).endswith("burst 1250000b latency 20ms")


@pytest.mark.parametrize(
    ("change", "message"),
    [({"number": 0}, "numbered from 1"), ({"number": 101}, "place 101"),
     ({"guaranteed_bps": 30_000_001}, "at most the ceiling"), ({"guaranteed_bps": 0}, "above zero")],
)  # fmt: skip
def test_numbers_that_make_no_class_are_refused(change: dict[str, int], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        replace(RED, **change)


def test_counters_are_read_from_tc_text() -> None:
    text = """class htb 17:11 root rate 30Mbit ceil 30Mbit burst 64Kb cburst 1593b
 Sent 100 bytes 2 pkt (dropped 0, overlimits 7 requeues 0)
 backlog 0b 0p requeues 0
 lended: 0 borrowed: 0 giants: 0

class htb 17:12 parent 17:11 leaf 11: prio 0 rate 10Mbit ceil 30Mbit burst 32Kb cburst 1593b
 Sent 90 bytes 1 pkt (dropped 3, overlimits 4 requeues 0)
 rate 64bit 0pps backlog 12Kb 9p requeues 0
"""
    first, second = parse_counters(text)
    assert (first.name, first.sent_bytes, first.sent_packets, first.delayed_packets) == ("htb 17:11", 100, 2, 7)
    assert (second.name, second.dropped_packets, second.backlog_bytes) == ("htb 17:12", 3, 12288)


@pytest.mark.inside
def test_the_kernel_takes_every_step_from_nothing_to_two_slices_and_back(cable: Callable[..., None]) -> None:
    node, wan = Namespace.create("node"), Namespace.create("wan")
    cable(node, wan, "172.18.0.2/24", "172.18.0.1/24")
    shaper = NodeShaper(node, "eth0")
    shaper.apply([RED])
    shaper.apply([BLUE, RED])
    assert [counter.name for counter in shaper.counters()] == ["htb 17:11", "htb 17:12", "htb 17:22", "htb 17:23"]
    shaper.apply([replace(RED, ceiling_bps=20_000_000), BLUE])
    classes = node.run(["tc", "class", "show", "dev", "eth0"], timeout_s=5).stdout.decode()
    assert "17:12 parent 17:11 leaf 11: prio 0 rate 10Mbit ceil 20Mbit burst 32Kb" in classes
    filters = json.loads(node.run(["tc", "-j", "filter", "show", "dev", "eth0"], timeout_s=5).stdout)
    flows = [one["options"]["flowid"] for one in filters if "flowid" in one.get("options", {})]
    assert sorted(flows) == ["17:12", "17:12", "17:23"]
    shaper.apply([BLUE])
    assert [counter.name for counter in shaper.counters()] == ["htb 17:22", "htb 17:23"]
    shaper.remove()
    shaper.remove()
    assert shaper.counters() == ()


@pytest.mark.inside
def test_only_packets_of_a_gateway_port_enter_the_class(cable: Callable[..., None]) -> None:
    node, wan = Namespace.create("node"), Namespace.create("wan")
    cable(node, wan, "172.18.0.2/24", "172.18.0.1/24")
    shaper = NodeShaper(node, "eth0")
    shaper.apply([RED])

    def send(port: int) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(10):
                sender.sendto(bytes(1000), ("172.18.0.1", port))

    node.call(send, 9)
    assert shaper.counters()[1].sent_packets == 0
    node.call(send, 32000)
    deadline_s = time.monotonic() + 5  # a packet past the burst waits for its turn
    while (leaf := shaper.counters()[1]).backlog_bytes and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert leaf.sent_packets == 10
    assert leaf.sent_bytes == 10 * (1000 + 42)


@pytest.mark.inside
def test_a_refused_line_is_named() -> None:
    with pytest.raises(ShapingError, match=r"refused `tc qdisc add dev nowhere root sfq`.*nowhere"):
        run_tc(Namespace.create("node"), ("qdisc show dev lo", "qdisc add dev nowhere root sfq"))


@pytest.mark.inside
def test_limits_are_changed_and_taken_away(cable: Callable[..., None]) -> None:
    node, wan = Namespace.create("node"), Namespace.create("wan")
    cable(node, wan, "172.18.0.2/24", "172.18.0.1/24")
    shape_tunnel(node, "eth0", 30_000_000)
    shape_tunnel(node, "eth0", 20_000_000)
    (queue,) = read_counters(node, "qdisc", "eth0")
    assert queue.name.startswith("tbf")
    limit_rate(node, "eth0", 10_000_000)
    assert "rate 10Mbit" in node.run(["tc", "qdisc", "show", "dev", "eth0"], timeout_s=5).stdout.decode()
    unlimit(node, "eth0")
    unlimit(node, "eth0")
    assert "tbf" not in node.run(["tc", "qdisc", "show", "dev", "eth0"], timeout_s=5).stdout.decode()
    assert choose_leaf(node) in Leaf
    assert "sfq" not in node.run(["tc", "qdisc", "show", "dev", "lo"], timeout_s=5).stdout.decode()
