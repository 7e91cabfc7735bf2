"""Variants: every combination of the varied fields' values, each a whole world that was checked."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kubeslice_sim import manifest, planner
from kubeslice_sim.errors import BadInput, Problem
from kubeslice_sim.model.frozen import freeze
from kubeslice_sim.model.scenario import Scenario
from kubeslice_sim.model.world import World

MOST_VARIANTS = 100_000
"""More is a slip: nobody looks at so many, and no machine plays them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A field of the world (a path as :func:`kubeslice_sim.manifest.vary` takes it) and its values, as written."""

    path: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """The world with one value an axis. ``scenario`` is the one that is played."""

    index: int
    values: tuple[Any, ...]
    world: World
    scenario: Scenario


def axes_of(varied: Mapping[str, Sequence[Any]]) -> tuple[Axis, ...]:
    """The axes in the order given. Raises :exc:`BadInput` for one without values or with a value twice."""
    problems = []
    for path, values in varied.items():
        if isinstance(values, str | bytes) or not isinstance(values, Sequence):
            problems.append(Problem(path=path, message="needs a list of values", hint="such as ['20ms', '60ms']"))
        elif not values:
            problems.append(Problem(path=path, message="has no values", hint="give one at least"))
        elif len({repr(value) for value in values}) < len(values):
            problems.append(Problem(path=path, message="has a value twice", hint="use replications to repeat runs"))
    if problems:
        raise BadInput(problems)
    return tuple(Axis(path=path, values=tuple(freeze(list(values)))) for path, values in varied.items())


def variants_of(world: World, axes: Sequence[Axis], scenario: Scenario) -> tuple[Variant, ...]:
    """Every combination, the last axis changing fastest.

    All are made, admitted and planned now: raises :exc:`BadInput` with every problem of every variant, and says in
    which ones it stands.
    """
    count = 1
    for axis in axes:
        count *= len(axis.values)
    if count > MOST_VARIANTS:
        raise BadInput(f"these axes make {count:,} variants, more than {MOST_VARIANTS:,}; vary fewer at once")
    place = world.scenarios.index(scenario)
    made: list[Variant] = []
    troubles: dict[Problem, list[str]] = {}
    for index, values in enumerate(itertools.product(*(axis.values for axis in axes))):
        changes = {axis.path: value for axis, value in zip(axes, values, strict=True)}
        try:
            changed = manifest.vary(world, changes)
            played = changed.scenarios[place]
            _check(changed, played)
        except BadInput as error:
            named = ", ".join(f"{path}={_said(value)}" for path, value in changes.items())
            for problem in error.problems:
                troubles.setdefault(problem, []).append(named)
        else:
            made.append(Variant(index=index, values=values, world=changed, scenario=played))
    if troubles:
        raise BadInput(list(_told(troubles, count)))
    return tuple(made)


def _check(world: World, scenario: Scenario) -> None:
    planner.probes(planner.plan(world), scenario)


def _told(troubles: Mapping[Problem, Sequence[str]], count: int) -> Iterator[Problem]:
    """A problem of all variants as it is, one of some with where it stands."""
    for problem, places in troubles.items():
        if len(places) == count:
            yield problem
            continue
        more = f" and {len(places) - 1} more of {count} variants" if len(places) > 1 else ""
        yield Problem(file=problem.file, line=problem.line, path=problem.path, hint=problem.hint, rule=problem.rule,
                      message=f"{problem.message} [with {places[0]}{more}]")  # fmt: skip


def _said(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
