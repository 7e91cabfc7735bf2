"""Explanation: how a packet travels, what each device does to it, which rules it meets, and where its name leads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kubeslice_sim.verify.answer import Answer, Hop

Verdict = Literal["allows", "stops", "does not apply"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """What happens at one device: ``does`` says it in a sentence.

    ``encapsulation``: what the packet is wrapped in on its way to the next device, outermost first (empty: nothing).
    ``overhead_bytes``: how much larger that makes it; ``mtu_bytes``: the largest packet *inside* that goes through
    unfragmented (None at the end of the way).
    """

    hop: Hop
    does: str
    encapsulation: tuple[str, ...] = ()
    overhead_bytes: int = 0
    mtu_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule that was asked about the packet: its name, what it says, why, and whose rule it is."""

    name: str
    verdict: Verdict
    why: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """What the target's name resolves to, asked from the source; ``why`` tells the chain that put the records there.

    ``order``: whom the pod's resolver asks, one after the other. ``name`` is empty where the target is an address or a
    pod, which nobody resolves.
    """

    name: str
    addresses: tuple[str, ...]
    answered_by: str
    why: tuple[str, ...]
    order: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All of it. ``answer`` is what :func:`kubeslice_sim.verify.reach` says of the same question."""

    answer: Answer
    lookup: Lookup
    rules: tuple[Rule, ...]
    legs: tuple[Leg, ...]

    @property
    def mtu_bytes(self) -> int | None:
        """The largest packet that goes all the way unfragmented; None where there is no way."""
        sizes = [leg.mtu_bytes for leg in self.legs if leg.mtu_bytes is not None]
        return min(sizes, default=None) if self.answer.allowed else None

    def __str__(self) -> str:
        verb = "reaches" if self.answer.allowed else "does not reach"
        lines = [f"{self.answer.source} {verb} {self.answer.target}: {self.answer.reason}"]
        if self.lookup.name:
            found = ", ".join(self.lookup.addresses) or "nothing"
            lines.append(f"name: {self.lookup.name} is {found}, asked at {self.lookup.answered_by}")
            lines += [f"  {item}" for item in (*self.lookup.why, *self.lookup.order)]
        if self.rules:
            lines.append("rules:")
        lines += [f"  {rule.name} {rule.verdict}: {rule.why}" for rule in self.rules]
        if self.legs:
            lines.append("way:")
        for number, leg in enumerate(self.legs, 1):
            lines.append(f"  {number}. {leg.hop.kind} {leg.hop.device}: {leg.does}")
            if leg.encapsulation:
                lines.append(f"     in {' / '.join(leg.encapsulation)}, {leg.overhead_bytes} bytes more")
            if leg.mtu_bytes is not None:
                lines.append(f"     packets up to {leg.mtu_bytes} bytes")
        if self.mtu_bytes is not None:
            lines.append(f"unfragmented all the way: {self.mtu_bytes} bytes; one way {self.answer.delay_s * 1000:g} ms")
        return "\n".join(lines)
