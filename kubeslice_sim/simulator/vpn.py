"""VPN: the tunnels between gateway pods: handshakes, renewals, and the sidecars' ping rounds."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import simpy

from kubeslice_sim.controlplane.dataplane import FactSink
from kubeslice_sim.controlplane.facts import PingRound
from kubeslice_sim.model.slice_config import GatewayType
from kubeslice_sim.model.timing import Timing
from kubeslice_sim.simulator.costs import Costs
from kubeslice_sim.simulator.encapsulation import encapsulation
from kubeslice_sim.simulator.network import Gateway, Link, Network
from kubeslice_sim.simulator.streams import Streams, binomial
from kubeslice_sim.simulator.tunnel import Session, Tunnel

PINGS = 3
"""Echo requests of one round (gateway-sidecar pkg/status)."""


class Vpn:
    """Keeps the tunnels of a network. ``gateway_type_of``: a slice's VPN by its name."""

    def __init__(
        self, env: simpy.Environment, network: Network, timing: Timing, costs: Costs, streams: Streams,
        gateway_type_of: Callable[[str], GatewayType],
    ) -> None:  # fmt: skip
        self.sink: FactSink
        self._env = env
        self._network = network
        self._timing = timing
        self._costs = costs
        self._streams = streams
        self._gateway_type_of = gateway_type_of
        self._tunnels: dict[tuple[str, str, int], Tunnel] = {}
        self._next_try_s: dict[Tunnel, float] = {}
        self._changed_s: dict[Tunnel, float] = {}

    # -- gateways come and go ----------------------------------------------------------------------------------------

    def join(self, gateway: Gateway) -> None:
        """A gateway is set up: it is one end of the tunnel that its server's name and NodePort tell."""
        start = gateway.start
        server = start.gateway if start.host_type == "Server" else start.remote_gateway
        key = (start.slice, server, start.node_port)
        tunnel = self._tunnels.get(key)
        if tunnel is None:
            gateway_type = self._gateway_type_of(start.slice)
            tunnel = self._tunnels[key] = Tunnel(
                gateway_type=gateway_type, vpn=encapsulation(gateway_type, start.protocol)
            )
        gateway.tunnel = tunnel
        if start.host_type == "Server":
            tunnel.server = gateway
        else:
            tunnel.client = gateway

    def leave(self, gateway: Gateway) -> None:
        """A gateway is gone for good."""
        tunnel = gateway.tunnel
        if tunnel is not None:
            if tunnel.server is gateway:
                tunnel.server = None
            elif tunnel.client is gateway:
                tunnel.client = None

    def started(self, gateway: Gateway) -> None:
        """Its VPN process runs: a client dials at once, and the sidecar begins its rounds."""
        if gateway.tunnel is not None and gateway.start.host_type == "Client":
            self._try_at(gateway.tunnel, self._env.now)
        self._after(self._timing.ping_round_s, partial(self._round, gateway, gateway.life))

    def stopped(self, gateway: Gateway) -> None:
        """Its process is dead; the peer does not know yet."""
        if gateway.tunnel is not None:
            self.disturbed(gateway.tunnel)

    def disturbed(self, tunnel: Tunnel) -> None:
        """Nothing comes through any more (or something again): the client notices after its patience, if not before."""
        self._changed_s[tunnel] = self._env.now
        if tunnel.session is not None and tunnel.client is not None and tunnel.client.running:
            noticed_s = self._env.now + self._wait_s(tunnel, tunnel.patience.notice_s)
            planned_s = self._next_try_s.get(tunnel, noticed_s)
            self._try_at(tunnel, min(planned_s, noticed_s) if planned_s > self._env.now else noticed_s)

    def link_changed(self, one: str, other: str) -> None:
        """A link between two clusters was cut or is back."""
        for tunnel in self._tunnels.values():
            ends = tunnel.server, tunnel.client
            if ends[0] and ends[1] and {ends[0].start.cluster, ends[1].start.cluster} == {one, other}:
                self.disturbed(tunnel)

    # -- handshakes --------------------------------------------------------------------------------------------------

    def _try_at(self, tunnel: Tunnel, at_s: float) -> None:
        self._next_try_s[tunnel] = at_s
        self._after(at_s - self._env.now, partial(self._try, tunnel, at_s))

    def _try(self, tunnel: Tunnel, at_s: float) -> None:
        """The client looks whether it needs a handshake, and makes one."""
        client, server, patience = tunnel.client, tunnel.server, tunnel.patience
        if self._next_try_s.get(tunnel) != at_s or client is None or not client.running:
            return
        session, now_s = tunnel.session, self._env.now
        if session and self._open(tunnel) and tunnel.carries(now_s) and now_s < session.at_s + patience.renew_s:
            self._try_at(tunnel, session.at_s + patience.renew_s)
        elif server is not None and server.running and self._open(tunnel) and self._answered(tunnel):
            took_s = self._timing.tunnel_handshake_s + patience.round_trips * self._rtt_s(tunnel)
            lives = (server.life, client.life)
            self._after(took_s, partial(self._agreed, tunnel, lives))
            self._try_at(tunnel, now_s + max(took_s, self._wait_s(tunnel, patience.retry_s)))
        else:
            self._try_at(tunnel, now_s + self._wait_s(tunnel, patience.retry_s))

    def _agreed(self, tunnel: Tunnel, lives: tuple[int, int]) -> None:
        server, client = tunnel.server, tunnel.client
        if server is None or client is None or not tunnel.both_run or lives != (server.life, client.life):
            return
        fresh = not tunnel.carries(self._env.now)
        tunnel.session = Session(server_life=lives[0], client_life=lives[1], at_s=self._env.now)
        if fresh:
            self._changed_s[tunnel] = self._env.now
            self._network.changed()

    def _wait_s(self, tunnel: Tunnel, least_s: float) -> float:
        """A wait of the protocol with its jitter."""
        client = tunnel.client.start.pod if tunnel.client else ""
        return least_s + self._streams.stream("vpn wait", client).uniform(0.0, tunnel.patience.jitter_s)

    def _open(self, tunnel: Tunnel) -> bool:
        return not any(link.cut for link in self._links(tunnel))

    def _answered(self, tunnel: Tunnel) -> bool:
        """Whether chance lets both messages of a handshake through."""
        return self._survivors(tunnel, 1) == 1

    def _survivors(self, tunnel: Tunnel, packets: int) -> int:
        """How many of so many questions are answered."""
        passed = 1.0
        for link in self._links(tunnel):
            passed *= 1.0 - link.path.loss
        if passed == 1.0:
            return packets
        client = tunnel.client.start.pod if tunnel.client else ""
        return packets - binomial(self._streams.stream("vpn", client), packets, 1.0 - passed)

    def _rtt_s(self, tunnel: Tunnel) -> float:
        passage_s = 4 * (self._costs.gateway_s + self._costs.node_s)
        return passage_s + sum(link.path.delay_s for link in self._links(tunnel))

    def _links(self, tunnel: Tunnel) -> tuple[Link, ...]:
        """The WAN between its ends, both ways; nothing while an end is missing."""
        if tunnel.client is None or tunnel.server is None:
            return ()
        return self._network.both_ways(tunnel.client.start.cluster, tunnel.server.start.cluster)

    # -- sidecars ----------------------------------------------------------------------------------------------------

    def _round(self, gateway: Gateway, life: int) -> None:
        """The end of one round of pings to the peer's VPN address; the next begins at once."""
        if not gateway.running or gateway.life != life:
            return
        received, rtt_s, tunnel = 0, None, gateway.tunnel
        if tunnel is not None and tunnel.carries(self._env.now) and self._open(tunnel):
            since_s = self._env.now - self._changed_s.get(tunnel, float("-inf"))
            # Of pings spread over the round only those got through that were sent since the tunnel came up.
            sent = PINGS if since_s >= self._timing.ping_round_s else int(PINGS * since_s / self._timing.ping_round_s)
            received = self._survivors(tunnel, sent)
            rtt_s = self._rtt_s(tunnel) if received else None
        self.sink.report(
            PingRound(cluster=gateway.start.cluster, pod=gateway.start.pod, sent=PINGS, received=received, rtt_s=rtt_s)
        )
        self._after(self._timing.ping_round_s, partial(self._round, gateway, life))

    def _after(self, delay_s: float, call: Callable[[], None]) -> None:
        self._env.timeout(max(0.0, delay_s)).callbacks.append(lambda _: call())
