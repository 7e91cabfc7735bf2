"""WireGuard tunnels as KubeSlice configures them: one Protocol, the kernel's driver or wireguard-go behind it.

`open_tunnel` asks the kernel which of the two it is: a kernel that can make a link of type wireguard gets
`KernelTunnel`, any other one `UserSpaceTunnel`. Constants are those of KubeSlice's WireGuard gateway image.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network
from typing import Protocol

from emulator.keys import PrivateKey, PublicKey
from emulator.netns import Namespace
from kubeslice_sim.errors import BackendUnavailable, BadInput

LISTEN_PORT = 11194
MTU_BYTES = 1300
PERSISTENT_KEEPALIVE_S = 25
INTERFACE = "wg0"
_NAME_LIMIT = 15  # IFNAMSIZ less the final zero byte
_PROBE = "ks-wg-probe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a peer listens, on the underlay: an address and a UDP port."""

    address: IPv4Address
    port: int

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> Endpoint:
        """The endpoint that `str` made. Raises ValueError if the text is none."""
        address, _, port = text.rpartition(":")
        return cls(address=IPv4Address(address), port=int(port))


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """The other end of a tunnel.

    `endpoint` None, KubeSlice's server side, means that the tunnel learns it from the first valid handshake.
    `allowed_ips` are both the addresses accepted from the peer and the routes that lead into the tunnel.
    """

    public_key: PublicKey
    allowed_ips: tuple[IPv4Network, ...]
    endpoint: Endpoint | None = None
    persistent_keepalive_s: int = PERSISTENT_KEEPALIVE_S


@dataclass(frozen=True, slots=True, kw_only=True)
class TunnelConfig:
    """One WireGuard interface of one gateway. Raises BadInput for a name or a number the kernel would refuse."""

    private_key: PrivateKey
    address: IPv4Address
    peers: tuple[Peer, ...] = ()
    interface: str = INTERFACE
    listen_port: int = LISTEN_PORT
    mtu_bytes: int = MTU_BYTES

    def __post_init__(self) -> None:
        name = self.interface
        if not 0 < len(name) <= _NAME_LIMIT or not name.replace("-", "").replace("_", "").isalnum():
            raise BadInput(f"{name!r} is no interface name: use 1 to {_NAME_LIMIT} letters, digits, - or _")
        if not 0 <= self.listen_port <= 65535:
            raise BadInput(f"listen port {self.listen_port} of {name} is not within 0 to 65535")


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerStatus:
    """What the tunnel knows of a peer now; `handshake_age_s` is None before the first handshake.

    Bytes count encrypted payload both ways, keepalives and handshakes included, as WireGuard counts them.
    """

    public_key: PublicKey
    endpoint: Endpoint | None
    handshake_age_s: float | None
    rx_bytes: int
    tx_bytes: int


class TunnelError(BackendUnavailable):
    """A tunnel did not come up or refused its configuration."""


class Driver(StrEnum):
    """Who moves a tunnel's packets."""

    KERNEL = "kernel"
    WIREGUARD_GO = "wireguard-go"


class Tunnel(Protocol):
    """A WireGuard interface in a gateway's namespace. Every verb may be repeated, `down` too.

    All of them raise TunnelError with what the driver said.
    """

    @property
    def config(self) -> TunnelConfig:
        """What the tunnel was opened with."""

    @property
    def driver(self) -> Driver:
        """Who moves its packets, for reports: a rate through wireguard-go is not one through the kernel."""

    def up(self) -> None:
        """Makes the interface with its keys, peers, address and MTU, and routes the allowed IPs into it."""

    def peers(self) -> tuple[PeerStatus, ...]:
        """The peers as they are now, in no particular order."""

    def set_peer(self, peer: Peer) -> None:
        """Adds a peer or replaces its allowed IPs and keepalive; a None endpoint leaves a learned one alone."""

    def remove_peer(self, public_key: PublicKey) -> None:
        """Forgets a peer; one that is not there is fine."""

    def down(self) -> None:
        """Removes the interface and whatever serves it."""


def choose_driver(namespace: Namespace) -> Driver:
    """The best driver this kernel offers, found out by making a wireguard link in `namespace` and removing it again.

    Ask once for a run: where the answer is no, the kernel has tried to load a module.
    """
    if namespace.run(["ip", "link", "add", _PROBE, "type", "wireguard"], timeout_s=20).returncode != 0:
        return Driver.WIREGUARD_GO
    namespace.run(["ip", "link", "del", _PROBE], timeout_s=20)
    return Driver.KERNEL


def open_tunnel(namespace: Namespace, config: TunnelConfig, *, driver: Driver | None = None) -> Tunnel:
    """A tunnel, still down, by `driver` or else by the best one this kernel offers.

    For wireguard-go `namespace` must have been made with `private_files`: its control socket lies in /run/wireguard.
    """
    # Imported here, because both drivers build on the types of this module.
    if (driver or choose_driver(namespace)) is Driver.KERNEL:
        from emulator.wireguard_kernel import KernelTunnel

        return KernelTunnel(namespace, config)
    from emulator.wireguard_go import UserSpaceTunnel

    return UserSpaceTunnel(namespace, config)


def up_all(tunnels: Iterable[Tunnel], *, at_once: int = 16) -> None:
    """Brings many tunnels up together, as each mostly waits for its process. Raises the first error at the end.

    Bring servers up before clients: a client's first handshake that finds nobody is repeated only after 5 s.
    """
    with ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="tunnel-up") as pool:
        started = [pool.submit(tunnel.up) for tunnel in tunnels]
    for one in started:
        one.result()


def address_and_routes(config: TunnelConfig) -> str:
    """The `ip -batch` lines that wg-quick would run after the keys are set: address, MTU, up, a route an allowed IP."""
    name = config.interface
    lines = [
        f"address replace {config.address}/32 dev {name}",
        f"link set dev {name} mtu {config.mtu_bytes} up",
        *(route for peer in config.peers for route in peer_routes(name, peer)),
    ]
    return "\n".join(lines) + "\n"


def peer_routes(interface: str, peer: Peer) -> tuple[str, ...]:
    """One `ip -batch` line an allowed IP; `replace`, so a second time changes nothing."""
    return tuple(f"route replace {network} dev {interface}" for network in peer.allowed_ips)


def run_ip_batch(namespace: Namespace, lines: str) -> None:
    """Runs `ip -batch` inside the namespace. Raises TunnelError with the line that failed and why."""
    done = namespace.run(["ip", "-batch", "-"], timeout_s=20, stdin=lines.encode())
    if done.returncode != 0:
        raise TunnelError(f"{namespace.name}: ip refused a tunnel's address or route: {done.stderr.decode().strip()}")
