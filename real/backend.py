"""RealClusters: the verbs on real clusters, as the facade and ``ksim`` call them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypedDict, Unpack

from kubeslice_sim.errors import BackendUnavailable
from kubeslice_sim.model.scenario import Scenario
from kubeslice_sim.model.world import World
from kubeslice_sim.observe.run import Capability, Progress, Run
from kubeslice_sim.planner.deployable import not_deployable
from real import deploy as deploying
from real import destroy as destroying
from real import status as looking
from real.beyond import refuse_beyond
from real.client import Transport, read_kubeconfig
from real.connection import Connection, check_all
from real.contexts import choose_contexts
from real.controller import Certificates, HubController
from real.deploy import Deployment
from real.destroy import Destruction
from real.place import place, worker_clusters
from real.placement import Placement
from real.status import WorldStatus
from real.survey import DeployOptions

_NO_RUNS = "playing scenarios on real clusters is not built yet; deploy, diff, status, wait and destroy are"


class Target(TypedDict, total=False):
    """Where to, the same for every verb.

    kubeconfig: a file (else as kubectl finds it). controller_context: of the controller cluster (else ``controller``).
    contexts: context by worker cluster (else the one of the same name).
    """

    kubeconfig: str | Path | None
    controller_context: str | None
    contexts: Mapping[str, str] | None


class Allowed(Target, total=False):
    """What deploy may do besides; see DeployOptions."""

    force_conflicts: bool
    adopt: bool
    create_namespaces: bool
    namespace_within_s: float


def _quiet(_line: str) -> None:
    return None


class RealClusters:
    """Real Kubernetes clusters.

    Every verb raises BackendUnavailable (exit 3) when a context, an API server, a CRD or a right is missing.
    """

    name = "real"

    def unavailable(self) -> str:
        """Why scenarios cannot be played here."""
        return _NO_RUNS

    def capabilities(self) -> tuple[Capability, ...]:
        """The contexts that deploy could use; no cluster is asked."""
        try:
            kubeconfig = read_kubeconfig()
        except BackendUnavailable as reason:
            return (Capability(name="kubeconfig", level="missing", note=str(reason)),)
        contexts = ", ".join(kubeconfig.contexts) or "none: add contexts for the controller and the workers"
        return (
            Capability(name="kubeconfig", level="ok", note=kubeconfig.path),
            Capability(name="contexts", level="ok" if kubeconfig.contexts else "missing", note=contexts),
        )

    def run(
        self, world: World, scenario: Scenario, *, seed: int, run_id: str, on_progress: Callable[[Progress], None]
    ) -> Run:
        """Raises BackendUnavailable: see unavailable()."""
        raise BackendUnavailable(_NO_RUNS)

    def diff(self, world: World, **allowed: Unpack[Allowed]) -> Deployment:
        """What deploy would do, by dry runs; nothing is changed. Raises as deploy does before its first change."""
        connections, placements = _open(world, allowed, to_deploy=True)
        return deploying.diff(connections, placements, world=world.name, options=_options(allowed))

    def deploy(self, world: World, *, say: Callable[[str], None] = _quiet, **allowed: Unpack[Allowed]) -> Deployment:
        """Server-side apply the world's objects in dependency order; a second time nothing changes.

        say: told of each object when it is done. Raises BadInput for what the API server refuses and for what no
        KubeSlice has (a SliceTopology), DeployFailedError (exit 1) for field conflicts and objects of others.
        """
        connections, placements = _open(world, allowed, to_deploy=True)
        return deploying.deploy(connections, placements, world=world.name, options=_options(allowed), say=say)

    def adopt(self, world: World, *, say: Callable[[str], None] = _quiet, **target: Unpack[Target]) -> Deployment:
        """Deploy, taking over objects that are there already (but no fields that others manage)."""
        return self.deploy(world, say=say, **target, adopt=True)

    def status(self, world: World, **target: Unpack[Target]) -> WorldStatus:
        """How far each of the world's objects is."""
        connections, placements = _open(world, target)
        return looking.status(connections, placements, world=world.name)

    def wait(
        self, world: World, *, within_s: float = 300.0, say: Callable[[str], None] = _quiet, **target: Unpack[Target]
    ) -> WorldStatus:
        """Look until everything is ready, waiting is hopeless or the time is up; the result says which."""
        connections, placements = _open(world, target)
        return looking.wait(connections, placements, world=world.name, within_s=within_s, say=say)

    def destroy(
        self,
        world: World,
        *,
        stale_only: bool = False,
        within_s: float = 60.0,
        say: Callable[[str], None] = _quiet,
        **target: Unpack[Target],
    ) -> Destruction:
        """Delete what this world deployed, in reverse order, and nothing else.

        stale_only: only what the world no longer has. within_s: for each stage of the order.
        """
        connections, placements = _open(world, target)
        used = sorted({item.namespace for item in placements if item.namespace})
        return destroying.destroy(
            connections, world=world.name, stale_among=placements if stale_only else None, namespaces=used,
            within_s=within_s, say=say,
        )  # fmt: skip

    def controller(
        self,
        *,
        kubeconfig: str | Path | None = None,
        context: str | None = None,
        certificates: Certificates = "wait",
        say: Callable[[str], None] = _quiet,
    ) -> HubController:
        """KubeSlice's controller, ours, for the API server of that context; not yet running.

        certificates: ``immediate`` marks certificate Jobs as done where nobody runs them.
        """
        known = read_kubeconfig(kubeconfig)
        chosen = choose_contexts((), available=known.contexts, controller=context).controller
        return HubController(Transport(known, chosen), certificates=certificates, say=say)


def _open(
    world: World, target: Target, *, to_deploy: bool = False
) -> tuple[dict[str, Connection], tuple[Placement, ...]]:
    kubeconfig = read_kubeconfig(target.get("kubeconfig"))
    contexts = choose_contexts(
        worker_clusters(world), available=kubeconfig.contexts, controller=target.get("controller_context"),
        chosen=target.get("contexts"),
    )  # fmt: skip
    connections = {name: Connection(Transport(kubeconfig, name)) for name in contexts.all()}
    if to_deploy and not_deployable(world):
        check_all(connections)
        refuse_beyond(world, connections[contexts.controller])
    return connections, place(world, contexts)


def _options(allowed: Allowed) -> DeployOptions:
    usual = DeployOptions()
    return DeployOptions(
        force_conflicts=allowed.get("force_conflicts", usual.force_conflicts),
        adopt=allowed.get("adopt", usual.adopt),
        create_namespaces=allowed.get("create_namespaces", usual.create_namespaces),
        namespace_within_s=allowed.get("namespace_within_s", usual.namespace_within_s),
    )
