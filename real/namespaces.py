"""The namespaces that a world's objects need: which are there, which deploy makes, which it waits for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kubeslice_sim.errors import BackendUnavailable
from real.clock import Clock
from real.complaints import so_far
from real.connection import Connection, Kind, Object
from real.failures import ApiFailure, DeployFailedError
from real.ownership import owner
from real.placement import Placement

PROJECT_NAMESPACE_PREFIX = "kubeslice-"
"""The charts' default for the controller's ``projectnsPrefix``."""
_NAMESPACE = Kind(api_version="v1", kind="Namespace", plural="namespaces", namespaced=False)
_CONTROLLER_GROUP = "controller.kubeslice.io/"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespacePlan:
    """``extra``: Namespace objects to apply besides the world's own. ``awaited``: (context, namespace) that the
    KubeSlice controller makes from a Project which is about to be applied."""

    extra: tuple[Placement, ...]
    awaited: tuple[tuple[str, str], ...]


def plan_namespaces(
    connections: Mapping[str, Connection], placements: Sequence[Placement], *, world: str, create_missing: bool
) -> NamespacePlan:
    """Look at every namespace that is used and not itself in the world.

    A workload's missing namespace is made by us, as the worker operator does for a slice's application namespaces.
    The controller's and a project's are the controller's business: they are made by us only with ``create_missing``
    (for an API server on which no controller runs).
    Raises BackendUnavailable for a missing controller namespace, DeployFailedError for one that is being deleted.
    """
    placed = {(item.context, item.name) for item in placements if item.kind == "Namespace"}
    coming = {(item.context, f"{PROJECT_NAMESPACE_PREFIX}{item.name}") for item in placements if item.kind == "Project"}
    of_controller = {(item.context, item.namespace) for item in placements
                     if item.api_version.startswith(_CONTROLLER_GROUP)}  # fmt: skip
    extra, awaited, missing, leaving = [], [], [], []
    for context, name in dict.fromkeys((item.context, item.namespace) for item in placements if item.namespace):
        if (context, name) in placed:
            continue
        live = _look_up(connections[context], name)
        if live is not None and live["metadata"].get("deletionTimestamp"):
            leaving.append(f"namespace {name} on {context} is being deleted: wait until it is gone, then deploy again")
        elif live is not None:
            extra += [_namespace(context, name)] if owner(live) == world else []
        elif create_missing or (context, name) not in of_controller:
            extra.append(_namespace(context, name))
        elif (context, name) in coming:
            awaited.append((context, name))
        else:
            missing.append(_no_namespace(context, name))
    if leaving:
        raise DeployFailedError("\n".join(leaving))
    if missing:
        raise BackendUnavailable("\n".join(missing))
    return NamespacePlan(extra=tuple(extra), awaited=tuple(awaited))


def await_namespaces(
    connections: Mapping[str, Connection],
    awaited: Sequence[tuple[str, str]],
    *,
    within_s: float,
    clock: Clock,
    say: Callable[[str], None],
    done: Sequence[Placement],
) -> None:
    """Wait for the namespaces that the controller makes from Projects.

    Raises BackendUnavailable after ``within_s``, with what is ``done`` already.
    """
    left, told = list(awaited), False
    for _ in clock.rounds(within_s, every_s=0.5):
        left = [(context, name) for context, name in left if _look_up(connections[context], name) is None]
        if not left:
            return
        if not told:
            say(f"waiting up to {within_s:g} s for the KubeSlice controller to make {', '.join(n for _, n in left)}")
            told = True
    lines = [
        f"namespace {name} does not exist on {context}: the KubeSlice controller creates it from the Project; "
        "is it running? (--create-namespaces makes it on an API server without a controller)"
        for context, name in left
    ]
    raise BackendUnavailable("\n".join((*lines, so_far(done))))


def _look_up(connection: Connection, name: str) -> Object | None:
    """The live namespace. Who may work in a namespace may often not look at it: then it is taken to be there, and
    the dry run of what goes into it tells."""
    try:
        return connection.get(_NAMESPACE, "", name)
    except ApiFailure as failure:
        if not failure.is_forbidden:
            raise
        return {"metadata": {"name": name}}


def _no_namespace(context: str, name: str) -> str:
    return (
        f"namespace {name} does not exist on {context}: it comes with the KubeSlice controller (a project's from its "
        "Project); install it, or pass --create-namespaces for an API server without a controller"
    )


def _namespace(context: str, name: str) -> Placement:
    return Placement(context=context, manifest={"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
