"""Driver: gives a fleet the simulation's time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import simpy

from kubeslice_sim.controlplane.facts import Fact
from kubeslice_sim.controlplane.fleet import Fleet
from kubeslice_sim.controlplane.request import Request

T = TypeVar("T")


class Driver:
    """Steps a fleet at the moments at which it has work. Implements ``FactSink``.

    ``after_step`` is called when a step is done. Facts are taken at once; what they set off runs later, so a data plane
    may report from inside an effect.
    """

    def __init__(self, env: simpy.Environment, fleet: Fleet, after_step: Callable[[], None] = lambda: None) -> None:
        self.fleet = fleet
        self.steps = 0
        self._env = env
        self._after_step = after_step
        self._arranged_s = float("inf")
        self._arrange()

    def report(self, fact: Fact) -> None:
        """Take note of a fact, now."""
        self.fleet.report(fact, self._env.now)
        self._arrange()

    def submit(self, request: Request) -> None:
        """A user's request, now. Raises what :meth:`Fleet.submit` raises."""
        self.fleet.submit(request, self._env.now)
        self._arrange()

    def do(self, work: Callable[[Fleet, float], T]) -> T:
        """Do something with the fleet, now. Implements :class:`kubeslice_sim.controlplane.fleet_faults.Conductor`."""
        answer = work(self.fleet, self._env.now)
        self._arrange()
        return answer

    def _arrange(self) -> None:
        """See to it that the next step comes when it is due."""
        due_s = self.fleet.due_s()
        if due_s is None or due_s >= self._arranged_s:
            return
        self._arranged_s = max(due_s, self._env.now)
        self._env.timeout(self._arranged_s - self._env.now, self._arranged_s).callbacks.append(self._step)

    def _step(self, event: Any) -> None:
        if event.value != self._arranged_s:
            return  # an earlier moment was arranged since
        self._arranged_s = float("inf")
        self.steps += 1
        self.fleet.step(self._env.now)
        self._arrange()
        self._after_step()
