"""The resolver inside a pod, as the NSM client sidecar runs it at 127.0.0.1:53: which upstream is asked, and a cache.

As the sidecar's dnsutils/fanout/handler.go does: a question goes to KubeSlice's DNS first; an empty answer falls
through to the pod's other resolvers, all at once, where NOERROR with records is preferred. Questions for AAAA, which
KubeSlice's DNS never has, go to everybody at once. So every name outside the slice costs one more round trip.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from emulator.zone import encode

Ask = Callable[[IPv4Address, bytes], Awaitable[bytes | None]]
"""Sends a question to an upstream and returns its answer, or None when none came in time."""

_Key = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class _Cached:
    answers: tuple[dns.rrset.RRset, ...]
    stored_s: float
    ttl_s: int


class AnswerCache:
    """Answers with records, each kept for the smallest TTL in it and given out with what is left of it."""

    def __init__(self, *, entries: int = 1024) -> None:
        self._entries = entries
        self._cached: dict[_Key, _Cached] = {}

    def get(self, query: dns.message.Message, *, now_s: float) -> dns.message.Message | None:
        """The answer to `query` if one is kept that has not run out by `now_s`, a clock that only goes forward."""
        key = _key(query)
        cached = self._cached.get(key)
        if cached is None:
            return None
        age_s = int(now_s - cached.stored_s)
        if age_s >= cached.ttl_s:
            del self._cached[key]
            return None
        reply = dns.message.make_response(query, recursion_available=True)
        for kept in cached.answers:
            left = dns.rrset.from_rdata_list(kept.name, kept.ttl - age_s, list(kept))
            reply.answer.append(left)
        return reply

    def put(self, query: dns.message.Message, wire: bytes, *, now_s: float) -> None:
        """Keeps an answer if it is complete and has records that may be kept."""
        try:
            reply = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            return
        ttl_s = min((rrset.ttl for rrset in reply.answer), default=0)
        if ttl_s <= 0 or reply.flags & dns.flags.TC or reply.rcode() != dns.rcode.NOERROR:
            return
        if len(self._cached) >= self._entries:
            del self._cached[next(iter(self._cached))]  # the oldest: a pod asks for few names
        self._cached[_key(query)] = _Cached(tuple(reply.answer), now_s, ttl_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstreams:
    """Whom a pod's resolver asks: KubeSlice's DNS, once the pod is in a slice, and the pod's own resolvers."""

    slice_dns: IPv4Address | None
    others: tuple[IPv4Address, ...]


class Resolver:
    """Answers one pod's questions from its cache and its upstreams. `upstreams` may be replaced at any time."""

    def __init__(self, upstreams: Upstreams) -> None:
        self.upstreams = upstreams
        self._cache = AnswerCache()

    async def answer(self, wire: bytes, ask: Ask, *, udp: bool, now_s: Callable[[], float]) -> bytes | None:
        """The answer to one packet, SERVFAIL when no upstream had any, or None for what is no question."""
        try:
            query = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            return None
        if query.flags & dns.flags.QR or len(query.question) != 1:
            return None
        kept = self._cache.get(query, now_s=now_s())
        if kept is not None:
            return encode(kept, query, udp=udp)
        found = await self._ask_upstreams(query, wire, ask)
        if found is None:
            failed = dns.message.make_response(query, recursion_available=True)
            failed.set_rcode(dns.rcode.SERVFAIL)
            return failed.to_wire()
        self._cache.put(query, found, now_s=now_s())
        return found

    async def _ask_upstreams(self, query: dns.message.Message, wire: bytes, ask: Ask) -> bytes | None:
        first, others = self.upstreams.slice_dns, self.upstreams.others
        if first is None:
            return best(await asyncio.gather(*(ask(other, wire) for other in others)))
        if query.question[0].rdtype == dns.rdatatype.AAAA:
            return best(await asyncio.gather(*(ask(one, wire) for one in (first, *others))))
        reply = await ask(first, wire)
        if reply is not None and (_has_records(reply) or _is_cut(reply)):
            return reply
        return best(await asyncio.gather(*(ask(other, wire) for other in others))) or reply


def best(replies: Sequence[bytes | None]) -> bytes | None:
    """The reply to pass on: one with records, else one without error, else a denial, else any; the first of equals."""
    return min((reply for reply in replies if reply is not None), key=_rank, default=None)


def _rank(reply: bytes) -> int:
    code = reply[3] & 0x0F
    if code == dns.rcode.NOERROR:
        return 0 if _has_records(reply) or _is_cut(reply) else 1
    return 2 if code == dns.rcode.NXDOMAIN else 3


def _has_records(reply: bytes) -> bool:
    return reply[6:8] != b"\0\0"  # the header's count of answers


def _is_cut(reply: bytes) -> bool:
    return bool(reply[2] & 0x02)  # the TC flag: the asker will come again over TCP


def _key(query: dns.message.Message) -> _Key:
    question = query.question[0]
    return question.name.to_text().lower(), question.rdtype, question.rdclass
