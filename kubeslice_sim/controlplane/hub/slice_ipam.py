"""Dynamic IPAM on the hub: which blocks of its subnet a slice gave to whom, kept in its SliceIpam.

As kubeslice-controller #284 proposes it; no release has it. Here a SliceTopology asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Network

from kubeslice_sim.controlplane import finalizer
from kubeslice_sim.controlplane.reconciler import (
    NOTHING,
    Create,
    Delete,
    Note,
    Outcome,
    Update,
    UpdateStatus,
    View,
    Write,
)
from kubeslice_sim.controlplane.store import Change
from kubeslice_sim.errors import BadInput
from kubeslice_sim.model.document import ObjectKey, key_of
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.slice_ipam import SliceIpam
from kubeslice_sim.model.slice_topology import SliceTopology
from kubeslice_sim.planner.blocks import is_dynamic
from kubeslice_sim.planner.ipam import IpamPlan, allocate
from kubeslice_sim.planner.members import member_clusters
from kubeslice_sim.planner.objects_ipam import SLICE_IPAM_FINALIZER, allocations, slice_ipam

Blocks = Mapping[str, IPv4Network]
"""Cluster → its CIDR; empty under static IPAM, where the slot says it."""


def shape_of(config: SliceConfig, view: View) -> SliceTopology | None:
    """What the slice has beyond KubeSlice."""
    return next((item for item in view.hub.list(SliceTopology) if item.spec.slice == config.metadata.name), None)


def keep_ipam(config: SliceConfig, shape: SliceTopology | None, view: View, now_s: float) -> tuple[Blocks, Outcome]:
    """The members' blocks, and what to write down of them; ``retry`` says why there is none for somebody.

    A member's block is Allocated when it is given and InUse from the next look on.
    """
    if shape is None or not is_dynamic(config, shape):
        return {}, NOTHING
    subnet, size = IPv4Network(config.spec.slice_subnet), shape.spec.ipam.subnet_size
    there = view.hub.get(SliceIpam, config.metadata.namespace, config.metadata.name)
    held = allocations(there.status) if there is not None else ()
    try:
        found = allocate(subnet, size, member_clusters(config), held, int(now_s))
    except BadInput as error:
        return {}, Outcome(retry=error.problems[0].message)
    plan = IpamPlan(subnet=subnet, subnet_size=size, at_s=now_s, allocations=found)
    wanted = slice_ipam(config, plan)
    if there is None:
        writes: tuple[Write, ...] = (Create(item=wanted), UpdateStatus(item=wanted))
        return plan.blocks, Outcome(writes=writes, events=(Note(name="SliceIpamCreated", subject=key_of(wanted)),))
    if there.status == wanted.status:
        return plan.blocks, NOTHING
    return plan.blocks, Outcome(writes=(UpdateStatus(item=replace(there, status=wanted.status)),))


def without_ipam(config: SliceConfig, view: View) -> tuple[Write, ...]:
    """Let the slice's SliceIpam go."""
    there = view.hub.get(SliceIpam, config.metadata.namespace, config.metadata.name)
    if there is None:
        return ()
    return Update(item=finalizer.removed(there, SLICE_IPAM_FINALIZER)), Delete(key=key_of(there))


def slice_of_ipam(change: Change, _: View) -> tuple[ObjectKey, ...]:
    """The slice whose blocks have just been written down."""
    return (ObjectKey("SliceConfig", change.key.namespace, change.key.name),)


def slice_of_shape(change: Change, view: View) -> tuple[ObjectKey, ...]:
    """The slice that gets another shape."""
    wanted = change.item.spec.slice
    return tuple(key_of(item) for item in view.hub.list(SliceConfig) if item.metadata.name == wanted)
