"""The rules of the API server and of KubeSlice's webhooks, and our own: one small function a rule, one table."""

from kubeslice_sim.admission.check import check, judge
from kubeslice_sim.admission.rule import Finding, Request, Rule
from kubeslice_sim.admission.state import DocumentState, State, WorldState, reported_status
from kubeslice_sim.admission.table import RULES, STAGES
from kubeslice_sim.admission.violation import Violation

__all__ = [
    "RULES",
    "STAGES",
    "DocumentState",
    "Finding",
    "Request",
    "Rule",
    "State",
    "Violation",
    "WorldState",
    "check",
    "judge",
    "reported_status",
]
