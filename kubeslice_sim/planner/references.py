"""References: what a scenario's ``from`` and ``to`` point at, and what was meant where that is nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from ipaddress import IPv4Address

from kubeslice_sim.errors import Problem
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import names
from kubeslice_sim.planner.plan import Plan, PodPlan


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
        self._names = frozenset(_known_names(plan.world, plan))

    def pods(self, text: str) -> Sequence[PodPlan]:
        """The pods of ``namespace/workload[@cluster]`` (a pod's own name serves too). Raises :exc:`Unresolved`."""
        found = self._pods.get(text)
        if found:
            return found
        what, _, cluster = text.partition("@")
        if "/" not in what:
            raise Unresolved(f"{text!r} does not say which namespace", "write it as namespace/workload@cluster")
        if cluster and cluster not in self._clusters:
            raise Unresolved(f"{text!r}: there is no cluster {cluster}", closest(cluster, self._clusters))
        if cluster and what in self._pods:
            homes = sorted({pod.cluster for pod in self._pods[what]})
            raise Unresolved(f"{text!r}: {what} does not run on {cluster}", f"it runs on {', '.join(homes)}")
        candidates = [name for name in self._pods if "@" not in name]
        raise Unresolved(f"{text!r}: there is no pod or workload {what}", closest(what, candidates))

    def targets(self, text: str, *, known_name: bool) -> tuple[Target, ...]:
        """What ``to`` names: one target a pod of a workload, else one DNS name or address.

        ``known_name``: a DNS name of the slice or the cluster must be one that some export or Service gives. Raises
        :exc:`Unresolved`.
        """
        name, port = split_port(text)
        if "/" in name:
            return tuple(Target(name=pod.reference, port=port) for pod in self.pods(name))
        if known_name and not _is_address(name) and _is_internal(name) and name not in self._names:
            raise Unresolved(f"{name!r} is exported by nobody", closest(name, self._names))
        return (Target(name=name, port=port),)


def split_port(text: str) -> tuple[str, int | None]:
    """``name[:port]`` in two. Raises :exc:`Unresolved` for a port that is none."""
    name, colon, port = text.partition(":")
    if not colon:
        return name, None
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise Unresolved(f"{text!r}: {port!r} is no port", "a port lies in 1-65535")
    return name, int(port)


def closest(wrong: str, candidates: Iterable[str]) -> str:
    """The hint for a name that is none of ``candidates``: the likeliest of them, or the first few."""
    known = sorted(set(candidates))
    close = get_close_matches(wrong, known, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]}?"
    return f"there are: {', '.join(known[:8])}{', …' if len(known) > 8 else ''}" if known else "the world has none"


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
    return name.endswith((f".{names.SERVICE_DOMAIN}", f".{names.CLUSTER_DOMAIN}"))


def _is_address(text: str) -> bool:
    try:
        IPv4Address(text)
    except ValueError:
        return False
    return True
