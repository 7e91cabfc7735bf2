"""Run: what one back end saw of one scenario; and the contract of a back end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.scenario import Scenario
from kubeslice_sim.model.world import World
from kubeslice_sim.observe.history import History
from kubeslice_sim.observe.observation import Observation

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that the control plane or a fault did, by its real name where KubeSlice has one."""

    at_s: float
    name: str
    cluster: str
    subject: str
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """All that was seen. ``environment`` says what ran it (kernel, versions, substitutes): facts, no secrets.

    ``history``: what the control plane went through; empty where a back end runs none of its own.
    """

    run_id: str
    backend: str
    world: World
    scenario: Scenario
    seed: int
    observations: tuple[Observation, ...]
    events: tuple[Event, ...] = ()
    environment: FrozenMap[str] = field(default_factory=FrozenMap)
    notices: tuple[str, ...] = ()
    history: History = field(default_factory=History)

    def frame(self) -> pd.DataFrame:
        """The observations as a pandas frame with the columns of ``COLUMNS``."""
        from kubeslice_sim.observe.frames import observation_frame

        return observation_frame(self.observations)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is: simulated or real seconds done, of how many, and what is happening."""

    done_s: float
    total_s: float
    phase: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """Something that a back end found out about this machine, for ``ksim doctor``.

    ``level``: ``ok``, ``substitute`` (works in another way, ``note`` says how) or ``missing`` (``note``: what to do).
    """

    name: str
    level: Literal["ok", "substitute", "missing"]
    note: str


class Backend(Protocol):
    """What the facade asks of a back end; found by the entry-point group ``kubeslice_sim.backends``."""

    name: str

    def unavailable(self) -> str:
        """Why it cannot run here (one line, with what to do), or the empty string."""
        ...

    def capabilities(self) -> tuple[Capability, ...]:
        """What this machine offers to the back end, asked of the machine now."""
        ...

    def run(
        self, world: World, scenario: Scenario, *, seed: int, run_id: str, on_progress: Callable[[Progress], None]
    ) -> Run:
        """Play the scenario. Raises :exc:`BackendUnavailable`; a failed probe is data, not an error."""
        ...
