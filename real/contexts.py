"""Which kubeconfig context stands for which cluster of a world."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kubeslice_sim.errors import BackendUnavailable, BadInput

CONTROLLER_CONTEXT_NAMES = ("controller", "kubeslice-controller", "kind-controller", "kind-kubeslice-controller")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterContexts:
    """The controller cluster's context, and each worker cluster's by the world's name of it."""

    controller: str
    workers: Mapping[str, str]

    def all(self) -> tuple[str, ...]:
        """Every context once, the controller's first."""
        return tuple(dict.fromkeys((self.controller, *self.workers.values())))


def choose_contexts(
    clusters: Iterable[str],
    *,
    available: Sequence[str],
    controller: str | None = None,
    chosen: Mapping[str, str] | None = None,
) -> ClusterContexts:
    """Match a world's clusters with contexts: those chosen by the user, else of the same name (or ``kind-<name>``).

    clusters: the worker clusters that something is to be sent to. The controller's context is the one given, else one
    of CONTROLLER_CONTEXT_NAMES. The current context is never taken silently: a world has several clusters, and a
    wrong guess would deploy to the wrong one.
    Raises BackendUnavailable with every context that is missing; BadInput for a choice for an unknown cluster and for
    two worker clusters on one context.
    """
    chosen, names = dict(chosen or {}), tuple(clusters)
    unknown = sorted(set(chosen) - set(names))
    if unknown:
        raise BadInput(
            f"--context names {', '.join(unknown)}; this world deploys to {', '.join(names) or 'no worker cluster'}"
        )
    candidates = {name: (chosen[name],) if name in chosen else (name, f"kind-{name}") for name in names}
    found = {name: _first(options, available) for name, options in candidates.items()}
    hub = _first((controller,) if controller else CONTROLLER_CONTEXT_NAMES, available)
    missing = []
    if hub is None:
        wanted = f"{controller!r}" if controller else "'controller'"
        missing.append(f"no context {wanted} for the controller cluster: pass --controller-context")
    for name, context in found.items():
        if context is None:
            missing.append(f"no context {candidates[name][0]!r} for cluster {name}: pass --context {name}=CONTEXT")
    if missing or hub is None:
        raise BackendUnavailable("\n".join((*missing, f"the kubeconfig has: {', '.join(available) or 'no contexts'}")))
    workers = {name: context for name, context in found.items() if context is not None}
    for name, context in workers.items():
        same = [other for other, used in workers.items() if used == context]
        if len(same) > 1:
            raise BadInput(f"clusters {' and '.join(same)} would share context {context!r} (--context {name}=…): "
                           "each worker cluster of a world needs its own")  # fmt: skip
    return ClusterContexts(controller=hub, workers=workers)


def _first(options: Sequence[str], available: Sequence[str]) -> str | None:
    return next((option for option in options if option in available), None)
