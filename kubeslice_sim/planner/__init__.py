"""From a World to a Plan: what KubeSlice makes of it; every formula stands here, once."""

from kubeslice_sim.planner.addresses import AddressesExhausted, AddressPool
from kubeslice_sim.planner.capacity import Capacity, measure_capacity
from kubeslice_sim.planner.difference import Difference, diff
from kubeslice_sim.planner.objects import hub_objects, manifests
from kubeslice_sim.planner.pipeline import plan
from kubeslice_sim.planner.plan import Plan
from kubeslice_sim.planner.probes import probes
from kubeslice_sim.planner.provenance import Provenance, askable, why, why_each

__all__ = [
    "AddressPool", "AddressesExhausted", "Capacity", "Difference", "Plan", "Provenance", "askable", "diff",
    "hub_objects", "manifests", "measure_capacity", "plan", "probes", "why", "why_each",
]  # fmt: skip
