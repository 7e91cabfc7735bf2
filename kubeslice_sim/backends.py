"""Finds the back ends: entry points of the group ``kubeslice_sim.backends``, as networkx finds its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, distribution, entry_points
from pathlib import Path
from typing import Any, Protocol, cast

from kubeslice_sim.errors import BackendUnavailable, BadInput
from kubeslice_sim.model.world import World
from kubeslice_sim.observe.run import Backend, Capability

GROUP = "kubeslice_sim.backends"
DISTRIBUTION = "kubeslice-sim"
EXTRAS = {"emulator": "emulator", "real": "real"}


class Deployer(Protocol):
    """What the facade asks of the real clusters beyond a run; every answer is a frozen record with ``rows()``."""

    def deploy(self, world: World, **options: Any) -> Any:
        """Server-side apply the world; twice changes nothing."""
        ...

    def adopt(self, world: World, **options: Any) -> Any:
        """Deploy, taking over objects that are there already."""
        ...

    def diff(self, world: World, **options: Any) -> Any:
        """What ``deploy`` would change."""
        ...

    def status(self, world: World, **options: Any) -> Any:
        """What the clusters say of the world's objects."""
        ...

    def wait(self, world: World, **options: Any) -> Any:
        """Wait until the world is up."""
        ...

    def destroy(self, world: World, **options: Any) -> Any:
        """Remove what ``deploy`` created, and nothing else."""
        ...

    def controller(self, **options: Any) -> Any:
        """KubeSlice's controller, ours, for a real API server: ``run``, ``stop``, ``rehearse``."""
        ...


def names() -> tuple[str, ...]:
    """The names of the installed back ends."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def backend(name: str) -> Backend:
    """The back end of that name.

    Raises :exc:`BadInput` for an unknown name, :exc:`BackendUnavailable` when its extra is not installed or another
    distribution owns its package.
    """
    points = [point for point in entry_points(group=GROUP) if point.name == name]
    if not points:
        raise BadInput(f"no back end is called {name!r}; there are: {', '.join(names()) or 'none (reinstall us)'}")
    return cast("Backend", _load(points[0])())


def deployer() -> Deployer:
    """The real clusters. Raises as :func:`backend` does."""
    return cast("Deployer", backend("real"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One back end on this machine: why it cannot run (empty: it can), and what it found out."""

    backend: str
    reason: str
    capabilities: tuple[Capability, ...]


def doctor(*chosen: str) -> tuple[Finding, ...]:
    """What this machine offers to these back ends (none: to all); asks the machine, changes nothing."""
    found = []
    for name in chosen or names():
        try:
            engine = backend(name)
            finding = Finding(backend=name, reason=engine.unavailable(), capabilities=engine.capabilities())
        except BackendUnavailable as error:
            finding = Finding(backend=name, reason=str(error), capabilities=())
        found.append(finding)
    return tuple(found)


def _load(point: EntryPoint) -> Callable[[], object]:
    try:
        loaded = point.load()
    except ModuleNotFoundError as error:
        raise BackendUnavailable(
            f"back end {point.name!r} needs the Python package {error.name!r}: "
            f"pip install '{DISTRIBUTION}[{EXTRAS.get(point.name, point.name)}]'"
        ) from error
    except ImportError as error:
        raise BackendUnavailable(f"back end {point.name!r} cannot be imported: {error}") from error
    owner = _foreign_owner(point.module)
    if owner:
        raise BackendUnavailable(
            f"another package owns {point.module.split('.')[0]!r}: {owner}; install {DISTRIBUTION} in an environment "
            "of its own"
        )
    return cast("Callable[[], object]", loaded)


def _foreign_owner(module: str) -> str:
    """The folder of ``module``'s package when it is not beside ours, else the empty string."""
    package = import_module(module.split(".")[0])
    folder = Path(next(iter(package.__path__))).resolve()
    return "" if folder.parent == Path(__file__).resolve().parents[1] else str(folder)


def version() -> str:
    """The installed version of this distribution."""
    return distribution(DISTRIBUTION).version
