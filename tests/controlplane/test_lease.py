"""One leads at a time, whatever the candidates' clocks say, and a dead leader is followed as client-go follows it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kubeslice_sim.controlplane.bucket import TokenBucket
from kubeslice_sim.controlplane.lease import Candidate, LeaseRecord, takeover_s
from kubeslice_sim.controlplane.queue import WorkQueue
from kubeslice_sim.controlplane.tick import whole
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.timing import FAST, KUBESLICE


def test_the_first_takes_it_and_the_second_waits_until_it_has_run_out() -> None:
    one, two = Candidate("one"), Candidate("two")
    record = one.wish(None, 0.0, "t0")
    assert record == LeaseRecord(holder="one", duration_s=15, acquired="t0", renewed="t0")
    one.written(record, 0.0)
    assert two.wish(record, 7.0, "t7") is None, "it was seen first at 7"
    assert two.wish(record, 21.9, "t21") is None
    taken = two.wish(record, 22.0, "t22")
    assert taken == LeaseRecord(holder="two", duration_s=15, acquired="t22", renewed="t22", transitions=1)


def test_a_renewal_begins_the_wait_anew() -> None:
    one, two = Candidate("one"), Candidate("two")
    record = one.wish(None, 0.0, "a")
    assert record is not None
    one.written(record, 0.0)
    assert two.wish(record, 0.0, "-") is None
    renewed = one.wish(record, 10.0, "b")
    assert renewed is not None
    one.written(renewed, 10.0)
    assert two.wish(renewed, 14.0, "-") is None
    assert two.wish(renewed, 28.9, "-") is None
    assert two.wish(renewed, 29.0, "c") is not None


def test_a_leader_that_cannot_renew_stops_before_another_may_begin() -> None:
    one = Candidate("one")
    record = one.wish(None, 0.0, "a")
    assert record is not None
    one.written(record, 0.0)
    assert not one.has_lost(10.0)
    assert one.has_lost(10.1)
    assert KUBESLICE.lease_renew_deadline_s < KUBESLICE.lease_duration_s


def test_what_is_given_back_is_free_at_once() -> None:
    one, two = Candidate("one"), Candidate("two")
    record = one.wish(None, 0.0, "a")
    assert record is not None
    one.written(record, 0.0)
    assert two.wish(record, 1.0, "-") is None
    assert two.wish(one.released(), 2.0, "b") is not None


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0.1, 6.0), st.booleans()), max_size=60))
def test_never_two_at_once(turns: list[tuple[str, float, bool]]) -> None:
    """Any order of looks; a candidate that is dead for a turn does nothing. Whoever acts believes to lead."""
    candidates = {name: Candidate(name) for name in "abc"}
    held: LeaseRecord | None = None
    now_s = 0.0
    for name, pause_s, dead in turns:
        now_s = whole(now_s + pause_s)
        candidate = candidates[name]
        if not dead and (wish := candidate.wish(held, now_s, f"{now_s}")) is not None:
            held = wish
            candidate.written(wish, now_s)
        working = [item for item in candidates.values() if item.leads and not item.has_lost(now_s)]
        assert len(working) <= 1
        assert not working or (held is not None and working[0].identity == held.holder)


def test_a_takeover_falls_on_a_look() -> None:
    assert takeover_s(100.0, KUBESLICE) == 116.0
    assert takeover_s(100.0, FAST) == 100.0 + 16.0 / 20.0


PAUSES_S = st.floats(0.0, 2.0).map(whole)


@given(st.floats(0.5, 200.0), st.integers(1, 50), st.lists(PAUSES_S, min_size=1, max_size=200))
def test_a_bucket_never_gives_more_than_it_holds(rate_hz: float, burst: int, pauses: list[float]) -> None:
    bucket, now_s, granted = TokenBucket(rate_hz, burst), 0.0, []
    for pause_s in pauses:
        now_s += pause_s
        granted.append(bucket.take(now_s))
        assert granted[-1] >= now_s
    assert granted == sorted(granted)
    for first in range(0, len(granted), 7):
        for last in range(first + burst, len(granted), 11):
            span_s = granted[last] - granted[first]
            assert last - first + 1 <= burst + span_s * rate_hz + 1e-6 * len(granted)
    assert granted[: min(burst, 1)] == [pauses[0]]


def test_failures_of_many_keys_share_one_pace() -> None:
    queue = WorkQueue()
    keys = [ObjectKey("Slice", "s", str(number)) for number in range(130)]
    for key in keys:
        queue.add_rate_limited(key, 0.0)
    taken = {}
    for moment in (0.005, 1.0, 2.0, 3.05):
        while (key := queue.take(moment)) is not None:
            taken[key] = moment
    assert sum(moment == 0.005 for moment in taken.values()) == 100
    assert sum(moment == 1.0 for moment in taken.values()) == 10
    assert len(taken) == 130
