"""Costs: what the parts of a path take that no Underlay declares. Small, documented, and all in one place."""

from __future__ import annotations

from dataclasses import dataclass

from kubeslice_sim.simulator.tcp import MAX_WINDOW_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Processing times are one way and per device; queue lengths are those of the qdisc that KubeSlice sets up.

    ``gateway_s`` is a user-space VPN's (wireguard-go: 0.33 ms for a round trip through two of them, four passages);
    the others are what a packet takes through a Linux network namespace. ``noise_s`` is the mean of an exponential:
    interrupts and scheduling, once each way.
    """

    pod_s: float = 10e-6
    router_s: float = 10e-6
    gateway_s: float = 70e-6
    node_s: float = 20e-6
    noise_s: float = 20e-6
    pod_nic_bps: float = 10e9
    dns_answer_s: float = 0.4e-3
    dns_cached_s: float = 0.05e-3
    dns_timeout_s: float = 5.0
    """resolv.conf's default ``timeout``."""
    http_service_s: float = 1.5e-3
    """About what a small Python server takes, such as the built-in ``http-echo``."""
    http_response_bytes: float = 1000.0
    tunnel_queue_s: float = 0.5
    """``tbf … latency 500ms`` (gateway-sidecar)."""
    slice_queue_packets: int = 127
    """The limit of ``sfq`` under the slice's leaf class (netops sets no other)."""
    nic_queue_packets: int = 1000
    """Linux' ``txqueuelen`` of an Ethernet device."""
    link_queue_s: float = 0.05
    """The least buffer before a WAN link; it holds a round trip where that is longer."""
    window_bytes: int = MAX_WINDOW_BYTES
    udp_rate_bps: float = 1e6
    """What UDP offers where a traffic names no rate: iperf3's default."""
