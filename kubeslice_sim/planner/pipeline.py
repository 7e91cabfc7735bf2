"""The planner, a step a line: from a world to everything that KubeSlice makes of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import TypeVar

from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.world import World
from kubeslice_sim.planner.blocks import is_dynamic, plan_ipam, size_fields
from kubeslice_sim.planner.default_slice import default_slices
from kubeslice_sim.planner.deployable import not_deployable
from kubeslice_sim.planner.dns import cluster_records, serve_slices
from kubeslice_sim.planner.external_gateways import place_gateways, want_gateways
from kubeslice_sim.planner.gateways import build_pairs
from kubeslice_sim.planner.history import remember
from kubeslice_sim.planner.members import injects_pods, join_clusters
from kubeslice_sim.planner.network_policy import user_policies
from kubeslice_sim.planner.nodes import build_clusters
from kubeslice_sim.planner.overlay import open_pools
from kubeslice_sim.planner.pairings import pair_clusters
from kubeslice_sim.planner.plan import ClusterPlan, Plan, PodPlan, SlicePlan
from kubeslice_sim.planner.pods import connect_pods, open_pod_networks, seat_pods
from kubeslice_sim.planner.ports import NodePorts
from kubeslice_sim.planner.qos import classify_slices
from kubeslice_sim.planner.refusals import refuse_unplannable
from kubeslice_sim.planner.services import find_exports, merge_exports
from kubeslice_sim.planner.slices import assemble_slice
from kubeslice_sim.planner.uncollected import uncollected
from kubeslice_sim.planner.warnings import warn

K = TypeVar("K")
V = TypeVar("V")


@uncollected
def plan(world: World, previous: Plan | None = None, elapsed_s: float = 0.0) -> Plan:
    """What KubeSlice makes of ``world``: every address, tunnel, route, class and DNS record.

    With ``previous`` the world has a past: members keep their slots, pairs their roles, pods and gateways their
    addresses and ports, as in a running KubeSlice. Without it every object is made in the file's order. ``elapsed_s``:
    how long after it; only dynamic IPAM asks, which holds a leaver's block back for a day.

    Raises :exc:`BadInput` for a world that has no plan (an unknown cluster, an unreadable subnet) and
    :exc:`AddressesExhausted` when a cluster's CIDR is too small for its pods and gateways.
    """
    refuse_unplannable(world)
    history = remember(previous)
    configs = {config.metadata.name: config for config in (*world.slices, *default_slices(world))}

    clusters = {cluster.name: cluster for cluster in build_clusters(world, history)}
    shapes = {item.spec.slice: item for item in world.topologies}
    blocks = {
        name: plan_ipam(configs[name], shape, history.slice(name).ipam, elapsed_s)
        for name, shape in shapes.items()
        if is_dynamic(configs[name], shape)
    }
    members = {
        name: join_clusters(config, clusters, history.slice(name), blocks[name].blocks if name in blocks else None)
        for name, config in configs.items()
    }
    pairings = {name: pair_clusters(config, history.slice(name), shapes.get(name)) for name, config in configs.items()}
    classes = classify_slices(configs.values(), world.qos_profiles, history)

    seats = seat_pods(world, clusters.values(), _flat({n: members[n] for n in configs if injects_pods(configs[n])}))
    external = [item for name in configs for item in want_gateways(configs[name], members[name])]
    pools = open_pools(_flat(members), seats, external, _flat(pairings), history, size_fields(configs, shapes))
    networks = open_pod_networks(
        [*((seat.cluster, seat.reference) for seat in seats), *((gate.cluster, gate.reference) for gate in external)],
        clusters.values(),
        history,
    )
    pods = connect_pods(seats, networks, pools)
    east_west = place_gateways(external, clusters, pools, networks)
    ports = NodePorts(world, configs.values(), _flat(pairings), history, shapes)
    pairs = {
        name: build_pairs(configs[name], pairings[name], members[name], clusters, pools, ports) for name in configs
    }

    by_slice = _group((pod.slice, pod) for pod in pods)
    by_namespace = _group(((pod.cluster, pod.namespace), pod) for pod in pods)
    exports = find_exports(world, _flat(members))
    services = merge_exports(exports, by_namespace, east_west)
    gates = _group((gateway.slice, gateway) for gateway in east_west)
    slices = tuple(
        assemble_slice(
            config,
            members[name],
            pairs[name],
            classes.get(name),
            by_slice.get(name, ()),
            services.get(name, ()),
            tuple(gates.get(name, ())),
            blocks.get(name),
        )
        for name, config in configs.items()
    )
    found = Plan(
        world=world,
        kubeslice_version=world.underlay.spec.kubeslice_version,
        clusters=_serve_names(world, clusters.values(), slices, by_namespace),
        slices=slices,
        pods=pods,
        network_policies=user_policies(world),
        not_deployable=not_deployable(world),
    )
    return replace(found, warnings=warn(found, exports))


def _serve_names(
    world: World,
    clusters: Iterable[ClusterPlan],
    slices: Sequence[SlicePlan],
    pods: Mapping[tuple[str, str], Sequence[PodPlan]],
) -> tuple[ClusterPlan, ...]:
    served = serve_slices(slices)
    return tuple(
        replace(
            cluster,
            dns=served.get(cluster.name, FrozenMap()),
            cluster_dns=cluster_records(world, cluster.name, pods),
        )
        for cluster in clusters
    )


def _flat(groups: Mapping[str, Iterable[V]]) -> list[V]:
    return list(chain.from_iterable(groups.values()))


def _group(pairs: Iterable[tuple[K, V]]) -> Mapping[K, Sequence[V]]:
    groups: dict[K, list[V]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return groups
