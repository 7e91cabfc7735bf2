"""Network policies: how an isolated slice closes its namespaces on the CNI (the overlay is not filtered)."""

from __future__ import annotations

from collections.abc import Iterable

from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.planner import names
from kubeslice_sim.planner.plan import MemberPlan, NetworkPolicyPlan

ALWAYS_ALLOWED = ("kubeslice-system", "kube-system", "istio-system")
"""Namespaces that every policy lets through (worker-operator controllers/slice/namespaces.go)."""


def isolate(config: SliceConfig, members: Iterable[MemberPlan]) -> tuple[NetworkPolicyPlan, ...]:
    """One policy for each application namespace on each cluster; none where isolation is off.

    In and out, it lets through the slice's application namespaces on that cluster, its allowed namespaces and the
    system's; no ports, no address blocks (worker-operator pkg/networkpolicy/reconciler.go).
    """
    if not config.spec.namespace_isolation_profile.isolation_enabled:
        return ()
    return tuple(
        NetworkPolicyPlan(
            name=names.network_policy(member.slice, namespace),
            slice=member.slice,
            cluster=member.cluster,
            namespace=namespace,
            allowed_namespaces=tuple(
                dict.fromkeys((*member.application_namespaces, *member.allowed_namespaces, *ALWAYS_ALLOWED))
            ),
        )
        for member in members
        for namespace in member.application_namespaces
    )
