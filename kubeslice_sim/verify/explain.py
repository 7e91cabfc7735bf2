"""Explain: how a packet travels hop by hop, which rules it meets, and why its name leads where it leads."""

from __future__ import annotations

from kubeslice_sim.planner.plan import Plan, PodPlan
from kubeslice_sim.planner.references import References
from kubeslice_sim.verify.answer import Answer
from kubeslice_sim.verify.explanation import Explanation, Lookup
from kubeslice_sim.verify.legs import walk
from kubeslice_sim.verify.lookup import look_up
from kubeslice_sim.verify.reach import Verifier
from kubeslice_sim.verify.rules import judge_way


def explain(plan: Plan, source: str, target: str) -> Explanation:
    """The answer of :func:`kubeslice_sim.verify.reach` to the same question, told in full.

    Of a target that stands for several pods or addresses, the one that ``reach`` decides by is followed: the first
    that is not reached, else the first. Raises :exc:`BadInput` as ``reach`` does.
    """
    verifier = Verifier(plan)
    answer = verifier.reach(source, target)
    pods = {pod.reference: pod for pod in plan.pods}
    sender = pods[answer.source]
    lookup = look_up(plan, sender, _meant(plan, verifier, answer))
    return Explanation(
        answer=answer,
        lookup=lookup,
        rules=judge_way(plan, answer, sender, _receiver(plan, answer, sender, lookup, verifier)),
        legs=walk(plan, answer, sender),
    )


def _meant(plan: Plan, verifier: Verifier, answer: Answer) -> str:
    """The one target, of those that a workload's name stands for, that the answer speaks of."""
    targets = References(plan).targets(answer.target, known_name=False)
    others = [item.name for item in targets if item.name != answer.source] or [answer.source]
    if len(others) == 1:
        return others[0]
    answers = ((name, verifier.reach(answer.source, name)) for name in others)
    return next((name for name, found in answers if found.allowed == answer.allowed), others[0])


def _receiver(plan: Plan, answer: Answer, sender: PodPlan, lookup: Lookup, verifier: Verifier) -> PodPlan | None:
    """The pod that the packet is for: where it arrives, else whose address it carries."""
    pods = {pod.reference: pod for pod in plan.pods}
    if answer.allowed and answer.hops:
        return pods.get(answer.hops[-1].device)
    meant = _meant(plan, verifier, answer)
    if meant in pods:
        return pods[meant]
    for address in lookup.addresses:
        if verifier.reach(sender.reference, address).allowed:
            continue
        for pod in plan.pods:
            on_slice = pod.slice is not None and pod.slice == sender.slice and str(pod.nsm_ip) == address
            if on_slice or (pod.cluster == sender.cluster and str(pod.pod_ip) == address):
                return pod
    return None
