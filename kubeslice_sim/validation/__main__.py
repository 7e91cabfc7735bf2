"""``python -m kubeslice_sim.validation``: measure every target, write the page; 1 if a row is outside."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from kubeslice_sim.errors import KubesliceSimError
from kubeslice_sim.validation.groups import GROUPS, failures, measure, score
from kubeslice_sim.validation.page import data, page
from kubeslice_sim.validation.target import Case, Group
from kubeslice_sim.view.atomic import write_text

GOOD, OUTSIDE, BAD = 0, 1, 2
app = App(name="python -m kubeslice_sim.validation")


@app.default
def validate(
    file: Path = Path("out/validation.html"),
    *,
    output: Annotated[Literal["html", "json"], Parameter(name=["--output", "-o"])] = "html",
) -> int:
    """Hold the simulator to published numbers: some 220 targets, in a few minutes on two cores.

    Exit 1 if a row is outside its tolerance; it stays on the page.

    Parameters
    ----------
    file
        The page to write.
    output
        ``html``: the page; ``json``: the same rows to standard output, and no page.
    """
    err = Console(stderr=True)
    total = sum(len(group.cases) for group in GROUPS)
    columns = (TextColumn("{task.description:48.48}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err) as bar:
        task = bar.add_task("", total=total)
        begun = 0

        def on_case(group: Group, case: Case) -> None:
            nonlocal begun
            bar.update(task, description=f"{group.name}: {case.name}", completed=begun)
            begun += 1

        measured = measure(GROUPS, on_case)
        bar.update(task, description="all measured", completed=total)
    outside = failures(measured)
    if output == "json":
        sys.stdout.write(json.dumps(data(measured), indent=2, ensure_ascii=False) + "\n")
    else:
        write_text(file, page(measured))
        print(f"{score(measured)}; the page: {file}")
    for row in outside:
        err.print(f"outside: {row.target.name}: {row.value:g}", style="red", markup=False)
    return OUTSIDE if outside else GOOD


if __name__ == "__main__":
    try:
        sys.exit(app())
    except KubesliceSimError as error:
        print(error, file=sys.stderr)
        sys.exit(BAD)
