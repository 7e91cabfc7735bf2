"""Real time, handed in so that tests need not wait."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A monotonic clock in seconds, and how to wait."""

    now_s: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def rounds(self, within_s: float, every_s: float) -> Iterator[float]:
        """Yield the seconds gone by, at once and then every ``every_s``; the last round is at ``within_s`` or later."""
        started_s = self.now_s()
        while True:
            gone_s = self.now_s() - started_s
            yield gone_s
            if gone_s >= within_s:
                return
            self.sleep(min(every_s, max(0.0, within_s - gone_s)))
