"""CNI: what pods of one cluster may send each other outside the overlay, under the slices' isolation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from kubeslice_sim.planner.plan import NetworkPolicyPlan, PodPlan


class Isolation:
    """The network policies of every cluster."""

    def __init__(self, policies: Iterable[NetworkPolicyPlan]) -> None:
        self._policies: dict[tuple[str, str], list[NetworkPolicyPlan]] = defaultdict(list)
        for policy in policies:
            self._policies[policy.cluster, policy.namespace].append(policy)

    def judge(self, source: PodPlan, target: PodPlan) -> tuple[bool, str]:
        """Whether the policies of both namespaces let the packet through, and which one decides.

        A policy closes its namespace both ways. Several on one namespace add up: one that allows is enough, as with all
        of Kubernetes' policies. The namespace itself is among those that its slice's policy allows.
        """
        for near, far, verb in ((source, target, "send to"), (target, source, "hear from")):
            policies = self._policies.get((near.cluster, near.namespace), [])
            if policies and not any(far.namespace in policy.allowed_namespaces for policy in policies):
                names = ", ".join(policy.name for policy in policies)
                return False, f"NetworkPolicy {names} lets {near.namespace} not {verb} {far.namespace}"
        guarded = [p.name for pod in (source, target) for p in self._policies.get((pod.cluster, pod.namespace), [])]
        if guarded:
            return True, f"NetworkPolicy {', '.join(dict.fromkeys(guarded))} lets it through"
        return True, "no NetworkPolicy stands in the way"
