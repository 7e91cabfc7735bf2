"""Estimates of a queue's figures, from batches of one long run: :mod:`kubeslice_sim.observe.estimate`."""

from __future__ import annotations

from kubeslice_sim.observe.estimate import Estimate, estimate, student_t

__all__ = ["Estimate", "estimate", "student_t"]
