"""Contrasts: how far variants lie from one another, seed by seed, with intervals that hold all at once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING

from kubeslice_sim.errors import BadInput
from kubeslice_sim.observe.estimate import estimate
from kubeslice_sim.observe.measures import UNITS
from kubeslice_sim.observe.multiple import bonferroni, holm, p_value

if TYPE_CHECKING:
    from kubeslice_sim.sweep.sweep import Key, Sweep


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """How far one figure of ``variant`` lies from that of ``baseline``: ``mean``, of ``n`` seeds that both have.

    ``comparisons``: of so many variants (or pairs) this figure is compared. ``half_width``: the intervals of all of
    them hold at once with the confidence (Bonferroni); ``alone``: if this were the only one. ``p_value``: of no
    difference; ``p_holm``: for all comparisons of this figure together. NaN where nothing is known: one seed alone, or
    a yes-or-no (``passed``).
    """

    variant: int
    baseline: int
    probe: str
    metric: str
    statistic: str
    unit: str
    mean: float
    half_width: float
    alone: float
    p_value: float
    p_holm: float
    comparisons: int
    n: int


def contrasts(sweep: Sweep, baseline: int | None, confidence: float) -> tuple[Contrast, ...]:
    """See :meth:`Sweep.contrasts`."""
    count = len(sweep.variants)
    if baseline is not None and not 0 <= baseline < count:
        raise BadInput(f"there is no variant {baseline}; there are 0 to {count - 1}")
    pairs = [(one, other) for one in range(count) for other in (range(one) if baseline is None else (baseline,))
             if one != other]  # fmt: skip
    by_variant = sweep.values()
    found: list[Contrast] = []
    for key in sweep.figures():
        family = list(_family(by_variant, key, pairs))
        found += _judged(family, confidence)
    order = {pair: place for place, pair in enumerate(pairs)}
    return tuple(sorted(found, key=lambda item: order[item.variant, item.baseline]))


_Raw = tuple[Contrast, list[float]]
_Values = Mapping[tuple[str, str, str], Mapping[int, float]]
"""Of one variant: figure → replication → value."""


def _family(by_variant: Sequence[_Values], key: Key, pairs: Sequence[tuple[int, int]]) -> Iterator[_Raw]:
    for variant, baseline in pairs:
        a, b = by_variant[variant].get(key, {}), by_variant[baseline].get(key, {})
        both = [replication for replication in a if replication in b]
        if both:
            raw = [a[replication] - b[replication] for replication in both]
            yield Contrast(
                variant=variant, baseline=baseline, probe=key[0], metric=key[1], statistic=key[2], unit=UNITS[key[1]],
                mean=fmean(a[place] for place in both) - fmean(b[place] for place in both), half_width=math.nan,
                alone=math.nan, p_value=math.nan, p_holm=math.nan, comparisons=0, n=len(both),
            ), raw  # fmt: skip


def _judged(family: Sequence[_Raw], confidence: float) -> Iterator[Contrast]:
    chances = [math.nan if item.metric == "passed" else p_value(raw) for item, raw in family]
    comparisons = sum(not math.isnan(chance) for chance in chances)
    for (item, raw), chance, adjusted in zip(family, chances, holm(chances), strict=True):
        if math.isnan(chance):
            yield replace(item, comparisons=comparisons)
            continue
        together = estimate(raw, bonferroni(confidence, comparisons))
        yield replace(item, half_width=together.half, alone=estimate(raw, confidence).half, p_value=chance,
                      p_holm=adjusted, comparisons=comparisons)  # fmt: skip
