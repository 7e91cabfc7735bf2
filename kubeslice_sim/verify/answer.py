"""Answer: whether a pod reaches something, by which way, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

HopKind = Literal["pod", "router", "gateway", "wan", "proxy"]
"""``proxy``: an East-West gateway, which ends one connection and opens another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One device on the way, and how a packet leaves it.

    ``interface`` and ``mtu_bytes`` are those by which the packet leaves (empty and None at the end); ``delay_s`` is
    spent between this device and the next, one way. ``alternatives``: devices that ECMP might choose instead.
    """

    device: str
    kind: HopKind
    cluster: str
    interface: str = ""
    address: str = ""
    mtu_bytes: int | None = None
    delay_s: float = 0.0
    alternatives: tuple[str, ...] = ()

    def __str__(self) -> str:
        out = f" -> {self.interface}" if self.interface else ""
        choice = f" (or {', '.join(self.alternatives)})" if self.alternatives else ""
        return f"{self.kind} {self.device}{out}{choice}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """``reason`` says it in a sentence; ``evidence`` is what the sentence rests on: names, routes, policies.

    ``hops`` is the way that a packet takes, as far as it gets.
    """

    source: str
    target: str
    allowed: bool
    reason: str
    hops: tuple[Hop, ...] = ()
    evidence: tuple[str, ...] = ()

    @property
    def delay_s(self) -> float:
        """One way, over all hops."""
        return sum(hop.delay_s for hop in self.hops)

    @property
    def mtu_bytes(self) -> int | None:
        """The largest packet that fits through every hop; None where there is no way."""
        sizes = [hop.mtu_bytes for hop in self.hops if hop.mtu_bytes is not None]
        return min(sizes, default=None)

    def __str__(self) -> str:
        verdict = "reaches" if self.allowed else "does not reach"
        way = "".join(f"\n  {i}. {hop}" for i, hop in enumerate(self.hops, 1))
        return f"{self.source} {verdict} {self.target}: {self.reason}{way}"
