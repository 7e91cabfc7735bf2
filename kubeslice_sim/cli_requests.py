"""The command about requests to a controller cluster: what its API server would say."""

from __future__ import annotations

from pathlib import Path

from cyclopts import App
from rich.console import Console

from kubeslice_sim import facade
from kubeslice_sim.cli_output import Output, print_json


def register(app: App, out: Console) -> None:
    """Add the command to ``ksim``."""

    @app.command
    def admit(*requests: Path, state: Path, output: Output = "text") -> int:
        """Say what the API server and KubeSlice's webhooks would answer to requests; exit 1 if any is refused.

        Every request is a dry run in the same state: that of the world, with all that the controller has made of it.

        Parameters
        ----------
        requests
            Files with a list of {op: create | merge-patch | merge-patch status | delete, object or target: [Kind, name]
            with patch, id}; a plain object is a create.
        state
            A file or folder of YAML documents: the world that stands. Objects that KubeSlice made may be in it.
        output
            ``json`` for machines.
        """
        answers = facade.admit(state, *requests)
        if output == "json":
            print_json([answer.row() for answer in answers])
        else:
            for answer in answers:
                out.print(str(answer), markup=False, style="" if answer.allowed else "red")
            refused = sum(not answer.allowed for answer in answers)
            out.print(f"{len(answers) - refused} allowed, {refused} refused", style="bold")
        return 0 if all(answer.allowed for answer in answers) else 1
