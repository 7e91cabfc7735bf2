"""Recording: when a fleet did what, while somebody wants to know; and what it would have done while nobody lived it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import merge
from operator import itemgetter

from kubeslice_sim.controlplane.rhythm import Rhythm
from kubeslice_sim.controlplane.tick import whole

Deed = tuple[Hashable, ...]
"""What was done, its sort first.

``("reconcile", cluster, controller, key)``, ``("write", cluster, controller, store's cluster, key)``,
``("request", server, client, verb, kind)`` (of one that a look begins with, followed by that look's cluster, controller
and key), ``("depth", cluster, controller, depth, changed key)``,
``("event", cluster, name, subject, message)``.
"""
Piece = tuple[Deed, Rhythm, float, float]
"""The rhythm of a deed, after one moment and up to another."""


class Recording:
    """The moments of every deed, in the order in which they were noted."""

    def __init__(self) -> None:
        self._moments: defaultdict[Deed, list[float]] = defaultdict(list)

    def note(self, deed: Deed, at_s: float) -> None:
        """It was done then."""
        self._moments[deed].append(at_s)

    def between(self, after_s: float, upto_s: float) -> dict[Deed, list[float]]:
        """What was done after the one moment and not after the other, each deed's moments in order."""
        found = {}
        for deed, moments in self._moments.items():
            if moments[-1] > after_s and (chosen := sorted(at_s for at_s in moments if after_s < at_s <= upto_s)):
                found[deed] = chosen
        return found

    def forget(self, before_s: float) -> None:
        """Nobody will ask for what was done before that moment."""
        for deed, moments in tuple(self._moments.items()):
            kept = [at_s for at_s in moments if at_s >= before_s]
            if kept:
                self._moments[deed] = kept
            else:
                del self._moments[deed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leapt:
    """What was leapt over: rhythms that went on from one moment to another, and copies of what had been lived.

    ``copied``: the lived moments of each deed; the n-th copy was ``n * by_s`` later, ``times`` copies in all.
    ``pieces``: rhythms that had themselves been leapt over, copied alike.
    """

    after_s: float
    upto_s: float
    rhythms: Mapping[Deed, Rhythm]
    copied: Mapping[Deed, Sequence[float]] = field(default_factory=dict)
    pieces: Sequence[Piece] = ()
    by_s: float = 0.0
    times: int = 0

    def count(self, *sorts: str) -> Counter[Deed]:
        """How often each deed of these sorts was done."""
        found: Counter[Deed] = Counter()
        for deed, rhythm in self.rhythms.items():
            if deed[0] in sorts:
                found[deed] += rhythm.count(self.after_s, self.upto_s)
        for deed, moments in self.copied.items():
            if deed[0] in sorts:
                found[deed] += self.times * len(moments)
        for deed, rhythm, after_s, upto_s in self.pieces:
            if deed[0] in sorts:
                found[deed] += self.times * rhythm.count(after_s, upto_s)
        return found

    def deeds(self, sort: str) -> Iterator[tuple[float, Deed]]:
        """Every deed of one sort with its moment, in order of time: generated, for there may be millions."""
        return merge(*self._streams(sort), key=itemgetter(0))

    def _streams(self, sort: str) -> Iterator[Iterable[tuple[float, Deed]]]:
        for deed, rhythm in self.rhythms.items():
            if deed[0] == sort:
                yield _stamped(deed, rhythm.moments(self.after_s, self.upto_s))
        copied = sorted(
            ((at_s, deed) for deed, moments in self.copied.items() if deed[0] == sort for at_s in moments),
            key=itemgetter(0),
        )
        for number in range(1, self.times + 1):
            by_s = number * self.by_s
            yield [(whole(at_s + by_s), deed) for at_s, deed in copied]
            for deed, rhythm, after_s, upto_s in self.pieces:
                if deed[0] == sort:
                    yield [(whole(at_s + by_s), deed) for at_s in rhythm.moments(after_s, upto_s)]


def of_look(deed: Deed) -> bool:
    """Whether it is a look at a key, or what one begins with by asking: it changes nothing by itself."""
    return deed[0] == "reconcile" or (deed[0] == "request" and len(deed) > 5)


def _stamped(deed: Deed, moments: Iterable[float]) -> Iterator[tuple[float, Deed]]:
    return ((at_s, deed) for at_s in moments)
