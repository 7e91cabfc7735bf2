"""Random streams: one per purpose, all from the run's seed, so that adding a probe changes no other probe's dice."""

from __future__ import annotations

import hashlib
import math
import random


class Streams:
    """Gives every purpose its own :class:`random.Random`; the same seed and name give the same numbers for ever."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._made: dict[str, random.Random] = {}

    def stream(self, *name: object) -> random.Random:
        """The stream of that name; asked for twice, it goes on where it was."""
        key = "/".join(str(part) for part in name)
        made = self._made.get(key)
        if made is None:
            # Not a secret: a reproducible experiment needs a generator that anyone can run again.
            made = self._made[key] = random.Random(self.number(key))  # noqa: S311
        return made

    def number(self, *name: object) -> int:
        """A 64-bit number that depends on the seed and the name alone."""
        key = "/".join(str(part) for part in (self.seed, *name))
        return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big")


def binomial(dice: random.Random, trials: int, chance: float) -> int:
    """How many of ``trials`` succeed. Exact by geometric gaps where few do, else by the normal approximation.

    The approximation starts at 1000 expected successes and failures, where its error is far below one standard
    deviation.
    """
    if trials <= 0 or chance <= 0.0:
        return 0
    if chance >= 1.0:
        return trials
    if chance > 0.5:
        return trials - binomial(dice, trials, 1.0 - chance)
    mean = trials * chance
    if mean > 1000.0:
        drawn = round(dice.gauss(mean, math.sqrt(mean * (1.0 - chance))))
        return min(max(drawn, 0), trials)
    successes, position, log_miss = 0, 0, math.log1p(-chance)
    while True:
        # The gap to the next success of a Bernoulli sequence is geometric (Devroye 1986, X.4).
        position += int(math.log(1.0 - dice.random()) / log_miss) + 1
        if position > trials:
            return successes
        successes += 1
