"""Lookups, TCP connections and HTTP requests from inside a pod, again and again, by a child process in the pod.

The child (`emulator/attempts.py`) resolves names by the pod's own resolv.conf, as any program there does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Literal, cast

from emulator.netns import Namespace
from emulator.programs import interpreter
from emulator.running import Finished, Running
from kubeslice_sim.observe.observation import Outcome

_SCRIPT = Path(__file__).resolve().with_name("attempts.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptSpec:
    """What to try, and how often: `count` times or for `duration_s`, what ends first; None is no limit.

    lookup, connect and request (HTTP, each on a connection of its own) go every `interval_s`, one after the other;
    `until_ok` ends them at the first success.
    http without `requests_per_second` is a closed loop of `connections` clients that think between two requests, and
    with it an open loop. `path` `/bytes/N` makes http-echo answer with N bytes.
    """

    kind: Literal["lookup", "connect", "request", "http"]
    target: str
    port: int | None = None
    count: int | None = 1
    duration_s: float | None = None
    interval_s: float = 1.0
    timeout_s: float = 1.0
    until_ok: bool = False
    path: str = "/"
    connections: int = 1
    requests_per_second: float | None = None
    think_time_s: float = 0.0
    arrivals: Literal["even", "poisson"] = "even"
    balance: Literal["first", "random", "rotate"] = "first"
    keep_requests: int | None = None
    keep_idle_s: float | None = None

    def __post_init__(self) -> None:
        if self.kind != "lookup" and self.port is None:
            raise ValueError(f"a probe of kind {self.kind} needs a port")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try, numbered from 0. What was not reached is None: a refused connection has a `lookup_s` but no `connect_s`.

    `request_s` counts from when the request was due. `pod` is who answered, if it said so. `cause` is why nobody
    answered an http request, in the words of `model/metric.py`.
    """

    seq: int
    at_unix_s: float
    outcome: Outcome
    detail: str
    addresses: tuple[IPv4Address, ...] = ()
    lookup_s: float | None = None
    connect_s: float | None = None
    request_s: float | None = None
    status: int | None = None
    received_bytes: int | None = None
    pod: str = ""
    cause: str = ""


def start(namespace: Namespace, spec: AttemptSpec) -> Running:
    """Starts trying from inside the namespace."""
    return Running(namespace, (*interpreter(_SCRIPT), json.dumps(asdict(spec))))


def read(done: Finished) -> tuple[Attempt, ...]:
    """The attempts of a finished probe in the order of their numbers; one that was stopped in the middle is left out.

    A child that failed without any attempt counts as one attempt that failed to probe.
    """
    attempts = tuple(sorted(read_lines(done.stdout), key=lambda one: one.seq))
    if attempts or done.stopped or done.status == 0:
        return attempts
    detail = done.last_words or f"the probe ended with status {done.status}"
    return (Attempt(seq=0, at_unix_s=done.started_unix_s, outcome="failed_to_probe", detail=detail),)


def read_lines(text: str) -> tuple[Attempt, ...]:
    """The attempts in what a probe has printed so far, in order of their ends; a line that is not whole is left out."""
    return tuple(_attempt(json.loads(line)) for line in text.splitlines(keepends=True) if line.endswith("}\n"))


def _attempt(told: Mapping[str, Any]) -> Attempt:
    outcome, addresses = cast(Outcome, told["outcome"]), tuple(map(IPv4Address, told.get("addresses", ())))
    return Attempt(**{**told, "outcome": outcome, "addresses": addresses})
