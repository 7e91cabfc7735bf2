"""Provenance: for every value that a plan derives, which input and which formula it came from."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from kubeslice_sim.errors import BadInput, Problem
from kubeslice_sim.planner.plan import Plan
from kubeslice_sim.planner.provenance_gateways import gateway_questions
from kubeslice_sim.planner.provenance_members import member_questions, slice_questions
from kubeslice_sim.planner.provenance_overlay import name_questions, pod_questions
from kubeslice_sim.planner.provenance_qos import qos_questions
from kubeslice_sim.planner.question import Asked, Input, Provenance, Question

__all__ = ["Input", "Provenance", "askable", "why"]


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
    part = under.strip("/")
    found = tuple(
        question.path
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
        yield from qos_questions(asked)
        yield from name_questions(asked)


def _meant(plan: Plan, wrong: str) -> str:
    known = askable(plan)
    parts = dict.fromkeys(
        "/".join(path.split("/")[:depth]) for path in known for depth in range(1, path.count("/") + 2)
    )
    close = get_close_matches(wrong, list(parts), n=3, cutoff=0.6)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"ask for {', '.join(known[:4])}, …" if known else "the world has no slice"
