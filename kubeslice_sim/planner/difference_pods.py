"""What changes for pods: who comes, goes, restarts, and whose overlay address moves."""

from __future__ import annotations

from collections.abc import Iterator

from kubeslice_sim.planner.change import Change, ChangeKind
from kubeslice_sim.planner.plan import Plan, PodPlan


def pod_changes(before: Plan, after: Plan) -> Iterator[Change]:
    """Application pods first, then the addresses of routers and gateways that stay."""
    was = {pod.reference: pod for pod in before.pods}
    now = {pod.reference: pod for pod in after.pods}
    nodes = {(node.cluster, node.name) for cluster in after.clusters for node in cluster.nodes}
    for reference, pod in was.items():
        if reference not in now:
            yield _pod("pod vanishes", pod, before=str(pod.nsm_ip or pod.pod_ip), sentence=f"{reference} goes")
    for reference, pod in now.items():
        if reference not in was:
            where = f"with {pod.nsm_ip} on {pod.slice}" if pod.slice else "on no slice"
            yield _pod("pod appears", pod, after=str(pod.nsm_ip or pod.pod_ip), sentence=f"{reference} comes, {where}")
        else:
            yield from _kept(was[reference], pod, nodes)
    yield from _infrastructure(before, after)


def _kept(was: PodPlan, now: PodPlan, nodes: set[tuple[str, str]]) -> Iterator[Change]:
    why = _restart(was, now, nodes)
    if why:
        yield _pod("pod restarts", now, was.slice or "no slice", now.slice or "no slice",
                   f"{now.reference} restarts: {why}", was.slice)  # fmt: skip
    if was.slice == now.slice and was.nsm_ip != now.nsm_ip:
        yield _pod("address moves", now, str(was.nsm_ip), str(now.nsm_ip),
                   f"{now.reference} has {now.nsm_ip} instead of {was.nsm_ip} on {now.slice}")  # fmt: skip


def _restart(was: PodPlan, now: PodPlan, nodes: set[tuple[str, str]]) -> str:
    """Why a pod that stays is made anew; empty when it is not.

    A pod's overlay interface is injected when it is made, so joining a slice takes a new pod (worker-operator
    pkg/webhook/pod); on leaving, the operator takes the injection out of the workload's template, which rolls it
    (controllers/slice/namespaces.go). So does a new template; a lone Pod's labels change in place.
    """
    if was.slice != now.slice:
        left = f"leaves {was.slice}" if was.slice else ""
        joined = f"joins {now.slice}" if now.slice else ""
        return f"it {' and '.join(filter(None, (left, joined)))}"
    if (was.command, was.ports) != (now.command, now.ports):
        return "its template changes"
    if was.labels != now.labels and now.workload_kind != "Pod":
        return "its template's labels change"
    if (was.cluster, was.node) not in nodes:
        return f"its node {was.node} is gone"
    return ""


def _infrastructure(before: Plan, after: Plan) -> Iterator[Change]:
    was, now = _devices(before), _devices(after)
    for (slice_, cluster, name), address in now.items():
        past = was.get((slice_, cluster, name))
        if past is not None and past != address:
            yield Change(kind="address moves", slice=slice_, cluster=cluster, subject=f"{name}@{cluster}",
                         before=past, after=address,
                         sentence=f"{name} in {cluster} has {address} instead of {past}")  # fmt: skip


def _devices(plan: Plan) -> dict[tuple[str, str, str], str]:
    """(slice, cluster, name) → overlay address of every router and gateway."""
    found = {}
    for item in plan.slices:
        for member in item.members:
            if member.router is not None:
                found[item.name, member.cluster, member.router.name] = str(member.router.address)
        for end in (end for tunnel in item.tunnels for end in tunnel.ends):
            found[item.name, end.cluster, end.deployment] = str(end.nsm_ip)
        for gateway in item.east_west:
            found[item.name, gateway.cluster, gateway.name] = str(gateway.nsm_ip)
    return found


def _pod(kind: ChangeKind, pod: PodPlan, before: str = "", after: str = "", sentence: str = "",
         left: str | None = None) -> Change:  # fmt: skip
    return Change(kind=kind, slice=pod.slice or left or "", cluster=pod.cluster, subject=pod.reference, before=before,
                  after=after, sentence=sentence)  # fmt: skip
