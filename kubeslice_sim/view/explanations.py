"""An explanation for a terminal, a notebook, a frame and machines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.text import Text

from kubeslice_sim.observe.frames import COUNT, TEXT, Schema, framed
from kubeslice_sim.verify.explanation import Explanation, Leg
from kubeslice_sim.view.answers import answer_data
from kubeslice_sim.view.data import plain
from kubeslice_sim.view.markup import el, table
from kubeslice_sim.view.notebook import block
from kubeslice_sim.view.tables import new_table, titled

if TYPE_CHECKING:
    import pandas as pd

LEG_SCHEMA: Schema = {
    "number": COUNT, "kind": TEXT, "device": TEXT, "cluster": TEXT, "does": TEXT, "wrapped_in": TEXT,
    "overhead_bytes": COUNT, "fits": TEXT,
}  # fmt: skip
_MARKS = {"allows": ("✓", "green"), "stops": ("✗", "bold red"), "does not apply": ("·", "dim")}
_RULES = ("", "rule", "why", "whose")
_WAY = ("", "device", "what it does", "wrapped in", "bytes more", "fits")


@dataclass(frozen=True, slots=True, kw_only=True)
class LegRow:
    """One leg as a row of text."""

    number: int
    kind: str
    device: str
    cluster: str
    does: str
    wrapped_in: str
    overhead_bytes: int
    fits: str


def explanation_data(told: Explanation) -> dict[str, Any]:
    """The answer, the look-up, the rules and the way."""
    return {"answer": answer_data(told.answer), "lookup": plain(told.lookup), "rules": plain(told.rules),
            "legs": plain(told.legs), "mtu_bytes": told.mtu_bytes}  # fmt: skip


def explanation_table(told: Explanation) -> Group:
    """The sentence, why the name leads there, the rules, and the way hop by hop."""
    mark, style = _MARKS["allows" if told.answer.allowed else "stops"]
    groups: list[Group | Text] = [Text(f"{mark} ", style=style).append(_sentence(told), style="bold default")]
    if told.lookup.name:
        groups.append(Text(f"{_resolved(told)}\n", style="bold").append(_lines(told), style="not bold"))
    rules = new_table(*_RULES)
    for rule in told.rules:
        sign, colour = _MARKS[rule.verdict]
        rules.add_row(Text(sign, style=colour), Text(rule.name), Text(rule.why), Text(rule.source, style="dim"))
    if told.rules:
        groups.append(titled("rules", rules))
    if told.legs:
        way = new_table(*_WAY)
        for row in leg_rows(told):
            way.add_row(*map(Text, _cells(row)))
        groups.append(titled("the way", way, Text(_summary(told), style="dim")))
    return Group(*groups)


def explanation_html(told: Explanation) -> str:
    """The same for a notebook."""
    rules = [(_MARKS[rule.verdict][0], rule.name, rule.why, rule.source) for rule in told.rules]
    return block(
        el("div", el("strong", _sentence(told))),
        [el("div", _resolved(told)), *(el("div", line, class_="faint") for line in _told(told))]
        if told.lookup.name else "",
        table(_RULES, rules) if rules else "",
        table(_WAY, map(_cells, leg_rows(told))) if told.legs else "",
        el("div", _summary(told), class_="faint"),
    )  # fmt: skip


def explanation_frame(told: Explanation) -> pd.DataFrame:
    """One row a hop."""
    return framed(LEG_SCHEMA, leg_rows(told))


def leg_rows(told: Explanation) -> Iterator[LegRow]:
    """The legs as text, numbered from 1."""
    for number, leg in enumerate(told.legs, 1):
        yield LegRow(number=number, kind=leg.hop.kind, device=leg.hop.device, cluster=leg.hop.cluster, does=leg.does,
                     wrapped_in=" / ".join(leg.encapsulation), overhead_bytes=leg.overhead_bytes,
                     fits=_fits(leg))  # fmt: skip


def _fits(leg: Leg) -> str:
    return "" if leg.mtu_bytes is None else f"{leg.mtu_bytes} B"


def _cells(row: LegRow) -> tuple[str, ...]:
    extra = str(row.overhead_bytes) if row.overhead_bytes else ""
    return str(row.number), f"{row.kind} {row.device}", row.does, row.wrapped_in, extra, row.fits


def _sentence(told: Explanation) -> str:
    verb = "reaches" if told.answer.allowed else "does not reach"
    return f"{told.answer.source} {verb} {told.answer.target}: {told.answer.reason}"


def _resolved(told: Explanation) -> str:
    found = ", ".join(told.lookup.addresses) or "nothing"
    return f"{told.lookup.name} is {found}, asked at {told.lookup.answered_by}"


def _lines(told: Explanation) -> str:
    return "".join(f"· {line}\n" for line in _told(told))


def _told(told: Explanation) -> tuple[str, ...]:
    return (*told.lookup.why, *told.lookup.order)


def _summary(told: Explanation) -> str:
    if told.mtu_bytes is None:
        return ""
    return f"unfragmented all the way: {told.mtu_bytes} B; one way {told.answer.delay_s * 1000:g} ms"
