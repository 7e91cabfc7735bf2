"""The verbs, as a notebook uses them: ``import kubeslice_sim as ks``.

>>> import kubeslice_sim as ks
>>> world = ks.example("01-two-clusters")
>>> ks.plan(world).slices[0].members[1].cidr
IPv4Network('10.1.64.0/18')
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubeslice_sim import apiserver, backends, manifest, observe, planner
from kubeslice_sim.controlplane.rehearsal import rehearse
from kubeslice_sim.errors import BackendUnavailable, BadInput, Problem
from kubeslice_sim.manifest.files import STANDARD_INPUT
from kubeslice_sim.model.release import DEFAULT_VERSION, KubeSliceVersion
from kubeslice_sim.model.scenario import Scenario
from kubeslice_sim.model.world import World
from kubeslice_sim.observe.run import Progress, Run
from kubeslice_sim.observe.steadiness import unsteady
from kubeslice_sim.results import Answer, Comparison, Explanation, Plan, Rehearsal, Result, shown
from kubeslice_sim.verify import explain as explained
from kubeslice_sim.verify import reach

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EXAMPLES = "_scenarios"


def load(*paths: str | Path) -> World:
    """The world in these files or folders. Raises :exc:`BadInput` with every problem at once."""
    return manifest.load(*paths)


def examples() -> tuple[str, ...]:
    """The names of the worlds that come with us."""
    return tuple(sorted(path.name for path in _examples().iterdir() if (path / "world.yaml").is_file()))


def example(name: str) -> World:
    """One of the worlds that come with us. Raises :exc:`BadInput` for an unknown name."""
    if name not in examples():
        raise BadInput(f"no example is called {name!r}; there are: {', '.join(examples())}")
    return load(_examples() / name)


def vary(world: World, changes: Mapping[str, Any]) -> World:
    """The world with some fields changed, by paths as in ``underlay.links[worker-1,worker-2].rtt``.

    See :func:`kubeslice_sim.manifest.vary` for how paths are written. Raises :exc:`BadInput` with every problem.

    >>> world = vary(example("01-two-clusters"), {"underlay.links[worker-1,worker-2].rtt": "80ms"})
    >>> world.underlay.path("worker-1", "worker-2").delay_s
    0.04
    """
    return manifest.vary(world, changes)


def plan(world: World, previous: planner.Plan | None = None, *, elapsed_s: float = 0.0) -> Plan:
    """What KubeSlice makes of the world; with ``previous`` nobody who was there moves.

    ``elapsed_s``: how long after ``previous``; dynamic IPAM holds a leaver's subnet back for a day. Raises
    :exc:`BadInput`, by file and line where the world came from files, when it has no plan or no address is left.
    """
    _require_world(world)
    try:
        return shown(Plan, planner.plan(world, previous=previous, elapsed_s=elapsed_s))
    except BadInput as error:
        raise manifest.located(error, world) from error


def verify(world: World | planner.Plan, source: str, target: str) -> Answer:
    """Whether ``source`` (``namespace/pod@cluster``) reaches ``target``, and why; nothing is run."""
    return shown(Answer, reach(_planned(world), source, target))


def explain(world: World | planner.Plan, source: str, target: str) -> Explanation:
    """:func:`verify` in full: the wrapping and MTU at each hop, every rule that has a say, why the name leads there."""
    return shown(Explanation, explained(_planned(world), source, target))


def draw(world: World | planner.Plan) -> Figure:
    """The topology as a matplotlib figure."""
    from kubeslice_sim import view

    return view.draw(_planned(world))


def run(
    world: World,
    on: str = "sim",
    *,
    scenario: str = "",
    seed: int | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Result:
    """Play a scenario of the world on a back end (``sim``, ``emulator``, ``real``).

    ``seed`` None: the scenario's. Raises :exc:`BadInput` for an unknown scenario or back end,
    :exc:`BackendUnavailable` when the back end cannot run here.
    """
    chosen = choose_scenario(world, scenario)
    _check(world, chosen)
    if seed is not None and seed < 0:
        raise BadInput(f"the seed must be at least 0, not {seed}")
    engine = backends.backend(on)
    reason = engine.unavailable()
    if reason:
        raise BackendUnavailable(f"{on}: {reason}")
    seed = chosen.spec.seed if seed is None else seed
    seen = engine.run(world, chosen, seed=seed, run_id=_run_id(world, chosen, on, seed), on_progress=on_progress)
    return judged(replace(seen, notices=(*seen.notices, *unsteady(seen))))


def simulate(world: World, **options: Any) -> Result:
    """:func:`run` on the simulator."""
    return run(world, "sim", **options)


def emulate(world: World, **options: Any) -> Result:
    """:func:`run` on the emulator: Linux namespaces and real WireGuard tunnels, in real time."""
    return run(world, "emulator", **options)


def judged(seen: Run) -> Result:
    """A run with its plan and verdicts."""
    found = plan(seen.world)
    return Result(seen, found, observe.judge(seen.scenario, seen.observations, planner.probes(found, seen.scenario)))


def read_report(directory: str | Path) -> Result:
    """The run in a report folder. Raises :exc:`BadInput` when it is none."""
    from kubeslice_sim import view

    return judged(view.read_run(Path(directory)))


def compare(
    a: Result | Run | str | Path, b: Result | Run | str | Path, tolerances: observe.Tolerances | None = None
) -> Comparison:
    """Two runs side by side, joined on names: where they agree, where not, and by how much."""
    return shown(Comparison, observe.compare(_run_of(a), _run_of(b), tolerances))


def deploy(world: World, **options: Any) -> Any:
    """Server-side apply the world's objects to real clusters; see ``real.backend.RealClusters.deploy``."""
    return backends.deployer().deploy(world, **options)


def choose_scenario(world: World, name: str = "") -> Scenario:
    """The named scenario, or the only one. Raises :exc:`BadInput` when there is none or the choice is open."""
    _require_world(world)
    names = [item.metadata.name for item in world.scenarios]
    if not names:
        raise BadInput(f"world {world.name!r} holds no Scenario; add a document of kind Scenario")
    if not name and len(names) > 1:
        hint = "choose one (ksim run --scenario NAME, ks.run(world, scenario=NAME))"
        raise BadInput(f"world {world.name!r} holds {len(names)} scenarios; {hint}: {', '.join(names)}")
    if name and name not in names:
        raise BadInput(f"no scenario is called {name!r}; there are: {', '.join(names)}")
    return world.scenario(name)


def inspect(*paths: str | Path) -> tuple[World | None, tuple[Problem, ...], tuple[Problem, ...]]:
    """The world (None when it is refused), everything that is wrong with it, and our advice on it."""
    try:
        reading = manifest.read(*paths)
    except BadInput as error:
        return None, error.problems, ()
    return reading.world, (), reading.warnings


def admit(
    state: World | str | Path, *requests: str | Path | Mapping[str, Any], now: datetime | None = None
) -> tuple[apiserver.Answer, ...]:
    """What the API server would say to each request, on a controller cluster on which this world stands.

    A request is a file of them, or one as a dict: ``{"op": "delete", "target": ["SliceConfig", "red"]}``. Every one is
    a dry run of its own, made at ``now`` (None: as the clock says). Raises :exc:`BadInput` for what cannot be read.
    """
    if not requests:
        raise BadInput("there are no requests; name a file of them")
    steps: list[apiserver.Step] = []
    for item in requests:
        first = len(steps) + 1
        if isinstance(item, Mapping):
            steps.append(apiserver.step_of(item, first))
        else:
            steps += apiserver.read_steps(item, first=first)
    if isinstance(state, World):
        world, objects = state, apiserver.standing_objects(state)
    else:
        reading = manifest.read_state(state)
        world, objects = reading.world, apiserver.standing_objects(reading.world, reading.derived)
    server = apiserver.ApiServer(objects, now=now or datetime.now(UTC), version=world.underlay.spec.kubeslice_version)
    return tuple(server.answer(step) for step in steps)


def hub(state: World | str | Path, *acts: str | Path | Mapping[str, Any]) -> Rehearsal:
    """What KubeSlice's controller would do: the controller cluster of this world, and requests to it in their order.

    A request is a file of them, or one as a dict, as for :func:`admit`; after each file or dict the cluster is looked
    at. No worker runs. In a file, ``state`` may hold objects that KubeSlice made; without any it is judged as
    :func:`load` does. Raises :exc:`BadInput` for what cannot be read.
    """
    steps = tuple(_act(number, act) for number, act in enumerate(acts, start=1))
    world, derived = (state, ()) if isinstance(state, World) else _standing(state)
    if not derived:
        require_admitted(world)
    return shown(Rehearsal, rehearse(world, steps, derived))


def _standing(state: str | Path) -> tuple[World, tuple[Any, ...]]:
    """A world and what KubeSlice made of it. A world alone is judged with its lines, if its file can be read again."""
    reading = manifest.read_state(state)
    if not reading.derived and str(state) != STANDARD_INPUT:
        return manifest.load(state), ()
    return reading.world, reading.derived


def _act(number: int, act: str | Path | Mapping[str, Any]) -> tuple[str, tuple[apiserver.Step, ...]]:
    if isinstance(act, Mapping):
        return f"step-{number}", (apiserver.step_of(act),)
    return Path(act).stem.removesuffix("-input"), apiserver.read_steps(act)


def manifests(made: planner.Plan) -> str:
    """Every object on the controller cluster once KubeSlice has worked on the world, as YAML."""
    return manifest.dump_documents(planner.manifests(made))


def crds(version: KubeSliceVersion = DEFAULT_VERSION) -> str:
    """A KubeSlice release's CustomResourceDefinitions, generated from our model, as YAML."""
    return manifest.dump_documents(manifest.crds(version))


def schema() -> dict[str, Any]:
    """One JSON Schema for the documents of a world."""
    return manifest.json_schema()


def _check(world: World, scenario: Scenario) -> None:
    """Raises :exc:`BadInput` for what no back end could play or no judge could judge, before anything is started.

    A world from files was admitted when it was read; one made or changed in Python is admitted here.
    """
    require_admitted(world)
    planner.probes(plan(world), scenario)


def require_admitted(world: World) -> None:
    """Raises :exc:`BadInput` for what the API server or the webhooks would refuse."""
    _require_world(world)
    refused = manifest.refusals(world)
    if refused:
        raise BadInput(refused)


def _require_world(world: World) -> None:
    """Raises :exc:`BadInput` for anything else, such as the path of one: a notebook checks no types."""
    if not isinstance(world, World):
        raise BadInput(
            f"this takes a World, not a {type(world).__name__}: read files with load(), finish world() by build()"
        )


def _planned(world: World | planner.Plan) -> planner.Plan:
    return world if isinstance(world, planner.Plan) else plan(world)


def _run_of(source: Result | Run | str | Path) -> Run:
    if isinstance(source, Result):
        return source.run
    return source if isinstance(source, Run) else read_report(source).run


def _run_id(world: World, scenario: Scenario, on: str, seed: int) -> str:
    """The same world, scenario, back end and seed give the same name, so equal runs are equal to the byte."""
    digest = hashlib.sha256(manifest.dump(world).encode()).hexdigest()[:8]
    return f"{world.name}-{scenario.metadata.name}-{on}-{seed}-{digest}"


def _examples() -> Path:
    """The folder of examples: in the wheel beside this file, in a checkout ``scenarios``."""
    installed = Path(__file__).parent / EXAMPLES
    return installed if installed.is_dir() else installed.parents[1] / "scenarios"
