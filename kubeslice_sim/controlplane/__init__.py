"""KubeSlice's own loops as pure reconcilers, and the drivers that run them under any clock."""

from kubeslice_sim.controlplane.fleet import Fleet
from kubeslice_sim.controlplane.readiness import Readiness
from kubeslice_sim.controlplane.realtime import RealTimeDriver

__all__ = ["Fleet", "Readiness", "RealTimeDriver"]
