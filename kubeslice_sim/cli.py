"""``ksim``: the verbs as commands. Exit codes: 0 good, 1 failed or differs, 2 bad input, 3 no back end, 4 open."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, CycloptsError, Parameter
from rich.console import Console

from kubeslice_sim import (
    backends,
    cli_clusters,
    cli_controller,
    cli_forecast,
    cli_hub,
    cli_plan,
    cli_requests,
    cli_run,
    cli_sweep,
    facade,
)
from kubeslice_sim.cli_output import Output, print_json
from kubeslice_sim.errors import BadInput, KubesliceSimError
from kubeslice_sim.model.release import DEFAULT_VERSION, KubeSliceVersion

GOOD, DIFFERS, BAD_INPUT, UNAVAILABLE = 0, 1, 2, 3

app = App(
    name="ksim",
    help="KubeSlice slices: plan, simulate, emulate over real WireGuard tunnels, compare, deploy.",
    version=backends.version,
    help_format="plaintext",
    result_action="return_value",
    suppress_keyboard_interrupt=False,  # `execute` says so and gives the exit code
)
WIDTH = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 160
"""Into a pipe or a log, tables may be wider than the 80 columns that nobody asked for."""
out = Console(highlight=False, soft_wrap=True, width=WIDTH)
err = Console(stderr=True, highlight=False, soft_wrap=True)
cli_clusters.register(app, out, err)
cli_plan.register(app, out)
cli_run.register(app, out, err)
cli_requests.register(app, out)
cli_hub.register(app, out, err)
cli_controller.register(app, out, err)
cli_sweep.register(app, out, err)
cli_forecast.register(app, out, err)


@app.command
def validate(*paths: Path, output: Output = "text") -> int:
    """Say whether the API server and KubeSlice's webhooks would accept a world: every problem at once.

    Parameters
    ----------
    paths
        Files or folders of YAML documents.
    output
        ``json`` for machines.
    """
    world, problems, warnings = facade.inspect(*paths)
    if output == "json":
        print_json({"valid": not problems, "problems": _rows(problems), "warnings": _rows(warnings)})
    else:
        for problem in problems:
            err.print(str(problem), markup=False, style="red")
        for warning in warnings:
            err.print(f"warning: {warning}", markup=False, style="yellow")
        if problems:
            err.print(_count(len(problems), "problem"), style="bold red")
        elif world is not None:
            out.print(
                f"{world.name}: valid ({_count(len(world.clusters), 'cluster')}, {_count(len(world.slices), 'slice')}, "
                f"{_count(len(world.exports), 'export')}, {_count(len(world.scenarios), 'scenario')})"
            )
    return BAD_INPUT if problems else GOOD


@app.command
def python(*paths: Path) -> int:
    """Print the Python program that builds a world: the same documents as calls of ks.world().

    Parameters
    ----------
    paths
        Files or folders of YAML documents.
    """
    from kubeslice_sim.build import to_python

    sys.stdout.write(to_python(facade.load(*paths)).rstrip("\n") + "\n")
    return GOOD


@app.command
def draw(*paths: Path, file: Annotated[Path, Parameter(name=["--file", "-f"])] = Path("topology.svg")) -> int:
    """Draw the topology into a file.

    Parameters
    ----------
    paths
        Files or folders of YAML documents.
    file
        Where to; the ending (svg, png, pdf) chooses the format.
    """
    from kubeslice_sim import view

    view.save_figure(facade.draw(facade.load(*paths)), file)
    out.print(f"wrote {file}", markup=False)
    return GOOD


@app.command
def verify(
    path: Path,
    source: Annotated[str, Parameter(name="--from")],
    target: Annotated[str, Parameter(name="--to")],
    *,
    output: Output = "text",
) -> int:
    """Answer from the plan alone whether a pod reaches a name, a pod or an address, and hop by hop how.

    Parameters
    ----------
    path
        A file or folder of YAML documents.
    source
        ``namespace/pod@cluster``.
    target
        A DNS name, an address or ``namespace/pod@cluster``; with ``:port`` if it matters.
    output
        ``json`` for machines.
    """
    from kubeslice_sim import view

    answer = facade.verify(facade.load(path), source, target)
    if output == "json":
        print_json(view.answer_data(answer))
    else:
        out.print(view.answer_table(answer))
    return GOOD if answer.allowed else DIFFERS


@app.command
def crds(kubeslice_version: KubeSliceVersion = DEFAULT_VERSION) -> int:
    """Print KubeSlice's CustomResourceDefinitions, generated from our model, for a bare API server.

    Parameters
    ----------
    kubeslice_version
        The release: ``0.6``, ``1.9`` or ``next`` (what upstream is about to ship).
    """
    sys.stdout.write(facade.crds(kubeslice_version))
    return GOOD


@app.command
def schema() -> int:
    """Print one JSON Schema for a world's documents, for editors."""
    print_json(facade.schema())
    return GOOD


@app.command
def doctor(*backend: str, warm: bool = False, output: Output = "text") -> int:
    """Say what this machine offers to each back end, what is substituted, and what is missing.

    Parameters
    ----------
    backend
        Which ones (exit 3 if one of these cannot run here); none: all.
    warm
        Compile the simulator's engines first, once (about 26 s), so that no run has to wait for it.
    output
        ``json`` for machines.
    """
    from kubeslice_sim import view
    from kubeslice_sim.simulator import warm as engines

    if warm:
        engines.warm(engines.cold(packets=True))
    findings = backends.doctor(*backend)
    if output == "json":
        print_json(view.doctor_data(findings))
    else:
        out.print(view.doctor_table(findings))
    return UNAVAILABLE if any(item.reason for item in findings) and backend else GOOD


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _rows(problems: Sequence[Any]) -> list[dict[str, Any]]:
    return [
        {"file": item.file, "line": item.line, "path": item.path, "message": item.message, "hint": item.hint,
         "rule": item.rule}
        for item in problems
    ]  # fmt: skip


def main(tokens: Sequence[str] | None = None) -> None:
    """The console script: runs a command and leaves with its exit code."""
    sys.exit(execute(sys.argv[1:] if tokens is None else tokens))


def _with_standard_input(tokens: Sequence[str]) -> list[str]:
    """``-`` is a path (standard input), as in kubectl: put behind ``--``, so that it is taken for no option."""
    if "-" not in tokens or "--" in tokens:
        return list(tokens)
    return [*(word for word in tokens if word != "-"), "--", "-"]


def execute(tokens: Sequence[str]) -> int:
    """Run one command line; the exit code. Errors of ours become one message, bugs keep their traceback."""
    try:
        code = app(_with_standard_input(tokens), exit_on_error=False, print_error=False)
        return code if isinstance(code, int) else GOOD
    except CycloptsError as error:
        err.print(f"ksim: {error}; see ksim --help", markup=False, style="red")
        return BAD_INPUT
    except BadInput as error:
        for problem in error.problems:
            err.print(str(problem), markup=False, style="red")
        return BAD_INPUT
    except KubesliceSimError as error:
        err.print(f"ksim: {error}", markup=False, style="red")
        return error.exit_code
    except KeyboardInterrupt:
        err.print("ksim: interrupted", style="red")
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return GOOD
