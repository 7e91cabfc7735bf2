"""What KubeSlice's DNS and the cluster's answer, question by question, without a socket."""

from __future__ import annotations

from ipaddress import IPv4Address

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.zone import answer, cluster_zone, resolv_conf, slice_zone

IPERF = "iperf-server.iperf.svc.slice.local"
ONE, TWO = IPv4Address("10.1.0.5"), IPv4Address("10.1.16.7")
SLICE = slice_zone(
    {
        IPERF: (TWO, ONE, TWO),
        "alias.example.com": (ONE,),
        "Capital.example.com": (ONE,),
        "many.iperf.svc.slice.local": tuple(IPv4Address("10.1.0.0") + n for n in range(1, 101)),
    }
)


def _ask(
    name: str, kind: str = "A", *, zone: object = SLICE, udp: bool = True, edns: bool = False
) -> dns.message.Message:
    query = dns.message.make_query(name, kind, use_edns=edns, payload=4096)
    wire = answer(zone, query.to_wire(), udp=udp)
    assert wire is not None
    reply = dns.message.from_wire(wire)
    assert reply.id == query.id
    assert reply.question == query.question
    return reply


def _addresses(reply: dns.message.Message) -> list[str]:
    return [str(record) for rrset in reply.answer for record in rrset]


def test_a_service_name_has_each_address_once_in_its_order() -> None:
    reply = _ask(IPERF)
    assert _addresses(reply) == [str(TWO), str(ONE)]
    assert reply.answer[0].ttl == 60
    assert reply.flags & dns.flags.AA
    assert reply.rcode() == dns.rcode.NOERROR


def test_an_alias_need_not_lie_under_slice_local() -> None:
    assert _addresses(_ask("alias.example.com")) == [str(ONE)]


def test_the_question_is_lower_cased_but_the_records_are_not() -> None:
    assert _addresses(_ask(IPERF.upper())) == [str(TWO), str(ONE)]
    assert _addresses(_ask("Capital.example.com")) == []
    assert _addresses(_ask("capital.example.com")) == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [("nobody.iperf.svc.slice.local", "A"), (IPERF, "AAAA"), (IPERF, "TXT"), (f"x.{IPERF}", "A"), ("slice.local", "A")],
)
def test_what_kubeslice_does_not_know_is_no_error_but_empty_with_the_soa(name: str, kind: str) -> None:
    reply = _ask(name, kind)
    assert reply.rcode() == dns.rcode.NOERROR
    assert reply.answer == []
    assert reply.authority[0].to_text().startswith("slice.local. 60 IN SOA ")


def test_the_cluster_denies_what_it_does_not_know_and_has_no_data_for_other_types() -> None:
    zone = cluster_zone({"web.default.svc.cluster.local": (ONE,)})
    assert _addresses(_ask("web.default.svc.cluster.local", zone=zone)) == [str(ONE)]
    assert _ask("nobody.default.svc.cluster.local", zone=zone).rcode() == dns.rcode.NXDOMAIN
    assert _ask("web.default.svc.cluster.local", "AAAA", zone=zone).rcode() == dns.rcode.NOERROR
    assert _ask("example.com", zone=zone).rcode() == dns.rcode.NXDOMAIN


def test_a_long_answer_is_cut_over_udp_and_whole_over_tcp_and_edns() -> None:
    cut = _ask("many.iperf.svc.slice.local")
    assert cut.flags & dns.flags.TC
    assert cut.answer == []
    assert len(_addresses(_ask("many.iperf.svc.slice.local", udp=False))) == 100
    assert len(_addresses(_ask("many.iperf.svc.slice.local", edns=True))) == 100


@given(st.binary(max_size=80))
def test_no_bytes_upset_it(wire: bytes) -> None:
    reply = answer(SLICE, wire, udp=True)
    if reply is not None:
        assert reply[:2] == wire[:2]
        assert reply[2] & 0x80


def test_an_answer_is_not_answered() -> None:
    reply = dns.message.make_response(dns.message.make_query(IPERF, dns.rdatatype.A))
    assert answer(SLICE, reply.to_wire(), udp=True) is None


def test_resolv_conf_is_that_of_a_pod_in_a_slice() -> None:
    text = resolv_conf("iperf", nameserver=IPv4Address("127.0.0.1"), search=["slice.local"])
    assert text == (
        "nameserver 127.0.0.1\n"
        "search iperf.svc.cluster.local svc.cluster.local cluster.local slice.local\n"
        "options ndots:5\n"
    )
