"""Links, addresses and routes as iproute2 sees them, which had no part in making them."""

from __future__ import annotations

import json
import socket
import threading
from typing import Any

import pytest

from emulator import links
from emulator.links import Addresses, Bridge, Interface, LinkError, NextHop, Route, VethPair
from emulator.netns import Namespace, create_all

pytestmark = pytest.mark.inside


def _ip(namespace: Namespace, *argv: str) -> Any:
    done = namespace.run(["ip", "-json", "-details", *argv], timeout_s=5)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _pings(namespace: Namespace, address: str) -> bool:
    return namespace.run(["ping", "-c1", "-W1", address], timeout_s=5).returncode == 0


def _pair() -> tuple[Namespace, Namespace]:
    one, two = create_all(["one", "two"])
    links.apply(
        [
            VethPair(
                a=Interface(namespace=one, name="eth0", addresses=("10.0.0.1/24",)),
                b=Interface(namespace=two, name="eth0", addresses=("10.0.0.2/24",)),
            )
        ]
    )
    return one, two


def test_a_pair_carries_packets_between_its_namespaces() -> None:
    one, two = _pair()
    assert _pings(one, "10.0.0.2")
    assert _pings(two, "10.0.0.1")


def test_an_interface_is_as_declared() -> None:
    one, two = create_all(["one", "two"])
    left = Interface(
        namespace=one,
        name="exactly15letter",
        addresses=("10.0.0.1/24", "10.0.1.1/32"),
        mtu=1380,
        mac="02:00:00:00:00:01",
        queue_packets=77,
    )
    links.apply([VethPair(a=left, b=Interface(namespace=two, name="eth0", up=False))])
    (shown,) = _ip(one, "address", "show", "dev", "exactly15letter")
    assert (shown["mtu"], shown["address"], shown["txqlen"]) == (1380, "02:00:00:00:00:01", 77)
    assert "UP" in shown["flags"]
    found = {(item["local"], item["prefixlen"]) for item in shown["addr_info"] if item["family"] == "inet"}
    assert found == {("10.0.0.1", 24), ("10.0.1.1", 32)}
    assert "UP" not in _ip(two, "link", "show", "dev", "eth0")[0]["flags"]


def test_hosts_on_a_bridge_reach_each_other() -> None:
    switch, *hosts = create_all(["switch", *(f"h{number}" for number in range(70))])  # more than one batch of requests
    things: list[Bridge | VethPair | Addresses | Route] = [Bridge(namespace=switch, name="br0", mtu=1400)]
    for number, host in enumerate(hosts):
        end = Interface(namespace=host, name="eth0", addresses=(f"10.0.0.{number + 1}/24",), mtu=1400)
        port = Interface(namespace=switch, name=f"p{number}", bridge="br0", mtu=1400)
        things.append(VethPair(a=end, b=port))
    links.apply(things)
    assert _pings(hosts[0], "10.0.0.70")
    assert _pings(hosts[69], "10.0.0.2")
    ports = {device["ifname"] for device in _ip(switch, "link", "show", "master", "br0")}
    assert ports == {f"p{number}" for number in range(70)}


def test_an_address_on_loopback_brings_it_up() -> None:
    namespace = Namespace.create("n")
    links.apply([Addresses(namespace=namespace, name="lo", addresses=("10.7.7.7/32",))])
    assert _pings(namespace, "10.7.7.7")


def test_a_route_over_several_hops_is_ecmp_with_weights() -> None:
    one, _ = _pair()
    hops = (
        NextHop(via="10.0.0.2", device="eth0"),
        NextHop(via="192.168.77.1", device="eth0", weight=3, onlink=True),
    )
    links.apply([Route(namespace=one, destination="10.1.0.0/16", hops=hops, source="10.0.0.1")])
    (route,) = _ip(one, "route", "show", "10.1.0.0/16")
    assert route["prefsrc"] == "10.0.0.1"
    found = [(hop["gateway"], hop["dev"], hop["weight"], "onlink" in hop["flags"]) for hop in route["nexthops"]]
    assert found == [("10.0.0.2", "eth0", 1, False), ("192.168.77.1", "eth0", 3, True)]


def test_a_route_without_hops_refuses_as_unreachable() -> None:
    one, _ = _pair()
    links.apply([Route(namespace=one, destination="10.1.0.0/16", hops=())])
    (route,) = _ip(one, "route", "show", "10.1.0.0/16")
    assert route["type"] == "unreachable"


def test_a_route_stands_in_the_table_it_names() -> None:
    one, _ = _pair()
    links.apply([Route(namespace=one, destination="0.0.0.0/0", hops=(NextHop(via="10.0.0.2"),), table=1000)])
    (route,) = _ip(one, "route", "show", "table", "1000")
    assert (route["dst"], route["gateway"], route["dev"]) == ("default", "10.0.0.2", "eth0")
    links.delete_route(one, "0.0.0.0/0", table=1000)
    assert _ip(one, "route", "show", "table", "1000") == []


def test_replacing_a_route_leaves_no_instant_without_one() -> None:
    one, _ = _pair()

    def route(*hosts: int) -> Route:
        hops = tuple(NextHop(via=f"10.0.0.{host}", device="eth0") for host in hosts)
        return Route(namespace=one, destination="10.1.0.0/16", hops=hops)

    links.replace_route(route(2, 3))
    stop, failures, lookups = threading.Event(), [], [0]

    def look_up() -> None:
        while not stop.is_set():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                try:
                    probe.connect(("10.1.2.3", 9))
                except OSError as error:
                    failures.append(error)
            lookups[0] += 1

    thread = threading.Thread(target=one.call, args=(look_up,))
    thread.start()
    for _ in range(100):
        links.replace_route(route(2))
        links.replace_route(route(3, 2))
    stop.set()
    thread.join()
    assert lookups[0] > 100
    assert failures == []
    (found,) = _ip(one, "route", "show", "10.1.0.0/16")
    assert [hop["gateway"] for hop in found["nexthops"]] == ["10.0.0.3", "10.0.0.2"]


def test_deleting_a_route_that_is_not_there_says_so() -> None:
    one, _ = _pair()
    links.apply([Route(namespace=one, destination="10.1.0.0/16", hops=(NextHop(via="10.0.0.2"),))])
    links.delete_route(one, "10.1.0.0/16")
    with pytest.raises(LinkError, match=r"namespace one: delete route 10\.1\.0\.0/16: No such process"):
        links.delete_route(one, "10.1.0.0/16")


def test_links_go_up_and_down_and_away() -> None:
    one, two = _pair()
    links.set_up(one, "eth0", up=False)
    assert not links.read(one)["eth0"].up
    assert not _pings(two, "10.0.0.1")
    links.set_up(one, "eth0", up=True)
    assert _pings(two, "10.0.0.1")
    links.delete_link(two, "eth0")
    assert set(links.read(one)) == {"lo"}


def test_counters_count_what_passes() -> None:
    one, two = _pair()
    before = links.read(two)["eth0"]
    one.run(["ping", "-c", "5", "-i", "0.01", "-s", "1000", "10.0.0.2"], timeout_s=5)
    after = links.read(two)["eth0"]
    assert after.received_packets - before.received_packets >= 5
    assert 5 * 1042 <= after.received_bytes - before.received_bytes < 5 * 1042 + 2000


@pytest.mark.parametrize("name", ["", "sixteen-letters1"])
def test_a_name_that_linux_does_not_allow_is_refused_before_anything_is_made(name: str) -> None:
    one, two = create_all(["one", "two"])
    pair = VethPair(a=Interface(namespace=one, name=name), b=Interface(namespace=two, name="eth0"))
    with pytest.raises(LinkError, match="1 to 15 bytes"):
        links.apply([pair])
    assert set(links.read(two)) == {"lo"}


def test_every_refusal_names_the_place_and_the_reason() -> None:
    one, two = _pair()
    again = VethPair(a=Interface(namespace=one, name="eth0"), b=Interface(namespace=two, name="eth1"))
    with pytest.raises(LinkError, match="create veth eth0 and eth1: File exists"):
        links.apply([again])
    with pytest.raises(LinkError, match="namespace one has no device eth9: it has eth0, lo"):
        links.apply([Addresses(namespace=one, name="eth9")])
    unreachable = Route(namespace=one, destination="10.1.0.0/16", hops=(NextHop(via="1.2.3.4"),))
    with pytest.raises(LinkError, match=r"namespace one: add route 10\.1\.0\.0/16: Network is unreachable"):
        links.apply([unreachable])


def test_many_refusals_make_a_short_message() -> None:
    one, _ = _pair()
    routes = [Route(namespace=one, destination=f"10.1.{n}.0/24", hops=(NextHop(via="1.2.3.4"),)) for n in range(100)]
    with pytest.raises(LinkError) as caught:
        links.apply(routes)
    assert "and 97 more" in str(caught.value)
    assert len(str(caught.value)) < 300
