"""What changes inside one slice: members, tunnels, roles, CIDRs, ports, shaping, isolation."""

from __future__ import annotations

from collections.abc import Iterator

from kubeslice_sim.planner.change import ALLOWED_NAMESPACE, APPLICATION_NAMESPACE, Change, ChangeKind, counted, listed
from kubeslice_sim.planner.plan import GatewayPairPlan, GatewayPlan, MemberPlan, Plan, QosPlan, SlicePlan


def slice_changes(old: SlicePlan, new: SlicePlan, before: Plan, after: Plan) -> Iterator[Change]:
    """Everything that differs between two states of one slice, except its pods and names."""
    yield from _members(old, new)
    if old.hubs != new.hubs:
        yield Change(
            kind="topology changes", slice=new.name, cluster="", subject="topology", before=_topology(old),
            after=_topology(new), sentence=f"{new.name} becomes {_topology(new)} (was {_topology(old)})",
        )  # fmt: skip
    yield from _pairs(old, new, before, after)
    yield from _node_ips(old, new)
    if old.cipher != new.cipher and old.gateway_type == new.gateway_type:
        yield Change(
            kind="cipher changes", slice=new.name, cluster="", subject="cipher", before=old.cipher, after=new.cipher,
            sentence=f"the tunnels of {new.name} are encrypted with {new.cipher} (was {old.cipher})",
        )  # fmt: skip
    yield from _shaping(old.name, old.qos, new.qos)
    yield from _isolation(old, new)


def _members(old: SlicePlan, new: SlicePlan) -> Iterator[Change]:
    was = {member.cluster: member for member in old.members}
    now = {member.cluster: member for member in new.members}
    for cluster in now:
        if cluster not in was:
            yield _change("cluster joins", new.name, cluster, after=_seat(now[cluster]),
                          sentence=f"{cluster} joins {new.name} with {_seat(now[cluster])}")  # fmt: skip
    for cluster in was:
        if cluster not in now:
            yield _change("cluster leaves", new.name, cluster, before=_seat(was[cluster]),
                          sentence=f"{cluster} leaves {new.name} and gives back {_seat(was[cluster])}"
                                   f"{_held(new, was[cluster])}")  # fmt: skip
    both = [cluster for cluster in now if cluster in was]
    stayed = [cluster for cluster in was if cluster in now]
    if both != stayed:
        order = (", ".join(stayed), ", ".join(both))
        yield Change(
            kind="order changes", slice=new.name, cluster="", subject="clusters", before=order[0], after=order[1],
            sentence=f"{new.name} lists its clusters in another order: {order[1]} (was: {order[0]})",
        )  # fmt: skip
    for cluster in both:
        yield from _member(was[cluster], now[cluster])


def _member(was: MemberPlan, now: MemberPlan) -> Iterator[Change]:
    if was.cidr != now.cidr:
        old, new = _cidr(was), _cidr(now)
        yield _change("cidr moves", now.slice, now.cluster, old, new,
                      f"the CIDR of {now.cluster} moves from {old} to {new}")  # fmt: skip
    for before, after, what in (
        (was.application_namespaces, now.application_namespaces, APPLICATION_NAMESPACE),
        (was.allowed_namespaces, now.allowed_namespaces, ALLOWED_NAMESPACE),
    ):
        for name in after:
            if name not in before:
                yield Change(kind="namespace joins", slice=now.slice, cluster=now.cluster, subject=name, after=what,
                             sentence=f"{name} becomes an {what} of {now.slice} on {now.cluster}")  # fmt: skip
        for name in before:
            if name not in after:
                yield Change(kind="namespace leaves", slice=now.slice, cluster=now.cluster, subject=name, before=what,
                             sentence=f"{name} is no longer an {what} of {now.slice} on {now.cluster}")  # fmt: skip


def _pairs(old: SlicePlan, new: SlicePlan, before: Plan, after: Plan) -> Iterator[Change]:
    was, now = ({_ends(pair): pair for pair in item.pairs} for item in (old, new))
    for ends, pair in now.items():
        if ends not in was:
            count = counted(len(pair.tunnels), "tunnel")
            told = f"{count} between {_both(pair)}: {_who(pair)}"
            yield _pair("tunnels added", pair, after=_who(pair), sentence=told)
    for ends, pair in was.items():
        if ends not in now:
            yield _pair("tunnels removed", pair, before=_who(pair),
                        sentence=f"{counted(len(pair.tunnels), 'tunnel')} between {_both(pair)} "
                                 f"{'goes' if len(pair.tunnels) == 1 else 'go'}")  # fmt: skip
    for ends, pair in now.items():
        if ends in was:
            yield from _kept_pair(was[ends], pair, before, after)


def _kept_pair(was: GatewayPairPlan, now: GatewayPairPlan, before: Plan, after: Plan) -> Iterator[Change]:
    if was.server.cluster != now.server.cluster:
        yield _pair("role changes", now, _who(was), _who(now), f"{_both(now)} change roles: now {_who(now)}")
    for past, gateway in ((was.server, now.server), (was.client, now.client)):
        if past.cluster == gateway.cluster and past.routes_entire_slice != gateway.routes_entire_slice:
            yield Change(
                kind="gateway routes otherwise", slice=now.slice, cluster=gateway.cluster, subject=gateway.name,
                before=_carries(past), after=_carries(gateway),
                sentence=f"{gateway.name} carries {_carries(gateway)} (was {_carries(past)}), without a restart",
            )  # fmt: skip
    reached = [(f"{pair.connectivity} {pair.protocol}", pair.gateway_type) for pair in (was, now)]
    if reached[0] != reached[1]:
        yield _pair("gateways reached otherwise", now, " ".join(reached[0]), " ".join(reached[1]),
                    f"the tunnels between {_both(now)} become {reached[1][1]} over {reached[1][0]} "
                    f"(were {reached[0][1]} over {reached[0][0]})")  # fmt: skip
    if len(was.tunnels) != len(now.tunnels):
        before_, after_ = len(was.tunnels), len(now.tunnels)
        told = f"{counted(after_, 'tunnel')} between {_both(now)} instead of {before_}"
        yield _pair("tunnel count changes", now, str(before_), str(after_), told)
    for old, new in zip(was.tunnels, now.tunnels, strict=False):
        if old.server.deployment == new.server.deployment and old.node_port != new.node_port:
            yield Change(
                kind="node port moves", slice=now.slice, cluster=now.server.cluster, subject=new.server.deployment,
                before=str(old.node_port), after=str(new.node_port),
                sentence=f"{new.server.deployment} is reached at node port {new.node_port} instead of {old.node_port}",
            )  # fmt: skip
    yield from _restarts(was, now, before, after)


def _node_ips(old: SlicePlan, new: SlicePlan) -> Iterator[Change]:
    """Where clients dial: told once for each cluster that serves before and after."""
    was, now = ({pair.server.cluster: pair.server.node_ips for pair in item.pairs} for item in (old, new))
    for cluster, ips in now.items():
        if cluster in was and set(was[cluster]) != set(ips):
            told = f"clients dial {cluster} at {listed(ips)} instead of {listed(was[cluster])}"
            yield _change("node ips change", new.name, cluster, ", ".join(was[cluster]), ", ".join(ips), told)


def _restarts(was: GatewayPairPlan, now: GatewayPairPlan, before: Plan, after: Plan) -> Iterator[Change]:
    """Which gateway pods of a pair that stays are made anew.

    Those whose role or VPN changes; clients also when none of the server's old node IPs is left (worker-operator
    controllers/slicegateway: other changes of node IPs only rewrite the Endpoints).
    """
    old = {(end.cluster, end.instance): end for tunnel in was.tunnels for end in tunnel.ends}
    server = now.server.cluster
    hosts = [set(plan.cluster(server).node_ips) for plan in (before, after)]
    for end in (end for tunnel in now.tunnels for end in tunnel.ends):
        past = old.get((end.cluster, end.instance))
        if past is None:
            continue
        why = ""
        if past.host_type != end.host_type:
            why = f"it becomes a {end.host_type.lower()}"
        elif was.gateway_type != now.gateway_type:
            why = f"its tunnel becomes {now.gateway_type}"
        elif was.protocol != now.protocol:
            why = f"its tunnel runs over {now.protocol}"
        elif end.host_type == "Client" and not hosts[0] & hosts[1]:
            why = f"all node IPs of {server} are new"
        if why:
            yield Change(kind="gateway restarts", slice=now.slice, cluster=end.cluster, subject=end.deployment,
                         before=past.host_type, after=end.host_type,
                         sentence=f"gateway {end.deployment} restarts: {why}")  # fmt: skip


def _shaping(name: str, was: QosPlan | None, now: QosPlan | None) -> Iterator[Change]:
    if was == now:
        return
    yield Change(kind="shaping changes", slice=name, cluster="", subject="qos", before=_qos(was), after=_qos(now),
                 sentence=f"{name} is shaped to {_qos(now)} (was {_qos(was)})")  # fmt: skip


def _isolation(old: SlicePlan, new: SlicePlan) -> Iterator[Change]:
    was, now = ({(p.cluster, p.namespace): p.allowed_namespaces for p in item.policies} for item in (old, new))
    for cluster, namespace in dict.fromkeys((*was, *now)):
        before, after = was.get((cluster, namespace)), now.get((cluster, namespace))
        if before == after or (before and after and set(before) == set(after)):
            continue
        says = "it is open on the CNI" if after is None else f"only {listed(after, most=8)} may talk to it on the CNI"
        yield Change(
            kind="isolation changes", slice=new.name, cluster=cluster, subject=namespace,
            before=", ".join(before or ()), after=", ".join(after or ()), sentence=f"{namespace} on {cluster}: {says}",
        )  # fmt: skip


def _qos(qos: QosPlan | None) -> str:
    if qos is None:
        return "nothing"
    mark = qos.dscp_class if qos.dscp is not None else f"{qos.dscp_class} (not marked)"
    rates = f"{qos.guaranteed_bps // 1000}-{qos.ceiling_bps // 1000} kbit/s"
    refused = "" if qos.shapes else " (tc refuses it: unshaped)"
    return f"{rates}, priority {qos.priority}, {mark}, class {qos.leaf}{refused}"


def _topology(item: SlicePlan) -> str:
    return f"hub-and-spoke around {listed(item.hubs)}" if item.hubs else "a full mesh"


def _carries(gateway: GatewayPlan) -> str:
    return "all of the slice" if gateway.routes_entire_slice else f"the CIDR of {gateway.peer} only"


def _ends(pair: GatewayPairPlan) -> frozenset[str]:
    return frozenset((pair.server.cluster, pair.client.cluster))


def _both(pair: GatewayPairPlan) -> str:
    return " and ".join(sorted(_ends(pair)))


def _who(pair: GatewayPairPlan) -> str:
    return f"{pair.server.cluster} serves, {pair.client.cluster} dials"


def _cidr(member: MemberPlan) -> str:
    return str(member.cidr) if member.slot >= 0 else "no network"


def _seat(member: MemberPlan) -> str:
    return f"slot {member.slot}, {member.cidr}" if member.slot >= 0 else "no network"


def _held(item: SlicePlan, left: MemberPlan) -> str:
    waits = item.ipam is not None and any(block.subnet == left.cidr for block in item.ipam.held_back)
    return ", which waits for it for a day" if waits else ""


def _change(
    kind: ChangeKind, slice_: str, cluster: str, before: str = "", after: str = "", sentence: str = ""
) -> Change:
    return Change(
        kind=kind, slice=slice_, cluster=cluster, subject=cluster, before=before, after=after, sentence=sentence
    )


def _pair(kind: ChangeKind, pair: GatewayPairPlan, before: str = "", after: str = "", sentence: str = "") -> Change:
    return Change(
        kind=kind, slice=pair.slice, cluster="", subject=_both(pair), before=before, after=after, sentence=sentence
    )
