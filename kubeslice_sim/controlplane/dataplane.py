"""The port between control plane and data plane: effects out, facts in."""

from __future__ import annotations

from typing import Protocol

from kubeslice_sim.controlplane.effects import Effect
from kubeslice_sim.controlplane.facts import Fact


class DataPlane(Protocol):
    """Simulated links or Linux namespaces: whatever does what reconcilers ask."""

    def apply(self, effect: Effect) -> None:
        """Start doing it and return at once; doing it again changes nothing. Answers come through ``FactSink``."""
        ...


class FactSink(Protocol):
    """Where a data plane reports (a driver of the control plane)."""

    def report(self, fact: Fact) -> None:
        """Take note of a fact, now."""
        ...
