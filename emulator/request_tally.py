"""Request tally: what a pod's http attempts amount to, interval by interval and cause by cause.

The same rows as the simulator's: answered requests a second, at the end all that were answered, and what failed.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from kubeslice_sim.observe.observation import Outcome
from kubeslice_sim.observe.probe import Probe

INTERVAL_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One row to be."""

    metric: str
    value: float
    at_s: float
    seq: int = 0
    outcome: Outcome = "ok"
    detail: str = ""


@dataclass(slots=True)
class RequestTally:
    """Counts one probe's requests; times are seconds since the scenario's zero."""

    probe: Probe
    _answered: list[float] = field(default_factory=list)
    _failed: Counter[str] = field(default_factory=Counter)
    _tried: set[int] = field(default_factory=set)
    """The intervals in which something was tried."""
    _silent: dict[int, str] = field(default_factory=dict)
    """Those in which nothing could be, with the reason."""

    def add(self, due_s: float, took_s: float | None, outcome: Outcome, cause: str) -> None:
        """A request that was due then; ``took_s``: until its answer was whole."""
        if outcome in ("failed_to_probe", "unsupported"):
            self._silent[self._interval(due_s)] = cause
            return
        self._tried.add(self._interval(due_s))
        if outcome == "ok" and took_s is not None:
            self._answered.append(due_s + took_s)
            self._tried.add(self._interval(due_s + took_s))
        elif due_s < self.probe.end_s:
            self._failed[cause] += 1

    def figures(self) -> Iterator[Figure]:
        """All rows, at the probe's end."""
        probe = self.probe
        in_time = [done_s for done_s in self._answered if done_s <= probe.end_s]
        counts = Counter(self._interval(done_s) for done_s in in_time)
        for seq in range(math.ceil((probe.end_s - probe.start_s) / INTERVAL_S - 1e-9)):
            since_s = probe.start_s + seq * INTERVAL_S
            until_s = min(since_s + INTERVAL_S, probe.end_s)
            silent = seq in self._silent and seq not in self._tried
            yield Figure(
                metric="requests_per_s", value=counts[seq] / (until_s - since_s), at_s=until_s, seq=seq,
                outcome="failed_to_probe" if silent else "ok", detail=self._silent[seq] if silent else "",
            )  # fmt: skip
        yield Figure(metric="requests", value=len(in_time), at_s=probe.end_s)
        for number, (cause, count) in enumerate(sorted(self._failed.items())):
            yield Figure(metric="errors", value=count, at_s=probe.end_s, seq=number, detail=cause)

    def _interval(self, at_s: float) -> int:
        return math.floor((at_s - self.probe.start_s) / INTERVAL_S)
