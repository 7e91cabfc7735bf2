"""Reach: can this pod reach that name, address or pod?"""

from __future__ import annotations

from collections import defaultdict
from ipaddress import IPv4Address

from kubeslice_sim.errors import BadInput
from kubeslice_sim.planner.encapsulation import CNI_MTU_BYTES
from kubeslice_sim.planner.plan import Plan, PodPlan
from kubeslice_sim.planner.policy_rules import PolicyRules
from kubeslice_sim.planner.references import References, Target, Unresolved
from kubeslice_sim.verify.answer import Answer, Hop
from kubeslice_sim.verify.mesh import Mesh
from kubeslice_sim.verify.overlay import Overlay
from kubeslice_sim.verify.resolution import Resolution, resolve_name, resolve_pod


def reach(plan: Plan, source: str, target: str) -> Answer:
    """Whether ``source`` reaches ``target`` once everything in the plan is up, the way, and why.

    ``source``: ``namespace/workload[@cluster]`` or a pod (of a workload, its first pod is asked). ``target``: the same,
    a DNS name or an address, with or without ``:port`` (KubeSlice filters none; users' NetworkPolicies and East-West
    gateways do). A name or a workload with several addresses is reached when every one of them is.

    Raises :exc:`BadInput` for a pod or workload that is not in the plan.
    """
    return Verifier(plan).reach(source, target)


class Verifier:
    """Answers many questions on one plan; building it once saves most of the work."""

    def __init__(self, plan: Plan) -> None:
        self._references = References(plan)
        self._pods = {pod.reference: pod for pod in plan.pods}
        self._on_cni = {(pod.cluster, pod.pod_ip): pod for pod in plan.pods}
        self._clusters = {cluster.name: cluster for cluster in plan.clusters}
        self._slices = {item.name: item for item in plan.slices}
        self._policies = PolicyRules(plan)
        on_slice: dict[str, list[PodPlan]] = defaultdict(list)
        for pod in plan.pods:
            if pod.slice is not None:
                on_slice[pod.slice].append(pod)
        self._overlays = {
            item.name: Overlay(item, on_slice[item.name], plan.world.underlay)
            for item in plan.slices
            if item.subnet is not None
        }

        self._mesh = Mesh(plan, self._overlays)

    def reach(self, source: str, target: str) -> Answer:
        """As :func:`reach`."""
        try:
            pod = self._references.pods(source)[0]
            targets = self._references.targets(target, known_name=False)
        except Unresolved as error:
            raise BadInput([error.problem("")]) from error
        answers = [self._answer(pod, target, item) for item in targets if item.name != pod.reference]
        if not answers:
            hop = Hop(device=pod.reference, kind="pod", cluster=pod.cluster)
            return Answer(source=pod.reference, target=target, allowed=True, reason="it is the pod itself", hops=(hop,))
        return next((answer for answer in answers if not answer.allowed), answers[0])

    def _answer(self, pod: PodPlan, asked: str, target: Target) -> Answer:
        service = self._mesh.service(pod, target.name, target.port)
        if service is not None:
            return self._mesh.request(pod, asked, service)
        found = self._resolve(pod, target.name)
        if not found.addresses:
            return Answer(source=pod.reference, target=asked, allowed=False, reason=found.how)
        answers = [self._to_address(pod, asked, address, target.port, found.how) for address in found.addresses]
        return next((answer for answer in answers if not answer.allowed), answers[0])

    def _resolve(self, pod: PodPlan, name: str) -> Resolution:
        if name in self._pods:
            return resolve_pod(pod, self._pods[name])
        try:
            address = IPv4Address(name)
        except ValueError:
            joined = self._slices[pod.slice] if pod.slice is not None else None
            return resolve_name(name, pod, self._clusters[pod.cluster], joined)
        return Resolution(addresses=(address,), how=f"{address} is an address")

    def _to_address(self, pod: PodPlan, asked: str, address: IPv4Address, port: int | None, how: str) -> Answer:
        joined = self._slices[pod.slice] if pod.slice is not None else None
        if joined is not None and joined.subnet is not None and address in joined.subnet:
            refusal = self._mesh.refusal(pod, asked, how, address, port)
            if refusal is not None:
                return refusal
            trace = self._overlays[joined.name].trace(pod, address)
            if trace.hops[-1].kind == "proxy":
                return self._mesh.arrival(pod, asked, how, address, port, trace)
            return Answer(
                source=pod.reference,
                target=asked,
                allowed=trace.delivered_to is not None,
                reason=trace.reason,
                hops=trace.hops,
                evidence=(how, *trace.evidence),
            )
        return self._over_cni(pod, asked, address, port, how)

    def _over_cni(self, pod: PodPlan, asked: str, address: IPv4Address, port: int | None, how: str) -> Answer:
        out = Hop(
            device=pod.reference,
            kind="pod",
            cluster=pod.cluster,
            interface="eth0",
            address=str(pod.pod_ip),
            mtu_bytes=CNI_MTU_BYTES,
        )
        target = self._on_cni.get((pod.cluster, address))
        if target is None:
            where = (
                "is not in its slice" if pod.slice else f"is not in {pod.cluster}, and {pod.reference} is on no slice"
            )
            reason = f"{address} {where}: nothing else joins clusters"
            return Answer(
                source=pod.reference, target=asked, allowed=False, reason=reason, hops=(out,), evidence=(how,)
            )
        decision = self._policies.judge(pod, target, port)
        allowed, why = decision.allowed, decision.reason
        end = Hop(device=target.reference, kind="pod", cluster=target.cluster, address=str(address))
        return Answer(
            source=pod.reference,
            target=asked,
            allowed=allowed,
            reason=f"over the CNI of {pod.cluster}" if allowed else why,
            hops=(out, end) if allowed else (out,),
            evidence=(how, why),
        )
