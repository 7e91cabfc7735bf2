"""What a notebook shows of a plan, a run or a comparison: short, escaped, without scripts."""

from __future__ import annotations

from collections.abc import Sequence

from kubeslice_sim.controlplane.answers import told_undertakings
from kubeslice_sim.observe.comparison import Comparison
from kubeslice_sim.observe.run import Run
from kubeslice_sim.observe.units import seconds
from kubeslice_sim.observe.verdict import Verdict, overall
from kubeslice_sim.planner.plan import Plan
from kubeslice_sim.verify.answer import Answer
from kubeslice_sim.view.markup import Markup, el, joined, table
from kubeslice_sim.view.plan_tables import ipam_line, slice_line
from kubeslice_sim.view.stylesheet import NOTEBOOK
from kubeslice_sim.view.tables import MARKS

SHOWN = 12
"""A notebook shows so many rows of a comparison that agree; what does not agree is always shown."""


def plan_html(plan: Plan) -> str:
    """The slices in a line each, and every cluster's part of them."""
    tunnels = sum(len(item.tunnels) for item in plan.slices)
    head = f"KubeSlice {plan.kubeslice_version} · {_count(len(plan.clusters), 'cluster')} · {_count(tunnels, 'tunnel')}"
    rows = [
        (item.name, member.cluster, str(member.slot), str(member.cidr),
         str(member.router.address) if member.router else "–",
         str(sum(pod.slice == item.name and pod.cluster == member.cluster for pod in plan.pods)),
         ", ".join(service.name for service in item.services if member.cluster in service.source_clusters) or "–")
        for item in plan.slices for member in item.members
    ]  # fmt: skip
    headings = ("slice", "cluster", "slot", "CIDR", "router", "pods", "exports")
    lines = [el("div", slice_line(item), class_="faint") for item in plan.slices]
    warnings = [
        el("div", f"{item.id}: {item.subject}: {item.message}", class_="inconclusive") for item in plan.warnings
    ]
    lines += [el("div", ipam_line(item.ipam), class_="faint") for item in plan.slices if item.ipam is not None]
    beyond = [el("div", sentence, class_="inconclusive") for sentence in plan.not_deployable]
    return block(el("strong", plan.world.name), " ", el("span", head, class_="faint"), lines, table(headings, rows),
                  beyond, warnings)  # fmt: skip


def result_html(run: Run, verdicts: Sequence[Verdict]) -> str:
    """How the run ended, a row an expectation, and how long joins, leaves and rotations took."""
    head = f"{run.scenario.metadata.name} on {run.backend}, seed {run.seed}"
    count = f"{_count(len(run.observations), 'observation')}, {_count(len(verdicts), 'expectation')}"
    notices = [el("div", notice, class_="inconclusive") for notice in run.notices]
    undertaken = [el("div", sentence) for sentence in told_undertakings(run.history)]
    return block(el("strong", head), " ", mark(overall(verdicts)), " ", el("span", count, class_="faint"), notices,
                  verdicts_table(verdicts) if verdicts else "", undertaken)  # fmt: skip


def answer_html(answer: Answer) -> str:
    """The answer in a sentence, and the way hop by hop."""
    verb = "reaches" if answer.allowed else "does not reach"
    rows = [
        (str(number), f"{hop.kind} {hop.device}", hop.cluster, hop.interface or "–", hop.address or "–",
         str(hop.mtu_bytes or "–"), seconds(hop.delay_s) if hop.delay_s else "–")
        for number, hop in enumerate(answer.hops, 1)
    ]  # fmt: skip
    headings = ("", "device", "cluster", "leaves by", "address", "MTU", "delay")
    sentence = el("strong", f"{answer.source} {verb} {answer.target}")
    return block(sentence, f": {answer.reason}", table(headings, rows) if rows else "")


def comparison_html(comparison: Comparison) -> str:
    """How it ended; what differs or cannot be compared, and the first rows that agree."""
    counts = comparison.count().most_common()
    count = ", ".join(f"{number} {outcome}" for outcome, number in counts) or "no figure"
    ranked = sorted(comparison.rows, key=lambda row: row.outcome == "same")
    shown = [row for index, row in enumerate(ranked) if row.outcome != "same" or index < SHOWN]
    rows = [
        (mark(row.outcome), row.probe, row.what, row.phase, f"{row.source} → {row.dst}", row.a, row.b,
         row.note if row.outcome == "not comparable" else row.difference, row.tolerance)
        for row in shown
    ]  # fmt: skip
    headings = ("", "probe", "figure", "phase", "pair", comparison.name_a, comparison.name_b, "difference", "tolerance")
    left = len(comparison.rows) - len(shown)
    more = [el("div", f"and {left} more that are the same; .frame() has all", class_="faint")] if left else []
    return block(el("strong", f"{comparison.name_a} and {comparison.name_b}"), " ", mark(comparison.outcome), " ",
                  el("span", count, class_="faint"), table(headings, rows) if rows else "", more,
                  (el("div", note, class_="faint") for note in comparison.notes))  # fmt: skip


def verdicts_table(verdicts: Sequence[Verdict]) -> Markup:
    """A row an expectation."""
    rows = [
        (mark(verdict.outcome), verdict.name, verdict.expected, verdict.found,
         "" if verdict.at_s is None else seconds(verdict.at_s), verdict.sentence)
        for verdict in verdicts
    ]  # fmt: skip
    return table(("", "expectation", "expected", "found", "at", "why"), rows)


def mark(outcome: str) -> Markup:
    """An outcome with its sign and colour."""
    return el("span", f"{MARKS[outcome][0]} {outcome}", class_=f"outcome {outcome.replace(' ', '-')}")


def block(*children: object) -> str:
    """One answer in a notebook: our small style and the children."""
    # Several outputs stand in one notebook: each brings the same small style, scoped to our class.
    return el("div", el("style", Markup(NOTEBOOK)), joined(*children), class_="ks")  # type: ignore[arg-type]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
