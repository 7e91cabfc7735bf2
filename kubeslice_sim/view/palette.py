"""Colours and marks: told apart by people who see colours differently, and never by colour alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

INK = "#1b2733"
FAINT = "#5c6b7a"
LINE = "#c3ccd5"
PAPER = "#ffffff"
CARD = "#f6f8fa"

# Okabe and Ito's palette (https://jfly.uni-koeln.de/color/), the yellow left out: it does not stand out on white.
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#6b4fa0", "#5c6b7a")
Dash = Literal["-"] | tuple[float, Sequence[float]]
DASHES: tuple[Dash, ...] = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (6, 2, 1.5, 2)))
_SPOKEN = {
    "blue": "#0072b2", "red": "#c0341d", "green": "#009e73", "pink": "#cc79a7", "orange": "#d98200",
    "purple": "#6b4fa0", "violet": "#6b4fa0", "yellow": "#b59a00", "grey": "#5c6b7a", "gray": "#5c6b7a",
    "black": "#1b2733", "cyan": "#2a9db5",
}  # fmt: skip

OUTCOME_COLOURS = {
    "passed": "#1a7f4b", "failed": "#c0341d", "inconclusive": "#9a6700",
    "same": "#1a7f4b", "differs": "#c0341d", "not comparable": "#9a6700",
}  # fmt: skip


def series(index: int) -> str:
    """The colour of the index-th thing; they start over after eight."""
    return SERIES[index % len(SERIES)]


def colours_of(names: Iterable[str]) -> dict[str, str]:
    """A colour a name. What is called red is red; the others take what is free, in order."""
    wanted = list(names)
    spoken = {name: _SPOKEN[word] for name in wanted for word in name.lower().split("-") if word in _SPOKEN}
    free = [colour for colour in SERIES if colour not in spoken.values()] or list(SERIES)
    others = [name for name in wanted if name not in spoken]
    given = {name: free[index % len(free)] for index, name in enumerate(others)}
    return {name: spoken.get(name) or given[name] for name in wanted}


def dashes(index: int) -> Dash:
    """The line style of the index-th thing: another pattern beside another colour."""
    return DASHES[index % len(DASHES)]
