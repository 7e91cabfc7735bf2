"""Rhythm: something that a fleet at rest does again and again, exactly so many microseconds later each time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kubeslice_sim.controlplane.tick import whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """Moments ``beat + n * period_s`` for whole n, of all beats of one period, in order."""

    period_s: float
    beats: tuple[float, ...]

    def count(self, after_s: float, upto_s: float) -> int:
        """How many moments lie after the one and not after the other."""
        return sum(self._before(beat, upto_s) - self._before(beat, after_s) for beat in self.beats)

    def moments(self, after_s: float, upto_s: float) -> Iterator[float]:
        """Those moments, in order."""
        first = min(self._before(beat, after_s) for beat in self.beats)
        for number in range(first, self._before(self.beats[0], upto_s) + 1):
            for beat in self.beats:
                if after_s < (at_s := whole(beat + number * self.period_s)) <= upto_s:
                    yield at_s

    def next(self, due_s: float, after_s: float) -> float:
        """A moment of this rhythm as the first of its kind after ``after_s``."""
        return whole(due_s + (self._before(due_s, after_s)) * self.period_s)

    def holds(self, at_s: float) -> bool:
        """Whether that is one of its moments."""
        return any(_ticks(at_s - beat) % _ticks(self.period_s) == 0 for beat in self.beats)

    def _before(self, beat: float, upto_s: float) -> int:
        """The number of the first moment of a beat that is later; that beat's own number is 0."""
        return (_ticks(upto_s) - _ticks(beat)) // _ticks(self.period_s) + 1


def find_rhythm(moments: Sequence[float], begin_s: float, end_s: float) -> Rhythm | None:
    """The rhythm of these moments, which are all that there were from one moment to the other, in order; None: none.

    Seen are at least two whole periods, the first and the last without a gap towards the ends.
    """
    for beats in range(1, len(moments) // 2 + 1):
        period_s = whole(moments[beats] - moments[0])
        if period_s <= 0:
            continue
        steady = all(
            whole(later - earlier) == period_s for earlier, later in zip(moments, moments[beats:], strict=False)
        )
        if steady and moments[beats - 1] - period_s <= begin_s and moments[-beats] + period_s > end_s:
            return Rhythm(period_s=period_s, beats=tuple(moments[:beats]))
    return None


def _ticks(at_s: float) -> int:
    return math.floor(at_s * 1e6 + 0.5)
