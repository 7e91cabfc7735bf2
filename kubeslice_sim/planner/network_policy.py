"""NetworkPolicy: what a user's own ``networking.k8s.io/v1`` policies say, read into rules that can be asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any, Literal

from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.world import World

PolicyDirection = Literal["ingress", "egress"]

NO_ADDRESSES = IPv4Network("0.0.0.0/32")
"""What stands where a network is asked for and there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One ``matchExpressions`` entry."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """As Kubernetes: NotIn holds too where the key is missing; an unknown operator never holds."""
        match self.operator:
            case "In":
                return labels.get(self.key) in self.values
            case "NotIn":
                return labels.get(self.key) not in self.values
            case "Exists":
                return self.key in labels
            case "DoesNotExist":
                return self.key not in labels
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """A label selector with both halves; an empty one selects everything."""

    labels: FrozenMap[str]
    requirements: tuple[Requirement, ...] = ()

    def selects(self, labels: Mapping[str, str]) -> bool:
        """Whether every label and every requirement holds."""
        return all(labels.get(key) == value for key, value in self.labels.items()) and all(
            item.holds(labels) for item in self.requirements
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One ``from`` or ``to`` entry: pods by selectors (``namespaces`` None: of the policy's own), or addresses.

    ``block`` is :data:`NO_ADDRESSES` for one of IPv6: pods here have none of these.
    """

    pods: Selector | None = None
    namespaces: Selector | None = None
    block: IPv4Network | None = None
    excepts: tuple[IPv4Network, ...] = ()

    def holds(self, address: IPv4Address) -> bool:
        """Whether the address block has it; an entry of selectors has no addresses."""
        return self.block is not None and address in self.block and not any(address in net for net in self.excepts)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyPort:
    """``first`` to ``last`` (``endPort``); both None: every port of the protocol; ``name``: a container port's."""

    protocol: str = "TCP"
    first: int | None = None
    last: int | None = None
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRule:
    """One rule: ``peers`` empty means everybody, ``ports`` empty every port and protocol."""

    peers: tuple[Peer, ...] = ()
    ports: tuple[PolicyPort, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UserPolicyPlan:
    """A policy on one cluster. ``ingress`` or ``egress`` None: it leaves that direction alone."""

    name: str
    namespace: str
    cluster: str
    pods: Selector
    ingress: tuple[PolicyRule, ...] | None
    egress: tuple[PolicyRule, ...] | None

    def rules(self, direction: PolicyDirection) -> tuple[PolicyRule, ...] | None:
        """Those of one direction."""
        return self.ingress if direction == "ingress" else self.egress


def user_policies(world: World) -> tuple[UserPolicyPlan, ...]:
    """Every NetworkPolicy of the world on every cluster where it stands.

    ``policyTypes`` defaults as in Kubernetes: Ingress always, Egress where the policy has egress rules.
    """
    return tuple(
        policy_of(item, cluster)
        for item in world.objects
        if item.kind == "NetworkPolicy"
        for cluster in world.placed(item.metadata)
    )


def policy_of(item: KubernetesObject, cluster: str) -> UserPolicyPlan:
    """What one NetworkPolicy says where it stands on a cluster."""
    spec = item.spec
    types = spec.get("policyTypes") or ("Ingress", *(["Egress"] if spec.get("egress") else []))
    return UserPolicyPlan(
        name=item.metadata.name,
        namespace=item.metadata.namespace or "default",
        cluster=cluster,
        pods=selector(spec.get("podSelector")),
        ingress=tuple(_rules(spec.get("ingress"), "from")) if "Ingress" in types else None,
        egress=tuple(_rules(spec.get("egress"), "to")) if "Egress" in types else None,
    )


def selector(written: Any) -> Selector:
    """A selector as it stands in a document; a missing one selects everything."""
    found = written if isinstance(written, Mapping) else {}
    return Selector(
        labels=FrozenMap({str(key): str(value) for key, value in (found.get("matchLabels") or {}).items()}),
        requirements=tuple(
            Requirement(
                key=str(entry.get("key", "")),
                operator=str(entry.get("operator", "")),
                values=tuple(map(str, entry.get("values") or ())),
            )
            for entry in found.get("matchExpressions") or ()
        ),
    )


def _rules(written: Any, peers: str) -> Iterator[PolicyRule]:
    for entry in written or ():
        yield PolicyRule(
            peers=tuple(_peer(peer) for peer in entry.get(peers) or ()),
            ports=tuple(_port(port) for port in entry.get("ports") or ()),
        )


def _peer(written: Mapping[str, Any]) -> Peer:
    block = written.get("ipBlock")
    if block:
        if ":" in block["cidr"]:
            return Peer(block=NO_ADDRESSES)
        return Peer(
            block=IPv4Network(block["cidr"], strict=False),
            excepts=tuple(IPv4Network(item, strict=False) for item in block.get("except") or ()),
        )
    return Peer(
        pods=selector(written["podSelector"]) if written.get("podSelector") is not None else None,
        namespaces=selector(written["namespaceSelector"]) if written.get("namespaceSelector") is not None else None,
    )


def _port(written: Mapping[str, Any]) -> PolicyPort:
    port, end = written.get("port"), written.get("endPort")
    number = port if isinstance(port, int) else None
    return PolicyPort(
        protocol=written.get("protocol") or "TCP",
        first=number,
        last=number if end is None else end,
        name=port if isinstance(port, str) else "",
    )
