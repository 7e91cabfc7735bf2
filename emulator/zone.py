"""What a DNS server of the emulator answers: a pure function of the records and the question.

Two kinds of zone. KubeSlice's own (the CoreDNS plugin `kubeslice`, plugin/kubeslice/*): A records only, TTL 60,
authoritative, an exact match of the lower-cased question; an unknown name or another type gets NOERROR, no answer and
the SOA. And the cluster's (the CoreDNS plugin `kubernetes`): an unknown name is NXDOMAIN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

SLICE_DOMAIN = "slice.local"
CLUSTER_DOMAIN = "cluster.local"
SLICE_TTL_S = 60
CLUSTER_TTL_S = 30  # what kubeadm writes into the Corefile
_UDP_BYTES = 512  # for a question without EDNS

Records = Mapping[str, tuple[IPv4Address, ...]]


@dataclass(frozen=True, slots=True)
class Zone:
    """Names and their addresses under one policy for what is missing.

    `records` maps a full name without its final dot to its addresses, in the order in which they are answered.
    `denies` says whether a name that is missing does not exist (NXDOMAIN) or merely has no data (NOERROR).
    """

    domain: str
    ttl_s: int
    denies: bool
    records: Records

    def addresses(self, name: str) -> tuple[IPv4Address, ...] | None:
        """The addresses of a name as it was asked, each once; None for a name that has none.

        CoreDNS lower-cases the question and the plugin compares letter by letter, so a record whose name has a capital
        is never found.
        """
        found = self.records.get(name.rstrip(".").lower())
        return tuple(dict.fromkeys(found)) if found else None


def slice_zone(records: Records) -> Zone:
    """KubeSlice's DNS: service, endpoint and alias names, which need not lie under slice.local."""
    return Zone(SLICE_DOMAIN, SLICE_TTL_S, False, records)


def cluster_zone(records: Records) -> Zone:
    """The cluster's own DNS: `<service>.<namespace>.svc.cluster.local`. There is no internet behind it."""
    return Zone(CLUSTER_DOMAIN, CLUSTER_TTL_S, True, records)


def answer(zone: Zone, wire: bytes, *, udp: bool) -> bytes | None:
    """The answer to one packet, or None for what is no question (an answer, or too short to hold an id).

    Over UDP an answer that is longer than the asker can take has no records and the TC flag: it asks again over TCP.
    """
    try:
        query = dns.message.from_wire(wire)
    except Exception:  # dnspython raises many kinds for bytes that are no message
        return _format_error(wire)
    if query.flags & dns.flags.QR or len(query.question) != 1:
        return None
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.AA
    question = query.question[0]
    name = question.name.to_text(omit_final_dot=True)
    found = zone.addresses(name)
    if found and question.rdtype == dns.rdatatype.A and question.rdclass == dns.rdataclass.IN:
        reply.answer.append(
            dns.rrset.from_text_list(question.name, zone.ttl_s, "IN", "A", [str(address) for address in found])
        )
    else:
        if found is None and zone.denies:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        reply.authority.append(_start_of_authority(zone))
    return encode(reply, query, udp=udp)


def encode(reply: dns.message.Message, query: dns.message.Message, *, udp: bool) -> bytes:
    """The packet of a reply, its records in order; cut to the TC flag where it is longer than the asker can take."""
    limit = max(_UDP_BYTES, query.payload) if udp else 65535
    return reply.to_wire(max_size=limit, prefer_truncation=True, want_shuffle=False)


def resolv_conf(namespace: str, *, nameserver: IPv4Address, search: Sequence[str] = ()) -> str:
    """The /etc/resolv.conf of a pod: Kubernetes' ClusterFirst search list, then `search`, and its five dots."""
    domains = [f"{namespace}.svc.{CLUSTER_DOMAIN}", f"svc.{CLUSTER_DOMAIN}", CLUSTER_DOMAIN, *search]
    return f"nameserver {nameserver}\nsearch {' '.join(domains)}\noptions ndots:5\n"


def _start_of_authority(zone: Zone) -> dns.rrset.RRset:
    host = f"ns.dns.{zone.domain}. hostmaster.{zone.domain}."
    return dns.rrset.from_text(f"{zone.domain}.", zone.ttl_s, "IN", "SOA", f"{host} 1 7200 1800 86400 {zone.ttl_s}")


def _format_error(wire: bytes) -> bytes | None:
    if len(wire) < 12 or wire[2] & 0x80:
        return None
    # The asker's id, QR and FORMERR, and no sections: all that can be said of what could not be read.
    return wire[:2] + bytes([0x80 | wire[2] & 0x79, dns.rcode.FORMERR]) + bytes(8)
