"""Standing policies: the users' own NetworkPolicies that the worker clusters' API servers hold at the moment."""

from __future__ import annotations

from kubeslice_sim.controlplane.built_in import SLICE_LABEL
from kubeslice_sim.controlplane.fleet import Fleet
from kubeslice_sim.planner.network_policy import UserPolicyPlan, policy_of


def standing_policies(fleet: Fleet) -> tuple[UserPolicyPlan, ...]:
    """Cluster by cluster, in order of namespace and name; those that KubeSlice made for its slices left out.

    A CNI's agents watch policies and put them into effect within milliseconds, so back ends follow them at once.
    What becomes of connections that stand, Kubernetes leaves to the CNI: the simulator cuts them, the emulator, whose
    firewall tracks connections as most CNIs' do, lets them live.
    """
    return tuple(
        policy_of(item, cluster)
        for cluster, site in sorted(fleet.workers.items())
        for item in sorted(
            site.store.view.objects("NetworkPolicy"), key=lambda item: (item.metadata.namespace, item.metadata.name)
        )
        if SLICE_LABEL not in item.metadata.labels and item.metadata.deletion_timestamp is None
    )
