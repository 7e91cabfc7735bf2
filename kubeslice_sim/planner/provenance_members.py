"""Where slots, CIDRs, routers, node IPs and namespaces come from."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from kubeslice_sim.planner import slots
from kubeslice_sim.planner.nodes import INVENTED, settled_spec
from kubeslice_sim.planner.plan import MemberPlan, RouterPlan
from kubeslice_sim.planner.provenance_ipam import block_of, block_size
from kubeslice_sim.planner.question import PLACES, Asked, Input, Provenance, Question
from kubeslice_sim.planner.slices import cipher


def slice_questions(asked: Asked) -> Iterator[Question]:
    """What concerns the slice as a whole."""
    if asked.slice.subnet is not None:
        yield Question(path=f"{asked.slice.name}/prefix", answer=partial(_prefix, asked))
        yield Question(path=f"{asked.slice.name}/vpn-network", answer=partial(_vpn_network, asked))
        if asked.slice.cipher:
            yield Question(path=f"{asked.slice.name}/cipher", answer=partial(_cipher, asked))


def member_questions(asked: Asked) -> Iterator[Question]:
    """What concerns one cluster's part of the slice."""
    for member in asked.slice.members:
        base = f"{asked.slice.name}/{member.cluster}"
        if member.router is not None:
            yield Question(path=f"{base}/slot", answer=partial(_slot, asked, member))
            yield Question(path=f"{base}/cidr", answer=partial(_cidr, asked, member))
            yield Question(path=f"{base}/router/nsm-address", answer=partial(_router_address, asked, member))
            yield Question(path=f"{base}/router/node", answer=partial(_router_node, asked, member, member.router))
        yield Question(path=f"{base}/node-ips", answer=partial(_node_ips, asked, member))
        yield Question(path=f"{base}/namespaces", answer=partial(_namespaces, asked, member))


def _prefix(asked: Asked, path: str) -> Provenance:
    if asked.slice.ipam is not None:
        return block_size(asked, asked.slice.ipam, path)
    maximum = asked.slice.max_clusters
    prefix, count = slots.prefix_length(maximum), slots.slot_count(maximum)
    return Provenance(
        path=path,
        value=f"/{prefix}",
        inputs=(asked.field("spec.maxClusters", maximum),),
        formula=f"16 + ceil(log2({maximum})) = {prefix}: the /16 is cut into {count} blocks, one a cluster",
        source="kubeslice-controller util/common.go FindCIDRByMaxClusters",
    )


def _slot(asked: Asked, member: MemberPlan, path: str) -> Provenance:
    fresh = slots.assign_slots(asked.listed, {})[member.cluster]
    place = asked.listed.index(member.cluster) + 1
    if fresh == member.slot:
        formula = f"clusters take the lowest free slot in the order of the list, counted from 0: it is number {place}"
    else:
        formula = (
            f"a member keeps the slot that it was given, and the list was another one then: "
            f"as number {place} of today's list it would have slot {fresh} in a new slice"
        )
    return Provenance(
        path=path,
        value=str(member.slot),
        inputs=(asked.field("spec.clusters", ", ".join(asked.listed)),),
        formula=formula,
        source="kubeslice-controller service/worker_slice_config_service.go ComputeClusterMap",
    )


def _cidr(asked: Asked, member: MemberPlan, path: str) -> Provenance:
    if asked.slice.ipam is not None:
        return block_of(asked, asked.slice.ipam, member, path)
    prefix = slots.prefix_length(asked.slice.max_clusters)
    step = (1 << (32 - prefix)) >> 8
    first, second, _, _ = str(asked.slice.subnet).split(".")
    return Provenance(
        path=path,
        value=str(member.cidr),
        inputs=(
            asked.field("spec.sliceSubnet", asked.slice.subnet),
            asked.known("prefix", f"/{prefix}"),
            asked.known(f"{member.cluster}/slot", member.slot),
        ),
        formula=f"the third octet is slot × {step}, a /{prefix} in steps of 256 addresses: "
        f"{first}.{second}.({member.slot} × {step}).0/{prefix}",
        source="kubeslice-controller util/common.go GetClusterPrefixPool",
    )


def _router_address(asked: Asked, member: MemberPlan, path: str) -> Provenance:
    return Provenance(
        path=path,
        value=str(member.cidr.network_address),
        inputs=(asked.known(f"{member.cluster}/cidr", member.cidr),),
        formula="the slice router takes the network address of its cluster's CIDR; its clients start at .1",
        source="cmd-nse-vl3 main.go",
    )


def _router_node(asked: Asked, member: MemberPlan, router: RouterPlan, path: str) -> Provenance:
    nodes = [node.name for node in asked.plan.cluster(member.cluster).gateway_nodes]
    what, block = asked.place_of(member.cluster)
    return Provenance(
        path=path,
        value=router.node,
        inputs=(
            asked.known(f"{member.cluster}/{what}", block if what == "slot" else member.cidr),
            Input(name=f"gateway nodes of {member.cluster}", value=", ".join(nodes)),
        ),
        formula=f"gateway node number {PLACES[what]} mod nodes = {block} mod {len(nodes)} = {block % len(nodes)}, "
        "counted from 0",
        source="ours: in a cluster Kubernetes' scheduler chooses among the gateway nodes",
    )


def _node_ips(asked: Asked, member: MemberPlan, path: str) -> Provenance:
    world, cluster = asked.plan.world, asked.plan.cluster(member.cluster)
    document = next(item for item in world.clusters if item.metadata.name == member.cluster)
    spec = settled_spec(document.spec).node_ips
    status = document.status.node_ips if document.status else ()
    underlay = world.underlay.cluster(member.cluster).node_ips
    choices = (
        (spec, f"Cluster {member.cluster}: spec.nodeIPs", "spec.nodeIPs wins where it is given"),
        (
            status,
            f"Cluster {member.cluster}: status.nodeIPs",
            "spec.nodeIPs is empty, so what the worker reports counts",
        ),
        (underlay, f"Underlay: clusters.{member.cluster}.nodeIPs", "the Underlay says what the worker would report"),
        (
            (),
            f"Underlay: clusters.{member.cluster}.gatewayNodes",
            f"nobody gives any: ours are invented from {INVENTED}",
        ),
    )
    ips, name, formula = next(choice for choice in choices if choice[0] or choice is choices[-1])
    value = ", ".join(ips) if ips else str(len(cluster.gateway_nodes))
    return Provenance(
        path=path,
        value=", ".join(cluster.node_ips),
        inputs=(Input(name=name, value=value),),
        formula=f"{formula}; clients dial any of them",
        source="kubeslice-controller service/worker_slice_gateway_service.go"
        if spec or status
        else "ours: worker-operator pkg/cluster/node.go would report the gateway nodes' addresses",
    )


def _namespaces(asked: Asked, member: MemberPlan, path: str) -> Provenance:
    selections = asked.config.spec.namespace_isolation_profile.application_namespaces
    told = "; ".join(f"{item.namespace} on {', '.join(item.clusters)}" for item in selections) or "none"
    return Provenance(
        path=path,
        value=", ".join(member.application_namespaces) or "none",
        inputs=(asked.field("spec.namespaceIsolationProfile.applicationNamespaces", told),),
        formula=f"every entry whose clusters name {member.cluster} or *",
        source="kubeslice-controller service/worker_slice_config_service.go",
    )


def _vpn_network(asked: Asked, path: str) -> Provenance:
    subnet = asked.slice.subnet
    return Provenance(
        path=path,
        value=str(slots.vpn_network(subnet)) if subnet is not None else "",
        inputs=(asked.field("spec.sliceSubnet", subnet),),
        formula="the slice's a.b.255.0/24, the same for every tunnel: each lives in a pod's network of its own",
        source="kubeslice-controller service/worker_slice_gateway_service.go BuildNetworkAddresses",
    )


def _cipher(asked: Asked, path: str) -> Provenance:
    given = asked.config.spec.vpn_config
    return Provenance(
        path=path,
        value=cipher(asked.config),
        inputs=(asked.field("spec.vpnConfig.cipher", given.cipher if given else "not given"),),
        formula="the cipher that is asked for, else AES-256-CBC",
        source="kubeslice-controller apis/controller/v1alpha1/sliceconfig_webhook.go",
    )
