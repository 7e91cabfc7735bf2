"""The command ``forecast``: years of control plane."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter
from rich.console import Console

from kubeslice_sim import facade
from kubeslice_sim.cli_output import Output, print_json
from kubeslice_sim.observe.run import Progress as Progressed

GOOD, NOT_UP = 0, 1
DAY_S = 86400.0


def register(app: App, out: Console, err: Console) -> None:
    """Add the command to ``ksim``; ``err`` shows how far it is."""

    @app.command
    def forecast(
        *paths: Path,
        span: Annotated[str, Parameter(name=["--for"])] = "1y",
        timing: Literal["kubeslice", "fast"] = "kubeslice",
        output: Output = "text",
    ) -> int:
        """Look years ahead: every rotation of keys, what it costs, and how often each API server is asked.

        ksim forecast WORLD --for 5y

        KubeSlice's own loops go on from the moment when the API servers get the world; what repeats itself is leapt
        over and counted. There is no traffic, no fault and no scenario in it, and the WAN between clusters delays
        requests but loses nothing; ksim run has all that. Exit 1 if something is not up at the end that could be.

        Parameters
        ----------
        paths
            Files or folders of YAML documents.
        span
            How long: ``5y`` (years of 365 days), ``90d``, ``36h``; a second to 100 years.
        timing
            KubeSlice's own waits, or ``fast``: all but the age of keys 20 times shorter.
        output
            ``json`` for machines: also every rotation with its requests by API server, client, verb and kind.
        """
        from kubeslice_sim import facade_forecast

        world = facade.load(*paths)
        with _progress(err) as on_progress:
            seen = facade_forecast.forecast(world, span, timing=timing, on_progress=on_progress)
        if output == "json":
            print_json(seen.data())
        else:
            out.print(str(seen), markup=False)
        return GOOD if seen.up else NOT_UP


@contextmanager
def _progress(err: Console) -> Iterator[Callable[[Progressed], None]]:
    """A progress bar in days on a terminal, nothing elsewhere."""
    if not err.is_terminal:
        yield lambda progress: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    with Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=err, transient=True
    ) as bar:  # fmt: skip
        task = bar.add_task("starting", total=None)

        def told(progress: Progressed) -> None:
            bar.update(task, description=f"day {progress.done_s / DAY_S:,.0f} of {progress.total_s / DAY_S:,.0f}",
                       completed=progress.done_s, total=progress.total_s)  # fmt: skip

        yield told
