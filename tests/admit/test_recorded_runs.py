"""The first request of every step of every recorded run, asked in the state that was recorded before it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubeslice_sim import manifest
from kubeslice_sim.apiserver import Answer, ApiServer, standing_objects, step_of
from kubeslice_sim.model.document import key_of

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SOME_TIME = "2026-01-01T00:00:00Z"
"""Recorded times were replaced by a word; none of them matters here."""


def recorded(root: Path) -> Iterator[tuple[Path, Path, Path, int]]:
    """State before, request, state after and the HTTP code of each step."""
    for meta in sorted(root.glob("*/meta.yaml")):
        before = ""
        for step in yaml.safe_load(meta.read_text()).get("steps", ()):
            name = step["step"]
            request = meta.parent / f"{name}-input.yaml"
            if before and step.get("verdicts") and request.exists():
                state, after = (meta.parent / f"{item}-output.yaml" for item in (before, name))
                yield state, request, after, step["verdicts"][0]["code"]
            before = name


def spec_after(after: Path, answer: Answer) -> Any:
    kind, _, name = key_of(answer.document)
    for item in yaml.safe_load_all(after.read_text()):
        if (item["kind"], item["metadata"]["name"]) == (kind, name):
            return item.get("spec", {})
    return None


def test_every_step_of_every_recorded_run(shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked, specs, wrong = 0, 0, []
    for before, request, after, code in recorded(shared / "oracle"):
        state = tmp_path / "state.yaml"
        state.write_text(before.read_text().replace("<time>", SOME_TIME))
        reading = manifest.read_state(state)
        steps = list(yaml.safe_load_all(request.read_text()))
        answer = ApiServer(standing_objects(reading.world, reading.derived), now=NOW).answer(step_of(steps[0]))
        asked += 1
        name = f"{request.parent.name}/{request.name}"
        if answer.allowed != (code < 400):
            wrong.append(f"{name}: real {code}; ours: {answer}")
        elif answer.document is not None and len(steps) == 1:
            specs += 1
            if answer.row()["stored"] != spec_after(after, answer):
                wrong.append(f"{name}: real {spec_after(after, answer)}; ours {answer.row()['stored']}")
    with capsys.disabled():
        print(f"\n{asked} recorded requests asked in their recorded states, {specs} stored specs, {len(wrong)} differ")
    assert not wrong, "\n".join(wrong)
    assert asked > 50
    assert specs > 40
