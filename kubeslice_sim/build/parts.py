"""Parts of calls that are said as mappings, with YAML's own field names; an editor completes their keys."""

from __future__ import annotations

from typing import Literal, TypedDict


class Direction(TypedDict, total=False):
    """One direction of a link, where it differs from the link."""

    delay: str
    jitter: str
    loss: str | float
    bandwidth: str


class GatewayService(TypedDict, total=False):
    """How the gateways of one cluster (or ``*``) are reached from outside."""

    cluster: str
    type: Literal["NodePort", "LoadBalancer"]
    protocol: Literal["TCP", "UDP"]


class Switch(TypedDict):
    """Something that is on or off."""

    enabled: bool


class ExternalGateway(TypedDict, total=False):
    """East-West ingress and egress gateways of some clusters."""

    ingress: Switch
    egress: Switch
    nsIngress: Switch
    gatewayType: Literal["none", "istio", "envoy"]
    clusters: list[str]


class Port(TypedDict, total=False):
    """A port of an exported service."""

    name: str
    containerPort: int
    protocol: str
    serviceProtocol: Literal["HTTP", "HTTPS"]
    servicePort: int


class Edge(TypedDict, total=False):
    """Two clusters that are joined, who of them serves, by how many gateways."""

    between: list[str]
    server: str
    gateways: int
