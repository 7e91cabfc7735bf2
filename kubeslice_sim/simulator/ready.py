"""Watching a fleet: when slices and exports came up, and every change of a tunnel, as rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import simpy

from kubeslice_sim.controlplane.event import TunnelTransition
from kubeslice_sim.controlplane.fleet import Fleet
from kubeslice_sim.controlplane.readiness import Item, Readiness
from kubeslice_sim.simulator.rows import Rows

ItemKey = tuple[str, str, str, str]


class Watch:
    """Looks at a fleet after its steps, at most a hundred times per ``wait_for_pods_s``: a look is costly.

    ``all_up`` succeeds when everything is up for the first time, pods that join no slice (``pods_run``) included.
    """

    def __init__(self, env: simpy.Environment, fleet: Fleet, pods_run: Callable[[], bool]) -> None:
        self.all_up = env.event()
        self._env = env
        self._fleet = fleet
        self._pods_run = pods_run
        self._interval_s = fleet.timing.wait_for_pods_s / 100
        self._arranged = False
        self._came_up_s: dict[ItemKey, float] = {}
        self._waiting: tuple[Item, ...] = ()

    def stepped(self) -> None:
        """The fleet did something: look soon."""
        if not self._arranged and not self.all_up.triggered:
            self._arranged = True
            self._env.timeout(self._interval_s).callbacks.append(self._look)

    def _look(self, _: Any) -> None:
        self._arranged = False
        self._note(self._fleet.readiness())

    def _note(self, readiness: Readiness) -> None:
        for item in readiness.items:
            if item.up:
                self._came_up_s.setdefault(_key(item), self._env.now)
        self._waiting = readiness.waiting
        if readiness.up and not self.all_up.triggered and self._pods_run():
            self.all_up.succeed()

    def record(self, rows: Rows, total_s: float) -> None:
        """The rows of a run that is over: ``ready_s`` of slices and exports, ``tunnel_up`` of gateways."""
        readiness = self._fleet.readiness()
        self._note(readiness)
        for item in readiness.items:
            if item.kind == "tunnel":
                continue
            came_s = self._came_up_s.get(_key(item))
            rows.add(
                "ready_s", self._env.now if came_s is None else came_s, probe="ready",
                at_s=self._env.now if came_s is None else came_s, slice_=item.slice, src_cluster=item.cluster,
                src=item.name, outcome="timeout" if came_s is None else "ok", detail=item.reason,
            )  # fmt: skip
        counts: dict[str, int] = {}
        for change in _from_zero(self._fleet.transitions, rows.zero_s):
            if change.at_s <= rows.zero_s + total_s:
                seq = counts[change.pod] = counts.get(change.pod, -1) + 1
                rows.add(
                    "tunnel_up", change.up, at_s=change.at_s, probe="tunnel", seq=seq, slice_=change.slice,
                    src_cluster=change.cluster, src=change.pod, dst_cluster=change.peer,
                )  # fmt: skip

    def notices(self) -> tuple[str, ...]:
        """What was not up at the end, with the reason."""
        return tuple(
            f"{item.kind} {'/'.join(filter(None, (item.cluster, item.name)))} was not up at the end: {item.reason}"
            for item in self._waiting
        )


def _key(item: Item) -> ItemKey:
    return (item.kind, item.slice, item.cluster, item.name)


def _from_zero(transitions: Iterable[TunnelTransition], zero_s: float) -> Iterable[TunnelTransition]:
    """The state of every tunnel at zero, where it had one, then every change."""
    before: dict[tuple[str, str], TunnelTransition] = {}
    after = []
    for change in transitions:
        if change.at_s <= zero_s:
            before[change.cluster, change.pod] = change
        else:
            after.append(change)
    return (*before.values(), *after)
