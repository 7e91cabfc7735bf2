"""Figures, tables, notebook HTML and the report: everything a person looks at, and the folder a run is kept in."""

from kubeslice_sim.view.record import read_run, write_run

__all__ = ["read_run", "write_run"]
