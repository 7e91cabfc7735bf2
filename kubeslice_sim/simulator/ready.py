"""Ready: looks at a simulated fleet until everything is up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import simpy

from kubeslice_sim.controlplane.fleet import Fleet
from kubeslice_sim.controlplane.lookout import Lookout
from kubeslice_sim.controlplane.watch import Watch
from kubeslice_sim.simulator.rows import Rows


class Ready:
    """Looks at a fleet after its steps, at most a hundred times per ``wait_for_pods_s``.

    ``all_up`` succeeds when everything is up for the first time, pods that join no slice (``pods_run``) included.
    From then on it looks only where the data plane was given orders: nothing comes up without one.
    """

    def __init__(self, env: simpy.Environment, fleet: Fleet, pods_run: Callable[[], bool]) -> None:
        self.all_up = env.event()
        self._env = env
        self._fleet = fleet
        self._pods_run = pods_run
        self._interval_s = fleet.timing.wait_for_pods_s / 100
        self._arranged = False
        self._effects_seen = 0
        self._lookout = Lookout(fleet.hub, fleet.workers, fleet.ledger)
        self._watch = Watch()

    def stepped(self) -> None:
        """The fleet did something: look soon."""
        news = not self.all_up.triggered or self._fleet.effects != self._effects_seen
        if news and not self._arranged:
            self._arranged = True
            self._env.timeout(self._interval_s).callbacks.append(self._look)

    def record(self, rows: Rows, total_s: float) -> None:
        """The rows of a run that is over: ``ready_s`` of slices and exports, ``tunnel_up`` of gateways."""
        self._watch.look(self._fleet.readiness(), self._env.now)
        rows.made += self._watch.observations(
            self._fleet.transitions, zero_s=rows.zero_s, end_s=rows.zero_s + total_s,
            run_id=rows.run_id, backend=rows.backend,
        )  # fmt: skip

    def notices(self) -> tuple[str, ...]:
        """What was not up at the end, with the reason."""
        return self._watch.notices()

    def _look(self, _: Any) -> None:
        self._arranged = False
        self._effects_seen = self._fleet.effects
        self._watch.arrived(self._lookout.look(), self._env.now)
        if self._lookout.waits or self.all_up.triggered or not self._pods_run():
            return
        if self._fleet.readiness().up:  # each came up once; now all of them are
            self.all_up.succeed()
