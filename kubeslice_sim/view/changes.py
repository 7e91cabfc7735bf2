"""The difference of two plans for a terminal, a notebook, a frame and machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.text import Text

from kubeslice_sim.observe.frames import TEXT, Schema, framed
from kubeslice_sim.planner.difference import Difference
from kubeslice_sim.view.data import plain
from kubeslice_sim.view.markup import el, table
from kubeslice_sim.view.notebook import block
from kubeslice_sim.view.tables import new_table, titled

if TYPE_CHECKING:
    import pandas as pd

CHANGE_SCHEMA: Schema = {
    "kind": TEXT, "slice": TEXT, "cluster": TEXT, "subject": TEXT, "before": TEXT, "after": TEXT, "sentence": TEXT,
}  # fmt: skip
NOTHING = "nothing changes"


def difference_data(difference: Difference) -> dict[str, Any]:
    """Headlines and changes."""
    return {"headlines": list(difference.headlines), "changes": plain(difference.changes)}


def difference_table(difference: Difference) -> Group:
    """The headlines, then one row a change."""
    if not difference.changes:
        return Group(Text(NOTHING))
    rows = new_table("", "what it means")
    for change in difference.changes:
        rows.add_row(Text(change.kind, style="dim"), Text(change.sentence))
    return Group(*(Text(line, style="bold") for line in difference.headlines), Text(""), titled("changes", rows))


def difference_html(difference: Difference) -> str:
    """The same for a notebook."""
    if not difference.changes:
        return block(NOTHING)
    rows = [(change.kind, change.slice or "–", change.sentence) for change in difference.changes]
    heads = [el("div", el("strong", line)) for line in difference.headlines]
    return block(heads, table(("change", "slice", "what it means"), rows))


def difference_frame(difference: Difference) -> pd.DataFrame:
    """One row a change."""
    return framed(CHANGE_SCHEMA, difference.changes)
