"""What changes for the East-West gateways of a slice that stays."""

from __future__ import annotations

from collections.abc import Iterator

from kubeslice_sim.planner.change import Change
from kubeslice_sim.planner.plan import SlicePlan


def east_west_changes(old: SlicePlan, new: SlicePlan) -> Iterator[Change]:
    """Which Istio gateways come and go, and which services therefore are behind one, or behind it no more."""
    was = {(item.cluster, item.direction): item for item in old.east_west}
    now = {(item.cluster, item.direction): item for item in new.east_west}
    for key, gateway in now.items():
        if key not in was:
            yield Change(
                kind="external gateway appears", slice=new.name, cluster=gateway.cluster, subject=gateway.name,
                after=str(gateway.nsm_ip),
                sentence=f"{gateway.cluster} gets the {gateway.direction} gateway {gateway.name} with {gateway.nsm_ip}",
            )  # fmt: skip
    for key, gateway in was.items():
        if key not in now:
            yield Change(
                kind="external gateway vanishes", slice=new.name, cluster=gateway.cluster, subject=gateway.name,
                before=str(gateway.nsm_ip),
                sentence=f"the {gateway.direction} gateway {gateway.name} of {gateway.cluster} goes",
            )  # fmt: skip
