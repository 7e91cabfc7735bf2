"""Verdicts and comparisons as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from kubeslice_sim.observe.comparison import Compared, Comparison
from kubeslice_sim.observe.run import Run
from kubeslice_sim.observe.units import seconds
from kubeslice_sim.observe.verdict import Verdict, overall

# A mark beside the colour: outcomes must be told apart without colours, too.
MARKS = {
    "passed": ("✓", "green"), "failed": ("✗", "bold red"), "inconclusive": ("?", "yellow"),
    "same": ("=", "green"), "differs": ("≠", "bold red"), "not comparable": ("?", "yellow"),
}  # fmt: skip


def probe_names(rows: Iterable[Compared]) -> dict[tuple[str, str, str], str]:
    """(probe, source, destination) → the probe's name and of the two ends those that tell it from its namesakes."""
    pairs: dict[str, dict[tuple[str, str], None]] = {}
    for row in rows:
        pairs.setdefault(row.probe, {})[row.source, row.dst] = None
    names: dict[tuple[str, str, str], str] = {}
    for probe, ends in pairs.items():
        sources, targets = len({source for source, _ in ends}), len({target for _, target in ends})
        for source, target in ends:
            told = " → ".join(name for name, count in ((source, sources), (target, targets)) if count > 1)
            names[probe, source, target] = f"{probe} · {told}" if told else probe
    return names


def new_table(*headings: str) -> Table:
    """An empty table in the house style."""
    table = Table(header_style="dim", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(Text(heading), overflow="fold")
    return table


def titled(title: str, table: Table, caption: Text | None = None) -> Group:
    """A table with a line above it and what sums it up below; rich's own titles wrap at the table's width."""
    above = Text(f"{title}", style="bold")
    return Group(above, table, *((caption,) if caption is not None else ()), Text(""))


def verdict_table(run: Run, verdicts: Sequence[Verdict]) -> Group:
    """One row an expectation, and how the run ended."""
    title = f"{run.scenario.metadata.name} on {run.backend}, seed {run.seed}"
    table = new_table("", "expectation", "expected", "found", "why")
    for verdict in verdicts:
        cells = (verdict.name, verdict.expected, verdict.found, verdict.sentence)
        table.add_row(_mark(verdict.outcome, alone=True), *map(Text, cells))
    return titled(title, table, _counted(overall(verdicts), [verdict.outcome for verdict in verdicts], "expectation"))


def comparison_table(comparison: Comparison, *, everything: bool = True) -> Group:
    """One row a figure; without ``everything`` only what is not the same."""
    phases = {row.phase for row in comparison.rows} > {"whole run"}
    headings = ["", "probe", "figure", comparison.name_a, comparison.name_b, "difference", "tolerance"]
    if phases:
        headings.insert(3, "phase")
    names = probe_names(comparison.rows)
    table = new_table(*headings)
    for row in comparison.rows:
        if row.outcome == "same" and not everything:
            continue
        why = row.note if row.outcome == "not comparable" else row.difference
        cells = [names[row.probe, row.source, row.dst], row.what, row.a, row.b, why, row.tolerance]
        if phases:
            cells.insert(2, row.phase)
        table.add_row(_mark(row.outcome, alone=True), *map(Text, cells))
    caption = _counted(comparison.outcome, [row.outcome for row in comparison.rows], "figure")
    caption.append(
        f"\nmean rates leave out the first {seconds(comparison.tolerances.ramp_up_s)} of a flow, of a phase and after "
        "an outage; outages are compared by themselves"
    )
    for note in comparison.notes:
        caption.append(f"\n{note}")
    return titled(f"{comparison.name_a} and {comparison.name_b}", table, caption)


def _mark(outcome: str, *, alone: bool) -> Text:
    mark, style = MARKS[outcome]
    return Text(mark if alone else f"{mark} {outcome}", style=style)


def _counted(outcome: str, outcomes: Sequence[str], noun: str) -> Text:
    text = _mark(outcome, alone=False)
    if not outcomes:
        return text.append(f": there is no {noun}", style="")
    parts = [f"{outcomes.count(name)} {name}" for name in MARKS if name in outcomes]
    plural = "" if len(outcomes) == 1 else "s"
    return text.append(f": {len(outcomes)} {noun}{plural}, {', '.join(parts)}", style="default not bold")
