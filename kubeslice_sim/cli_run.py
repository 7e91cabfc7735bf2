"""The commands ``run`` and ``compare``: play a scenario on a back end; put two runs side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from cyclopts import App
from rich.console import Console

from kubeslice_sim import facade
from kubeslice_sim.cli_output import Output, print_json
from kubeslice_sim.controlplane.answers import told_undertakings
from kubeslice_sim.errors import BadInput
from kubeslice_sim.observe.busiest import busiest
from kubeslice_sim.observe.comparison import Tolerances
from kubeslice_sim.observe.run import Progress as Progressed


def register(app: App, out: Console, err: Console) -> None:
    """Add the commands to ``ksim``; ``err`` shows how far a run is."""

    @app.command
    def run(
        *paths: Path,
        on: Literal["sim", "emulator", "real"] = "sim",
        scenario: str = "",
        seed: int | None = None,
        report: Path | None = None,
        junit: Path | None = None,
        output: Output = "text",
    ) -> int:
        """Play a world's scenario and judge its expectations.

        Parameters
        ----------
        paths
            Files or folders of YAML documents.
        on
            The back end: sim (simulated seconds), emulator (namespaces, real WireGuard), real (clusters).
        scenario
            Which one, if the world holds several.
        seed
            Instead of the scenario's own.
        report
            A folder for observations.csv, verdict.json, junit.xml, report.html and the figures.
        junit
            A file for the verdicts as JUnit XML.
        output
            ``json`` for machines.
        """
        from kubeslice_sim import view

        if report:
            view.check_folder(report)
        with _progress(err) as on_progress:
            result = facade.run(facade.load(*paths), on, scenario=scenario, seed=seed, on_progress=on_progress)
        page = result.report(report) if report else None
        if junit:
            view.write_junit(result.run, result.verdicts, junit)
        if output == "json":
            print_json(view.result_data(result.run, result.verdicts))
        else:
            for notice in result.run.notices:
                err.print(f"note: {notice}", markup=False, style="yellow")
            out.print(view.verdict_table(result.run, result.verdicts))
            for sentence in told_undertakings(result.run.history):
                out.print(sentence, markup=False, highlight=False)
            loads = busiest(result.run.observations)
            if loads:
                out.print(f"busiest: {'; '.join(map(str, loads))}", markup=False, highlight=False)
            if page:
                out.print(f"report: {page}", markup=False)
        return result.exit_code

    @app.command
    def compare(a: Path, b: Path, *, rtt: float = 0.10, rate: float = 0.10, output: Output = "text") -> int:
        """Put two runs side by side: do they agree on reachability, names, round-trip times and throughput?

        Parameters
        ----------
        a
            A report folder.
        b
            Another.
        rtt
            How far median round trips may lie apart: this share, or 1 ms.
        rate
            How far mean rates may lie apart: this share.
        output
            ``json`` for machines.
        """
        from kubeslice_sim import view

        if rtt < 0 or rate < 0:
            raise BadInput("--rtt and --rate are shares such as 0.1; they cannot be negative")
        comparison = facade.compare(a, b, Tolerances(rtt_ratio=rtt, rate_ratio=rate))
        if output == "json":
            print_json(view.comparison_data(comparison))
        else:
            out.print(view.comparison_table(comparison))
        return comparison.exit_code


@contextmanager
def _progress(err: Console) -> Iterator[Callable[[Progressed], None]]:
    """A progress bar on a terminal, nothing elsewhere."""
    if not err.is_terminal:
        yield lambda progress: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Column

    # What is waited for may be a long sentence: it takes the room that is left, and never that of the bar.
    rest = Column(ratio=1, no_wrap=True, overflow="ellipsis")
    with Progress(
        BarColumn(16), TextColumn("{task.fields[far]}"), TimeElapsedColumn(),
        TextColumn("{task.description}", table_column=rest, markup=False), console=err, transient=True, expand=True,
    ) as bar:  # fmt: skip
        task = bar.add_task("starting", total=None, far="")

        def told(progress: Progressed) -> None:
            begun = progress.done_s > 0
            far = f"{progress.done_s:.0f}/{progress.total_s:.0f} s" if begun else ""
            total_s = progress.total_s if begun else None
            bar.update(task, description=progress.phase, completed=progress.done_s, total=total_s, far=far)

        yield told
