"""Our rules on a scenario's traffic."""

from __future__ import annotations

import math
from collections.abc import Iterator

from kubeslice_sim.admission.known import known_to
from kubeslice_sim.admission.rule import Finding, Request, rule
from kubeslice_sim.model.field_path import FieldPath
from kubeslice_sim.model.reference import split_port
from kubeslice_sim.model.scenario import Scenario, Traffic

_OURS = "kubeslice-sim"
MOST_ATTEMPTS = 1_000_000
_NEEDS_PORT = ("tcp", "udp", "http")
_OF_KIND = {
    "rate_bps": ("rate", ("tcp", "udp")),
    "size_bytes": ("size", ("tcp", "udp", "http")),
    "packet_bytes": ("packet", ("udp", "ping")),
    "requests_per_second": ("requestsPerSecond", ("http",)),
    "engine": ("engine", ("tcp", "udp")),
    "arrivals": ("arrivals", ("http",)),
    "request_bytes": ("requestSize", ("http",)),
    "keep_alive": ("keepAlive", ("http",)),
    "balance": ("balance", ("http",)),
    "service_time": ("serviceTime", ("http",)),
    "workers": ("workers", ("http",)),
}
"""Fields that mean something to some kinds only: their name in the file, and the kinds."""


@rule("Scenario", source=_OURS)
def traffic_names_unique(request: Request) -> Iterator[Finding]:
    """A traffic's name stands once in its scenario."""
    seen: set[str] = set()
    for index, traffic in enumerate(request.document.spec.traffic):
        if traffic.name in seen:
            hint = "expectations refer to traffic by name"
            yield Finding(("spec", "traffic", index, "name"), f"a second traffic is named {traffic.name}", hint)
        seen.add(traffic.name)


@rule("Scenario", source=_OURS)
def traffic_ends_exist(request: Request) -> Iterator[Finding]:
    """Both ends of a traffic are in the world."""
    known = known_to(request)
    for index, traffic in enumerate(request.document.spec.traffic):
        yield from known.source(traffic.from_, ("spec", "traffic", index, "from"))
        yield from known.target(traffic.to, ("spec", "traffic", index, "to"))


@rule("Scenario", source=_OURS)
def traffic_port(request: Request) -> Iterator[Finding]:
    """tcp, udp and http need a port; ping and dns have none."""
    for index, traffic in enumerate(request.document.spec.traffic):
        port = split_port(traffic.to)[1]
        at: FieldPath = ("spec", "traffic", index)
        said = None
        if traffic.kind in _NEEDS_PORT and port is None:
            said = f"{traffic.kind} needs a port", f"write it as {traffic.to}:5201"
        elif traffic.kind not in _NEEDS_PORT and port is not None:
            said = f"{traffic.kind} has no port", "leave it out, or use kind tcp, udp or http"
        if said:
            yield Finding((*at, "to"), *said, against=((*at, "kind"),))


@rule("Scenario", source=_OURS)
def traffic_measure(request: Request) -> Iterator[Finding]:
    """udp says its rate; tcp says when it ends: by size or by duration."""
    for index, traffic in enumerate(request.document.spec.traffic):
        at: FieldPath = ("spec", "traffic", index)
        if traffic.kind == "udp" and not traffic.rate_bps:
            said = "udp needs a rate: it is an open loop", "such as rate: 10Mbit"
            yield Finding((*at, "rate"), *said, against=((*at, "kind"),))
        if traffic.kind == "tcp" and traffic.size_bytes is None and traffic.duration_s is None:
            said = "tcp needs a size or a duration", "such as duration: 10s"
            yield Finding((*at, "duration"), *said, against=((*at, "kind"), (*at, "size")))


@rule("Scenario", source=_OURS)
def traffic_fields_of_kind(request: Request) -> Iterator[Finding]:
    """A traffic has no field that means nothing to its kind."""
    for index, traffic in enumerate(request.document.spec.traffic):
        at: FieldPath = ("spec", "traffic", index)
        for name, (field, kinds) in _OF_KIND.items():
            if getattr(traffic, name) is not None and traffic.kind not in kinds:
                said = f"{field} means nothing to {traffic.kind}", f"it is for {', '.join(kinds)}"
                yield Finding((*at, field), *said, against=((*at, "kind"),))


@rule("Scenario", source=_OURS)
def traffic_service_time(request: Request) -> Iterator[Finding]:
    """A coefficient of variation belongs to lognormal service times, and they need one."""
    for index, traffic in enumerate(request.document.spec.traffic):
        wish, at = traffic.service_time, ("spec", "traffic", index, "serviceTime")
        if wish is None or (wish.distribution == "lognormal") == (wish.cv is not None):
            continue
        if wish.cv is None:
            said = "lognormal needs a cv", "such as cv: 0.5"
        else:
            said = f"cv means nothing to {wish.distribution}", "use distribution: lognormal, or leave it out"
        yield Finding((*at, "cv"), *said, against=((*at, "distribution"),))


@rule("Scenario", source=_OURS)
def traffic_open_loop(request: Request) -> Iterator[Finding]:
    """Arrivals are those of an open loop."""
    for index, traffic in enumerate(request.document.spec.traffic):
        if traffic.kind == "http" and traffic.arrivals is not None and not traffic.requests_per_second:
            at: FieldPath = ("spec", "traffic", index)
            said = "arrivals are those of an open loop", "say requestsPerSecond, or leave it out"
            yield Finding((*at, "arrivals"), *said, against=((*at, "requestsPerSecond"),))


@rule("Scenario", source=_OURS)
def traffic_workers_agree(request: Request) -> Iterator[Finding]:
    """Who says how many workers a server has says the same of the same server."""
    said: dict[str, tuple[int, int]] = {}
    for index, traffic in enumerate(request.document.spec.traffic):
        if traffic.workers is None:
            continue
        first, workers = said.setdefault(traffic.to, (index, traffic.workers))
        if workers != traffic.workers:
            message = f"{traffic.to} has {workers} workers in another traffic, {traffic.workers} here"
            against = (("spec", "traffic", first, "workers"),)
            yield Finding(("spec", "traffic", index, "workers"), message, "say one number", against=against)


@rule("Scenario", source=_OURS)
def traffic_by_packets(request: Request) -> Iterator[Finding]:
    """The packet engine knows the congestion controls Reno and CUBIC."""
    scenario: Scenario = request.document
    for index, traffic in enumerate(scenario.spec.traffic):
        if traffic.kind == "tcp" and traffic.congestion == "bbr" and _engine(traffic, scenario) == "packet":
            at: FieldPath = ("spec", "traffic", index)
            said = "the packet engine does not know bbr", "use cubic or reno, or engine: fluid for this traffic"
            yield Finding((*at, "congestion"), *said, against=((*at, "engine"), ("spec", "engine")))


@rule("Scenario", source=_OURS)
def traffic_attempts_bounded(request: Request) -> Iterator[Finding]:
    """A traffic makes at most a million attempts: more is a slip of a unit, and no run would end."""
    scenario: Scenario = request.document
    for index, traffic in enumerate(scenario.spec.traffic):
        at: FieldPath = ("spec", "traffic", index)
        length_s = min(_given(traffic.duration_s, scenario.spec.duration_s), scenario.spec.duration_s)
        if traffic.kind in ("ping", "dns"):
            attempts, field = length_s / traffic.interval_s if traffic.interval_s else math.inf, "interval"
        else:
            attempts, field = length_s * (traffic.requests_per_second or 0.0), "requestsPerSecond"
        if attempts > MOST_ATTEMPTS:
            read = ((*at, "kind"), (*at, "duration"), ("spec", "duration"))
            message = f"would make more than {MOST_ATTEMPTS:,} attempts"
            yield Finding((*at, field), message, "make it rarer or shorter", against=read)


@rule("Scenario", source=_OURS, severity="warning")
def traffic_within_scenario(request: Request) -> Iterator[Finding]:
    """A traffic starts before the scenario ends, and ends by then."""
    scenario: Scenario = request.document
    end_s = scenario.spec.duration_s
    for index, traffic in enumerate(scenario.spec.traffic):
        if traffic.start_s >= end_s:
            yield Finding(("spec", "traffic", index, "start"), "starts after the scenario's end: it never runs")
        elif _end_s(traffic) > end_s:
            yield Finding(("spec", "traffic", index, "duration"), "is cut off at the scenario's end")


def _engine(traffic: Traffic, scenario: Scenario) -> str:
    return traffic.engine or scenario.spec.engine


def _given(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def _end_s(traffic: Traffic) -> float:
    return traffic.start_s + (traffic.duration_s or 0.0)
