"""Our rules on a scenario's traffic."""

from __future__ import annotations

from collections.abc import Iterator

from kubeslice_sim.admission.known import known_to, split_port
from kubeslice_sim.admission.rule import Finding, Request, rule
from kubeslice_sim.model.scenario import Scenario, Traffic

_OURS = "kubeslice-sim"
_NEEDS_PORT = ("tcp", "udp", "http")
_OF_KIND = {
    "rate_bps": ("rate", ("tcp", "udp")),
    "size_bytes": ("size", ("tcp", "udp", "http")),
    "packet_bytes": ("packet", ("udp", "ping")),
    "requests_per_second": ("requestsPerSecond", ("http",)),
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
        path = ("spec", "traffic", index, "to")
        if traffic.kind in _NEEDS_PORT and port is None:
            yield Finding(path, f"{traffic.kind} needs a port", f"write it as {traffic.to}:5201")
        elif traffic.kind not in _NEEDS_PORT and port is not None:
            yield Finding(path, f"{traffic.kind} has no port", "leave it out, or use kind tcp, udp or http")


@rule("Scenario", source=_OURS)
def traffic_measure(request: Request) -> Iterator[Finding]:
    """udp says its rate; tcp says when it ends: by size or by duration."""
    for index, traffic in enumerate(request.document.spec.traffic):
        at = ("spec", "traffic", index)
        if traffic.kind == "udp" and not traffic.rate_bps:
            yield Finding((*at, "rate"), "udp needs a rate: it is an open loop", "such as rate: 10Mbit")
        if traffic.kind == "tcp" and traffic.size_bytes is None and traffic.duration_s is None:
            yield Finding((*at, "duration"), "tcp needs a size or a duration", "such as duration: 10s")


@rule("Scenario", source=_OURS)
def traffic_fields_of_kind(request: Request) -> Iterator[Finding]:
    """A traffic has no field that means nothing to its kind, and no interval of zero."""
    for index, traffic in enumerate(request.document.spec.traffic):
        at = ("spec", "traffic", index)
        for name, (field, kinds) in _OF_KIND.items():
            if getattr(traffic, name) is not None and traffic.kind not in kinds:
                yield Finding((*at, field), f"{field} means nothing to {traffic.kind}", f"it is for {', '.join(kinds)}")
        if traffic.interval_s <= 0:
            yield Finding((*at, "interval"), "the interval must be longer than 0", "such as 200ms")


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


def _end_s(traffic: Traffic) -> float:
    return traffic.start_s + (traffic.duration_s or 0.0)
