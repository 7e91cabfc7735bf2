"""WireGuard in the kernel, configured over generic netlink by pyroute2."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pyroute2 import WireGuard
from pyroute2.netlink.exceptions import NetlinkError

from emulator.keys import PublicKey
from emulator.netns import Namespace
from emulator.wireguard import (
    Driver,
    Endpoint,
    Peer,
    PeerStatus,
    TunnelConfig,
    TunnelError,
    address_and_routes,
    peer_routes,
    run_ip_batch,
)

R = TypeVar("R")


class KernelTunnel:
    """A Tunnel that is a link of type wireguard in the gateway's namespace."""

    driver = Driver.KERNEL

    def __init__(self, namespace: Namespace, config: TunnelConfig) -> None:
        self.namespace = namespace
        self.config = config

    def up(self) -> None:
        """Makes the link unless it is there, and gives it exactly the configured peers, address, MTU and routes."""
        name = self.config.interface
        if self.namespace.run(["ip", "link", "show", "dev", name], timeout_s=20).returncode != 0:
            run_ip_batch(self.namespace, f"link add {name} type wireguard\n")
        self._wireguard(self._configure)
        run_ip_batch(self.namespace, address_and_routes(self.config))

    def peers(self) -> tuple[PeerStatus, ...]:
        """The peers as the kernel reports them."""
        return self._wireguard(self._read_peers)

    def set_peer(self, peer: Peer) -> None:
        """Adds or changes one peer and the routes to it."""
        self._wireguard(lambda wireguard: wireguard.set(self.config.interface, peer=peer_request(peer)))
        run_ip_batch(self.namespace, "".join(f"{line}\n" for line in peer_routes(self.config.interface, peer)))

    def remove_peer(self, public_key: PublicKey) -> None:
        """Forgets one peer; routes into the tunnel stay and find nobody."""
        request = {"public_key": public_key.base64, "remove": True}
        self._wireguard(lambda wireguard: wireguard.set(self.config.interface, peer=request))

    def down(self) -> None:
        """Deletes the link; its address and routes go with it."""
        if self.namespace.run(["ip", "link", "show", "dev", self.config.interface], timeout_s=20).returncode == 0:
            run_ip_batch(self.namespace, f"link delete {self.config.interface}\n")

    def _configure(self, wireguard: Any) -> None:
        config = self.config
        # pyroute2 wants the key as base64; it travels in a netlink message, never through a program's arguments.
        key = base64.b64encode(config.private_key.reveal()).decode()
        wireguard.set(config.interface, private_key=key, listen_port=config.listen_port)
        wanted = {peer.public_key for peer in config.peers}
        for present in self._read_peers(wireguard):
            if present.public_key not in wanted:
                wireguard.set(config.interface, peer={"public_key": present.public_key.base64, "remove": True})
        for peer in config.peers:
            wireguard.set(config.interface, peer=peer_request(peer))

    def _read_peers(self, wireguard: Any) -> tuple[PeerStatus, ...]:
        now_unix_s = time.time()
        return tuple(
            peer_status(peer, now_unix_s=now_unix_s)
            for message in wireguard.info(self.config.interface)
            for peer in message.get_attr("WGDEVICE_A_PEERS") or ()
        )

    def _wireguard(self, use: Callable[[Any], R]) -> R:
        def inside() -> R:
            with WireGuard() as wireguard:
                return use(wireguard)

        try:
            return self.namespace.call(inside)
        except (NetlinkError, OSError) as error:
            raise TunnelError(f"{self.namespace.name}: {self.config.interface}: the kernel answered {error}") from error


def peer_request(peer: Peer) -> Mapping[str, object]:
    """What pyroute2's `WireGuard.set` wants to hear about a peer."""
    request: dict[str, object] = {
        "public_key": peer.public_key.base64,
        "persistent_keepalive": peer.persistent_keepalive_s,
        "replace_allowed_ips": True,
        "allowed_ips": [str(network) for network in peer.allowed_ips],
    }
    if peer.endpoint is not None:
        request |= {"endpoint_addr": str(peer.endpoint.address), "endpoint_port": peer.endpoint.port}
    return request


def peer_status(peer: Any, *, now_unix_s: float) -> PeerStatus:
    """A peer out of the kernel's netlink answer, as pyroute2 decodes it; ages count from `now_unix_s`."""
    endpoint = peer.get_attr("WGPEER_A_ENDPOINT")
    handshake = peer.get_attr("WGPEER_A_LAST_HANDSHAKE_TIME")
    last_unix_s = handshake["tv_sec"] + handshake["tv_nsec"] / 1e9 if handshake else 0.0
    return PeerStatus(
        public_key=PublicKey(peer.get_attr("WGPEER_A_PUBLIC_KEY").decode()),
        endpoint=Endpoint.parse(f"{endpoint['addr']}:{endpoint['port']}") if endpoint else None,
        handshake_age_s=max(0.0, now_unix_s - last_unix_s) if last_unix_s else None,
        rx_bytes=peer.get_attr("WGPEER_A_RX_BYTES") or 0,
        tx_bytes=peer.get_attr("WGPEER_A_TX_BYTES") or 0,
    )
