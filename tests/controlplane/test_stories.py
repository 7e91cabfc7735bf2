"""Control loops as stories that a person can review: commands and what is seen after them."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_regressions.file_regression import FileRegressionFixture

from tests.controlplane.story import retell

STORIES = sorted((Path(__file__).parents[1] / "golden" / "loops").glob("*.txt"))


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.stem)
def test_story_goes_as_told(story: Path, file_regression: FileRegressionFixture) -> None:
    file_regression.check(retell(story.read_text()), fullpath=story)


def test_the_stories_are_there() -> None:
    assert len(STORIES) >= 5
