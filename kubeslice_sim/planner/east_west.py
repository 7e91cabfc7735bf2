"""East-West gateways: a slice's Istio ingress and egress gateways, and the Istio objects that lead traffic to them."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Literal

Direction = Literal["egress", "ingress"]
IstioKind = Literal["Gateway", "Service", "ServiceEntry", "VirtualService"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayPort:
    """A port of a Service or a ServiceEntry, and the one that the pod behind it listens on."""

    name: str
    port: int
    target_port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EastWestGateway:
    """One Istio gateway of a slice on one cluster: a Deployment of one pod of its name, with Service and Gateway.

    ``nsm_ip`` is its address on the slice, ``pod_ip`` that on the CNI, where its cluster's pods reach it.
    """

    name: str
    slice: str
    cluster: str
    direction: Direction
    node: str
    pod_ip: IPv4Address
    nsm_ip: IPv4Address
    ports: tuple[GatewayPort, ...]

    @property
    def reference(self) -> str:
        """``namespace/pod@cluster``: how hops and observations name it."""
        return f"kubeslice-system/{self.name}@{self.cluster}"


@dataclass(frozen=True, slots=True, kw_only=True)
class IstioRoute:
    """One destination of a VirtualService; the weights of all its routes add up to 100."""

    host: str
    port: int
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IstioObject:
    """An object that the operator makes for Istio. ``service``: the ``namespace/name`` it is made for, if any.

    ``gateways``: where a VirtualService is bound (empty: to the sidecars of its namespace). ``location`` and
    ``resolution`` are a ServiceEntry's, ``addresses`` its endpoints or virtual addresses.
    """

    kind: IstioKind
    cluster: str
    namespace: str
    name: str
    service: str = ""
    protocol: Literal["HTTP", "TCP"] = "HTTP"
    hosts: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    location: str = ""
    resolution: str = ""
    addresses: tuple[str, ...] = ()
    ports: tuple[GatewayPort, ...] = ()
    routes: tuple[IstioRoute, ...] = ()
