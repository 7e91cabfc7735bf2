"""References: what a scenario's ``from`` and ``to`` point at, and what was meant where that is nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kubeslice_sim.errors import Problem
from kubeslice_sim.model.reference import CLUSTER_DOMAIN, SERVICE_DOMAIN, port_number, split_port
from kubeslice_sim.model.suggest import meant
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import names
from kubeslice_sim.planner.plan import Plan, PodPlan

NONE = "the world has none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One thing to reach: a DNS name, an address or a pod's reference; and the port, where one is given."""

    name: str
    port: int | None


class Unresolved(ValueError):
    """A reference that points at nothing; ``hint`` says what was probably meant."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint

    def problem(self, path: str) -> Problem:
        """The same as a problem of a field."""
        return Problem(path=path, message=str(self), hint=self.hint)


class References:
    """Everything in a plan that a scenario can name."""

    def __init__(self, plan: Plan) -> None:
        self._pods: dict[str, list[PodPlan]] = defaultdict(list)
        for pod in plan.pods:
            for name in {pod.name, pod.workload}:
                self._pods[f"{pod.namespace}/{name}"].append(pod)
                self._pods[f"{pod.namespace}/{name}@{pod.cluster}"].append(pod)
        self._clusters = tuple(cluster.name for cluster in plan.clusters)
        self._names = frozenset(name.lower() for name in _known_names(plan.world, plan))

    def pods(self, text: str) -> Sequence[PodPlan]:
        """The pods of ``namespace/workload[@cluster]`` (a pod's own name serves too). Raises :exc:`Unresolved`."""
        found = self._pods.get(text)
        if found:
            return found
        what, _, cluster = text.partition("@")
        if "/" not in what:
            raise Unresolved(f"{text!r} does not say which namespace", "write it as namespace/workload@cluster")
        if cluster and cluster not in self._clusters:
            raise Unresolved(f"{text!r}: there is no cluster {cluster}", meant(cluster, self._clusters) or NONE)
        if cluster and what in self._pods:
            homes = sorted({pod.cluster for pod in self._pods[what]})
            raise Unresolved(f"{text!r}: {what} does not run on {cluster}", f"it runs on {', '.join(homes)}")
        candidates = [name for name in self._pods if "@" not in name]
        raise Unresolved(f"{text!r}: there is no pod or workload {what}", meant(what, candidates) or NONE)

    def targets(self, text: str, *, known_name: bool) -> tuple[Target, ...]:
        """What ``to`` names: one target a pod of a workload, else one DNS name or address.

        ``known_name``: a DNS name of the slice or the cluster must be one that some export or Service gives. Raises
        :exc:`Unresolved`.
        """
        name, written = split_port(text)
        port = port_number(written) if written is not None else None
        if written is not None and port is None:
            raise Unresolved(f"{text!r}: {written!r} is no port", "a port lies between 1 and 65535")
        if "/" in name:
            return tuple(Target(name=pod.reference, port=port) for pod in self.pods(name))
        if known_name and _is_internal(name.lower()) and name.lower() not in self._names:
            raise Unresolved(f"{name!r} is exported by nobody", meant(name, sorted(self._names)) or NONE)
        return (Target(name=name, port=port),)


def _known_names(world: World, plan: Plan) -> Iterator[str]:
    for export in world.exports:
        yield names.service_dns(export.metadata.name, export.metadata.namespace)
        yield from export.spec.aliases
    for item in world.objects:
        if item.kind == "Service":
            yield names.cluster_service_dns(item.metadata.name, item.metadata.namespace or "default")
    for cluster in plan.clusters:
        yield from cluster.dns
        yield from cluster.cluster_dns


def _is_internal(name: str) -> bool:
    return name.endswith((f".{SERVICE_DOMAIN}", f".{CLUSTER_DOMAIN}"))
