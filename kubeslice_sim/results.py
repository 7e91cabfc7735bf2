"""What the verbs answer: plain data that a notebook can show, as frames, as short HTML and in a line of text."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from kubeslice_sim import observe, planner, view
from kubeslice_sim.controlplane import rehearsal
from kubeslice_sim.controlplane.answers import answer, explain_path
from kubeslice_sim.errors import BadInput
from kubeslice_sim.model.suggest import meant
from kubeslice_sim.observe.run import Run
from kubeslice_sim.planner.change import counted
from kubeslice_sim.verify import answer as verified
from kubeslice_sim.verify import explain, explanation

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

T = TypeVar("T")


class Plan(planner.Plan):
    """A plan that a notebook can show; everything else is :class:`kubeslice_sim.planner.plan.Plan`."""

    __slots__ = ()

    def frame(self) -> pd.DataFrame:
        """One row a device of the overlay (pods, routers, gateways): slice, cluster, kind, name, addresses."""
        return view.plan_frame(self)

    def draw(self) -> Figure:
        """The topology as a figure."""
        return view.draw(self)

    def diff(self, after: planner.Plan) -> Difference:
        """What changes on the way from this plan to ``after``, which should be made with ``previous=self``."""
        return shown(Difference, planner.diff(self, after))

    def capacity(self) -> Capacity:
        """The room that is left: clusters, overlay addresses, node ports; what tunnels and certificates cost."""
        return shown(Capacity, planner.measure_capacity(self))

    def explain(self, source: str, target: str) -> Explanation:
        """How a packet travels hop by hop, which rules it meets, and why its name leads there.

        ``source``: ``namespace/pod@cluster``; ``target``: a DNS name, an address or a pod. Raises :exc:`BadInput`.
        """
        return shown(Explanation, explain(self, source, target))

    def why(self, path: str) -> Provenance:
        """Which input and which formula a value came from: ``plan.why("red/worker-2/cidr")``.

        Raises :exc:`BadInput` for a path that names no value; :meth:`askable` lists them.
        """
        return shown(Provenance, planner.why(self, path))

    def askable(self, under: str = "") -> tuple[str, ...]:
        """Everything that :meth:`why` answers, or the part under ``red`` or ``red/worker-2``."""
        return planner.askable(self, under)

    def why_each(self, under: str = "") -> tuple[Provenance, ...]:
        """The answers to all that :meth:`askable` lists."""
        return tuple(shown(Provenance, item) for item in planner.why_each(self, under))

    def __repr__(self) -> str:
        tunnels = sum(len(item.tunnels) for item in self.slices)
        parts = ((len(self.clusters), "cluster"), (len(self.slices), "slice"), (tunnels, "tunnel"),
                 (len(self.pods), "pod"))  # fmt: skip
        return f"<Plan of {self.world.name}: {', '.join(counted(number, noun) for number, noun in parts)}>"

    def _repr_html_(self) -> str:
        return view.plan_html(self)


class Difference(planner.Difference):
    """What changes between two plans; everything else is :class:`kubeslice_sim.planner.difference.Difference`."""

    __slots__ = ()

    def frame(self) -> pd.DataFrame:
        """One row a change."""
        return view.difference_frame(self)

    def _repr_html_(self) -> str:
        return view.difference_html(self)


class Capacity(planner.Capacity):
    """The room that a plan leaves; everything else is :class:`kubeslice_sim.planner.capacity.Capacity`."""

    __slots__ = ()

    def frame(self) -> pd.DataFrame:
        """One row a slice."""
        return view.capacity_frame(self)

    def member_frame(self) -> pd.DataFrame:
        """One row a cluster's part of a slice: the overlay addresses."""
        return view.member_capacity_frame(self)

    def node_frame(self) -> pd.DataFrame:
        """One row a gateway node."""
        return view.node_capacity_frame(self)

    def _repr_html_(self) -> str:
        return view.capacity_html(self)


class Explanation(explanation.Explanation):
    """How a packet travels; everything else is :class:`kubeslice_sim.verify.explanation.Explanation`."""

    __slots__ = ()

    def frame(self) -> pd.DataFrame:
        """One row a hop."""
        return view.explanation_frame(self)

    def _repr_html_(self) -> str:
        return view.explanation_html(self)


class Provenance(planner.Provenance):
    """Where a value comes from; everything else is :class:`kubeslice_sim.planner.question.Provenance`."""

    __slots__ = ()

    def frame(self) -> pd.DataFrame:
        """One row an input."""
        return view.provenance_frame(self)

    def _repr_html_(self) -> str:
        return view.provenance_html(self)


class Rehearsal(rehearsal.Rehearsal):
    """What KubeSlice's controller would do; all else is :class:`kubeslice_sim.controlplane.rehearsal.Rehearsal`."""

    __slots__ = ()

    def frame(self) -> pd.DataFrame:
        """One row a changed field, a created or deleted object, a refused request."""
        return view.rehearsal_frame(self)

    def __repr__(self) -> str:
        steps = sum(len(moment.answers) for moment in self.moments)
        return f"<Rehearsal: {steps} requests, {len(self.refused)} refused, {len(self.moments[-1].objects)} objects>"

    def _repr_html_(self) -> str:
        return view.rehearsal_html(self)


@dataclass(frozen=True, slots=True)
class Result:
    """A run and what it means: observations, one verdict an expectation."""

    run: Run
    plan: planner.Plan
    verdicts: tuple[observe.Verdict, ...]

    @property
    def exit_code(self) -> int:
        """0 all passed, 1 something failed, 4 nothing failed but something could not be judged."""
        return observe.exit_code(self.verdicts)

    def frame(self) -> pd.DataFrame:
        """The observations, one row each."""
        return observe.frame(self.run)

    def verdict_frame(self) -> pd.DataFrame:
        """The verdicts, one row an expectation."""
        return observe.verdict_frame(self.verdicts)

    def control_frame(self) -> pd.DataFrame:
        """The control plane's figures: how long to ready, join, rotate, detect, recover; stale names; load; queues."""
        return view.control_frame(answer(self.run))

    def event_frame(self) -> pd.DataFrame:
        """The events of all controllers, by KubeSlice's names."""
        return view.event_frame(self.run)

    def object_frame(self) -> pd.DataFrame:
        """Every change of an object's state or conditions, cluster by cluster."""
        return view.object_frame(self.run)

    def stage_frame(self) -> pd.DataFrame:
        """The critical path of all that came up, joined, left or was rotated, one row a stage."""
        return view.stage_frame(self.run)

    def request_frame(self) -> pd.DataFrame:
        """Requests to each API server, by time, client, verb and kind."""
        return view.request_frame(self.run)

    def queue_frame(self) -> pd.DataFrame:
        """How full the work queues were."""
        return view.queue_frame(self.run)

    def critical_path(self, name: str = "") -> str:
        """What decided when a slice or an export was up, or a join over (empty: the last); empty if it never was.

        Raises :exc:`BadInput` for a name that nothing in this run has; so does :meth:`gantt`.
        """
        self._look_up(name)
        return explain_path(self.run.history, name)

    def gantt(self, name: str = "") -> Figure:
        """From asked for to done, by stage and cluster: a slice, or ``worker-3 joins red`` (empty: all of them)."""
        self._look_up(name)
        return view.draw_gantt(self.run, name)

    def _look_up(self, name: str) -> None:
        history = self.run.history
        known = [row.src for row in self.run.observations if row.metric == "ready_s"]
        known += [item.title for item in history.undertakings]
        known += [item.subject for item in history.milestones if item.goal]
        if name and name not in known:
            hint = meant(name, known)
            raise BadInput(f"nothing in this run is called {name}{f' ({hint})' if hint else ''}")

    def plot(self) -> Figure:
        """The run over time."""
        return view.time_plots(self.run, self.verdicts)

    def report(self, directory: str | Path) -> Path:
        """Write observations.csv, run.json, verdict.json, junit.xml and report.html; returns the page's path."""
        return view.report(self.run, self.verdicts, self.plan, Path(directory))

    def __repr__(self) -> str:
        of = f"{self.run.scenario.metadata.name} on {self.run.backend}, seed {self.run.seed}"
        size = f"{len(self.verdicts)} expectations, {len(self.run.observations)} observations"
        return f"<Result of {of}: {observe.overall(self.verdicts)}, {size}>"

    def _repr_html_(self) -> str:
        return view.result_html(self.run, self.verdicts)


class Answer(verified.Answer):
    """Whether one thing reaches another; everything else is :class:`kubeslice_sim.verify.Answer`."""

    __slots__ = ()

    def frame(self) -> pd.DataFrame:
        """One row a hop."""
        import pandas as pd

        columns = [item.name for item in fields(verified.Hop)]
        return pd.DataFrame([asdict(hop) for hop in self.hops], columns=columns)

    def __repr__(self) -> str:
        verb = "reaches" if self.allowed else "does not reach"
        return f"<Answer: {self.source} {verb} {self.target}: {self.reason}>"

    def _repr_html_(self) -> str:
        return view.answer_html(self)


class Comparison(observe.Comparison):
    """Two runs side by side; everything else is :class:`kubeslice_sim.observe.Comparison`."""

    __slots__ = ()

    def __repr__(self) -> str:
        counts = ", ".join(f"{number} {outcome}" for outcome, number in self.count().most_common())
        return f"<Comparison of {self.name_a} and {self.name_b}: {counts or 'no figure'}>"

    def _repr_html_(self) -> str:
        return view.comparison_html(self)


def shown(kind: type[T], answer: Any) -> T:
    """The same data as a kind that shows itself."""
    return kind(**{item.name: getattr(answer, item.name) for item in fields(answer)})
