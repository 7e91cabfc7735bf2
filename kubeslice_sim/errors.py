"""Every error that this project raises on purpose; each message says what to do next."""

from __future__ import annotations

from dataclasses import dataclass


class KubesliceSimError(Exception):
    """The root of all errors of this project; ``exit_code`` is what ``ksim`` ends with."""

    exit_code = 2


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Problem:
    """One thing wrong with a world: where it stands, which field, what is wrong, what to do."""

    file: str = ""
    line: int = 0
    path: str = ""
    message: str
    hint: str = ""
    rule: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}: " if self.file else ""
        field = f"{self.path}: " if self.path else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{where}{field}{self.message}{hint}"


class BadInput(KubesliceSimError):
    """The input is wrong; carries every problem at once."""

    exit_code = 2

    def __init__(self, problems: tuple[Problem, ...] | list[Problem] | str) -> None:
        if isinstance(problems, str):
            problems = (Problem(message=problems),)
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class BackendUnavailable(KubesliceSimError):
    """A back end cannot run here; the message says what is missing and how to get it."""

    exit_code = 3
