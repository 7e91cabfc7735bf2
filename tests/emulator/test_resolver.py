"""The pod's resolver: who is asked in which order, what is kept and for how long; upstreams and clock are ours."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from ipaddress import IPv4Address

import dns.flags
import dns.message
import dns.rcode

from emulator.resolver import Resolver, Upstreams, best
from emulator.zone import Zone, answer, cluster_zone, slice_zone

SLICE_DNS, CLUSTER_DNS = IPv4Address("10.96.0.20"), IPv4Address("10.96.0.10")
IPERF, WEB = "iperf.iperf.svc.slice.local", "web.default.svc.cluster.local"
ADDRESS, OTHER = IPv4Address("10.1.0.5"), IPv4Address("192.168.1.5")


class World:
    """Two upstreams and a clock; `silent` ones never answer."""

    def __init__(self) -> None:
        self.zones: Mapping[IPv4Address, Zone] = {
            SLICE_DNS: slice_zone({IPERF: (ADDRESS,)}),
            CLUSTER_DNS: cluster_zone({WEB: (OTHER,)}),
        }
        self.asked: list[IPv4Address] = []
        self.silent: set[IPv4Address] = set()
        self.now_s = 1000.0
        self.resolver = Resolver(Upstreams(slice_dns=SLICE_DNS, others=(CLUSTER_DNS,)))

    async def _ask(self, upstream: IPv4Address, wire: bytes) -> bytes | None:
        self.asked.append(upstream)
        await asyncio.sleep(0)
        return None if upstream in self.silent else answer(self.zones[upstream], wire, udp=True)

    def lookup(self, name: str, kind: str = "A") -> dns.message.Message:
        self.asked.clear()
        query = dns.message.make_query(name, kind)
        wire = asyncio.run(self.resolver.answer(query.to_wire(), self._ask, udp=True, now_s=lambda: self.now_s))
        assert wire is not None
        reply = dns.message.from_wire(wire)
        assert (reply.id, reply.question) == (query.id, query.question)
        return reply


def test_a_slice_name_costs_one_question() -> None:
    world = World()
    assert str(world.lookup(IPERF).answer[0][0]) == str(ADDRESS)
    assert world.asked == [SLICE_DNS]


def test_a_cluster_name_costs_a_round_trip_to_kubeslice_first() -> None:
    world = World()
    assert str(world.lookup(WEB).answer[0][0]) == str(OTHER)
    assert world.asked == [SLICE_DNS, CLUSTER_DNS]


def test_an_ipv6_question_for_a_slice_name_is_empty_and_no_denial() -> None:
    world = World()
    reply = world.lookup(IPERF, "AAAA")
    assert (reply.rcode(), reply.answer) == (dns.rcode.NOERROR, [])
    assert world.asked == [SLICE_DNS, CLUSTER_DNS]


def test_a_name_that_nobody_knows_is_denied() -> None:
    assert World().lookup("nobody.iperf.svc.slice.local").rcode() == dns.rcode.NXDOMAIN


def test_a_stale_address_lives_until_its_ttl_has_run_out() -> None:
    world = World()
    world.lookup(IPERF)
    world.zones = {**world.zones, SLICE_DNS: slice_zone({IPERF: (OTHER,)})}
    world.now_s += 59.5
    stale = world.lookup(IPERF)
    assert (str(stale.answer[0][0]), stale.answer[0].ttl, world.asked) == (str(ADDRESS), 1, [])
    world.now_s += 0.5
    fresh = world.lookup(IPERF)
    assert (str(fresh.answer[0][0]), fresh.answer[0].ttl) == (str(OTHER), 60)


def test_a_long_answer_that_is_kept_is_cut_over_udp() -> None:
    world = World()
    many = slice_zone({IPERF: tuple(ADDRESS + n for n in range(100))})
    query = dns.message.make_query(IPERF, "A").to_wire()

    async def over_tcp(_upstream: IPv4Address, wire: bytes) -> bytes | None:
        return answer(many, wire, udp=False)

    whole = asyncio.run(world.resolver.answer(query, over_tcp, udp=False, now_s=lambda: world.now_s))
    assert whole is not None
    assert len(dns.message.from_wire(whole).answer[0]) == 100
    cut = world.lookup(IPERF)
    assert cut.flags & dns.flags.TC
    assert (cut.answer, world.asked) == ([], [])


def test_what_is_missing_is_not_kept() -> None:
    world = World()
    world.lookup("late.iperf.svc.slice.local")
    world.zones = {**world.zones, SLICE_DNS: slice_zone({"late.iperf.svc.slice.local": (ADDRESS,)})}
    assert world.lookup("late.iperf.svc.slice.local").answer


def test_a_silent_kubeslice_dns_does_not_take_the_cluster_names_away() -> None:
    world = World()
    world.silent = {SLICE_DNS}
    assert world.lookup(WEB).answer
    assert world.lookup(IPERF).rcode() == dns.rcode.NXDOMAIN
    world.silent = {SLICE_DNS, CLUSTER_DNS}
    assert world.lookup("other.default.svc.cluster.local").rcode() == dns.rcode.SERVFAIL


def test_a_pod_outside_every_slice_asks_its_cluster_only() -> None:
    world = World()
    world.resolver.upstreams = Upstreams(slice_dns=None, others=(CLUSTER_DNS,))
    assert world.lookup(IPERF).rcode() == dns.rcode.NXDOMAIN
    assert world.asked == [CLUSTER_DNS]


def test_the_best_reply_has_records_then_no_error_then_a_denial() -> None:
    query = dns.message.make_query(IPERF, "A").to_wire()
    records = answer(slice_zone({IPERF: (ADDRESS,)}), query, udp=True)
    empty = answer(slice_zone({}), query, udp=True)
    denial = answer(cluster_zone({}), query, udp=True)
    assert best([denial, empty, records]) is records
    assert best([None, denial, empty]) is empty
    assert best([None, denial]) is denial
    assert best([None]) is None
