"""What the control plane did in a run: its history as frames, its figures as a table of the report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from kubeslice_sim.controlplane.answers import Answer
from kubeslice_sim.controlplane.critical_path import paths
from kubeslice_sim.observe import frames
from kubeslice_sim.observe.frames import COUNT, NUMBER, TEXT, Schema, framed
from kubeslice_sim.observe.run import Run
from kubeslice_sim.observe.units import seconds
from kubeslice_sim.view.markup import Markup, el, table

if TYPE_CHECKING:
    import pandas as pd

ANSWER_SCHEMA: Schema = {
    "question": TEXT, "subject": TEXT, "cluster": TEXT, "value": NUMBER, "unit": TEXT, "detail": TEXT,
}  # fmt: skip
OBJECT_SCHEMA: Schema = {
    "at_s": NUMBER, "cluster": TEXT, "kind": TEXT, "namespace": TEXT, "name": TEXT, "change": TEXT, "state": TEXT,
    "conditions": TEXT,
}  # fmt: skip
STAGE_SCHEMA: Schema = {
    "goal": TEXT, "start_s": NUMBER, "end_s": NUMBER, "length_s": NUMBER, "stage": TEXT, "slice": TEXT,
    "cluster": TEXT, "subject": TEXT,
}  # fmt: skip
REQUEST_SCHEMA: Schema = {
    "at_s": NUMBER, "server": TEXT, "client": TEXT, "verb": TEXT, "kind": TEXT, "requests": COUNT,
}  # fmt: skip
QUEUE_SCHEMA: Schema = {"at_s": NUMBER, "cluster": TEXT, "controller": TEXT, "depth": COUNT}


class _StageRow(NamedTuple):
    goal: str
    start_s: float
    end_s: float
    length_s: float
    stage: str
    slice: str
    cluster: str
    subject: str


def event_frame(run: Run) -> pd.DataFrame:
    """One row an event of a controller, by KubeSlice's names."""
    return frames.event_frame(run.events)


def object_frame(run: Run) -> pd.DataFrame:
    """One row a change of an object's state or conditions."""
    return framed(OBJECT_SCHEMA, run.history.states)


def request_frame(run: Run) -> pd.DataFrame:
    """One row a sort of request and slot of time."""
    return framed(REQUEST_SCHEMA, run.history.requests)


def queue_frame(run: Run) -> pd.DataFrame:
    """One row a work queue and slot of time in which something waited."""
    return framed(QUEUE_SCHEMA, run.history.depths)


def control_frame(answers: Iterable[Answer]) -> pd.DataFrame:
    """One row a figure; ``value`` is NaN for what did not come to pass."""
    return framed(ANSWER_SCHEMA, answers)


def stage_frame(run: Run) -> pd.DataFrame:
    """The critical path of everything that came up or came to its end: one row a stage, goal by goal."""
    history = run.history.milestones
    return framed(STAGE_SCHEMA, [
        _StageRow(goal=history[goal].subject, start_s=stage.start_s, end_s=stage.end_s, length_s=stage.length_s,
                  stage=stage.name, slice=stage.slice, cluster=stage.cluster, subject=stage.subject)
        for goal, path in paths(run.history).items() for stage in path
    ])  # fmt: skip


def control_html(answers: Sequence[Answer]) -> Markup:
    """The figures as a table."""
    rows = (
        (item.question, item.subject, item.cluster if item.cluster != item.subject else "", _said(item), item.detail)
        for item in answers
    )
    return el("div", table(("", "of", "on", "figure", ""), rows), class_="scroll")


def _said(item: Answer) -> str:
    if item.value is None:
        return "not before the end"
    return seconds(item.value) if item.unit == "s" else f"{item.value:.3g}{'/s' if item.unit == '1/s' else ''}"
