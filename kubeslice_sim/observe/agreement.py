"""Agreement: when two figures are the same, and by how much they are not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kubeslice_sim.observe.units import say

Agree = Callable[["Figure", "Figure"], tuple[bool, str, str]]
"""Two figures → (the same?, the difference in words, the tolerance in words)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What one run says. ``why``: the reason why it says nothing. ``slack``: what the measurement itself may be off."""

    text: str
    value: float | None = None
    names: frozenset[str] = frozenset()
    slack: float = 0.0
    why: str = ""


def states_agree(a: Figure, b: Figure) -> tuple[bool, str, str]:
    """Two yes or no are the same or not."""
    return a.value == b.value, "" if a.value == b.value else f"{a.text} / {b.text}", "none"


def names_agree(a: Figure, b: Figure) -> tuple[bool, str, str]:
    """Two sets of names are the same or not; the order of a DNS answer says nothing."""
    same = a.names == b.names and a.value == b.value
    only_a, only_b = sorted(a.names - b.names), sorted(b.names - a.names)
    parts = [f"only in {run}: {', '.join(names)}" for run, names in (("A", only_a), ("B", only_b)) if names]
    return same, "; ".join(parts) or ("" if same else f"{a.text} / {b.text}"), "none"


def numbers_agree(metric: str, ratio: float, least: float) -> Agree:
    """Two numbers of this metric are the same within ``ratio`` of the smaller, or ``least``, or both slacks."""

    def agree(a: Figure, b: Figure) -> tuple[bool, str, str]:
        first, second = a.value or 0.0, b.value or 0.0
        allowed = max(ratio * min(abs(first), abs(second)), least, a.slack + b.slack)
        apart = second - first
        share = f" ({apart / first:+.1%})" if first else ""
        sign = "+" if apart > 0 else ""
        same = first == second or abs(apart) <= allowed
        return same, f"{sign}{say(metric, apart)}{share}", f"± {say(metric, allowed)}"

    return agree
