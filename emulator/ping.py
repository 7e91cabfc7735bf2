"""ping, the real one: what to run and what its lines mean."""

from __future__ import annotations

import re
from dataclasses import dataclass

from emulator.netns import Namespace
from emulator.running import Finished, Running
from kubeslice_sim.observe.observation import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class PingSpec:
    """What to ping and how often. `count` None goes on until it is stopped; a reply later than `timeout_s` is none."""

    target: str
    count: int | None = None
    interval_s: float = 1.0
    timeout_s: float = 1.0
    size_bytes: int = 56


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """One request, numbered from 0, and its fate. `at_unix_s` is when it was sent; `rtt_s` None: no reply in time."""

    seq: int
    at_unix_s: float
    rtt_s: float | None
    outcome: Outcome
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PingResult:
    """All requests in order. `outcome` is ok if any was answered; `duplicates` counts replies that came again."""

    outcome: Outcome
    detail: str
    echoes: tuple[Echo, ...]
    duplicates: int = 0

    @property
    def loss_ratio(self) -> float | None:
        """The share of requests without reply, or None when none was sent."""
        return sum(echo.rtt_s is None for echo in self.echoes) / len(self.echoes) if self.echoes else None


_STAMP = r"^\[(?P<at>[\d.]+)\] "
_REPLY = re.compile(_STAMP + r"\d+ bytes from .*icmp_seq=(?P<seq>\d+) .*time=(?P<ms>[\d.]+) ms(?P<again> \(DUP!\))?")
_LATE = re.compile(_STAMP + r"no answer yet for icmp_seq=(?P<seq>\d+)")
_REFUSED = re.compile(_STAMP + r"From \S+ icmp_seq=(?P<seq>\d+) (?P<why>.+)")
_SENT = re.compile(r"^(?P<sent>\d+) packets transmitted", re.MULTILINE)
_RESOLVING = {"Name or service not known": "blocked", "No address associated with hostname": "blocked",
              "Temporary failure in name resolution": "timeout"}  # fmt: skip
_NO = (
    "Network is unreachable", "Operation not permitted", "No route to host", "Permission denied",
    "check your local firewall rules", "Invalid argument",  # a prohibit route; a blackhole route
)  # fmt: skip


def argv(spec: PingSpec) -> tuple[str, ...]:
    """The command line: timestamps (-D), outstanding replies said (-O), no reverse lookups (-n), IPv4."""
    counted = () if spec.count is None else ("-c", str(spec.count))
    return (
        "ping", "-4", "-n", "-D", "-O", "-i", f"{spec.interval_s:g}", "-W", f"{spec.timeout_s:g}",
        "-s", str(spec.size_bytes), *counted, "--", spec.target,
    )  # fmt: skip


def start(namespace: Namespace, spec: PingSpec) -> Running:
    """Starts pinging from the namespace. Raises BackendUnavailable without ping."""
    return Running(namespace, argv(spec))


def read(spec: PingSpec, done: Finished) -> PingResult:
    """What a finished ping has seen, also one that was stopped.

    A name that does not resolve and a network that is unreachable are `blocked`: somebody said no. A ping that was
    stopped before the timeout of its last request leaves that one out: nobody knows what would have come.
    """
    found: dict[int, Echo] = {}
    sent_at: dict[int, float] = {}
    duplicates = 0
    for line in done.stdout.splitlines():
        if reply := _REPLY.match(line):
            seq, rtt_s = int(reply["seq"]) - 1, float(reply["ms"]) / 1000
            if reply["again"]:
                duplicates += 1
            elif rtt_s <= spec.timeout_s:
                found[seq] = Echo(seq=seq, at_unix_s=float(reply["at"]) - rtt_s, rtt_s=rtt_s, outcome="ok")
        elif refused := _REFUSED.match(line):
            seq = int(refused["seq"]) - 1
            at_unix_s = sent_at.get(seq, _guess_s(done, spec, seq))
            found[seq] = Echo(seq=seq, at_unix_s=at_unix_s, rtt_s=None, outcome="blocked", detail=refused["why"])
        elif late := _LATE.match(line):
            # It is said when the next request leaves, one interval later.
            sent_at[int(late["seq"]) - 1] = float(late["at"]) - spec.interval_s
    summary = _SENT.search(done.stdout)
    sent = int(summary["sent"]) if summary else max((*found, *sent_at), default=-1) + 1
    if done.stopped and sent - 1 not in found and sent - 1 not in sent_at:
        sent -= 1
    forbidden = "Operation not permitted" in done.stderr
    for seq in range(sent):
        if seq not in found:
            at_unix_s = sent_at.get(seq, _guess_s(done, spec, seq))
            outcome: Outcome = "blocked" if forbidden else "timeout"
            detail = "Operation not permitted" if forbidden else "no reply"
            found[seq] = Echo(seq=seq, at_unix_s=at_unix_s, rtt_s=None, outcome=outcome, detail=detail)
    echoes = tuple(found[seq] for seq in sorted(found) if seq < sent)
    outcome, detail = _summary(echoes, done)
    return PingResult(outcome=outcome, detail=detail, echoes=echoes, duplicates=duplicates)


def _guess_s(done: Finished, spec: PingSpec, seq: int) -> float:
    return done.started_unix_s + seq * spec.interval_s


def _summary(echoes: tuple[Echo, ...], done: Finished) -> tuple[Outcome, str]:
    if any(echo.rtt_s is not None for echo in echoes):
        return "ok", ""
    if echoes:
        last = echoes[-1]
        return last.outcome, last.detail
    for said, outcome in _RESOLVING.items():
        if said in done.stderr:
            return ("timeout" if outcome == "timeout" else "blocked"), done.last_words
    if any(said in done.stderr for said in _NO):
        return "blocked", done.last_words
    return "failed_to_probe", done.last_words or f"ping sent nothing (status {done.status})"
