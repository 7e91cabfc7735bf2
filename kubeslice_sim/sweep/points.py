"""Points: which values are played together, every combination of them or a sample."""

from __future__ import annotations

import itertools
import math
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from kubeslice_sim.errors import BadInput, Problem
from kubeslice_sim.sweep.axis import Axis, Group

Method = Literal["latin-hypercube", "random"]
MOST_VARIANTS = 100_000
"""More is a slip: nobody looks at so many, and no machine plays them."""
Point = tuple[Any, ...]
_NUMBER = r"[-+0-9.e]+"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """So many points instead of every combination, drawn under a seed of their own.

    ``latin-hypercube``: each group's range is cut into ``count`` equal parts and every part is used once, in an order
    by chance (McKay, Beckman and Conover 1979); ``random``: each value by itself.
    """

    count: int
    method: Method = "latin-hypercube"
    seed: int = 1

    def __str__(self) -> str:
        return f"{self.count} {self.method} seed {self.seed}"


def sample_of(asked: int | str | Sample | None) -> Sample | None:
    """The sample that was asked for: ``40``, ``"40 random"``, ``"40 latin-hypercube seed 3"``; None: none.

    Raises :exc:`BadInput`.
    """
    if asked is None or asked == "":
        return None
    sample = asked if isinstance(asked, Sample) else _sample(str(asked))
    if not 1 <= sample.count <= MOST_VARIANTS or sample.method not in get_args(Method) or sample.seed < 0:
        problem = Problem(path="sample", message=f"has 1 to {MOST_VARIANTS:,} points, not {sample}")
        raise BadInput([problem])
    return sample


def _sample(text: str) -> Sample:
    words = text.split()
    seed = 1
    try:
        if len(words) > 2 and words[-2] == "seed":
            seed = int(words[-1])
            words = words[:-2]
        count, *method = words
        (chosen,) = method or ["latin-hypercube"]
        (known,) = [name for name in get_args(Method) if name == chosen]
        return Sample(count=int(count), method=known, seed=seed)
    except ValueError:
        hint = "write 40, '40 random' or '40 latin-hypercube seed 3'"
        raise BadInput([Problem(path="sample", message=f"{text!r} is not understood", hint=hint)]) from None


def points_of(groups: Sequence[Group], sample: Sample | None) -> tuple[tuple[Axis, ...], tuple[Point, ...]]:
    """The axes, each with the values that it has at any point, and the points: a value an axis.

    Every combination in order, the last group changing fastest; or a sample's points in the order drawn, those that
    coincide once. Raises :exc:`BadInput` for too many.
    """
    if sample is None:
        count = math.prod(len(group[0].values) for group in groups)
        if count > MOST_VARIANTS:
            raise BadInput(f"these axes make {count:,} variants, more than {MOST_VARIANTS:,}; vary fewer at once")
        rows = [list(zip(*(field.values for field in group), strict=True)) for group in groups]
        points = tuple(tuple(itertools.chain.from_iterable(chosen)) for chosen in itertools.product(*rows))
    else:
        if not groups:
            message = "needs fields that vary; use replications to repeat runs"
            raise BadInput([Problem(path="sample", message=message)])
        drawn = [
            tuple(field.at(share) for group, share in zip(groups, row, strict=True) for field in group)
            for row in _shares(len(groups), sample)
        ]
        points = tuple({repr(point): point for point in drawn}.values())
    fields = [(number, field) for number, group in enumerate(groups) for field in group]
    axes = [Axis(path=field.path, values=_played(field.values, [point[place] for point in points]), group=number)
            for place, (number, field) in enumerate(fields)]  # fmt: skip
    return tuple(axes), points


def _played(written: Sequence[Any], played: Sequence[Any]) -> tuple[Any, ...]:
    """Each value that is played, once, in the order written; what was drawn from a continuum in order of size."""
    once = {repr(value): value for value in played}  # 1, 1.0 and True are three values
    if written:
        return tuple({repr(value): value for value in written if repr(value) in once}.values())
    ordered = sorted(once.values(), key=lambda value: float(re.match(_NUMBER, str(value))[0]))  # type: ignore[index]
    return tuple(ordered)


def _shares(groups: int, sample: Sample) -> list[list[float]]:
    dice = random.Random(f"kubeslice-sim/sample/{sample.seed}")  # noqa: S311 - a design, no secret
    columns = []
    for _ in range(groups):
        if sample.method == "random":
            columns.append([dice.random() for _ in range(sample.count)])
        else:
            cells = list(range(sample.count))
            dice.shuffle(cells)
            columns.append([(cell + dice.random()) / sample.count for cell in cells])
    return [list(row) for row in zip(*columns, strict=True)]
