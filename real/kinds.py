"""How each cluster serves the kinds that are to be deployed; one error for all that are missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kubeslice_sim.errors import BackendUnavailable
from real.connection import Connection, Kind
from real.placement import Placement

_SOURCES = {
    "controller.kubeslice.io": "install the KubeSlice controller on that cluster",
    "networking.kubeslice.io": "install the KubeSlice worker operator on that cluster",
}


def resolve_kinds(
    connections: Mapping[str, Connection], placements: Iterable[Placement]
) -> dict[tuple[str, str, str], Kind]:
    """The Kind for each (context, apiVersion, kind) among the placements.

    Raises BackendUnavailable naming every CRD that a cluster lacks and how to get it.
    """
    wanted = dict.fromkeys((item.context, item.api_version, item.kind) for item in placements)
    found = {key: connections[key[0]].find_kind(key[1], key[2]) for key in wanted}
    missing = [key for key, kind in found.items() if kind is None]
    if missing:
        raise BackendUnavailable("\n".join(_how_to_get(*key) for key in missing))
    return {key: kind for key, kind in found.items() if kind is not None}


def _how_to_get(context: str, api_version: str, kind: str) -> str:
    text = f"context {context!r} has no {kind} ({api_version})"
    source = _SOURCES.get(api_version.split("/")[0])
    if source is None:
        return f"{text}: this Kubernetes version does not serve it"
    return f"{text}: {source}, or, on a bare API server, ksim crds | kubectl --context {context} apply -f -"
