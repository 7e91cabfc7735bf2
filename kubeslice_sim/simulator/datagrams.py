"""Bulk UDP: datagrams at a rate that nothing slows down; what is too much, and what chance takes, is lost."""

from __future__ import annotations

from collections.abc import Sequence

from kubeslice_sim.observe.probe import Probe
from kubeslice_sim.simulator.encapsulation import TUNNEL_MTU, tcp_segment, udp_datagram
from kubeslice_sim.simulator.flow import IDLE, Flow
from kubeslice_sim.simulator.network import Pod
from kubeslice_sim.simulator.scene import RECONNECT_S, Play, Scene
from kubeslice_sim.simulator.share import Demand, spread, uses_of
from kubeslice_sim.simulator.streams import binomial
from kubeslice_sim.simulator.way import Way


class Datagrams:
    """A probe's datagrams. Without a packet size they carry what a TCP segment does in a tunnel, as iperf3's do."""

    def __init__(self, scene: Scene, probe: Probe) -> None:
        self._scene = scene
        self._probe = probe
        self._dice = scene.dice("udp", probe)
        self._rate_bps = probe.rate_bps if probe.rate_bps is not None else scene.costs.udp_rate_bps
        self.payload_bytes = int(probe.packet_bytes or tcp_segment(TUNNEL_MTU).payload_bytes)
        self._end_s = scene.rows.zero_s + probe.end_s
        self._flow = Flow(scene.env)
        self._loss = 0.0
        self._counted_bits = 0.0
        self._sent_s = 0.0
        self._since_s: float | None = None
        self._received = 0

    @property
    def held_by(self) -> str:
        """The part of its way that holds it back now; nothing where its own window, rate or loss does."""
        return self._flow.held_by

    @property
    def sent_bytes(self) -> int:
        """Payload offered so far, in whole datagrams (none while the target's name was not known)."""
        sending_s = self._sent_s + (0.0 if self._since_s is None else self._scene.env.now - self._since_s)
        return int(self._rate_bps * sending_s / (8 * self.payload_bytes)) * self.payload_bytes

    @property
    def received_bytes(self) -> int:
        """Payload that had arrived at the last count."""
        return self._received

    def count(self) -> int:
        """Count what has arrived by now: chance takes its share of every packet since the last count."""
        arrived_bits = self._scene.flows.arrived_bits(self._flow)
        offered = round((arrived_bits - self._counted_bits) / (8 * self.payload_bytes))
        self._counted_bits += offered * 8.0 * self.payload_bytes
        lost = binomial(self._dice, offered, self._loss)
        # An interval's rounding must not make more arrive than was sent.
        self._received = min(
            self._received + (offered - lost) * self.payload_bytes, max(self._received, self.sent_bytes)
        )
        return self._received

    def play(self) -> Play:
        """Send until the end, over whatever way there is at each moment."""
        scene, env = self._scene, self._scene.env
        yield env.timeout(scene.rows.zero_s + self._probe.start_s - env.now)
        while env.now < self._end_s:
            source = scene.source(self._probe)
            place = scene.find(source, self._probe.target) if source else None
            if source is None or place is None or place.address is None:
                self._pause()
                yield env.timeout(min(RECONNECT_S, self._end_s - env.now))
                continue
            flow = scene.flow(source, place.address, self._probe.port or 0, scene.source_port(self._probe), udp=True)
            while env.now < self._end_s and source.running:
                self._offer(scene.lanes(source, flow), place.meant)
                since_s = self._since_s = env.now
                yield env.any_of([scene.change, env.timeout(self._end_s - env.now)])
                self._sent_s, self._since_s = self._sent_s + env.now - since_s, None
                self.count()
        scene.flows.stop(self._flow)

    def _pause(self) -> None:
        """Send nothing: there is nobody to send, or no address to send to."""
        self._scene.flows.set(self._flow, IDLE)

    def _offer(self, lanes: Sequence[Way], meant: Pod | None) -> None:
        ways = [way for way in lanes if arrives(way, meant)]
        if not ways:
            self._scene.flows.set(self._flow, IDLE)
            return
        load = udp_datagram(self.payload_bytes, ways[0].mtu)
        # A datagram is lost with any of its fragments, and on a lane that leads nowhere.
        self._loss = 1.0 - sum((1.0 - way.loss) ** len(load.packets) for way in ways) / len(lanes)
        uses = spread([uses_of(way, load, resend=False) for way in ways])
        share = len(ways) / len(lanes)
        demand = Demand(
            uses=tuple((key, share * use) for key, use in uses),
            cap_bps=self._rate_bps,
            open_loop=True,
            payload_bytes=self.payload_bytes,
        )
        self._scene.flows.set(self._flow, demand, ways[0].delay_s)


def arrives(way: Way, meant: Pod | None) -> bool:
    """Whether a datagram gets to the pod that is meant (None: to whoever is there)."""
    return not way.dropped and way.target is not None and (meant is None or way.target is meant)
