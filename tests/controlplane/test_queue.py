"""The work queue behaves as client-go's."""

from __future__ import annotations

import pytest

from kubeslice_sim.controlplane.queue import WorkQueue
from kubeslice_sim.model.document import ObjectKey

A, B = ObjectKey("Slice", "s", "a"), ObjectKey("Slice", "s", "b")


def test_keys_come_once_and_in_order() -> None:
    queue = WorkQueue()
    for key in (B, A, B):
        queue.add(key)
    assert [queue.take(0.0), queue.take(0.0), queue.take(0.0)] == [B, A, None]


def test_a_key_that_is_worked_on_waits_until_it_is_done() -> None:
    queue = WorkQueue()
    queue.add(A)
    assert queue.take(0.0) == A
    queue.add(A)
    assert queue.take(0.0) is None
    assert queue.due_s() is None
    queue.done(A)
    assert queue.take(0.0) == A
    queue.done(A)
    assert queue.take(0.0) is None


def test_of_two_delayed_additions_the_earlier_counts() -> None:
    queue = WorkQueue()
    queue.add_at(A, 10.0)
    queue.add_at(A, 5.0)
    queue.add_at(A, 8.0)
    assert queue.due_s() == 5.0
    assert queue.take(4.9) is None
    assert queue.take(5.0) == A
    queue.done(A)
    assert queue.due_s() is None, "the later additions are forgotten with the one that came"


def test_an_addition_does_not_cancel_a_delayed_one() -> None:
    queue = WorkQueue()
    queue.add_at(A, 10.0)
    queue.add(A)
    assert queue.take(1.0) == A
    queue.done(A)
    assert queue.due_s() == 10.0


def test_failures_wait_longer_and_longer_until_forgotten() -> None:
    queue, waits, now_s = WorkQueue(), [], 0.0
    for _ in range(20):
        queue.add_rate_limited(A, now_s)
        due_s = queue.due_s()
        assert due_s is not None
        waits.append(due_s - now_s)
        now_s = due_s
        assert queue.take(now_s) == A
        queue.done(A)
    assert waits[:4] == pytest.approx([0.005, 0.01, 0.02, 0.04])
    assert waits[17] == pytest.approx(655.36)
    assert waits[18:] == pytest.approx([1000.0, 1000.0])
    queue.forget(A)
    queue.add_rate_limited(A, now_s)
    assert queue.due_s() == pytest.approx(now_s + 0.005)


def test_a_thousand_failures_do_not_overflow() -> None:
    queue = WorkQueue()
    for _ in range(2000):
        queue.add_rate_limited(A, 0.0)
    assert queue.failures(A) == 2000
