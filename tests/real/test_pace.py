"""The controller's requests leave kind by kind: many of one do not hold up another."""

from __future__ import annotations

from real.clock import Clock
from real.pace import Pace

BEGIN_S = 100.0


class Watched:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now_s = BEGIN_S
        self.clock = Clock(now_s=lambda: self.now_s, sleep=self._sleep)

    def _sleep(self, for_s: float) -> None:
        self.now_s += for_s


def test_thirty_leave_at_once_and_then_twenty_a_second() -> None:
    watched = Watched()
    pace = Pace(watched.clock)
    for _ in range(30):
        pace.wait("Secret")
    assert watched.now_s == BEGIN_S
    for _ in range(20):
        pace.wait("Secret")
    assert round(watched.now_s - BEGIN_S, 6) == 1.0


def test_a_kind_does_not_wait_for_another() -> None:
    watched = Watched()
    pace = Pace(watched.clock)
    for _ in range(30):
        pace.wait("Secret")
        pace.wait("Role")
    assert watched.now_s == BEGIN_S
