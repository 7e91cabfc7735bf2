"""What is done to a world and expected of it: scenarios, their traffic, faults and expectations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

from kubeslice_sim.build.hub import More
from kubeslice_sim.build.step import Steps


class Play(Steps):
    """Calls for scenarios: traffic, timeline and expectations belong to the latest ``scenario``.

    ``source`` is ``namespace/workload[@cluster]``; ``to`` a DNS name, an address or ``namespace/workload@cluster``,
    with ``:port`` where the traffic needs one. ``more``: further fields, as YAML has them.
    """

    __slots__ = ()

    def scenario(
        self,
        name: str,
        duration: str,
        *,
        seed: int = 1,
        start: Literal["ready", "created"] = "ready",
        timing: Literal["kubeslice", "fast"] | Mapping[str, Any] = "kubeslice",
        engine: Literal["fluid", "packet"] = "fluid",
        spread: Literal["flow", "packet"] = "flow",
        warm_up: str | None = None,
        more: More = None,
    ) -> Self:
        """A replayable run; zero is when all slices are up (``ready``) or the world is handed in (``created``).

        ``engine``: how the simulator sends tcp and udp; ``spread``: how slice routers spread them over gateways;
        statistics leave out what was before ``warm_up``.
        """
        return self._then("scenario", locals())

    def ping(
        self,
        name: str,
        source: str,
        to: str,
        *,
        start: str | None = None,
        duration: str | None = None,
        interval: str | None = None,
        timeout: str | None = None,
        more: More = None,
    ) -> Self:
        """Echo requests every ``interval`` (1 s if left out)."""
        return self._then("ping", locals())

    def dns(
        self,
        name: str,
        source: str,
        to: str,
        *,
        start: str | None = None,
        duration: str | None = None,
        interval: str | None = None,
        timeout: str | None = None,
        more: More = None,
    ) -> Self:
        """Ask for the name ``to`` every ``interval`` (1 s if left out)."""
        return self._then("dns", locals())

    def tcp(
        self,
        name: str,
        source: str,
        to: str,
        *,
        size: str | None = None,
        duration: str | None = None,
        start: str | None = None,
        rate: str | None = None,
        streams: int = 1,
        congestion: Literal["cubic", "reno", "bbr"] = "cubic",
        engine: Literal["fluid", "packet"] | None = None,
        more: More = None,
    ) -> Self:
        """Send ``size`` bytes, or until ``duration`` ends; at most ``rate``."""
        return self._then("tcp", locals())

    def udp(
        self,
        name: str,
        source: str,
        to: str,
        *,
        rate: str | None = None,
        duration: str | None = None,
        start: str | None = None,
        size: str | None = None,
        packet: str | None = None,
        engine: Literal["fluid", "packet"] | None = None,
        more: More = None,
    ) -> Self:
        """Send datagrams at ``rate``, open loop."""
        return self._then("udp", locals())

    def http(
        self,
        name: str,
        source: str,
        to: str,
        *,
        connections: int = 1,
        requests_per_second: float | None = None,
        arrivals: Literal["even", "poisson"] | None = None,
        think_time: str | None = None,
        size: str | None = None,
        request_size: str | None = None,
        keep_alive: Mapping[str, Any] | None = None,
        balance: Literal["first", "random", "rotate"] | None = None,
        service_time: Mapping[str, Any] | None = None,
        workers: int | None = None,
        duration: str | None = None,
        start: str | None = None,
        timeout: str | None = None,
        more: More = None,
    ) -> Self:
        """Requests in a closed loop of ``connections``, or open at ``requests_per_second``.

        ``keep_alive={"requests": 100, "idle": "5s"}``; ``service_time={"mean": "5ms", "distribution": "exponential"}``.
        """
        return self._then("http", locals())

    def kill(
        self,
        part: Literal["gateway", "router", "dns", "pod", "operator", "node"],
        *,
        at: str,
        slice: str | None = None,
        cluster: str | None = None,
        peer: str | None = None,
        instance: int | None = None,
        pod: str | None = None,
        node: str | None = None,
        name: str | None = None,
        more: More = None,
    ) -> Self:
        """Kill a gateway (slice, cluster, peer, instance; None: both), a router, DNS, a pod (``namespace/name``), an
        operator (``cluster="controller"``: the controller's) or a whole node."""
        return self._then("kill", locals())

    def hang(
        self,
        slice: str,
        cluster: str,
        peer: str,
        *,
        at: str,
        part: Literal["sidecar"] = "sidecar",
        instance: int | None = None,
        name: str | None = None,
        more: More = None,
    ) -> Self:
        """A gateway's sidecar hangs: it tells nobody of its tunnel any more (instance None: both sidecars)."""
        return self._then("hang", locals())

    def disturb_api(
        self,
        how: Literal["down", "slow", "watches"],
        cluster: str,
        *,
        at: str,
        slower: str | None = None,
        name: str | None = None,
        more: More = None,
    ) -> Self:
        """An API server (``controller``: the hub's) is down, ``slower`` by so much a request, or ends every watch."""
        return self._then("disturb_api", locals())

    def break_certificates(
        self, slice: str, *, at: str, how: Literal["fail"] = "fail", name: str | None = None, more: More = None
    ) -> Self:
        """The certificate jobs of a slice end without certificates."""
        return self._then("break_certificates", locals())

    def set_clock(
        self,
        way: Literal["ahead", "behind"],
        by: str,
        cluster: str,
        *,
        at: str,
        name: str | None = None,
        more: More = None,
    ) -> Self:
        """The clock of a cluster (or of ``controller``) goes wrong by so much."""
        return self._then("set_clock", locals())

    def partition(self, a: str, b: str, *, at: str, name: str | None = None, more: More = None) -> Self:
        """Cut two clusters apart."""
        return self._then("partition", locals())

    def degrade(
        self,
        a: str,
        b: str,
        *,
        at: str,
        rtt: str | None = None,
        jitter: str | None = None,
        loss: str | float | None = None,
        bandwidth: str | None = None,
        name: str | None = None,
        more: More = None,
    ) -> Self:
        """Make the WAN between two clusters worse; what is left out stays as it is."""
        return self._then("degrade", locals())

    def restore(self, what: str = "all", *, at: str, more: More = None) -> Self:
        """End the fault of that name, or all."""
        return self._then("restore", locals())

    def apply(self, *documents: Mapping[str, Any], at: str, more: More = None) -> Self:
        """Hand documents to the API servers, as YAML has them."""
        return self._then("apply", locals())

    def patch(self, document: Mapping[str, Any], *, at: str, more: More = None) -> Self:
        """Merge a partial document into the object that its kind and metadata name (RFC 7386: None removes)."""
        return self._then("patch", locals())

    def delete(self, document: Mapping[str, Any], *, at: str, more: More = None) -> Self:
        """Delete the object that a document's kind and metadata name."""
        return self._then("delete", locals())

    def step(self, **fields: Any) -> Self:
        """Any step of the timeline, as YAML has it: ``at="40s", restore="all"``."""
        return self._then("step", locals())

    def expect_reach(self, name: str, source: str, to: str, *, by: str | None = None, more: More = None) -> Self:
        """``source`` reaches ``to`` (by TCP where it has a port, else by ping), ``by`` a moment."""
        return self._then("expect_reach", locals())

    def expect_no_reach(self, name: str, source: str, to: str, *, by: str | None = None, more: More = None) -> Self:
        """``source`` does not reach ``to``."""
        return self._then("expect_no_reach", locals())

    def expect_name(
        self,
        name: str,
        source: str,
        dns_name: str,
        *,
        answers: int | None = None,
        by: str | None = None,
        more: More = None,
    ) -> Self:
        """``dns_name`` resolves from ``source``, to so many addresses."""
        return self._then("expect_name", locals())

    def expect_outage(
        self,
        name: str,
        traffic: str,
        *,
        after: str | None = None,
        at_most: str | None = None,
        at_least: str | None = None,
        between: Sequence[str] | None = None,
        more: More = None,
    ) -> Self:
        """The longest time from ``after`` on in which a traffic got nothing through."""
        return self._then("expect_outage", locals())

    def expect_metric(
        self,
        name: str,
        metric: str,
        traffic: str,
        *,
        statistic: Literal["mean", "median", "p90", "p95", "p99", "p999", "min", "max", "last"] = "mean",
        window: Sequence[str] | None = None,
        between: Sequence[str] | None = None,
        at_most: str | None = None,
        at_least: str | None = None,
        more: More = None,
    ) -> Self:
        """A metric of a traffic: ``between=("25Mbit", "30Mbit")``, ``at_most="80ms"`` …, in a ``window`` of time."""
        return self._then("expect_metric", locals())

    def expect(self, name: str, **fields: Any) -> Self:
        """Any expectation, as YAML has it."""
        return self._then("expect", locals())
