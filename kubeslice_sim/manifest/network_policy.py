"""NetworkPolicies are verbatim too, but all of them is read: what Kubernetes would refuse in one is refused here.

As Kubernetes' pkg/apis/networking/validation does; a field that stands in the wrong place is an error, because a rule
that loses its peers lets everybody in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from kubeslice_sim.manifest.explain import Trouble, shown
from kubeslice_sim.model.field_path import FieldPath
from kubeslice_sim.model.suggest import meant

_DIRECTIONS = {"ingress": "from", "egress": "to"}
_TYPES = ("Ingress", "Egress")
_PROTOCOLS = ("TCP", "UDP", "SCTP")
_OPERATORS = {"In": True, "NotIn": True, "Exists": False, "DoesNotExist": False}
"""Whether the operator asks for values."""
_Check = Callable[[Any, FieldPath], Iterator[Trouble]]


def troubles_of_policy(spec: Mapping[str, Any]) -> Iterator[Trouble]:
    """Everything wrong with a policy's spec."""
    if spec.get("podSelector") is not None:
        yield from _selector(spec["podSelector"], ("spec", "podSelector"))
    yield from _each(spec.get("policyTypes"), ("spec", "policyTypes"), _one_of(_TYPES))
    for direction, peers in _DIRECTIONS.items():
        yield from _each(spec.get(direction), ("spec", direction), _rule(peers))


def _rule(peers: str) -> _Check:
    def check(rule: Any, at: FieldPath) -> Iterator[Trouble]:
        yield from _fields(rule, at, (peers, "ports"))
        if isinstance(rule, Mapping):
            yield from _each(rule.get(peers), (*at, peers), _peer)
            yield from _each(rule.get("ports"), (*at, "ports"), _port)

    return check


def _peer(peer: Any, at: FieldPath) -> Iterator[Trouble]:
    yield from _fields(peer, at, ("podSelector", "namespaceSelector", "ipBlock"))
    if not isinstance(peer, Mapping):
        return
    selectors = [field for field in ("podSelector", "namespaceSelector") if peer.get(field) is not None]
    for field in selectors:
        yield from _selector(peer[field], (*at, field))
    if peer.get("ipBlock") is not None:
        if selectors:
            yield Trouble((*at, "ipBlock"), f"cannot stand beside {selectors[0]}", "write two entries")
        yield from _block(peer["ipBlock"], (*at, "ipBlock"))
    elif not selectors:
        yield Trouble(at, "names nobody", "give podSelector, namespaceSelector or ipBlock ({} selects all)")


def _block(block: Any, at: FieldPath) -> Iterator[Trouble]:
    yield from _fields(block, at, ("cidr", "except"))
    if not isinstance(block, Mapping):
        return
    whole = _network(block.get("cidr"))
    if whole is None:
        yield Trouble((*at, "cidr"), f"should be a network, not {shown(block.get('cidr'))}", "such as 10.0.0.0/8")

    def hole(text: Any, where: FieldPath) -> Iterator[Trouble]:
        part = _network(text)
        if part is None:
            yield Trouble(where, f"should be a network, not {shown(text)}", "such as 10.1.0.0/16")
        elif whole is not None and not _strictly_within(part, whole):
            yield Trouble(where, f"{text} is no part of {block['cidr']}", "an exception lies within its cidr")

    yield from _each(block.get("except"), (*at, "except"), hole)


def _port(port: Any, at: FieldPath) -> Iterator[Trouble]:
    yield from _fields(port, at, ("protocol", "port", "endPort"))
    if not isinstance(port, Mapping):
        return
    if port.get("protocol") is not None:
        yield from _one_of(_PROTOCOLS)(port["protocol"], (*at, "protocol"))
    first, last = port.get("port"), port.get("endPort")
    named = isinstance(first, str) and any(letter.isalpha() for letter in first) and len(first) <= 15
    if first is not None and not named and not _is_port(first):
        hint = "or the name of a container's port: at most 15 characters, at least one letter"
        yield Trouble((*at, "port"), f"should be a port from 1 to 65535, not {shown(first)}", hint)
    elif last is not None and (named or first is None):
        yield Trouble((*at, "endPort"), "needs a port that is a number", "the first of the range")
    elif last is not None and not (_is_port(last) and last >= first):
        yield Trouble((*at, "endPort"), f"should be a port from {first} to 65535, not {shown(last)}", "")


def _selector(selector: Any, at: FieldPath) -> Iterator[Trouble]:
    yield from _fields(selector, at, ("matchLabels", "matchExpressions"))
    if not isinstance(selector, Mapping):
        return
    labels = selector.get("matchLabels")
    if labels is not None and not isinstance(labels, Mapping):
        yield Trouble((*at, "matchLabels"), f"should be a mapping of labels, not {shown(labels)}", "")
    for key, value in labels.items() if isinstance(labels, Mapping) else ():
        if not isinstance(value, str):
            hint = f'put it in quotes: "{shown(value)}"'
            yield Trouble((*at, "matchLabels", key), f"should be text, not {shown(value)}", hint)
    yield from _each(selector.get("matchExpressions"), (*at, "matchExpressions"), _requirement)


def _requirement(entry: Any, at: FieldPath) -> Iterator[Trouble]:
    yield from _fields(entry, at, ("key", "operator", "values"))
    if not isinstance(entry, Mapping):
        return
    if not isinstance(entry.get("key"), str) or not entry["key"]:
        yield Trouble((*at, "key"), f"should be the key of a label, not {shown(entry.get('key'))}", "")
    operator, values = entry.get("operator"), entry.get("values")
    yield from _one_of(tuple(_OPERATORS))(operator, (*at, "operator"))
    yield from _each(values, (*at, "values"), _text)
    if isinstance(operator, str) and operator in _OPERATORS and _OPERATORS[operator] != bool(values):
        wants = "needs values" if _OPERATORS[operator] else "takes no values"
        yield Trouble((*at, "values"), f"{operator} {wants}", "", missing="values" not in entry)


def _each(items: Any, at: FieldPath, check: _Check) -> Iterator[Trouble]:
    if items is not None and not isinstance(items, list):
        yield Trouble(at, f"should be a list, not {shown(items)}", "")
    for index, item in enumerate(items if isinstance(items, list) else ()):
        yield from check(item, (*at, index))


def _fields(value: Any, at: FieldPath, known: tuple[str, ...]) -> Iterator[Trouble]:
    if not isinstance(value, Mapping):
        yield Trouble(at, f"should be a mapping of fields, not {shown(value)}", "")
        return
    for field in value:
        if field not in known:
            yield Trouble((*at, field), "unknown field", meant(field, known))


def _one_of(known: tuple[str, ...]) -> _Check:
    def check(value: Any, at: FieldPath) -> Iterator[Trouble]:
        if value not in known:
            yield Trouble(at, f"must be one of {', '.join(known)}, not {shown(value)}", "")

    return check


def _text(value: Any, at: FieldPath) -> Iterator[Trouble]:
    if not isinstance(value, str):
        yield Trouble(at, f"should be text, not {shown(value)}", f'put it in quotes: "{shown(value)}"')


def _is_port(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 65535


def _network(text: Any) -> IPv4Network | IPv6Network | None:
    """A block as Kubernetes takes it: a prefix length is required, host bits are not looked at."""
    try:
        return ip_network(text, strict=False) if isinstance(text, str) and "/" in text else None
    except ValueError:
        return None


def _strictly_within(part: IPv4Network | IPv6Network, whole: IPv4Network | IPv6Network) -> bool:
    if part.version != whole.version or part.prefixlen <= whole.prefixlen:
        return False
    return part.network_address in whole
