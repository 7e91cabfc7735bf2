"""Worlds full of mistakes, and every word that is said of them. Rewrite with ``--force-regen``, review by git diff."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_regressions.file_regression import FileRegressionFixture

from kubeslice_sim import manifest
from kubeslice_sim.errors import BadInput

FOLDER = Path(__file__).parents[1] / "golden" / "errors"
WORLDS = sorted(FOLDER.glob("*.yaml"))


def problems(file: Path) -> tuple[str, ...]:
    with pytest.raises(BadInput) as caught:
        manifest.load_text(file.read_text(), file.name)
    return tuple(str(problem) for problem in caught.value.problems)


@pytest.mark.parametrize("file", WORLDS, ids=lambda file: file.stem)
def test_every_mistake_is_told_at_its_line(file: Path, file_regression: FileRegressionFixture) -> None:
    file_regression.check("\n".join(problems(file)) + "\n", fullpath=file.with_suffix(".txt"))


def test_ten_mistakes_are_ten_problems_in_the_order_of_the_file() -> None:
    found = problems(FOLDER / "ten-mistakes.yaml")
    lines = [int(problem.split(":")[1]) for problem in found]
    assert len(found) == 10
    assert lines == sorted(lines)


def test_bad_input_ends_the_command_with_2() -> None:
    assert BadInput.exit_code == 2
