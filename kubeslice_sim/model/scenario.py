"""Scenario: what is done to a world and what is expected of it; the same file for every back end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le, Len

from kubeslice_sim.model.document import ObjectMeta, Resource, kube
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.quantity import Bandwidth, BitsPerSecond, Bytes, Datagram, Interval, Seconds, Share, Work
from kubeslice_sim.model.timing import Timing, TimingChoice

TrafficKind = Literal["ping", "dns", "tcp", "udp", "http"]
Engine = Literal["fluid", "packet"]
"""How the simulator computes bulk traffic: rates that are shared fairly, or every packet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTime:
    """How long a server works on a request; ``cv`` is the standard deviation over the mean, for ``lognormal``."""

    __pydantic_config__: ClassVar[Any] = kube(mean_s="mean")

    mean_s: Work
    distribution: Literal["constant", "exponential", "lognormal"] = "constant"
    cv: Annotated[float, Gt(0), Le(100)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepAlive:
    """How long a client uses a connection: for so many ``requests``, and no more once it was ``idle`` that long."""

    __pydantic_config__: ClassVar[Any] = kube(idle_s="idle")

    requests: Annotated[int, Ge(1)] | None = None
    idle_s: Interval | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """One named load, from the pods of a workload to a service name, a workload or an address.

    ``from`` is ``namespace/workload[@cluster]``; ``to`` is a DNS name, an address or ``namespace/workload@cluster``,
    with ``:port`` where the kind needs one. ping and dns repeat every ``interval``; tcp sends ``size`` bytes or until
    ``duration`` ends, at most ``rate``; udp sends at ``rate`` (open loop); http is a closed loop of ``connections``,
    or open at ``requestsPerSecond`` (``arrivals``: evenly spaced, or a Poisson process). ``engine`` is the simulator's
    for this tcp or udp, the scenario's if left out.

    http: ``size`` is the answer's, ``requestSize`` the question's. A connection is kept until it fails, or as
    ``keepAlive`` says. A new one goes to the answer's addresses in their order until one takes it, ``balance``: from
    the first (as most clients do), from a random one, or in rotation. ``serviceTime`` and ``workers`` are the server's:
    each of its pods works on so many requests at once, the others wait in line. ``timeout`` is for each step: the
    name, one address, the answer; load generators wait longer than its second (wrk2 2 s, k6 60 s).
    """

    __pydantic_config__: ClassVar[Any] = kube(
        from_="from", start_s="start", duration_s="duration", interval_s="interval", rate_bps="rate",
        size_bytes="size", packet_bytes="packet", think_time_s="thinkTime", timeout_s="timeout",
        request_bytes="requestSize", service_time="serviceTime",
    )  # fmt: skip

    name: Annotated[str, Len(1, 63)]
    kind: TrafficKind
    from_: str
    to: str
    start_s: Seconds = 0.0
    duration_s: Seconds | None = None
    interval_s: Interval = 1.0
    rate_bps: BitsPerSecond | None = None
    size_bytes: Bytes | None = None
    packet_bytes: Datagram | None = None
    streams: Annotated[int, Ge(1), Le(128)] = 1
    congestion: Literal["cubic", "reno", "bbr"] = "cubic"
    engine: Engine | None = None
    connections: Annotated[int, Ge(1), Le(1000)] = 1
    requests_per_second: Annotated[float, Gt(0), Le(100_000)] | None = None
    arrivals: Literal["even", "poisson"] | None = None
    think_time_s: Seconds = 0.0
    request_bytes: Bytes | None = None
    keep_alive: KeepAlive | None = None
    balance: Literal["first", "random", "rotate"] | None = None
    service_time: ServiceTime | None = None
    workers: Annotated[int, Ge(1), Le(10_000)] | None = None
    timeout_s: Seconds = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFault:
    """A WAN link made worse: what is None stays as it is."""

    __pydantic_config__: ClassVar[Any] = kube(rtt_s="rtt", jitter_s="jitter", bandwidth_bps="bandwidth")

    between: Annotated[tuple[str, ...], Len(2, 2)]
    rtt_s: Seconds | None = None
    jitter_s: Seconds | None = None
    loss: Share | None = None
    bandwidth_bps: Bandwidth | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Exactly one thing that breaks: ``kill`` or ``hang`` a part, ``partition`` two clusters, change a ``link``, break
    an ``api`` server, ``certificates`` or a ``clock``.

    A gateway is named by slice, cluster, peer and instance (0 or 1; None: both), and so is its sidecar that hangs; a
    router by slice and cluster; dns and operator by cluster; a pod by ``pod: namespace/name`` and cluster; a node by
    node and cluster. ``controller`` is the controller cluster: its API server, its controllers (kill: operator), its
    clock, and one end of a partition that cuts a worker off.

    ``api``: ``down`` refuses all requests, ``slow`` takes ``slower`` more for each, ``watches`` ends every watch once.
    ``certificates: fail``: the certificate jobs of a slice end without certificates. ``clock``: the cluster's goes
    ahead or behind ``by`` so much, for KubeSlice's controllers there: what they date, and when they find that something
    is due. Nothing else is wrong with it: certificates and tokens stay valid, TLS to API servers works, VPNs and
    Kubernetes' own parts keep the right time (real ones would refuse each other some hours or days apart).
    """

    __pydantic_config__: ClassVar[Any] = kube(slower_s="slower", by_s="by")

    name: str = ""
    kill: Literal["gateway", "router", "dns", "pod", "operator", "node"] | None = None
    hang: Literal["sidecar"] | None = None
    api: Literal["down", "slow", "watches"] | None = None
    certificates: Literal["fail"] | None = None
    clock: Literal["ahead", "behind"] | None = None
    node: str = ""
    slower_s: Interval | None = None
    by_s: Interval | None = None
    slice: str = ""
    cluster: str = ""
    peer: str = ""
    instance: int | None = None
    pod: str = ""
    partition: Annotated[tuple[str, ...], Len(2, 2)] | None = None
    link: LinkFault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineStep:
    """One thing done at ``at`` seconds: a fault, its end (``restore``: a fault's name, or all), or an API request."""

    __pydantic_config__: ClassVar[Any] = kube(at_s="at")

    at_s: Seconds
    fault: Fault | None = None
    restore: str | None = None
    apply: tuple[FrozenMap[Any], ...] = ()
    patch: FrozenMap[Any] | None = None
    delete: FrozenMap[Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Who should (or should not) reach what: by TCP where ``to`` has a port, else by ping."""

    __pydantic_config__: ClassVar[Any] = kube(from_="from")

    from_: str
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolve:
    """A name asked for from the pods of a workload; ``answers`` is how many addresses it should give."""

    __pydantic_config__: ClassVar[Any] = kube(from_="from")

    from_: str
    name: str
    answers: Annotated[int, Ge(0)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """The longest time that a traffic got nothing through, from ``after`` on."""

    __pydantic_config__: ClassVar[Any] = kube(after_s="after")

    traffic: str
    after_s: Seconds = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """Exactly one of ``reach``, ``noReach``, ``resolves``, ``outage`` or ``metric``.

    ``by``: the moment by which it must hold (reach, resolves). ``metric`` of ``traffic`` in ``window``: its
    ``statistic`` lies in ``between`` or under ``atMost`` / over ``atLeast`` (written with units).
    """

    __pydantic_config__: ClassVar[Any] = kube(by_s="by")

    name: Annotated[str, Len(1, 63)]
    reach: Reach | None = None
    no_reach: Reach | None = None
    resolves: Resolve | None = None
    outage: Outage | None = None
    metric: str | None = None
    traffic: str = ""
    statistic: Literal["mean", "median", "p90", "p95", "p99", "p999", "min", "max", "last"] = "mean"
    window: Annotated[tuple[Seconds, ...], Len(2, 2)] | None = None
    by_s: Seconds | None = None
    between: Annotated[tuple[str, ...], Len(2, 2)] | None = None
    at_most: str | None = None
    at_least: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioSpec:
    """``duration`` counts from the scenario's zero: the moment all slices are up (``start: ready``), or the moment
    the world is handed to the controller (``start: created``). ``engine: packet`` has the simulator send tcp and udp
    packet by packet; other back ends have real ones anyway. ``spread: packet`` has slice routers send tcp and udp over
    their gateways packet by packet, in turn, where KubeSlice's keep each flow to one (its 5-tuple's hash): what that
    would gain, and what its reordering would cost; the simulator only. ``warmUp``: statistics over several runs leave
    out what was before; left out, it is found for each steady series (MSER-5), and is nothing where a timeline plays.
    """

    __pydantic_config__: ClassVar[Any] = kube(duration_s="duration", warm_up_s="warmUp")

    duration_s: Seconds
    warm_up_s: Seconds | None = None
    seed: Annotated[int, Ge(0)] = 1
    start: Literal["ready", "created"] = "ready"
    timing: Literal["kubeslice", "fast"] | TimingChoice = "kubeslice"
    engine: Engine = "fluid"
    spread: Literal["flow", "packet"] = "flow"
    traffic: tuple[Traffic, ...] = ()
    timeline: tuple[TimelineStep, ...] = ()
    expect: tuple[Expectation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One replayable run."""

    __pydantic_config__: ClassVar[Any] = kube()
    RESOURCE: ClassVar[Resource] = Resource(
        group="kubeslice-sim.io", version="v1alpha1", kind="Scenario", plural="scenarios", singular="scenario"
    )

    metadata: ObjectMeta
    spec: ScenarioSpec

    @property
    def timing(self) -> Timing:
        """The control plane's waits in this scenario."""
        choice = self.spec.timing
        return choice.settle() if isinstance(choice, TimingChoice) else TimingChoice(profile=choice).settle()
