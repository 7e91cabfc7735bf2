"""RequestProfile: years of requests, counted in any stretch of time and by the busiest slot, without listing them.

What a fleet leapt over (:mod:`.recording`) are rhythms and copies of moments. A rhythm is counted by division, copies
by looking where they lie. Only the busiest slot needs every moment: they are made a stretch of time after the other.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from kubeslice_sim.controlplane.api_load import ApiLoad
from kubeslice_sim.controlplane.recording import Leapt
from kubeslice_sim.controlplane.rhythm import Rhythm
from kubeslice_sim.controlplane.tick import TICKS_HZ, whole

Sort = tuple[str, str, str, str]
"""Server, client, verb and kind."""
Ticks = NDArray[np.int64]
STRETCH_SLOTS = 1 << 19
"""So many slots are looked at together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Busiest:
    """The slot of time in which an API server got the most requests, the first of equals."""

    server: str
    at_s: float
    requests: int


@dataclass(frozen=True, slots=True)
class _Rhythmic:
    """Requests of one sort, ``number`` of them, ``step`` ticks apart."""

    sort: Sort
    first: int
    step: int
    number: int

    @property
    def last(self) -> int:
        return self.first + (self.number - 1) * self.step

    def between(self, begin: int, end: int) -> Ticks:
        begin_at, end_at = self._index(begin), self._index(end)
        return self.first + self.step * np.arange(begin_at, end_at, dtype=np.int64)

    def count(self, begin: int, end: int) -> int:
        return self._index(end) - self._index(begin)

    def _index(self, tick: int) -> int:
        """How many come before that tick."""
        return min(max(-((self.first - tick) // self.step), 0), self.number)


@dataclass(frozen=True, slots=True)
class _Copied:
    """Requests of one sort at these ticks (in order), so much later."""

    sort: Sort
    ticks: Ticks
    by: int

    @property
    def first(self) -> int:
        return int(self.ticks[0]) + self.by

    @property
    def last(self) -> int:
        return int(self.ticks[-1]) + self.by

    def between(self, begin: int, end: int) -> Ticks:
        low, high = np.searchsorted(self.ticks, (begin - self.by, end - self.by))
        return self.ticks[low:high] + self.by

    def count(self, begin: int, end: int) -> int:
        low, high = np.searchsorted(self.ticks, (begin - self.by, end - self.by))
        return int(high - low)


class RequestProfile:
    """The requests of a fleet up to now, as its load tells them."""

    def __init__(self, load: ApiLoad) -> None:
        self._slot_s = load.slot_s
        self._slot = _ticks(load.slot_s)
        self._lived = sorted((_ticks(item.at_s), item[1:5], item.requests) for item in load.lived())
        self._strands = [strand for leapt in load.leapt for strand in _strands(leapt)]

    def count(self, stretches: Sequence[tuple[float, float]]) -> tuple[Counter[Sort], ...]:
        """How many requests of each sort lie from the one moment up to (and without) the other, stretch by stretch.

        Their ends should be ends of slots: of what was lived through no more is known.
        """
        bounds = [(_ticks(begin_s), _ticks(end_s)) for begin_s, end_s in stretches]
        found = tuple(Counter[Sort]() for _ in bounds)
        for counts, (begin, end) in zip(found, bounds, strict=True):
            first, last = (bisect_left(self._lived, at, key=itemgetter(0)) for at in (begin, end))
            for _, sort, number in self._lived[first:last]:
                counts[sort] += number
            for strand in self._strands:
                if strand.first < end and strand.last >= begin:
                    counts[strand.sort] += strand.count(begin, end)
            for sort in [sort for sort, number in counts.items() if not number]:
                del counts[sort]
        return found

    def busiest(self) -> tuple[Busiest, ...]:
        """Each server's busiest slot, by servers' names."""
        length = self._slot * STRETCH_SLOTS
        stretches: defaultdict[tuple[str, int], list[_Rhythmic | _Copied]] = defaultdict(list)
        for strand in self._strands:
            for number in range(strand.first // length, strand.last // length + 1):
                stretches[strand.sort[0], number].append(strand)
        lived: defaultdict[tuple[str, int], Counter[int]] = defaultdict(Counter)
        for at, sort, number in self._lived:
            lived[sort[0], at // length][at // self._slot % STRETCH_SLOTS] += number
        found: dict[str, Busiest] = {}
        for server, number in sorted(stretches.keys() | lived.keys()):
            begin = number * length
            slots = [(strand.between(begin, begin + length) - begin) // self._slot
                     for strand in stretches.get((server, number), ())]  # fmt: skip
            counts = np.bincount(np.concatenate(slots or [np.zeros(0, np.int64)]), minlength=STRETCH_SLOTS)
            for slot, requests in lived.get((server, number), Counter[int]()).items():
                counts[slot] += requests
            at = int(np.argmax(counts))
            if server not in found or counts[at] > found[server].requests:
                at_s = (number * STRETCH_SLOTS + at) * self._slot_s
                found[server] = Busiest(server=server, at_s=at_s, requests=int(counts[at]))
        return tuple(found.values())


def _strands(leapt: Leapt) -> Iterator[_Rhythmic | _Copied]:
    for deed, rhythm in leapt.rhythms.items():
        if deed[0] == "request":
            yield from _rhythmic(deed[1:5], rhythm, leapt.after_s, leapt.upto_s, 0)  # type: ignore[arg-type]
    for deed, moments in leapt.copied.items():
        if deed[0] == "request":
            ticks = np.array(sorted(map(_ticks, moments)), dtype=np.int64)
            for number in range(1, leapt.times + 1):
                yield _Copied(deed[1:5], ticks, _ticks(number * leapt.by_s))  # type: ignore[arg-type]
    for deed, rhythm, after_s, upto_s in leapt.pieces:
        if deed[0] == "request":
            for number in range(1, leapt.times + 1):
                yield from _rhythmic(deed[1:5], rhythm, after_s, upto_s, _ticks(number * leapt.by_s))  # type: ignore[arg-type]


def _rhythmic(sort: Sort, rhythm: Rhythm, after_s: float, upto_s: float, by: int) -> Iterator[_Rhythmic]:
    """The moments of a rhythm after the one and not after the other, beat by beat, so much later."""
    step = _ticks(rhythm.period_s)
    for beat in rhythm.beats:
        alone = Rhythm(period_s=rhythm.period_s, beats=(beat,))
        number = alone.count(after_s, upto_s)
        if number > 0:
            yield _Rhythmic(sort, _ticks(alone.next(beat, after_s)) + by, step, number)


def _ticks(at_s: float) -> int:
    return round(whole(at_s) * TICKS_HZ)
