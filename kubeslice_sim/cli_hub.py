"""The command ``hub``: what KubeSlice's controller would do, request by request."""

from __future__ import annotations

import sys
from pathlib import Path

from cyclopts import App
from rich.console import Console

from kubeslice_sim import facade
from kubeslice_sim.cli_output import OutputOrManifests, print_json

GOOD, REFUSED = 0, 1


def register(app: App, out: Console, err: Console) -> None:
    """Add the command to ``ksim``; ``err`` tells of refused requests where ``out`` is for objects."""

    @app.command
    def hub(world: Path, *steps: Path, each: Path | None = None, output: OutputOrManifests = "text") -> int:
        """Show what KubeSlice's controller would do: play requests to a world's controller cluster, in memory.

        The cluster stands alone, without workers and without kube-controller-manager: its Clusters report what the
        world says (or what a healthy worker would), certificate jobs finish at once, and what would only go with its
        owner or its namespace stays. A refused request changes nothing; exit 1 if there was one.

        After every request time passes until nothing is due for a minute: KubeSlice's polls of 30 s are waited for,
        what takes longer (a worker's finalizer, three minutes; a deregistration, ten; new keys) is not, unless a
        request follows that has it done.

        Parameters
        ----------
        world
            A file or folder of YAML documents. Objects that KubeSlice made may be in it.
        steps
            Files of {op: create | merge-patch | merge-patch status | delete, object, or target: [Kind, name] and
            patch}, one or several documents each; a plain object is a create. A target is [Kind, name, namespace]
            where two projects have such an object.
        each
            A folder for all objects of the controller cluster: a YAML file for the world, then one after each step.
        output
            ``text``: what changed at each step; ``json``: the same for machines; ``yaml``: the objects at the end,
            unless they go to the folder.
        """
        from kubeslice_sim import view

        seen = facade.hub(world, *steps)
        if each is not None:
            view.write_rehearsal(seen, each)
        if output == "json":
            print_json(view.rehearsal_data(seen))
        elif output == "text":
            out.print(str(seen), markup=False)
        else:
            for moment in seen.moments:
                for answer in moment.refused:
                    err.print(f"{moment.name}: {answer}", markup=False, style="red")
            if each is None:
                sys.stdout.write(view.moment_yaml(seen.moments[-1]))
        return REFUSED if seen.refused else GOOD
