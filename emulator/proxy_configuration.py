"""Configuration of HAProxy as a gateway or a sidecar: what is to be proxied where, and the text that says it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address

OWN_PORTS = (61001, 65000)
"""From which a sidecar connects: above those that Linux gives to applications, so that nobody intercepts it again."""
_HEAD = """\
global
    maxconn 2000
    nbthread 1
defaults
    mode http
    option idle-close-on-response
    timeout connect 10s
    timeout client 1h
    timeout server 1h
    retries 2
    option redispatch 1
"""
# Envoy's and Istio's defaults: 10 s to connect, an hour of idleness, two more tries, each elsewhere.


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where a share of the requests goes; ``weight`` in hundredths, 0 gets nothing."""

    address: IPv4Address
    port: int
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualHost:
    """Requests for any of ``hosts`` go to one of ``servers``, drawn by weight for each; without any they get a 503."""

    name: str
    hosts: tuple[str, ...]
    servers: tuple[Server, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Intercepted:
    """Connections that a pod's sidecar takes from it: ``refused`` ones find no listener at the egress gateway."""

    address: IPv4Address
    port: int
    refused: bool = False


def gateway_configuration(port: int, hosts: Iterable[VirtualHost]) -> str:
    """Of a gateway that takes HTTP on a port of all its addresses; a Host that it has no route for gets a 404."""
    return _configuration(f"*:{port}", hosts, "", "http-request return status 404")


def sidecar_configuration(port: int, hosts: Iterable[VirtualHost]) -> str:
    """Of a sidecar that gets its pod's intercepted requests; those for other Hosts go on to where they were going."""
    source = f" source 0.0.0.0:{OWN_PORTS[0]}-{OWN_PORTS[1]}"
    return _configuration(f"127.0.0.1:{port}", hosts, source, f"server onward 0.0.0.0{source}")


def _configuration(listen: str, hosts: Iterable[VirtualHost], source: str, otherwise: str) -> str:
    hosts = tuple(hosts)
    lines = [f"frontend http\n    bind {listen}"]
    for item in hosts:
        names = " ".join(item.hosts)
        lines.append(f"    use_backend {item.name} if {{ req.hdr(host),field(1,:),lower -m str {names} }}")
    lines.append("    default_backend other-hosts")
    for item in hosts:
        lines.append(f"backend {item.name}\n    balance random(1)")
        lines += [
            f"    server s{index} {server.address}:{server.port} weight {server.weight}{source}"
            for index, server in enumerate(item.servers)
        ]
    lines.append(f"backend other-hosts\n    {otherwise}")
    return _HEAD + "\n".join(lines) + "\n"
