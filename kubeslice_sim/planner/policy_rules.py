"""Policy rules: what KubeSlice's and the users' NetworkPolicies together let pass on the CNI, and which rule decides.

Policies add up: a pod that none selects is open; one that some select takes what any of them lets through. They govern
eth0 only; nothing filters nsm0.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kubeslice_sim.planner.network_policy import Peer, PolicyDirection, PolicyPort, UserPolicyPlan
from kubeslice_sim.planner.plan import Plan, PodPlan

NAMESPACE_NAME_LABEL = "kubernetes.io/metadata.name"
_SLICE_LABEL, _INJECT_LABEL, _ALLOWED_LABEL = "kubeslice.io/slice", "kubeslice.io/inject", "kubeslice.io/namespace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Whether a packet passes, and the rule that says so."""

    allowed: bool
    reason: str


class PolicyRules:
    """Everything that the policies of a plan say of its pods."""

    def __init__(self, plan: Plan) -> None:
        self._labels = _namespace_labels(plan)
        self._names = _port_names(plan)
        self._inhabited = {(pod.cluster, pod.namespace) for pod in plan.pods}
        self._users: dict[tuple[str, str], list[UserPolicyPlan]] = defaultdict(list)
        for policy in plan.network_policies:
            self._users[policy.cluster, policy.namespace].append(policy)
        self._isolation: dict[tuple[str, str], list[tuple[str, tuple[str, ...]]]] = defaultdict(list)
        for item in (policy for found in plan.slices for policy in found.policies):
            self._isolation[item.cluster, item.namespace].append((item.name, item.allowed_namespaces))

    def judge(self, source: PodPlan, target: PodPlan, port: int | None, protocol: str = "TCP") -> Decision:
        """Whether a packet from one pod of a cluster to another passes both ends' policies.

        ``port`` None: a packet without one (ICMP), which a rule that names ports does not let through.
        """
        passed = []
        for direction, near, far in (("egress", source, target), ("ingress", target, source)):
            found = self._decide(direction, near, far, target, port, protocol)  # type: ignore[arg-type]
            if found is not None and not found.allowed:
                return found
            if found is not None:
                passed.append(found.reason)
        if passed:
            return Decision(allowed=True, reason=" and ".join(dict.fromkeys(passed)))
        return Decision(allowed=True, reason="no NetworkPolicy stands in the way")

    def users(self, pod: PodPlan, direction: PolicyDirection) -> tuple[UserPolicyPlan, ...]:
        """The users' policies that select the pod and govern that direction."""
        return tuple(
            policy
            for policy in self._users.get((pod.cluster, pod.namespace), ())
            if policy.rules(direction) is not None and policy.pods.selects(pod.labels)
        )

    def permitting(
        self,
        policy: UserPolicyPlan,
        direction: PolicyDirection,
        far: PodPlan,
        target: PodPlan,
        port: int | None,
        protocol: str = "TCP",
    ) -> int | None:
        """The number (from 0) of the first rule of a policy that lets the packet through; None where none does."""
        for number, rule in enumerate(policy.rules(direction) or ()):
            peers = not rule.peers or any(self.matches(peer, policy, far) for peer in rule.peers)
            if peers and (not rule.ports or any(self._port(item, target, port, protocol) for item in rule.ports)):
                return number
        return None

    def matches(self, peer: Peer, policy: UserPolicyPlan, pod: PodPlan) -> bool:
        """Whether a peer of a policy stands for the pod; addresses are compared with its CNI address."""
        if peer.block is not None:
            return peer.holds(pod.pod_ip)
        if peer.namespaces is None:
            here = pod.namespace == policy.namespace
        else:
            here = peer.namespaces.selects(self.namespace_labels(pod.cluster, pod.namespace))
        return here and (peer.pods is None or peer.pods.selects(pod.labels))

    def namespace_labels(self, cluster: str, namespace: str) -> Mapping[str, str]:
        """The labels that the namespace has once every slice stands."""
        return self._labels.get((cluster, namespace)) or {NAMESPACE_NAME_LABEL: namespace}

    def namespaces(self, cluster: str) -> tuple[str, ...]:
        """Every namespace of the cluster that has a pod, a document or a slice's label."""
        return tuple(sorted({name for where, name in (*self._labels, *self._inhabited) if where == cluster}))

    def ports_of(self, port: PolicyPort, target: PodPlan) -> tuple[int, ...]:
        """The numbers that a named port has in the target pod."""
        return self._names.get((target.cluster, target.namespace, target.workload_kind, target.workload, port.name), ())

    def _decide(
        self, direction: PolicyDirection, near: PodPlan, far: PodPlan, target: PodPlan, port: int | None, protocol: str
    ) -> Decision | None:
        isolation = self._isolation.get((near.cluster, near.namespace), [])
        users = self.users(near, direction)
        if not isolation and not users:
            return None
        for name, allowed in isolation:
            if far.namespace in allowed:
                return Decision(allowed=True, reason=f"NetworkPolicy {name} lets it through")
        for policy in users:
            number = self.permitting(policy, direction, far, target, port, protocol)
            if number is not None:
                rule = f"{policy.namespace}/{policy.name}, {direction} rule {number + 1},"
                return Decision(allowed=True, reason=f"NetworkPolicy {rule} lets it through")
        names = [*(name for name, _ in isolation), *(f"{policy.namespace}/{policy.name}" for policy in users)]
        verb = "send to" if direction == "egress" else "hear from"
        who, whom = (near.reference, far.reference) if users else (near.namespace, far.namespace)
        what = f" on {protocol} port {port}" if users and port is not None else ""
        return Decision(allowed=False, reason=f"NetworkPolicy {', '.join(names)} lets {who} not {verb} {whom}{what}")

    def _port(self, item: PolicyPort, target: PodPlan, port: int | None, protocol: str) -> bool:
        if item.protocol != protocol or port is None:
            return False
        if item.name:
            return port in self.ports_of(item, target)
        return item.first is None or item.first <= port <= (item.last or item.first)


def _namespace_labels(plan: Plan) -> dict[tuple[str, str], dict[str, str]]:
    """What users wrote, what Kubernetes adds, and what worker-operator adds on onboarding (controllers/slice)."""
    labels: dict[tuple[str, str], dict[str, str]] = {}
    for item in plan.world.objects:
        if item.kind == "Namespace":
            for cluster in plan.world.placed(item.metadata):
                written = {key: str(value) for key, value in item.metadata.labels.items()}
                labels[cluster, item.metadata.name] = {NAMESPACE_NAME_LABEL: item.metadata.name} | written
    for found in plan.slices:
        for member in found.members:
            for name in member.application_namespaces:
                own = labels.setdefault((member.cluster, name), {NAMESPACE_NAME_LABEL: name})
                own |= {_SLICE_LABEL: found.name, _INJECT_LABEL: "true"}
            for name in member.allowed_namespaces if found.policies else ():
                labels.setdefault((member.cluster, name), {NAMESPACE_NAME_LABEL: name})[_ALLOWED_LABEL] = name
    return labels


def _port_names(plan: Plan) -> dict[tuple[str, str, str, str, str], tuple[int, ...]]:
    """(cluster, namespace, kind, workload, port name) → its container ports of that name."""
    found: dict[tuple[str, str, str, str, str], tuple[int, ...]] = {}
    for item in plan.world.workloads:
        for name, number in _container_ports(item.pod_template):
            for cluster in plan.world.placed(item.metadata):
                key = (cluster, item.metadata.namespace or "default", item.kind, item.metadata.name, name)
                found[key] = (*found.get(key, ()), number)
    return found


def _container_ports(template: Mapping[str, object]) -> Iterator[tuple[str, int]]:
    spec = template.get("spec")
    for container in (spec.get("containers") or ()) if isinstance(spec, Mapping) else ():
        for port in container.get("ports") or ():
            if isinstance(port.get("containerPort"), int) and port.get("name"):
                yield str(port["name"]), int(port["containerPort"])
