"""When a probe's program is started, and started anew, over programs that end as they are told."""

from __future__ import annotations

import time
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from emulator import ping
from emulator.ping import Echo, PingResult, PingSpec
from emulator.prober import Prober
from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.observe.probe import Probe

PULSE = Probe(
    name="pulse", kind="ping", source="shop/front-0@worker-1", target="10.1.0.2", interval_s=0.05, start_s=0.0,
    end_s=0.5,
)  # fmt: skip
RUNNING = SimpleNamespace(
    namespace=None, slice="", last_slice="red", nsm_ip=None, effect=SimpleNamespace(cluster="worker-1")
)


def answered(count: int) -> PingResult:
    echoes = tuple(Echo(seq=seq, at_unix_s=time.time(), rtt_s=0.01, outcome="ok") for seq in range(count))
    return PingResult(outcome="ok", detail="", echoes=echoes)


NO_NAME = PingResult(outcome="blocked", detail="Name or service not known", echoes=())


class Played:
    """The rows of one probe, and the requests that each run of ping was asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, pods: Iterable[object], results: Iterable[PingResult]) -> None:
        there, ends = iter(pods), iter(results)
        self.rows: list[Observation] = []
        self.asked: list[int | None] = []

        def start(_: object, spec: PingSpec) -> Any:
            self.asked.append(spec.count)
            return SimpleNamespace(finish=lambda timeout_s: None)

        monkeypatch.setattr(ping, "start", start)
        monkeypatch.setattr(ping, "read", lambda spec, _done: next(ends, None) or answered(spec.count))
        plan, places = SimpleNamespace(pods=(), slices=()), SimpleNamespace(get=lambda *_: next(there, RUNNING))
        mesh = SimpleNamespace(proxied=lambda *_: False)
        self.prober = Prober(cast(Any, plan), cast(Any, places), cast(Any, mesh), self.rows.append, time.time())

    def play(self, probe: Probe) -> list[tuple[int, float, str]]:
        self.prober.start(probe)
        assert self.prober.join(5.0) == ()
        return [(row.seq, row.value, row.outcome) for row in self.rows if row.metric == "reachable"]


def test_a_ping_runs_once_with_all_its_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    played = Played(monkeypatch, [], [])
    assert played.play(PULSE) == [(seq, 1, "ok") for seq in range(10)]
    assert played.asked == [10]


def test_rows_bear_the_slice_of_a_pod_that_has_left_it_by_dying(monkeypatch: pytest.MonkeyPatch) -> None:
    played = Played(monkeypatch, [], [])
    played.play(PULSE)
    assert {row.slice for row in played.rows} == {"red"}


def test_a_source_that_comes_late_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Played(monkeypatch, [None, None], []).play(PULSE)
    assert found[:2] == [(0, 0, "failed_to_probe"), (1, 0, "failed_to_probe")]
    assert {outcome for _, _, outcome in found[2:]} == {"ok"}
    assert [seq for seq, _, _ in found] == list(range(len(found)))


def test_a_ping_that_dies_with_its_pod_or_finds_no_name_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    played = Played(monkeypatch, [], [answered(3), NO_NAME])
    found = played.play(PULSE)
    assert found[:4] == [(0, 1, "ok"), (1, 1, "ok"), (2, 1, "ok"), (3, 0, "blocked")]
    assert len(played.asked) == 3
    assert 7 <= (played.asked[2] or 0) <= 9  # what is left of the probe's time


def test_a_probe_that_waits_for_success_ends_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    until_ok = Probe(**{**{field: getattr(PULSE, field) for field in PULSE.__slots__}, "until_ok": True})
    played = Played(monkeypatch, [], [NO_NAME, NO_NAME])
    assert played.play(until_ok) == [(0, 0, "blocked"), (1, 0, "blocked"), (2, 1, "ok")]
    assert played.asked == [1, 1, 1]


def test_a_bug_in_a_probe_is_a_row_and_not_a_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    played = Played(monkeypatch, [], [])
    monkeypatch.setattr(ping, "start", lambda *_: 1 / 0)
    assert played.play(PULSE) == [(0, 0, "failed_to_probe")]
    assert "ZeroDivisionError" in played.rows[0].detail
