"""JSON-like data of what is shown, for machines (``-o json``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from kubeslice_sim.controlplane.answers import answer, explain_path
from kubeslice_sim.observe.comparison import Comparison
from kubeslice_sim.observe.run import Run
from kubeslice_sim.observe.verdict import Verdict, verdict_data
from kubeslice_sim.planner.plan import Plan


def plan_data(plan: Plan) -> dict[str, Any]:
    """The whole plan under its fields' names; of the world it was made from, the name."""
    data = {item.name: plain(getattr(plan, item.name)) for item in fields(Plan) if item.name != "world"}
    return {"world": plan.world.name, **data}


def result_data(run: Run, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """What ``verdict.json`` holds, the control plane's figures, and the run's environment and notices."""
    return {
        **verdict_data(run, verdicts),
        "control_plane": {"critical_path": explain_path(run.history), "figures": plain(answer(run))},
        "observations": len(run.observations),
        "environment": dict(run.environment),
        "notices": list(run.notices),
    }


def comparison_data(comparison: Comparison) -> dict[str, Any]:
    """The comparison with all its rows."""
    return comparison.data()


def plain(value: Any) -> Any:
    """Dataclasses, mappings, sequences and addresses as JSON-like data."""
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, IPv4Address | IPv4Network):
        return str(value)
    return value
