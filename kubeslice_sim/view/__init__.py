"""Figures, tables, notebook HTML and the report: everything a person looks at, and the folder a run is kept in."""

from kubeslice_sim.view.data import comparison_data, plan_data, result_data
from kubeslice_sim.view.plan_tables import plan_frame, plan_tables
from kubeslice_sim.view.record import read_run, write_run
from kubeslice_sim.view.tables import comparison_table, verdict_table

__all__ = [
    "comparison_data", "comparison_table", "plan_data", "plan_frame", "plan_tables", "read_run", "result_data",
    "verdict_table", "write_run",
]  # fmt: skip
