"""Probe: one measurement job, built once from a scenario and given to every back end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kubeslice_sim.model.scenario import KeepAlive, ServiceTime

ProbeKind = Literal["ping", "dns", "connect", "tcp", "udp", "http"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One load from one pod to ``target``: a DNS name, an IPv4 address or a pod (``namespace/name@cluster``).

    ``source`` is a pod's reference. ``origin`` tells who asked for it: ``traffic`` or ``expectation``. Fields mean what
    they mean in :class:`kubeslice_sim.model.scenario.Traffic`; None stands for "not limited".
    ``until_ok``: stop at the first attempt that succeeds.
    """

    name: str
    kind: ProbeKind
    source: str
    target: str
    port: int | None = None
    start_s: float = 0.0
    end_s: float = 0.0
    interval_s: float = 1.0
    rate_bps: float | None = None
    size_bytes: float | None = None
    packet_bytes: float | None = None
    streams: int = 1
    congestion: str = "cubic"
    engine: Literal["fluid", "packet"] = "fluid"
    connections: int = 1
    requests_per_second: float | None = None
    arrivals: Literal["even", "poisson"] = "even"
    think_time_s: float = 0.0
    request_bytes: float | None = None
    keep_alive: KeepAlive | None = None
    balance: Literal["first", "random", "rotate"] = "first"
    service_time: ServiceTime | None = None
    workers: int | None = None
    timeout_s: float = 1.0
    origin: Literal["traffic", "expectation"] = "traffic"
    until_ok: bool = False

    @property
    def destination(self) -> str:
        """The target as observations name it: with its port, without a cluster."""
        name = self.target.split("@", 1)[0]
        return f"{name}:{self.port}" if self.port is not None else name
