"""Provenance: for every value that a plan derives, which input and which formula it came from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from kubeslice_sim.errors import BadInput, Problem
from kubeslice_sim.planner.plan import Plan
from kubeslice_sim.planner.provenance_east_west import east_west_questions, edge_questions, mtu_questions
from kubeslice_sim.planner.provenance_gateways import gateway_questions
from kubeslice_sim.planner.provenance_members import member_questions, slice_questions
from kubeslice_sim.planner.provenance_overlay import name_questions, pod_questions
from kubeslice_sim.planner.provenance_qos import qos_questions
from kubeslice_sim.planner.provenance_ways import way_questions
from kubeslice_sim.planner.question import Asked, Input, Provenance, Question

__all__ = ["Input", "Provenance", "askable", "why", "why_each"]


def why(plan: Plan, path: str) -> Provenance:
    """Where one value comes from: ``why(plan, "red/worker-2/cidr")``.

    Raises :exc:`BadInput`, with what was probably meant, for a path that names no value; :func:`askable` lists them.
    """
    wanted = path.strip("/")
    for question in _questions(plan):
        if question.path == wanted:
            return question.answer(question.path)
    raise BadInput([Problem(message=f"the plan has no value {path!r}", hint=_meant(plan, wanted))])


def askable(plan: Plan, under: str = "") -> tuple[str, ...]:
    """Every path that :func:`why` answers, in the plan's order; ``under`` narrows it to a part (``red/worker-2``).

    Raises :exc:`BadInput` where there is nothing under it.
    """
    return tuple(question.path for question in _under(plan, under))


def why_each(plan: Plan, under: str = "") -> tuple[Provenance, ...]:
    """The answers to all that :func:`askable` lists, found in one pass. Raises :exc:`BadInput` as it does."""
    return tuple(question.answer(question.path) for question in _under(plan, under))


def _under(plan: Plan, under: str) -> tuple[Question, ...]:
    part = under.strip("/")
    found = tuple(
        question
        for question in _questions(plan)
        if not part or question.path == part or question.path.startswith(f"{part}/")
    )
    if part and not found:
        raise BadInput([Problem(message=f"the plan has nothing under {under!r}", hint=_meant(plan, part))])
    return found


def _questions(plan: Plan) -> Iterator[Question]:
    for item in plan.slices:
        asked = Asked(plan, item)
        yield from slice_questions(asked)
        yield from member_questions(asked)
        yield from gateway_questions(asked)
        yield from pod_questions(asked)
        yield from east_west_questions(asked)
        yield from edge_questions(asked)
        yield from way_questions(asked)
        yield from mtu_questions(asked)
        yield from qos_questions(asked)
        yield from name_questions(asked)


def _meant(plan: Plan, wrong: str) -> str:
    """The likeliest path: segment by segment what is there, else what is spelled most like it."""
    paths = askable(plan)
    right: tuple[str, ...] = ()
    for segment in wrong.split("/"):
        choices = _next(paths, right)
        close = [segment] if segment in choices else get_close_matches(segment, choices, n=1, cutoff=0.5)
        if not close:
            break
        right = (*right, close[0])
    meant = "/".join(right)
    if not paths:
        return "the world has no slice"
    if right and meant != wrong and len(right) == wrong.count("/") + 1:
        return f"did you mean {meant}?"
    choices = _next(paths, right)
    some = ", ".join(choices[:8]) + (", …" if len(choices) > 8 else "")
    return f"under {meant} there is {some}" if meant else f"ask for {some}"


def _next(paths: Iterable[str], above: tuple[str, ...]) -> list[str]:
    """What may follow these segments."""
    start = "".join(f"{segment}/" for segment in above)
    return list(dict.fromkeys(path[len(start) :].partition("/")[0] for path in paths if path.startswith(start)))
