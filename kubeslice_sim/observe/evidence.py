"""Evidence: what a fault did, or its end, as every back end tells it."""

from __future__ import annotations

from dataclasses import dataclass

from kubeslice_sim.observe.observation import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One part that a fault touched: by its name, with a sentence. ``outcome`` is not ``ok`` where nothing happened."""

    part: str
    cluster: str
    sentence: str
    slice: str = ""
    peer: str = ""
    outcome: Outcome = "ok"
