"""From a World to a Plan: what KubeSlice makes of it; every formula stands here, once."""

from kubeslice_sim.planner.addresses import AddressesExhausted, AddressPool
from kubeslice_sim.planner.objects import hub_objects, manifests
from kubeslice_sim.planner.pipeline import plan
from kubeslice_sim.planner.plan import Plan
from kubeslice_sim.planner.probes import probes

__all__ = ["AddressPool", "AddressesExhausted", "Plan", "hub_objects", "manifests", "plan", "probes"]
