"""The commands on real clusters: deploy, diff, status, wait, destroy, adopt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter
from rich.console import Console

from kubeslice_sim import backends, facade
from kubeslice_sim.cli_output import Output, print_json
from kubeslice_sim.errors import BadInput


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Which clusters."""

    kubeconfig: Path | None = None
    "A kubeconfig file; otherwise as kubectl finds it."
    controller_context: str | None = None
    "The context of the controller cluster; otherwise the one called controller."
    context: Annotated[tuple[str, ...], Parameter(negative=())] = ()
    "CLUSTER=CONTEXT of a worker cluster, repeatable; otherwise the context of the cluster's own name."

    def options(self) -> dict[str, Any]:
        """The same for ``real``. Raises :exc:`BadInput` for a pair that is none."""
        return {
            "kubeconfig": self.kubeconfig,
            "controller_context": self.controller_context,
            "contexts": _pairs(self.context),
        }


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class May:
    """What deploying may do besides."""

    force_conflicts: bool = False
    "Take over fields that another manager set."
    create_namespaces: bool = False
    "Make the project's namespace where no KubeSlice controller runs (a bare API server)."
    namespace_within: float = 60.0
    "Seconds to wait for the controller to make the project's namespace."

    def options(self) -> dict[str, Any]:
        """The same for ``real``."""
        return {
            "force_conflicts": self.force_conflicts,
            "create_namespaces": self.create_namespaces,
            "namespace_within_s": self.namespace_within,
        }


def register(app: App, out: Console, err: Console) -> None:
    """Add the commands to ``ksim``; ``err`` shows what happens meanwhile."""

    def say(line: str) -> None:
        if err.is_terminal:
            err.print(line, markup=False, style="dim")

    def show(answer: Any, output: str) -> None:
        if output == "json":
            print_json(answer.rows())
        else:
            out.print(str(answer), markup=False)

    @app.command
    def deploy(*paths: Path, where: Where = Where(), may: May = May(), output: Output = "text") -> int:
        """Server-side apply a world's objects to its clusters, after a dry run of all of them; twice changes nothing.

        Parameters
        ----------
        paths
            Files or folders of YAML documents.
        output
            ``json`` for machines.
        """
        real = backends.deployer()
        show(real.deploy(facade.load(*paths), say=say, **where.options(), **may.options()), output)
        return 0

    @app.command
    def adopt(*paths: Path, where: Where = Where(), output: Output = "text") -> int:
        """Deploy, and take over objects that are there already.

        Parameters
        ----------
        paths
            Files or folders of YAML documents.
        output
            ``json`` for machines.
        """
        show(backends.deployer().adopt(facade.load(*paths), say=say, **where.options()), output)
        return 0

    @app.command
    def diff(*paths: Path, where: Where = Where(), may: May = May(), output: Output = "text") -> int:
        """Say what deploy would change on the live clusters, field by field; exit 1 if anything.

        Parameters
        ----------
        paths
            Files or folders of YAML documents.
        output
            ``json`` for machines.
        """
        found = backends.deployer().diff(facade.load(*paths), **where.options(), **may.options())
        show(found, output)
        return 0 if found.unchanged else 1

    @app.command
    def status(*paths: Path, where: Where = Where(), output: Output = "text") -> int:
        """Say how far each of a world's objects has come; exit 1 while something is not ready.

        Parameters
        ----------
        paths
            Files or folders of YAML documents.
        output
            ``json`` for machines.
        """
        found = backends.deployer().status(facade.load(*paths), **where.options())
        show(found, output)
        return 0 if found.ready else 1

    @app.command
    def wait(*paths: Path, within: float = 300.0, where: Where = Where(), output: Output = "text") -> int:
        """Wait until a world is ready; says what it waits for; exit 1 when the time is up or waiting is hopeless.

        Parameters
        ----------
        paths
            Files or folders of YAML documents.
        within
            Seconds.
        output
            ``json`` for machines.
        """
        found = backends.deployer().wait(facade.load(*paths), within_s=within, say=say, **where.options())
        show(found, output)
        return 0 if found.ready else 1

    @app.command
    def destroy(
        *paths: Path, stale: bool = False, within: float = 60.0, where: Where = Where(), output: Output = "text"
    ) -> int:
        """Delete what this world deployed, in reverse order, and nothing else.

        Parameters
        ----------
        paths
            Files or folders of YAML documents.
        stale
            Only what was deployed before and is no longer in the world.
        within
            Seconds to wait for each stage.
        output
            ``json`` for machines.
        """
        world = facade.load(*paths)
        gone = backends.deployer().destroy(world, stale_only=stale, within_s=within, say=say, **where.options())
        show(gone, output)
        return 0 if gone.complete else 1


def _pairs(texts: tuple[str, ...]) -> Mapping[str, str] | None:
    pairs = {}
    for text in texts:
        cluster, equals, context = text.partition("=")
        if not (cluster and equals and context):
            raise BadInput(f"--context {text!r} is not CLUSTER=CONTEXT, such as worker-1=kind-worker-1")
        pairs[cluster] = context
    return pairs or None
