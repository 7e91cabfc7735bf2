"""Rules: which of KubeSlice's rules let a packet through, which stops it, and which have no say."""

from __future__ import annotations

from collections.abc import Iterator

from kubeslice_sim.planner import names
from kubeslice_sim.planner.plan import Plan, PodPlan
from kubeslice_sim.verify.answer import Answer
from kubeslice_sim.verify.explanation import Rule, Verdict

_WEBHOOK = "worker-operator pkg/webhook/pod, controllers/slice/namespaces.go"
_POLICY = "worker-operator pkg/networkpolicy/reconciler.go"
_ISTIO = "worker-operator controllers/serviceimport/istio.go, controllers/serviceexport/istio.go"
_ROUTES = "router-sidecar pkg/server/slicerouter_config.go, gateway-sidecar pkg/sidecar/sidecarpb"


def judge_way(plan: Plan, answer: Answer, source: PodPlan, target: PodPlan | None) -> tuple[Rule, ...]:
    """Every rule that has a say on this packet, in the order in which they are met.

    ``target``: the pod that is meant, where there is one.
    """
    return tuple(_rules(plan, answer, source, target))


def _rules(plan: Plan, answer: Answer, source: PodPlan, target: PodPlan | None) -> Iterator[Rule]:
    if len(answer.hops) == 1 and answer.allowed:
        return  # the pod itself
    on_overlay = bool(answer.hops) and answer.hops[0].interface != "eth0"
    proxies = [hop.device for hop in answer.hops if hop.kind == "proxy"]
    if proxies:
        on_overlay = True
    at_home = bool(answer.hops) and not on_overlay and target is not None and target.cluster == source.cluster
    for pod in (source, target):
        if pod is not None:
            yield onboarding(plan, pod, needed=not at_home)
    refused_by_mesh = not answer.hops and any("sidecar" in line for line in answer.evidence)
    if refused_by_mesh:
        pass  # the name resolves; it is Istio that has no way
    elif not answer.hops:
        # A pod is not resolved: it has an address here or it has none, by the slices that it is on.
        name, whose = ("resolution", "cmd-nsc dnsutils/fanout") if target is None else ("membership", _WEBHOOK)
        yield Rule(name=name, verdict="stops", why=answer.reason, source=whose)
    elif on_overlay:
        why = "NetworkPolicies govern eth0 only: nothing filters nsm0, whatever the slice's isolation"
        yield Rule(name="isolation", verdict="does not apply", why=why, source=_POLICY)
        yield Rule(name="route", verdict=_verdict(answer.allowed), why=answer.reason, source=_ROUTES)
    elif at_home:
        yield Rule(name="isolation", verdict=_verdict(answer.allowed), why=_last(answer), source=_POLICY)
    else:
        yield Rule(name="route", verdict=_verdict(answer.allowed), why=answer.reason, source=_ROUTES)
    if proxies or refused_by_mesh:
        why = f"{answer.evidence[0]}; {answer.reason}" if answer.evidence else answer.reason
        yield Rule(name="Istio", verdict=_verdict(answer.allowed), why=why, source=_ISTIO)
    elif ":" in answer.target:
        why = "KubeSlice filters no ports: those of an export are told to importers, not enforced"
        yield Rule(name="port", verdict="does not apply", why=why, source=_POLICY)


def onboarding(plan: Plan, pod: PodPlan, *, needed: bool) -> Rule:
    """Whether the pod is on a slice's overlay, and which rule put it there or kept it off.

    ``needed``: the packet cannot do without; otherwise a pod that is on no slice is none the worse.
    """
    name, where = f"onboarding of {pod.reference}", f"{pod.namespace} on {pod.cluster}"
    homes = [
        (item, member)
        for item in plan.slices
        for member in item.members
        if member.cluster == pod.cluster and pod.namespace in member.application_namespaces
    ]
    if pod.slice is not None:
        why = f"{pod.slice} has {where} among its application namespaces, so the pod has {pod.nsm_ip} on nsm0"
        return Rule(name=name, verdict="allows", why=why, source=_WEBHOOK)
    if not homes:
        members = [item.name for item in plan.slices if any(m.cluster == pod.cluster for m in item.members)]
        of = f" of {' or '.join(members)}" if members else f"; no slice has {pod.cluster} as a member"
        why = f"{where} is no application namespace{of}"
    elif pod.labels.get(names.EXCLUDE_LABEL) == "true":
        why = f"the pod is labelled {names.EXCLUDE_LABEL}=true, so the webhook leaves it off {homes[0][0].name}"
    elif pod.namespace == names.SYSTEM_NAMESPACE:
        why = f"{names.SYSTEM_NAMESPACE} is the system's own: its pods join no slice"
    else:
        item = homes[0][0]
        why = f"{where} belongs to {item.name}, but that slice is {item.mode} and gives pods no overlay interface"
    return Rule(name=name, verdict="stops" if needed else "does not apply", why=why, source=_WEBHOOK)


def _verdict(allowed: bool) -> Verdict:
    return "allows" if allowed else "stops"


def _last(answer: Answer) -> str:
    return answer.evidence[-1] if answer.evidence else answer.reason
