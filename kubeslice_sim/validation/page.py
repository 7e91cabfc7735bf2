"""The validation page: one file without scripts that loads nothing, and the same for machines."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from kubeslice_sim.observe.estimate import Estimate
from kubeslice_sim.validation.figures import deviations, worth_a_look
from kubeslice_sim.validation.groups import Measured, failures, score
from kubeslice_sim.validation.target import Row
from kubeslice_sim.view.document import document
from kubeslice_sim.view.figure import inline_svg
from kubeslice_sim.view.markup import Markup, el, joined, table
from kubeslice_sim.view.stylesheet import PAGE

_WIDER = """
main { max-width: 1240px; } .ks a { color: inherit; }
.rows td:nth-child(4), .rows td:nth-child(5) { white-space: nowrap; font-variant-numeric: tabular-nums; }
"""
_HEADINGS = ("", "#", "target", "expected", "simulated", "tolerance", "source", "why this tolerance")


def page(measured: Sequence[Measured]) -> str:
    """The text of the page; the same rows give the same bytes."""
    return document("Validation", PAGE + _WIDER, *_sections(measured))


def data(measured: Sequence[Measured]) -> dict[str, Any]:
    """All rows as JSON-like data."""
    return {
        "environment": environment(),
        "rows": [{"group": item.group.name, **_row_data(row)} for item in measured for row in item.rows],
        "left_out": {item.group.name: list(item.group.left_out) for item in measured if item.group.left_out},
        "outside": len(failures(measured)),
    }


def environment() -> Mapping[str, str]:
    """What computed the page."""
    names = ("kubeslice-sim", "numpy", "numba", "simpy")
    return {"python": platform.python_version(), **{name: version(name) for name in names}}


def _row_data(row: Row) -> dict[str, Any]:
    target, found = row.target, row.found
    return {
        "target": target.name,
        "kind": target.kind,
        "unit": target.unit,
        "expected": [target.low, target.high],
        "source": target.source,
        "tolerance": target.tolerance,
        "why": target.why,
        "simulated": row.value,
        "interval_95": [found.low, found.high] if isinstance(found, Estimate) else None,
        "interval_999": list(row.sure) if row.sure is not None else None,
        "verdict": "inside" if row.inside else "outside",
    }


def _sections(measured: Sequence[Measured]) -> Iterator[Markup]:
    yield el("h1", "Validation")
    yield el("p", "What the simulator says, beside what others have published. Built from the code as it is: "
                  "make validation.", class_="faint")  # fmt: skip
    yield _banner(measured)
    yield el("p", joined(*_rules(measured)))
    yield _contents(measured)
    outside = failures(measured)
    if outside:
        yield el("h2", "Outside")
        yield el("ul", (el("li", f"{row.target.name}: {_expected(row)} expected, {_found(row)} simulated")
                        for row in outside))  # fmt: skip
    number = 0
    for item in measured:
        yield el("h2", item.group.title, id=item.group.name)
        yield el("p", item.group.text)
        if worth_a_look(item.rows):
            yield _figure(item)
        rows = [_cells(number + place, row) for place, row in enumerate(item.rows, 1)]
        number += len(rows)
        yield el("div", table(_HEADINGS, rows), class_="scroll rows")
    yield el("h2", "Not covered")
    left_out = ((el("strong", item.group.title), text) for item in measured for text in item.group.left_out)
    yield el("div", table(("group", "what, and why"), left_out), class_="scroll")
    yield el("h2", "Environment")
    yield el("dl", (joined(el("dt", name), el("dd", value)) for name, value in environment().items()))


def _figure(item: Measured) -> Markup:
    title = f"{item.group.title}: deviation of each row from its target, in per cent"
    drawing = Markup(inline_svg(deviations(item.rows), title, f"{item.group.name}-"))
    told = "Dots: simulated, off the target by so much; lines: intervals of 95 %; shaded: the tolerance."
    return el("figure", drawing, el("figcaption", told))


def _banner(measured: Sequence[Measured]) -> Markup:
    outside = len(failures(measured))
    return el("div", el("span", score(measured)), el("span", f" {outside} outside" if outside else " none outside"),
              class_=f"banner {'failed' if outside else 'passed'}")  # fmt: skip


def _contents(measured: Sequence[Measured]) -> Markup:
    rows = (
        (
            el("a", item.group.title, href=f"#{item.group.name}"),
            str(sum(row.target.kind == "simulated" for row in item.rows)),
            str(sum(row.target.kind != "simulated" for row in item.rows)),
            str(len(failures([item])) or "none"),
        )
        for item in measured
    )
    return el("div", table(("group", "simulated", "formulas", "outside"), rows), class_="scroll")


def _rules(measured: Sequence[Measured]) -> Iterator[str]:
    judged = [held for item in measured for row in item.rows if (held := row.in_its_interval) is not None]
    yield "Rows marked (formula) hold arithmetic and transcribed formulas to their source's figures, rows marked "
    yield "(fitted) a parameter to the figure it was chosen by: they are counted apart and prove nothing about how the "
    yield "simulator behaves. All others are simulated. A number without chance must lie within the tolerance. So must "
    yield "a mean, its interval may be no wider than that, and an exact target must lie in its interval of 99.9 %: "
    yield "neither width nor tolerance hides a bias. "
    if judged:
        yield f"Of {len(judged)} such means {sum(judged)} hold their target in the interval of 95 % that is shown; "
        yield f"chance alone would let {0.95 * len(judged):.0f} (those of one run rise and fall together)."


def _cells(number: int, row: Row) -> tuple[Markup | str, ...]:
    verdict = "inside" if row.inside else "outside"
    return (
        el("span", verdict, class_=f"outcome {'passed' if row.inside else 'failed'}"), str(number), _name(row),
        _expected(row), _found(row), _tolerance(row), row.target.source, row.target.why,
    )  # fmt: skip


def _name(row: Row) -> Markup | str:
    kind = row.target.kind
    return row.target.name if kind == "simulated" else joined(row.target.name, el("span", f" ({kind})", class_="faint"))


def _expected(row: Row) -> str:
    target = row.target
    said = _number(target.low) if target.low == target.high else f"{_number(target.low)} to {_number(target.high)}"
    return f"{said} {target.unit}".rstrip()


def _found(row: Row) -> str:
    if isinstance(row.found, Estimate):
        return f"{_number(row.value)} ± {row.found.half:.2g} {row.target.unit}".rstrip()
    return f"{_number(row.value)} {row.target.unit}".rstrip()


def _tolerance(row: Row) -> str:
    if row.target.tolerance:
        return f"{100 * row.target.tolerance:.2g} %"
    return "exact" if row.target.low == row.target.high else "range"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1e5 else f"{value:.5g}"
