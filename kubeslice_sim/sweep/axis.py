"""Axes: which fields vary and over which values; some change together, some are ranges to draw samples from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kubeslice_sim.errors import BadInput, Problem
from kubeslice_sim.model.frozen import freeze
from kubeslice_sim.sweep.span import EXAMPLES, MOST_VALUES, Span, span_of

Varied = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A field of the world (a path as :func:`kubeslice_sim.manifest.vary` takes it) and its values, as written.

    Axes of one ``group`` change together: the n-th value of one stands with the n-th of the others.
    """

    path: str
    values: tuple[Any, ...]
    group: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """What was asked of one field: its values, or a continuum to draw from."""

    path: str
    values: tuple[Any, ...] = ()
    span: Span | None = None

    def at(self, share: float) -> Any:
        """The value at a share of the way from 0 to 1 (excluded)."""
        return self.span.at(share) if self.span else self.values[int(share * len(self.values))]


Group = tuple[Field, ...]
"""Fields that change together: one, as a rule."""


def groups_of(
    varied: Iterable[tuple[str, Any]], together: Iterable[Varied] = (), *, sampled: bool = False
) -> tuple[Group, ...]:
    """The groups in the order given: each field of ``varied`` alone, then those of each of ``together`` as one.

    Values are lists, whose items may be ranges, or one range. Raises :exc:`BadInput` with all that is wrong: no
    values, a value twice, a bad range or one without a step where nothing is sampled, lists of different lengths that
    should change together, a field that varies twice.
    """
    problems: list[Problem] = []
    seen: set[str] = set()
    groups: list[Group] = []
    together = tuple(together)
    if not all(isinstance(asked, Mapping) for asked in together):
        raise BadInput("what changes together are mappings of paths to values: [{'a.x': [1, 2], 'b.y': [3, 4]}]")
    for asked in (*({path: values} for path, values in varied), *together):
        fields = []
        for path, values in asked.items():
            if path in seen:
                problems.append(Problem(path=path, message="is varied twice", hint="give all its values in one place"))
            seen.add(path)
            try:
                fields.append(_field(path, values, sampled=sampled))
            except ValueError as error:
                problems.append(Problem(path=path, message=str(error)))
        problems += _sizes(fields)
        if fields:
            groups.append(tuple(fields))
    if problems:
        raise BadInput(problems)
    return tuple(groups)


def _field(path: str, values: Any, *, sampled: bool) -> Field:
    span = span_of(values)
    if span is not None and span.continuous:
        if not sampled:
            raise ValueError(f"{values!r} says neither step nor count; add one ({EXAMPLES}), or draw samples from it")
        return Field(path=path, span=span)
    if span is not None:
        return Field(path=path, values=span.values())
    if isinstance(values, str | bytes) or not isinstance(values, Sequence):
        raise ValueError(f"needs a list of values or a range, such as ['20ms', '60ms'] or {EXAMPLES.partition(',')[0]}")
    found: list[Any] = []
    for value in values:
        inner = span_of(value)
        found += [value] if inner is None else inner.values()
    if not found:
        raise ValueError("has no values; give one at least")
    if len(found) > MOST_VALUES:
        raise ValueError(f"has {len(found):,} values, more than {MOST_VALUES:,}")
    return Field(path=path, values=tuple(freeze(found)))


def _sizes(fields: Sequence[Field]) -> Iterable[Problem]:
    """What is wrong with the fields of one group: a point twice, or lengths that differ."""
    if not fields:
        return
    first = fields[0]
    for field in fields[1:]:
        if (field.span is None) != (first.span is None):
            yield Problem(path=field.path, message=f"a list and a range without a step cannot change together "
                          f"({first.path})", hint="give both a list or both such a range")  # fmt: skip
        elif len(field.values) != len(first.values):
            yield Problem(path=field.path, message=f"has {len(field.values)} values, and {first.path}, with which it "
                          f"changes, has {len(first.values)}", hint="give both as many")  # fmt: skip
    points = list(zip(*(map(repr, field.values) for field in fields), strict=False))
    if len(set(points)) < len(points):
        yield Problem(path=first.path, message="has a value twice", hint="use replications to repeat runs")
