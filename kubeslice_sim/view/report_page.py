"""The report of a run: a folder with the run itself, its verdicts for machines, and one page for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from kubeslice_sim.controlplane.answers import answer, explain_path
from kubeslice_sim.observe.junit import junit_xml
from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.observe.run import Run
from kubeslice_sim.observe.units import say, seconds
from kubeslice_sim.observe.verdict import Verdict, overall, verdict_data
from kubeslice_sim.planner.plan import Plan
from kubeslice_sim.view.atomic import write_text
from kubeslice_sim.view.control_plane import control_html
from kubeslice_sim.view.document import document
from kubeslice_sim.view.figure import inline_svg, svg_text
from kubeslice_sim.view.gantt import draw_gantt
from kubeslice_sim.view.markup import Markup, el, joined, table
from kubeslice_sim.view.notebook import mark
from kubeslice_sim.view.record import HISTORY, OBSERVATIONS, RUN, write_run
from kubeslice_sim.view.stylesheet import PAGE
from kubeslice_sim.view.timeline import time_plots
from kubeslice_sim.view.topology import draw

VERDICT, JUNIT, REPORT = "verdict.json", "junit.xml", "report.html"
TOPOLOGY, TIMES, GANTT = "topology.svg", "time.svg", "gantt.svg"
EVENTS_SHOWN = 200


def report(run: Run, verdicts: Sequence[Verdict], plan: Plan, directory: str | Path) -> Path:
    """Write the run, ``verdict.json``, ``junit.xml``, the figures and ``report.html``; returns the page's path.

    The page is one file without scripts and loads nothing. The same run gives the same bytes. Raises :exc:`BadInput`
    as :func:`kubeslice_sim.view.record.write_run` does.
    """
    folder = Path(directory)
    write_run(run, folder)
    write_text(folder / VERDICT, json.dumps(verdict_data(run, verdicts), indent=2, ensure_ascii=False) + "\n")
    write_junit(run, verdicts, folder / JUNIT)
    topology, times = draw(plan), time_plots(run, verdicts)
    write_text(folder / TOPOLOGY, svg_text(topology))
    write_text(folder / TIMES, svg_text(times))
    figures = [inline_svg(topology, f"Topology of {plan.world.name}", "topology-"),
               inline_svg(times, "What the probes measured over time", "time-")]  # fmt: skip
    if run.history:
        stages = draw_gantt(run)
        write_text(folder / GANTT, svg_text(stages))
        figures.append(inline_svg(stages, "From asked for to done, stage by stage", "gantt-"))
    write_text(folder / REPORT, page(run, verdicts, plan, *figures))
    return folder / REPORT


def write_junit(run: Run, verdicts: Sequence[Verdict], file: str | Path) -> None:
    """Write the verdicts as JUnit XML. Raises :exc:`BadInput` where the file cannot be written."""
    write_text(Path(file), junit_xml(run, verdicts))


def page(
    run: Run, verdicts: Sequence[Verdict], plan: Plan, topology: str, times: str, stages: str = ""
) -> str:  # fmt: skip
    """The text of ``report.html``; ``topology``, ``times`` and ``stages`` (of a run with a history) are ``<svg>``s."""
    title = f"{run.scenario.metadata.name} on {run.backend}"
    sections = _sections(run, verdicts, plan, Markup(topology), Markup(times), Markup(stages))
    return document(title, PAGE, *sections)


def _sections(
    run: Run, verdicts: Sequence[Verdict], plan: Plan, topology: Markup, times: Markup, stages: Markup
) -> Iterator[Markup]:
    yield el("h1", f"{run.scenario.metadata.name} on {run.backend}")
    spec = run.scenario.spec
    yield el("p", f"world {run.world.name} · seed {run.seed} · {seconds(spec.duration_s)} · KubeSlice "
                  f"{plan.kubeslice_version} · run {run.run_id}", class_="faint")  # fmt: skip
    yield _banner(verdicts)
    for notice in run.notices:
        yield el("p", f"Note: {notice}", class_="inconclusive")
    if verdicts:
        yield el("h2", "Expectations")
        yield _verdicts(verdicts)
    yield el("h2", "Topology")
    yield el("figure", topology)
    yield el("h2", "Over time")
    yield el("figure", times, el("figcaption", "Shaded: a fault is in effect. Boxes: the window and the limits of an "
                                               "expectation."))  # fmt: skip
    if stages:
        yield from _control_plane(run, stages)
    if plan.warnings:
        yield el("h2", "What to know about this world")
        yield table(("what", "where", ""), ((item.id, item.subject, item.message) for item in plan.warnings))
    yield el("h2", "Events")
    yield _events(run)
    yield el("h2", "Environment")
    facts = [("observations", str(len(run.observations))), *sorted(run.environment.items())]
    yield el("dl", (joined(el("dt", name), el("dd", value)) for name, value in facts))
    files = ", ".join((OBSERVATIONS, RUN, VERDICT, JUNIT, TOPOLOGY, TIMES, *((HISTORY, GANTT) if stages else ())))
    yield el("p", f"Beside this page: {files}. Compare two such folders with: ksim compare A B", class_="faint")


def _control_plane(run: Run, stages: Markup) -> Iterator[Markup]:
    yield el("h2", "Control plane")
    path = explain_path(run.history)
    if path:
        yield el("p", "What the last of them waited for: ", el("strong", path), ".")
    yield el("figure", stages, el("figcaption", "Each bar begins when the last thing that it waited for was there."))
    yield control_html(answer(run))


def _banner(verdicts: Sequence[Verdict]) -> Markup:
    outcome = overall(verdicts)
    outcomes = [verdict.outcome for verdict in verdicts]
    parts = [f"{outcomes.count(name)} {name}" for name in ("passed", "failed", "inconclusive") if name in outcomes]
    count = f" {len(verdicts)} expectations: {', '.join(parts)}" if verdicts else " the scenario expects nothing"
    return el("div", mark(outcome), el("span", count), class_=f"banner {outcome}")


def _verdicts(verdicts: Sequence[Verdict]) -> Markup:
    rows = (
        (mark(verdict.outcome), el("strong", verdict.name), verdict.expected, verdict.found,
         joined(verdict.sentence, _evidence(verdict)))
        for verdict in verdicts
    )  # fmt: skip
    return el("div", table(("", "expectation", "expected", "found", "why"), rows), class_="scroll")


def _evidence(verdict: Verdict) -> Markup:
    if not verdict.evidence:
        return Markup()
    count = f"{len(verdict.evidence)} of {verdict.evidence_count} rows"
    if len(verdict.evidence) == verdict.evidence_count:
        count = f"{verdict.evidence_count} row{'' if verdict.evidence_count == 1 else 's'}"
    headings = ("at", "probe", "from", "to", "metric", "value", "outcome", "detail")
    return el("details", el("summary", f"evidence: {count}"), table(headings, map(_row, verdict.evidence)))


def _row(row: Observation) -> tuple[str, ...]:
    source = f"{row.src}@{row.src_cluster}" if row.src_cluster else row.src
    return (
        seconds(row.at_s), row.probe, source, row.dst, row.metric, say(row.metric, row.value), row.outcome, row.detail
    )  # fmt: skip


def _events(run: Run) -> Markup:
    if not run.events:
        return el("p", "No events were recorded.", class_="faint")
    rows = [(seconds(event.at_s), event.name, event.cluster, event.subject, event.message) for event in run.events]
    shown = table(("at", "event", "cluster", "subject", "message"), rows[:EVENTS_SHOWN])
    more = f"; the first {EVENTS_SHOWN} are here, all in {RUN}" if len(rows) > EVENTS_SHOWN else ""
    return el("details", el("summary", f"{len(rows)} events{more}"), el("div", shown, class_="scroll"))
