"""Rules on a slice's topology, which only ``next`` has.

(kubeslice-controller service/slice_config_webhook_validation.go validateTopology, pull requests 408 and 430)
"""

from __future__ import annotations

from collections.abc import Iterator

from kubeslice_sim.admission.rule import UPDATE, WRITE, Finding, Request, rule
from kubeslice_sim.admission.slice_members import SOURCE
from kubeslice_sim.model.release import NEXT
from kubeslice_sim.model.slice_config import TOPOLOGY_CONVERGED, SliceConfig
from kubeslice_sim.model.suggest import meant

_FIELD = "Spec.Topology"
_HUBS = "Spec.Topology.Hubs"
MOST_HUBS = 1
"""The schema allows two; the webhook, for now, one."""


@rule("SliceConfig", on=WRITE, source=SOURCE, field=_FIELD)
def slice_topology_mode(request: Request) -> Iterator[Finding]:
    """Hubs are named with mode HubAndSpoke and only with it, in a slice with a network and at least two clusters."""
    spec, topology = request.document.spec, request.document.spec.topology
    if request.state.version != NEXT or topology is None:
        return
    mode, at = topology.mode, ("spec", "topology", "mode")
    if mode is None and topology.hubs:
        yield Finding(at, "mode must be set to HubAndSpoke when hubs is specified", "mode: HubAndSpoke")
    elif mode == "FullMesh" and topology.hubs:
        path = ("spec", "topology", "hubs")
        yield Finding(path, "hubs must be empty when mode is FullMesh", "leave hubs out", field=_HUBS, against=(at,))
    elif mode == "HubAndSpoke" and spec.overlay_network_deployment_mode == "no-network":
        yield Finding(at, "HubAndSpoke is not supported for a no-network slice", "leave the topology out")
    elif mode == "HubAndSpoke" and len(spec.clusters) < 2:
        message = "a HubAndSpoke topology requires at least 2 clusters"
        yield Finding(at, message, "add a spoke", against=(("spec", "clusters"),))


@rule("SliceConfig", on=WRITE, source=SOURCE, field=_HUBS)
def slice_topology_hubs(request: Request) -> Iterator[Finding]:
    """A HubAndSpoke topology has one hub, and that is a member."""
    spec, topology = request.document.spec, request.document.spec.topology
    if request.state.version != NEXT or topology is None or topology.mode != "HubAndSpoke":
        return
    at = ("spec", "topology", "hubs")
    if not topology.hubs:
        yield Finding(
            at, "a HubAndSpoke topology requires at least one hub", f"such as hubs: [{_first(spec.clusters)}]"
        )
    elif len(topology.hubs) > MOST_HUBS:
        yield Finding(at, "only one hub is supported in this release", "leave one of them")
    for index, hub in enumerate(topology.hubs):
        if hub not in spec.clusters:
            hint = meant(hub, spec.clusters, "add it to spec.clusters")
            against = (("spec", "clusters"),)
            yield Finding((*at, index), f"the hub {hub} is not a member of spec.clusters", hint, against=against)


@rule("SliceConfig", on=UPDATE, source=SOURCE, field=_FIELD)
def slice_topology_settled(request: Request) -> Iterator[Finding]:
    """A topology changes only once the last change has converged (a slice that says nothing has)."""
    old: SliceConfig = request.old
    if request.state.version != NEXT or _shape(old) == _shape(request.document):
        return
    for condition in old.status.conditions:
        if condition.type == TOPOLOGY_CONVERGED and condition.status == "False":
            message = f"the topology cannot be changed while it has not converged: {condition.message}"
            yield Finding(("spec", "topology"), message, f"wait until {TOPOLOGY_CONVERGED} is True")


def _shape(config: SliceConfig) -> tuple[str, tuple[str, ...]]:
    topology = config.spec.topology
    return ("FullMesh", ()) if topology is None else (topology.mode or "FullMesh", topology.hubs)


def _first(clusters: tuple[str, ...]) -> str:
    return clusters[0] if clusters else "worker-1"
