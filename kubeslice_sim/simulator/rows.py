"""Rows: the simulator's observations as they are made."""

from __future__ import annotations

from dataclasses import dataclass, field

from kubeslice_sim.observe.observation import METRICS, Observation, Outcome
from kubeslice_sim.observe.probe import Probe

_DIGITS = {"s": 9, "1": 9, "bit/s": 3, "B": 3, "1/s": 9}
"""By unit. A nanosecond, a thousandth of a bit: what is finer is rounding and would only lengthen the file."""


@dataclass(slots=True, kw_only=True)
class Rows:
    """Collects observations; ``zero_s`` is the scenario's zero on the simulation's clock."""

    run_id: str
    backend: str
    zero_s: float = 0.0
    made: list[Observation] = field(default_factory=list)

    def add(
        self, metric: str, value: float, *, at_s: float, probe: str, seq: int = 0, outcome: Outcome = "ok",
        slice_: str = "", src_cluster: str = "", src: str = "", dst_cluster: str = "", dst: str = "", detail: str = "",
    ) -> None:  # fmt: skip
        """One row; ``at_s`` is the simulation's time (what came before zero is stamped 0)."""
        self.made.append(
            Observation(
                at_s=round(max(0.0, at_s - self.zero_s), _DIGITS["s"]),
                probe=probe,
                seq=seq,
                metric=metric,
                value=round(float(value), _DIGITS[METRICS[metric]]),
                outcome=outcome,
                slice=slice_,
                src_cluster=src_cluster,
                src=src,
                dst_cluster=dst_cluster,
                dst=dst,
                detail=detail,
                run_id=self.run_id,
                backend=self.backend,
            )
        )

    def of_probe(
        self, probe: Probe, slice_: str, metric: str, value: float, *, at_s: float, seq: int,
        outcome: Outcome = "ok", detail: str = "",
    ) -> None:  # fmt: skip
        """One row of a probe, with its ends by name."""
        source, _, src_cluster = probe.source.partition("@")
        self.add(
            metric, value, at_s=at_s, probe=probe.name, seq=seq, outcome=outcome, slice_=slice_, detail=detail,
            src_cluster=src_cluster, src=source, dst_cluster=probe.target.partition("@")[2], dst=probe.destination,
        )  # fmt: skip
