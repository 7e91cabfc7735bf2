"""Comparison: two runs side by side, what agrees, what differs, and what cannot be compared."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from kubeslice_sim.observe.frames import COMPARISON_SCHEMA, framed

if TYPE_CHECKING:
    import pandas as pd

Agreement = Literal["same", "differs", "not comparable"]

EXIT_CODES = {"same": 0, "differs": 1, "not comparable": 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerances:
    """How far two figures may lie apart and still be the same: the ratio or the absolute value, whichever is more.

    A ratio is of the smaller of the two figures, so it holds whichever run is the reference. ``ramp_up_s``: that much
    of a flow is left out of its mean rate after its start, after each step of the timeline and after each outage: slow
    start takes log2(bandwidth × rtt / 10 segments) round trips, about a second at 100 ms and 100 Mbit/s, and shapers
    let a burst pass first. Outages end at the detection's next poll and the sender's next retransmission, which
    doubles its wait: they agree less closely than rates do. ``busy_share``: utilisations, as shares of a capacity.
    """

    rtt_ratio: float = 0.10
    rtt_s: float = 0.001
    rate_ratio: float = 0.10
    busy_share: float = 0.05
    ramp_up_s: float = 3.0
    request_ratio: float = 0.20
    request_s: float = 0.005
    failed_ratio: float = 0.25
    failed_share: float = 0.05
    outage_ratio: float = 0.25
    outage_s: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One figure of one probe between one pair in one phase, as both runs saw it.

    ``phase``: between which moments of the timeline. ``value_a`` and ``value_b`` are SI numbers where the figure is a
    number; ``a`` and ``b`` say it in words. ``note`` says why something cannot be compared, or
    which names both were answered.
    """

    probe: str
    what: str
    phase: str
    src: str
    src_cluster: str
    dst: str
    slice: str
    outcome: Agreement
    a: str
    b: str
    difference: str = ""
    tolerance: str = ""
    value_a: float | None = None
    value_b: float | None = None
    note: str = ""

    @property
    def source(self) -> str:
        """Who asked, with its cluster."""
        return f"{self.src}@{self.src_cluster}" if self.src_cluster else self.src


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two runs joined on names. ``name_a`` and ``name_b`` tell them apart in a table."""

    name_a: str
    name_b: str
    rows: tuple[Compared, ...]
    tolerances: Tolerances = field(default_factory=Tolerances)
    notes: tuple[str, ...] = ()

    @property
    def outcome(self) -> Agreement:
        """``differs`` if anything does; ``same`` if something of every probe was compared; else ``not comparable``."""
        if self.count()["differs"]:
            return "differs"
        compared = {row.probe for row in self.rows if row.outcome == "same"}
        return "same" if compared and compared == {row.probe for row in self.rows} else "not comparable"

    @property
    def exit_code(self) -> int:
        """0 the same, 1 differs, 4 of some probe nothing could be compared."""
        return EXIT_CODES[self.outcome]

    def count(self) -> Counter[Agreement]:
        """How many rows have each outcome."""
        return Counter(row.outcome for row in self.rows)

    def frame(self) -> pd.DataFrame:
        """One row a figure."""
        return framed(COMPARISON_SCHEMA, self.rows)

    def data(self) -> dict[str, Any]:
        """The comparison as JSON-like data."""
        from dataclasses import asdict

        return {
            "a": self.name_a,
            "b": self.name_b,
            "outcome": self.outcome,
            "exit_code": self.exit_code,
            "count": dict(self.count()),
            "notes": list(self.notes),
            "tolerances": asdict(self.tolerances),
            "rows": [asdict(row) for row in self.rows],
        }
