"""Where things stand: every value of a document knows its file and line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kubeslice_sim.errors import Problem
from kubeslice_sim.model.field_path import FieldPath, show_path

Mark = tuple[int, Any]
"""A value's line (from 1) and the marks inside it: a dict by key, a list by index, or None for a scalar."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One document as it was written: its data, and the line of every value."""

    file: str
    mark: Mark
    data: dict[str, Any]

    @property
    def line(self) -> int:
        """The line on which the document starts."""
        return self.mark[0]

    def line_of(self, path: FieldPath) -> int:
        """The line of the value at ``path``, or of the innermost thing around it that was written."""
        line, inside = self.mark
        for step in path:
            try:
                line, inside = inside[step]
            except (KeyError, IndexError, TypeError):
                break
        return line

    def part(self, path: FieldPath) -> Source:
        """A document inside this one (an item of a ``List``). ``path`` must lead to a mapping."""
        mark, data = self.mark, self.data
        for step in path:
            mark, data = mark[1][step], data[step]  # type: ignore[index]
        return Source(self.file, mark, data)

    def problem(self, path: FieldPath, message: str, hint: str = "", rule: str = "") -> Problem:
        """A problem with the value at ``path``."""
        return Problem(
            file=self.file, line=self.line_of(path), path=show_path(path), message=message, hint=hint, rule=rule
        )
