"""Figures, tables, notebook HTML and the report: everything a person looks at, and the folder a run is kept in."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kubeslice_sim.view.answers import answer_data, answer_table, doctor_data, doctor_table
from kubeslice_sim.view.capacities import capacity_data, capacity_frame, capacity_html, capacity_tables
from kubeslice_sim.view.capacities import member_frame as member_capacity_frame
from kubeslice_sim.view.capacities import node_frame as node_capacity_frame
from kubeslice_sim.view.changes import difference_data, difference_frame, difference_html, difference_table
from kubeslice_sim.view.control_plane import (
    control_frame,
    control_html,
    event_frame,
    object_frame,
    queue_frame,
    request_frame,
    stage_frame,
)
from kubeslice_sim.view.data import comparison_data, plain, plan_data, result_data
from kubeslice_sim.view.explanations import explanation_data, explanation_frame, explanation_html, explanation_table
from kubeslice_sim.view.notebook import answer_html, comparison_html, plan_html, result_html
from kubeslice_sim.view.plan_tables import plan_frame, plan_tables
from kubeslice_sim.view.provenances import (
    provenance_data,
    provenance_frame,
    provenance_html,
    provenance_list,
    provenance_text,
)
from kubeslice_sim.view.record import check_folder, read_run, write_run
from kubeslice_sim.view.rehearsals import (
    moment_yaml,
    rehearsal_data,
    rehearsal_frame,
    rehearsal_html,
    write_rehearsal,
)
from kubeslice_sim.view.tables import comparison_table, verdict_table

if TYPE_CHECKING:
    from kubeslice_sim.view.figure import save_figure
    from kubeslice_sim.view.gantt import draw_gantt
    from kubeslice_sim.view.report_page import report, write_junit
    from kubeslice_sim.view.timeline import time_plots
    from kubeslice_sim.view.topology import draw

# What needs matplotlib (half a second) is imported when it is first asked for.
_LATE = {
    "draw": "topology",
    "draw_gantt": "gantt",
    "report": "report_page",
    "save_figure": "figure",
    "time_plots": "timeline",
    "write_junit": "report_page",
}

__all__ = [
    "answer_data", "answer_html", "answer_table", "capacity_data", "capacity_frame", "capacity_html",
    "capacity_tables", "check_folder", "comparison_data", "comparison_html", "comparison_table", "control_frame",
    "control_html", "difference_data", "difference_frame", "difference_html", "difference_table", "doctor_data",
    "doctor_table", "draw", "draw_gantt", "event_frame", "explanation_data", "explanation_frame",
    "explanation_html", "explanation_table", "member_capacity_frame", "moment_yaml", "node_capacity_frame",
    "object_frame", "plain", "plan_data", "plan_frame", "plan_html", "plan_tables", "provenance_data",
    "provenance_frame", "provenance_html", "provenance_list", "provenance_text", "queue_frame", "read_run",
    "rehearsal_data", "rehearsal_frame", "rehearsal_html", "report", "request_frame", "result_data", "result_html",
    "save_figure", "stage_frame", "time_plots", "verdict_table", "write_junit", "write_rehearsal", "write_run",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
