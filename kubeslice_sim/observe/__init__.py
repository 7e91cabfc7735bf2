"""One row schema for all back ends; expectations; comparison; verdict."""

from kubeslice_sim.observe.compare import compare
from kubeslice_sim.observe.comparison import Compared, Comparison, Tolerances
from kubeslice_sim.observe.frames import event_frame, frame, observation_frame, verdict_frame
from kubeslice_sim.observe.judge import judge
from kubeslice_sim.observe.observation import Observation
from kubeslice_sim.observe.run import Run
from kubeslice_sim.observe.verdict import Verdict, exit_code, overall

__all__ = [
    "Compared", "Comparison", "Observation", "Run", "Tolerances", "Verdict", "compare", "event_frame",
    "exit_code", "frame", "judge",
    "observation_frame", "overall", "verdict_frame",
]  # fmt: skip
