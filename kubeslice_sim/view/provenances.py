"""Where values come from, for a terminal, a notebook, a frame and machines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.text import Text

from kubeslice_sim.observe.frames import TEXT, Schema, framed
from kubeslice_sim.planner.question import Provenance
from kubeslice_sim.view.data import plain
from kubeslice_sim.view.markup import el, table
from kubeslice_sim.view.notebook import block
from kubeslice_sim.view.tables import new_table, titled

if TYPE_CHECKING:
    import pandas as pd

INPUT_SCHEMA: Schema = {"name": TEXT, "value": TEXT}


def provenance_data(told: Provenance) -> dict[str, Any]:
    """Path, value, inputs, formula and source."""
    data: dict[str, Any] = plain(told)
    return data


def provenance_text(told: Provenance) -> Text:
    """The value, what it was made from, how, and who does it so."""
    text = Text(f"{told.path} = {told.value}\n", style="bold")
    for item in told.inputs:
        text.append(f"  from {item.name} = {item.value}\n", style="not bold")
    text.append(f"  how: {told.formula}\n", style="not bold")
    return text.append(f"  source: {told.source}", style="not bold dim")


def provenance_list(title: str, several: Iterable[Provenance]) -> Group:
    """What can be asked, with its values."""
    rows = new_table("ask for", "value")
    for told in several:
        rows.add_row(Text(told.path), Text(told.value))
    return titled(title, rows)


def provenance_html(told: Provenance) -> str:
    """The same for a notebook."""
    return block(
        el("strong", f"{told.path} = {told.value}"),
        el("div", told.formula),
        table(("from", "value"), [(item.name, item.value) for item in told.inputs]),
        el("div", told.source, class_="faint"),
    )


def provenance_frame(told: Provenance) -> pd.DataFrame:
    """One row an input."""
    return framed(INPUT_SCHEMA, told.inputs)
