"""The text protocol of WireGuard's user-space control socket: pure functions from configuration to text and back.

The protocol is the "cross-platform userspace implementation" interface of https://www.wireguard.com/xplatform/:
`key=value` lines, keys in hexadecimal, an empty line at the end of a request and of an answer.
"""

from __future__ import annotations

from emulator.keys import PublicKey
from emulator.wireguard import Endpoint, Peer, PeerStatus, TunnelConfig

GET = b"get=1\n\n"


class UapiError(ValueError):
    """The socket answered with an error number or with something that is not the protocol."""


def set_device(config: TunnelConfig) -> bytes:
    """A request that makes the device exactly `config`. It holds the private key: never log it."""
    lines = [
        "set=1",
        f"private_key={config.private_key.reveal().hex()}",
        f"listen_port={config.listen_port}",
        "replace_peers=true",
    ]
    for peer in config.peers:
        lines += _peer_lines(peer)
    return _request(lines)


def set_peer(peer: Peer) -> bytes:
    """A request that adds `peer`, or replaces its allowed IPs and keepalive, and its endpoint if it has one."""
    return _request(["set=1", *_peer_lines(peer)])


def remove_peer(public_key: PublicKey) -> bytes:
    """A request that forgets one peer."""
    return _request(["set=1", f"public_key={public_key.hex}", "remove=true"])


def is_complete(answer: bytes) -> bool:
    """Whether all of an answer has arrived: it ends with an empty line."""
    return answer.endswith(b"\n\n")


def check(answer: bytes) -> None:
    """Raises UapiError unless the answer says errno=0."""
    for line in answer.decode(errors="replace").splitlines():
        if line.startswith("errno="):
            if line == "errno=0":
                return
            raise UapiError(f"wireguard-go refused the request ({line})")
    raise UapiError("wireguard-go gave no errno line: is something else listening on its control socket?")


def parse_peers(answer: bytes, *, now_unix_s: float) -> tuple[PeerStatus, ...]:
    """The peers in the answer to `GET`; ages count from `now_unix_s`. Raises UapiError for an error number."""
    check(answer)
    blocks: list[dict[str, str]] = []
    for line in answer.decode().splitlines():
        key, _, value = line.partition("=")
        if key == "public_key":
            blocks.append({})
        if blocks:
            blocks[-1].setdefault(key, value)
    return tuple(_status(block, now_unix_s) for block in blocks)


def _status(block: dict[str, str], now_unix_s: float) -> PeerStatus:
    seconds, nanoseconds = int(block.get("last_handshake_time_sec", 0)), int(block.get("last_handshake_time_nsec", 0))
    last_unix_s = seconds + nanoseconds / 1e9
    return PeerStatus(
        public_key=PublicKey.from_hex(block["public_key"]),
        endpoint=Endpoint.parse(block["endpoint"]) if "endpoint" in block else None,
        handshake_age_s=max(0.0, now_unix_s - last_unix_s) if last_unix_s else None,
        rx_bytes=int(block.get("rx_bytes", 0)),
        tx_bytes=int(block.get("tx_bytes", 0)),
    )


def _peer_lines(peer: Peer) -> list[str]:
    lines = [f"public_key={peer.public_key.hex}"]
    if peer.endpoint is not None:
        lines.append(f"endpoint={peer.endpoint}")
    lines += [f"persistent_keepalive_interval={peer.persistent_keepalive_s}", "replace_allowed_ips=true"]
    return lines + [f"allowed_ip={network}" for network in peer.allowed_ips]


def _request(lines: list[str]) -> bytes:
    return ("\n".join(lines) + "\n\n").encode()
