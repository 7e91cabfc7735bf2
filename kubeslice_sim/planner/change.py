"""Change: one thing that differs between two plans of one world, told as its user would."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

ChangeKind = Literal[
    "cluster registered",
    "cluster removed",
    "slice appears",
    "slice vanishes",
    "cluster joins",
    "cluster leaves",
    "order changes",
    "namespace joins",
    "namespace leaves",
    "topology changes",
    "tunnels added",
    "tunnels removed",
    "tunnel count changes",
    "role changes",
    "gateway routes otherwise",
    "cidr moves",
    "address moves",
    "node port moves",
    "node ips change",
    "gateways reached otherwise",
    "pod appears",
    "pod vanishes",
    "pod restarts",
    "gateway restarts",
    "name appears",
    "name vanishes",
    "name changes",
    "ports change",
    "cipher changes",
    "shaping changes",
    "isolation changes",
    "external gateway appears",
    "external gateway vanishes",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change. ``slice`` is empty for what belongs to none, ``cluster`` for what belongs to no single cluster.

    ``subject``: what changes; ``before`` and ``after``: its values as text, empty where there is none.
    """

    kind: ChangeKind
    slice: str
    cluster: str
    subject: str
    before: str = ""
    after: str = ""
    sentence: str


APPLICATION_NAMESPACE, ALLOWED_NAMESPACE = "application namespace", "allowed namespace"
"""What a namespace is to a slice: its pods join it, or they may only talk to those that do."""


def counted(number: int, noun: str) -> str:
    """``1 pod``, ``2 pods``, ``2 classes``."""
    plural = "es" if noun.endswith("s") else "s"
    return f"{number} {noun}" if number == 1 else f"{number} {noun}{plural}"


def listed(names: Iterable[str], most: int = 4) -> str:
    """``a``, ``a and b``, ``a, b and c``, ``a, b, c, d and 3 more``."""
    known: Sequence[str] = tuple(names)
    if len(known) > most:
        return f"{', '.join(known[:most])} and {len(known) - most} more"
    return " and ".join(filter(None, (", ".join(known[:-1]), *known[-1:])))
