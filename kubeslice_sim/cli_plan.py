"""The command ``plan``: what KubeSlice makes of a world, what changes, how much room is left, and why."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter
from rich.console import Console

from kubeslice_sim import facade
from kubeslice_sim.cli_output import OutputOrManifests, print_json
from kubeslice_sim.errors import BadInput
from kubeslice_sim.model.quantity import DURATION
from kubeslice_sim.results import Plan

GOOD, STOPPED = 0, 1
Plain = Parameter(negative=(), show_default=False)


def register(app: App, out: Console) -> None:
    """Add the command to ``ksim``."""

    @app.command
    def plan(
        *paths: Path,
        output: OutputOrManifests = "text",
        previous: Annotated[tuple[Path, ...], Plain] = (),
        elapsed: str = "0s",
        warnings: Annotated[bool, Plain] = False,
        capacity: Annotated[bool, Plain] = False,
        explain: Annotated[tuple[str, str] | None, Plain] = None,
        why: str | None = None,
    ) -> int:
        """Show what KubeSlice makes of a world: slots, addresses, tunnels, routes, shaping, names.

        Parameters
        ----------
        paths
            Files or folders of YAML documents.
        output
            ``json``: the whole answer; ``yaml``: the objects that the controller would create, as manifests.
        previous
            The world as it was before (repeatable, oldest first): plan with that history, in which nobody moves
            without need, and show what changes. With another option: show that of the plan with its history.
        elapsed
            How long after the previous world this one comes (with several, each after the one before), such as 25h.
            Only dynamic IPAM asks: it holds a leaver's subnet back for a day.
        warnings
            Only the quirks of KubeSlice that bite this world.
        capacity
            How much room is left: clusters, overlay addresses, node ports; what tunnels and certificates cost.
        explain
            FROM TO: how a packet travels hop by hop, which rule lets it through or stops it, and why the name leads
            there. FROM is namespace/pod@cluster; TO a name, an address or a pod. Exit 1 if it does not arrive.
        why
            Which input and which formula a value came from, as in red/worker-2/cidr. A part (red/worker-2) lists what
            can be asked under it, a dot everything.
        """
        _at_most_one(warnings=warnings, capacity=capacity, explain=explain, why=why)
        elapsed_s = _duration(elapsed)
        if elapsed_s and not previous:
            raise BadInput("--elapsed counts from a previous world; name it with --previous")
        before: Plan | None = None
        for world in previous:
            before = facade.plan(facade.load(world), previous=before, elapsed_s=elapsed_s)
        made = facade.plan(facade.load(*paths), previous=before, elapsed_s=elapsed_s)
        if warnings:
            return _warnings(made, output, out)
        if capacity:
            return _capacity(made, output, out)
        if explain is not None:
            return _explain(made, *explain, output, out)
        if why is not None:
            return _why(made, why.strip("./"), output, out)
        if output == "yaml":
            sys.stdout.write(facade.manifests(made))
            return GOOD
        return _plan(made, output, out) if before is None else _changes(before, made, output, out)


def _duration(text: str) -> float:
    try:
        return DURATION.parse(text)
    except ValueError as error:
        raise BadInput(f"--elapsed: {error}") from error


def _at_most_one(**options: Any) -> None:
    given = [f"--{name}" for name, value in options.items() if value not in (None, False)]
    if len(given) > 1:
        raise BadInput(f"{' and '.join(given)} are two questions; ask one at a time")


def _plan(made: Plan, output: str, out: Console) -> int:
    from kubeslice_sim import view

    if output == "json":
        print_json(view.plan_data(made))
        return GOOD
    for table in view.plan_tables(made):
        out.print(table)
    return GOOD


def _changes(before: Plan, made: Plan, output: str, out: Console) -> int:
    from kubeslice_sim import view

    difference = before.diff(made)
    if output == "json":
        print_json(view.difference_data(difference))
        return GOOD
    out.print(view.difference_table(difference))
    return GOOD


def _warnings(made: Plan, output: str, out: Console) -> int:
    from kubeslice_sim import view

    if output == "json":
        print_json(view.plain(made.warnings))
        return GOOD
    for item in made.warnings:
        out.print(f"{item.id}: {item.subject}: {item.message}", markup=False)
    return GOOD


def _capacity(made: Plan, output: str, out: Console) -> int:
    from kubeslice_sim import view

    if output == "json":
        print_json(view.capacity_data(made.capacity()))
        return GOOD
    out.print(view.capacity_tables(made.capacity()))
    return GOOD


def _explain(made: Plan, source: str, target: str, output: str, out: Console) -> int:
    from kubeslice_sim import view

    told = made.explain(source, target)
    if output == "json":
        print_json(view.explanation_data(told))
    else:
        out.print(view.explanation_table(told))
    return GOOD if told.answer.allowed else STOPPED


def _why(made: Plan, path: str, output: str, out: Console) -> int:
    from kubeslice_sim import view

    found = made.askable(path)
    if found == (path,):
        told = made.why(path)
        if output == "json":
            print_json(view.provenance_data(told))
            return GOOD
        out.print(view.provenance_text(told))
        return GOOD
    several = made.why_each(path)
    if output == "json":
        print_json([view.provenance_data(item) for item in several])
        return GOOD
    out.print(view.provenance_list(f"{len(several)} values can be asked for", several))
    return GOOD
