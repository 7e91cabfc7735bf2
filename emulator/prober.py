"""Prober: a scenario's probes as real programs in pods, and what they saw as observations."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address
from typing import Literal

from emulator import iperf3, ping, probes
from emulator.iperf3 import IperfSpec
from emulator.mesh import Mesh
from emulator.ping import Echo, PingSpec
from emulator.pods import AppPod, AppPods
from emulator.probes import Attempt, AttemptSpec
from emulator.request_tally import RequestTally
from kubeslice_sim.observe.observation import Observation, Outcome
from kubeslice_sim.observe.probe import Probe
from kubeslice_sim.planner.plan import Plan

GRACE_S = 10.0
"""How long a program may take beyond its time before it is stopped."""
_DIGITS = 6
_ATTEMPTS: Mapping[str, Literal["lookup", "connect", "http"]] = {"dns": "lookup", "connect": "connect", "http": "http"}

Emit = Callable[[Observation], None]


class Prober:
    """Runs probes; rows are stamped with seconds since ``zero_unix_s``. One thread a probe."""

    def __init__(self, plan: Plan, pods: AppPods, mesh: Mesh, emit: Emit, zero_unix_s: float) -> None:
        self._pods = pods
        self._mesh = mesh
        self._emit = emit
        self._zero_unix_s = zero_unix_s
        self._names = _names_of(plan)
        self._threads: list[threading.Thread] = []

    def start(self, probe: Probe) -> None:
        """Begin a probe now; its time has come."""
        thread = threading.Thread(target=self._play, args=(probe,), name=f"probe-{probe.name}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def join(self, timeout_s: float) -> tuple[str, ...]:
        """Wait for all probes; the names of those that have not ended by then."""
        until_s = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, until_s - time.monotonic()))
        return tuple(thread.name for thread in self._threads if thread.is_alive())

    def _play(self, probe: Probe) -> None:
        """Measure to the probe's end: what ends early (no pod yet, no such name, a pod that died) begins anew."""
        seq = 0
        tally = RequestTally(probe)
        try:
            while True:
                began_s = time.monotonic()
                seq, ended = self._measure(probe, seq, tally)
                if ended or self._now_s() >= probe.end_s:
                    break
                time.sleep(max(0.0, probe.interval_s - (time.monotonic() - began_s)))
                if self._now_s() >= probe.end_s:
                    break
        except Exception as error:
            self._row(probe, None, _first_metric(probe), 0, seq, "failed_to_probe", f"{type(error).__name__}: {error}")
        if probe.kind == "http" and not _beyond(probe):
            for item in tally.figures():
                self._row(probe, self._source(probe), item.metric, item.value, item.seq, item.outcome, item.detail,
                          item.at_s)  # fmt: skip

    def _measure(self, probe: Probe, seq: int, tally: RequestTally) -> tuple[int, bool]:
        """Run the probe's program once; the next row's number, and whether that was all there is to do."""
        once = probe.kind in ("tcp", "udp")
        pod = self._source(probe)
        target = self._target(pod, probe) if pod is not None else None
        if pod is None or target is None:
            why = f"{probe.source} does not run" if pod is None else f"no pod {probe.target}"
            self._row(probe, pod, _first_metric(probe), 0, seq, "failed_to_probe", why)
            tally.add(self._now_s(), None, "failed_to_probe", why)
            return seq + 1, once
        if once:
            self._iperf(probe, pod, target)
            return seq, True
        if probe.kind == "ping":
            return self._ping(probe, pod, target, seq)
        return self._attempts(probe, pod, target, seq, tally)

    def _ping(self, probe: Probe, pod: AppPod, target: str, first: int) -> tuple[int, bool]:
        left_s = probe.end_s - self._now_s()
        count = 1 if probe.until_ok else max(1, round(left_s / probe.interval_s))
        interval_s = 1.0 if probe.until_ok else probe.interval_s
        spec = PingSpec(target=target, count=count, interval_s=interval_s, timeout_s=probe.timeout_s)
        patience_s = count * interval_s + probe.timeout_s + GRACE_S
        done = ping.read(spec, ping.start(pod.namespace, spec).finish(timeout_s=patience_s))
        if not done.echoes:
            self._row(probe, pod, "reachable", 0, first, done.outcome, done.detail)
        for echo in done.echoes:
            self._echo(probe, pod, echo, first + echo.seq)
        ended = done.outcome == "ok" if probe.until_ok else len(done.echoes) >= count
        return first + max(1, len(done.echoes)), ended

    def _echo(self, probe: Probe, pod: AppPod, echo: Echo, seq: int) -> None:
        at_s = self._since_zero(echo.at_unix_s)
        reached = echo.rtt_s is not None
        self._row(probe, pod, "reachable", int(reached), seq, echo.outcome, echo.detail, at_s)
        if echo.rtt_s is not None:
            self._row(probe, pod, "rtt_s", echo.rtt_s, seq, "ok", "", at_s)

    def _attempts(
        self, probe: Probe, pod: AppPod, target: str, first: int, tally: RequestTally
    ) -> tuple[int, bool]:  # fmt: skip
        beyond = _beyond(probe)
        if beyond:
            self._row(probe, pod, "reachable", 0, first, "unsupported", beyond)
            return first + 1, True
        keep = probe.keep_alive
        duration_s = max(probe.end_s - self._now_s(), 0.001)
        spec = AttemptSpec(
            kind=self._kind(probe, pod, target),
            target=target,
            port=probe.port,
            count=None,
            duration_s=duration_s,
            interval_s=probe.interval_s,
            timeout_s=probe.timeout_s,
            until_ok=probe.until_ok,
            connections=probe.connections,
            requests_per_second=probe.requests_per_second,
            think_time_s=probe.think_time_s,
            path="/" if probe.size_bytes is None else f"/bytes/{round(probe.size_bytes)}",
            arrivals=probe.arrivals,
            balance=probe.balance,
            keep_requests=keep.requests if keep else None,
            keep_idle_s=keep.idle_s if keep else None,
        )
        running = probes.start(pod.namespace, spec)
        tried = probes.read(running.finish(timeout_s=duration_s + probe.timeout_s + GRACE_S))
        for attempt in tried:
            self._attempt(probe, pod, attempt, first + attempt.seq)
            cause = attempt.cause or attempt.detail
            tally.add(self._since_zero(attempt.at_unix_s), attempt.request_s, attempt.outcome, cause)
        return first + max(1, len(tried)), probe.until_ok and any(attempt.outcome == "ok" for attempt in tried)

    def _kind(self, probe: Probe, pod: AppPod, target: str) -> Literal["lookup", "connect", "request", "http"]:
        """A proxy takes any connection: only a request tells whether somebody is behind it."""
        through_proxy = probe.kind == "connect" and self._mesh.proxied(pod.slice, target)
        return "request" if through_proxy else _ATTEMPTS[probe.kind]

    def _attempt(self, probe: Probe, pod: AppPod, attempt: Attempt, seq: int) -> None:
        at_s = self._since_zero(attempt.at_unix_s)
        detail = attempt.detail
        if probe.kind == "dns":
            # A resolver that says "no such name" has answered: nobody.
            answered = attempt.outcome in ("ok", "blocked")
            outcome: Outcome = "ok" if answered else attempt.outcome
            detail = ",".join(sorted(self._who(pod, ip) for ip in attempt.addresses)) if answered else detail
            self._row(probe, pod, "answers", len(attempt.addresses), seq, outcome, detail, at_s)
            if attempt.lookup_s is not None:
                self._row(probe, pod, "dns_latency_s", attempt.lookup_s, seq, "ok", "", at_s)
            return
        reached = attempt.outcome == "ok"
        if probe.kind == "connect" and attempt.status is not None and reached:
            detail = f"HTTP {attempt.status} through proxies{f', from {attempt.pod}' if attempt.pod else ''}"
        self._row(probe, pod, "reachable", int(reached), seq, attempt.outcome, detail, at_s)
        if attempt.connect_s is not None:
            self._row(probe, pod, "connect_s", attempt.connect_s, seq, "ok", "", at_s)
        if probe.kind == "http" and attempt.request_s is not None:
            self._row(probe, pod, "request_s", attempt.request_s, seq, "ok", attempt.pod, at_s)

    def _iperf(self, probe: Probe, pod: AppPod, target: str) -> None:
        duration_s = max(1.0, round(probe.end_s - self._now_s()))
        spec = IperfSpec(
            target=target,
            port=probe.port or iperf3.PORT,
            protocol="udp" if probe.kind == "udp" else "tcp",
            duration_s=None if probe.size_bytes else duration_s,
            size_bytes=round(probe.size_bytes) if probe.size_bytes else None,
            rate_bps=probe.rate_bps,
            streams=probe.streams,
            congestion=probe.congestion,
            packet_bytes=round(probe.packet_bytes) if probe.packet_bytes else None,
        )
        result = iperf3.read(iperf3.start(pod.namespace, spec).finish(timeout_s=duration_s + GRACE_S))
        if result.outcome != "ok":
            self._row(probe, pod, "rate_bps", 0, 0, result.outcome, result.detail)
            return
        side = "arrived" if result.received else "sent; the server could not tell what arrived"
        for seq, interval in enumerate(result.received or result.sent):
            at_s = self._since_zero(result.started_unix_s + interval.end_s)
            self._row(probe, pod, "rate_bps", interval.rate_bps, seq, "ok", side, at_s)
        end_s = self._since_zero(result.started_unix_s) + duration_s
        totals: Mapping[str, float | None] = {
            "received_bytes": result.received_bytes,
            "sent_bytes": result.sent_bytes,
            "retransmits": result.retransmits,
            "loss_ratio": result.loss_ratio,
            "jitter_s": result.jitter_s,
        }
        for metric, value in totals.items():
            if value is not None:
                self._row(probe, pod, metric, value, 0, "ok", result.detail, end_s)

    def _row(
        self, probe: Probe, pod: AppPod | None, metric: str, value: float, seq: int, outcome: Outcome, detail: str,
        at_s: float | None = None,
    ) -> None:  # fmt: skip
        source, _, src_cluster = probe.source.partition("@")
        self._emit(
            Observation(
                at_s=round(max(0.0, self._now_s() if at_s is None else at_s), _DIGITS),
                probe=probe.name,
                seq=seq,
                metric=metric,
                value=round(float(value), _DIGITS),
                outcome=outcome,
                slice=pod.last_slice if pod else "",
                src_cluster=src_cluster,
                src=source,
                dst_cluster=probe.target.partition("@")[2],
                dst=probe.destination,
                detail=detail,
            )
        )

    def _source(self, probe: Probe) -> AppPod | None:
        name, _, cluster = probe.source.partition("@")
        namespace, _, pod = name.partition("/")
        return self._pods.get(cluster, namespace, pod)

    def _target(self, source: AppPod, probe: Probe) -> str | None:
        """A name or address as it is; a pod by the network that both are in: the slice's, else the CNI."""
        if "/" not in probe.target:
            return probe.target
        name, _, cluster = probe.target.partition("@")
        namespace, _, pod_name = name.partition("/")
        pod = self._pods.get(cluster or source.effect.cluster, namespace, pod_name)
        if pod is None:
            return None
        shared = pod.nsm_ip is not None and pod.slice == source.slice
        return str(pod.nsm_ip if shared else pod.effect.pod_ip)

    def _who(self, asker: AppPod, address: IPv4Address) -> str:
        return self._names.get((asker.last_slice, address)) or self._names.get((asker.effect.cluster, address)) or "?"

    def _now_s(self) -> float:
        return time.time() - self._zero_unix_s

    def _since_zero(self, unix_s: float) -> float:
        return unix_s - self._zero_unix_s


def _first_metric(probe: Probe) -> str:
    return {"dns": "answers", "tcp": "rate_bps", "udp": "rate_bps"}.get(probe.kind, "reachable")


def _names_of(plan: Plan) -> dict[tuple[str, IPv4Address], str]:
    """Who an address is: on a slice's overlay, and on a cluster's pod network."""
    names: dict[tuple[str, IPv4Address], str] = {}
    for pod in plan.pods:
        names[pod.cluster, pod.pod_ip] = pod.reference
        if pod.slice is not None and pod.nsm_ip is not None:
            names[pod.slice, pod.nsm_ip] = pod.reference
    for item in plan.slices:
        names.update({(item.name, gateway.nsm_ip): gateway.reference for gateway in item.east_west})
    return names


def _beyond(probe: Probe) -> str:
    """What a request asks for that the built-in server cannot do."""
    asked = {"serviceTime": probe.service_time, "workers": probe.workers, "requestSize": probe.request_bytes}
    names = [name for name, value in asked.items() if value is not None]
    return f"the emulator's http-echo has no {', '.join(names)}" if names else ""
