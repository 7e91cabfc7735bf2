"""How a scenario's ``to`` is written: ``host[:port]``, where the host is a DNS name, an address or a workload."""

from __future__ import annotations

from ipaddress import ip_address

SERVICE_DOMAIN = "svc.slice.local"
"""Under it KubeSlice DNS names exported services."""
CLUSTER_DOMAIN = "svc.cluster.local"
LAST_PORT = 65535


def split_port(text: str) -> tuple[str, str | None]:
    """Host and port, as they are written (a bare IPv6 address has no port)."""
    host, colon, port = text.rpartition(":")
    if not colon or is_address(text):
        return text, None
    return host, port


def port_number(text: str) -> int | None:
    """The port that the text says, None where it says none."""
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(LAST_PORT))):
        return None
    return int(text) if 0 < int(text) <= LAST_PORT else None


def is_address(text: str) -> bool:
    """Whether it is an IP address, of either version."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
