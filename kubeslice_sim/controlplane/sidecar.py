"""The gateway sidecar's tunnel checker: a fold of ping rounds into a tunnel status.

As gateway-sidecar pkg/status does: rounds of pings to the peer's VPN address, back to back; all lost in
``rounds_until_down`` rounds in a row → DOWN; one answer in a round → UP.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from kubeslice_sim.controlplane.facts import PingRound

TunnelState = Literal["UP", "DOWN", "UNKNOWN", "SILENT"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TunnelStatus:
    """What the operator gets from a sidecar. UNKNOWN until the first answer or the first verdict of DOWN.

    SILENT is no state of KubeSlice: the sidecar hangs and says nothing.
    """

    state: TunnelState = "UNKNOWN"
    lost_rounds: int = 0
    latency_ms: int = 0
    packet_loss_percent: int = 0

    @property
    def up(self) -> bool:
        """Whether traffic may take this tunnel."""
        return self.state == "UP"


def after_round(status: TunnelStatus, ping: PingRound, rounds_until_down: int) -> TunnelStatus:
    """The status after one more round of pings."""
    if ping.received > 0:
        return TunnelStatus(
            state="UP",
            # The sidecar reports whole milliseconds and whole per cents.
            latency_ms=int((ping.rtt_s or 0.0) * 1000),
            packet_loss_percent=100 * (ping.sent - ping.received) // max(ping.sent, 1),
        )
    lost = status.lost_rounds + 1
    state: TunnelState = "DOWN" if lost >= rounds_until_down else status.state
    return replace(status, state=state, lost_rounds=lost, packet_loss_percent=100)
