"""Variants: the world with one value of every varied field, each a whole world that was checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kubeslice_sim import manifest, planner
from kubeslice_sim.errors import BadInput, Problem
from kubeslice_sim.model.scenario import Scenario
from kubeslice_sim.model.world import World
from kubeslice_sim.sweep.axis import Axis
from kubeslice_sim.sweep.points import Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """The world with one value an axis. ``scenario`` is the one that is played."""

    index: int
    values: tuple[Any, ...]
    world: World
    scenario: Scenario


def variants_of(
    world: World, axes: Sequence[Axis], points: Sequence[Point], scenario: Scenario
) -> tuple[Variant, ...]:  # fmt: skip
    """The world at each of the points.

    All are made, admitted and planned now: raises :exc:`BadInput` with every problem of every variant, and says in
    which ones it stands.
    """
    place = world.scenarios.index(scenario)
    made: list[Variant] = []
    troubles: dict[Problem, list[str]] = {}
    for index, values in enumerate(points):
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
        raise BadInput(list(_told(troubles, len(points))))
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
