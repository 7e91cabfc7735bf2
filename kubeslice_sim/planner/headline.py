"""Headline: the one sentence about a slice that says what its user asks first, also what does not happen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kubeslice_sim.planner.change import ALLOWED_NAMESPACE, APPLICATION_NAMESPACE, Change, ChangeKind, counted, listed


def headline(slice_: str, changes: Sequence[Change]) -> str:
    """``red: worker-4 joins: 3 new tunnel pairs, nobody's CIDR moves, no pod restarts``.

    ``changes``: those of this slice; empty where there are none.
    """
    if not changes:
        return ""
    found: dict[ChangeKind, list[Change]] = {}
    for change in changes:
        found.setdefault(change.kind, []).append(change)
    come_or_gone = (*found.get("slice appears", ()), *found.get("slice vanishes", ()))
    if come_or_gone:
        return f"{come_or_gone[0].sentence}; {_restarts(found)}"
    subject = f"{slice_}: {' and '.join(_membership(found))}".removesuffix(": ")
    return f"{subject}: {', '.join((*_what_moves(found), _restarts(found)))}"


def _membership(found: dict[ChangeKind, list[Change]]) -> Iterator[str]:
    joined, left = (_clusters(found.get(kind, ())) for kind in ("cluster joins", "cluster leaves"))
    if joined:
        yield f"{listed(joined)} {'joins' if len(joined) == 1 else 'join'}"
    if left:
        yield f"{listed(left)} {'leaves' if len(left) == 1 else 'leave'}"


_NAMESPACES: tuple[tuple[ChangeKind, str, str], ...] = (
    ("namespace joins", APPLICATION_NAMESPACE, "onboarded"),
    ("namespace leaves", APPLICATION_NAMESPACE, "offboarded"),
    ("namespace joins", ALLOWED_NAMESPACE, "allowed"),
    ("namespace leaves", ALLOWED_NAMESPACE, "no longer allowed"),
)
_PODS: tuple[tuple[ChangeKind, tuple[str, str]], ...] = (
    ("pod appears", ("comes", "come")), ("pod vanishes", ("goes", "go")),
)  # fmt: skip


def _what_moves(found: dict[ChangeKind, list[Change]]) -> Iterator[str]:
    number = {kind: len(changes) for kind, changes in found.items()}
    for change in found.get("topology changes", ()):
        yield f"it becomes {change.after}"
    if "order changes" in found:
        yield "its clusters are listed in another order"
    for kind, what, verb in _NAMESPACES:
        changes = [change for change in found.get(kind, ()) if what in (change.before, change.after)]
        if changes:
            names = tuple(dict.fromkeys(change.subject for change in changes))
            yield f"{listed(names)} {verb} on {listed(_clusters(changes))}"
    if "tunnels added" in found:
        yield counted(number["tunnels added"], "new tunnel pair")
    if "tunnels removed" in found:
        gone = number["tunnels removed"]
        yield f"{counted(gone, 'tunnel pair')} {'goes' if gone == 1 else 'go'}"
    if "tunnel count changes" in found:
        yield f"{counted(number['tunnel count changes'], 'pair')} with another number of tunnels"
    if "role changes" in found:
        yield f"{counted(number['role changes'], 'pair')} turned round"
    if "node ips change" in found:
        yield f"{listed(_clusters(found['node ips change']))} dialled at other node IPs"
    if "gateways reached otherwise" in found:
        yield f"{counted(number['gateways reached otherwise'], 'pair')} reached otherwise"
    if "cipher changes" in found:
        yield "its cipher changes"
    if "ports change" in found:
        yield f"the ports of {counted(number['ports change'], 'service')} change"
    if "shaping changes" in found:
        yield "its shaping changes"
    if "isolation changes" in found:
        yield "its isolation changes"
    for kind, verbs in _PODS:
        pods = number.get(kind, 0)
        if pods:
            yield f"{counted(pods, 'pod')} {verbs[pods > 1]}"
    moved = _clusters(found.get("cidr moves", ()))
    yield (
        f"the CIDRs of {listed(moved)} move"
        if len(moved) > 1
        else (f"the CIDR of {moved[0]} moves" if moved else "nobody's CIDR moves")
    )
    addresses = number.get("address moves", 0)
    if addresses:
        yield f"{counted(addresses, 'overlay address')} {'moves' if addresses == 1 else 'move'}"


def _restarts(found: dict[ChangeKind, list[Change]]) -> str:
    """How many pods restart, and where, if it is only where somebody comes or goes."""
    pods = (*found.get("pod restarts", ()), *found.get("gateway restarts", ()))
    if not pods:
        return "no pod restarts"
    where = _clusters(pods)
    touched = {*_clusters(found.get("cluster joins", ())), *_clusters(found.get("cluster leaves", ()))}
    told = f"{counted(len(pods), 'pod')} {'restarts' if len(pods) == 1 else 'restart'}"
    return f"{told} (on {listed(where)} only)" if set(where) <= touched else told


def _clusters(changes: Sequence[Change]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(change.cluster for change in changes))
