"""What the verbs answer: plain data that a notebook can show, as frames and as short HTML."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from kubeslice_sim import observe, planner, view
from kubeslice_sim.observe.run import Run
from kubeslice_sim.verify import answer as verified

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

    def _repr_html_(self) -> str:
        return view.plan_html(self)


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

    def plot(self) -> Figure:
        """The run over time."""
        return view.time_plots(self.run, self.verdicts)

    def report(self, directory: str | Path) -> Path:
        """Write observations.csv, run.json, verdict.json, junit.xml and report.html; returns the page's path."""
        return view.report(self.run, self.verdicts, self.plan, Path(directory))

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

    def _repr_html_(self) -> str:
        return view.answer_html(self)


class Comparison(observe.Comparison):
    """Two runs side by side; everything else is :class:`kubeslice_sim.observe.Comparison`."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return view.comparison_html(self)


def shown(kind: type[T], answer: Any) -> T:
    """The same data as a kind that shows itself."""
    return kind(**{item.name: getattr(answer, item.name) for item in fields(answer)})
