"""Tunnel: one VPN connection between two gateway pods, and how long each protocol takes to notice and to mend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeslice_sim.model.slice_config import GatewayType
from kubeslice_sim.simulator.encapsulation import Encapsulation

if TYPE_CHECKING:
    from kubeslice_sim.simulator.network import Gateway


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """A VPN's own timers. They are the protocol's, so no timing profile scales them.

    ``notice_s``: silence after which a client tries a new handshake; ``retry_s`` between two tries; ``renew_s``: age
    at which a session is renewed; ``reject_s``: age from which its packets are refused. A handshake takes
    ``round_trips`` on the path. Chance adds up to ``jitter_s`` to each notice and retry.
    """

    notice_s: float
    retry_s: float
    renew_s: float
    reject_s: float
    round_trips: float
    jitter_s: float = 0.0


WIREGUARD_PATIENCE = Patience(
    notice_s=15.0, retry_s=5.0, renew_s=120.0, reject_s=180.0, round_trips=1.0, jitter_s=1.0 / 3.0
)
"""WireGuard paper 6.1: KEEPALIVE 10 + REKEY_TIMEOUT 5, REKEY_AFTER 120, REJECT_AFTER 180; one question, one answer.

Jitter: ``REKEY_TIMEOUT_JITTER_MAX`` of the kernel, ``RekeyTimeoutJitterMaxMs`` 334 of wireguard-go.
"""
OPENVPN_PATIENCE = Patience(notice_s=15.0, retry_s=5.0, renew_s=3600.0, reject_s=float("inf"), round_trips=6.0)
"""``--ping-restart 15`` of KubeSlice's client; OpenVPN's connect-retry 5 and reneg-sec 3600. Reset, TLS, keys, push."""


def patience(gateway_type: GatewayType) -> Patience:
    """The timers of a gateway type."""
    return WIREGUARD_PATIENCE if gateway_type == "Wireguard" else OPENVPN_PATIENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Keys that two incarnations of gateway pods share since ``at_s``."""

    server_life: int
    client_life: int
    at_s: float


@dataclass(slots=True, kw_only=True, eq=False)
class Tunnel:
    """Two gateway pods that belong together: the client dials the server's NodePort. An end may not be there yet."""

    gateway_type: GatewayType
    vpn: Encapsulation
    server: Gateway | None = None
    client: Gateway | None = None
    session: Session | None = None

    @property
    def patience(self) -> Patience:
        """Its protocol's timers."""
        return patience(self.gateway_type)

    @property
    def both_run(self) -> bool:
        """Whether both pods run."""
        return bool(self.server and self.client and self.server.running and self.client.running)

    def carries(self, now_s: float) -> bool:
        """Whether packets that arrive at an end are taken and decrypted at the other (the link is another matter)."""
        held, server, client = self.session, self.server, self.client
        return (
            held is not None
            and server is not None
            and client is not None
            and server.running
            and client.running
            and held.server_life == server.life
            and held.client_life == client.life
            and now_s - held.at_s < self.patience.reject_s
        )

    def peer(self, gateway: Gateway) -> Gateway | None:
        """The other end."""
        return self.client if gateway is self.server else self.server
