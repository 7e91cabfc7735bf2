"""Resources: how much each shared part of a path carries, and how long its queue can grow."""

from __future__ import annotations

from kubeslice_sim.simulator.costs import Costs
from kubeslice_sim.simulator.encapsulation import LINE_BYTES, MAC_BYTES, OVERLAY_MTU, TUNNEL_MTU
from kubeslice_sim.simulator.lane import trunk_of
from kubeslice_sim.simulator.network import Gateway, Network
from kubeslice_sim.simulator.way import ResourceKey

_FRAME_BYTES = TUNNEL_MTU + 60 + MAC_BYTES
"""Of a full packet of a tunnel."""
_ON_LINE = (_FRAME_BYTES - MAC_BYTES + LINE_BYTES) / _FRAME_BYTES
"""HTB counts such frames without what the line adds."""


def resource_name(key: ResourceKey) -> str:
    """``tunnel/<gateway pod>``, ``cpu/<gateway pod>``, ``qos/<node>/<slice>``, ``nic/<node>/out``, ``wan/<to>`` …: what
    it is and whose, as plans name that, within the cluster ``key[1]``."""
    return "/".join((key[0], *key[2:]))


class Resources:
    """Looks up capacities and buffers in the network as it is now."""

    def __init__(self, network: Network, costs: Costs) -> None:
        self._network = network
        self._costs = costs

    def capacity(self, key: ResourceKey) -> float:
        """Bits per second, or CPU seconds per second, in the resource's own count.

        ``qos``: the ceiling. KubeSlice gives a slice one leaf (rate: guaranteed) under a parent of its own whose rate
        is the ceiling already, so the leaf always borrows up to it (netops server/netop_handler.go), unless the node's
        device is slower than what its slices ask together: see :meth:`floor`.
        """
        match key:
            case ("pod", *_):
                return self._costs.pod_nic_bps
            case ("tunnel", cluster, pod):
                return float(self._gateway(cluster, pod).start.tunnel_rate_bps or 0)
            case ("cpu", cluster, pod):
                tunnel = self._gateway(cluster, pod).tunnel
                cores = tunnel.vpn.cores if tunnel else float("inf")
                return min(cores, self._network.underlay.cluster(cluster).gateway_cpus)
            case ("qos", cluster, _, slice_):
                return float(self._network.qos[cluster, slice_].ceiling_bps)
            case ("nic", cluster, *_):
                return self._network.underlay.cluster(cluster).node_bandwidth_bps
            case ("wan", source, target):
                return self._network.link(source, target).path.bandwidth_bps
        raise KeyError(key)

    def floor(self, lane: ResourceKey) -> float:
        """What a lane gets before others share the rest: a slice its guaranteed rate, of its node's device.

        HTB is that device's own qdisc, and nothing queues behind it: whenever the device can send, HTB serves leaves
        within their rate first, and those that borrow in turn.
        """
        if lane == trunk_of(lane) or lane[0] != "nic":
            return 0.0
        profile = self._network.qos.get((lane[1], lane[4]))
        return float(profile.guaranteed_bps) * _ON_LINE if profile else 0.0

    def buffer_s(self, key: ResourceKey, rtt_s: float) -> float:
        """How long a packet waits at most in the queue before the resource, with full-sized packets in it.

        A slice's leaf of a device: if it had that to itself.
        """
        frame_bits = 8.0 * _FRAME_BYTES
        match key[0]:
            case "nic" if key != trunk_of(key):
                return self._costs.slice_queue_packets * frame_bits * _ON_LINE / self.capacity(trunk_of(key))
            case "tunnel":
                return self._costs.tunnel_queue_s
            case "qos":
                return self._costs.slice_queue_packets * frame_bits / self.capacity(trunk_of(key))
            case "wan":
                return max(self._costs.link_queue_s, rtt_s)
            case "cpu":
                tunnel = self._gateway(key[1], key[2]).tunnel
                packet_s = tunnel.vpn.packet_cpu_s + tunnel.vpn.byte_cpu_s * TUNNEL_MTU if tunnel else 0.0
                return self._costs.nic_queue_packets * packet_s / self.capacity(key)
        return self._costs.nic_queue_packets * 8.0 * (OVERLAY_MTU + MAC_BYTES) / self.capacity(key)

    def _gateway(self, cluster: str, pod: str) -> Gateway:
        return self._network.gateways[cluster, pod]
