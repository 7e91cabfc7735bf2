"""Leap: a fleet that only repeats itself is taken forward, and what it would have done is counted, exactly.

Reconcilers are pure and moments are whole microseconds, so a fleet's future follows from its state. Two things repeat:

* **Rest.** Loops poll and find nothing, and report their health: each in a rhythm of its own (:mod:`.rest`), until
  something is due that is no poll: certificates that expire, a finished job that has stood its day.
* **Rotations of keys.** A state at rest that is an earlier one moved by a step (:mod:`.cycle`) is followed by what
  followed then, moved alike, until a deadline that does not move, or a rotation that would cross midnight.

Neither is guessed: rhythms and states are compared, and what does not fit is lived through.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from kubeslice_sim.controlplane.controller import Controller
from kubeslice_sim.controlplane.cycle import Cycle, find_cycle
from kubeslice_sim.controlplane.effects import StartGateway
from kubeslice_sim.controlplane.fleet import Fleet
from kubeslice_sim.controlplane.mark import Mark, take_mark
from kubeslice_sim.controlplane.recording import Leapt, Recording
from kubeslice_sim.controlplane.rest import Rest, find_rest, look
from kubeslice_sim.controlplane.tick import whole
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.vpn_key_rotation import VpnKeyRotation
from kubeslice_sim.planner.names import SYSTEM_NAMESPACE
from kubeslice_sim.planner.objects_slice import FIRST_ROTATION

SETTLING_S = 0.5
"""Polls of one rhythm come together: look between two of their beats."""
_TRIES = 20
_MARKS = 6
"""So many states are kept to compare with: a rotation leaves one, and every second is alike."""


class Ground(Protocol):
    """The data plane under a fleet, as far as leaping concerns it."""

    def at_rest(self) -> bool:
        """Whether it would report nothing that changes anything, for as long as it is asked nothing."""
        ...

    def leap(self, by_s: float, moved: Callable[[StartGateway], StartGateway]) -> None:
        """Gateways are what ``moved`` makes of them; what repeats itself at those that differ does so ``by_s`` later.

        What repeats itself at the others goes on in its rhythm.
        """
        ...


@dataclass(slots=True, kw_only=True)
class Tally:
    """What was leapt over: time, reconciles, and rotations of keys that are copies; ``lived`` were lived through."""

    leapt_s: float = 0.0
    reconciles: int = 0
    copied: int = 0
    lived: int = 0

    def __str__(self) -> str:
        return f"{self.copied} of {self.copied + self.lived} rotations are copies of those that were lived through"


class Leaper:
    """Lives through what is new and leaps over what repeats itself. It records all that the fleet does.

    ``load``, counters and ``events`` of the fleet include what was leapt over (health reports only
    :meth:`Fleet.every_event`); its journal does not.
    """

    def __init__(self, fleet: Fleet, ground: Ground) -> None:
        timing = fleet.timing
        longest_s = max(timing.gateway_reconcile_s, timing.health_report_s, timing.slice_reconcile_s)
        # Two rounds of the longest poll, and what its requests take.
        self.period_s = 2 * longest_s + 2.0
        self.tally = Tally()
        self._fleet = fleet
        self._ground = ground
        self._recording = Recording()
        self._marks: list[Mark] = []
        fleet.record(self._recording)

    def go(self, live: Callable[[float], None], now_s: float, until_s: float) -> float:
        """From one moment to another. ``live`` takes fleet and data plane through all that is due by a moment."""
        began = self._rotations()
        while now_s < until_s:
            before = look(self._fleet, now_s)
            now_s = min(whole(now_s + self.period_s), until_s)
            live(now_s)
            for _ in range(_TRIES):
                if now_s >= until_s or self._fleet.at_rest():
                    break
                now_s = min(whole(now_s + SETTLING_S), until_s)
                live(now_s)
            if now_s < until_s and self._ground.at_rest():
                rest = find_rest(self._fleet, self._recording, before, now_s)
                if rest is not None:
                    now_s = self._leap(rest, until_s)
        self.tally.lived = self._rotations() - began - self.tally.copied
        return now_s

    def _leap(self, rest: Rest, until_s: float) -> float:
        mark = take_mark(self._fleet, rest)
        if mark is not None and all(mark.numbers != other.numbers for other in self._marks):
            self._marks = [*self._marks, mark][-_MARKS:]
            for index in reversed(range(len(self._marks) - 1)):
                cycle = find_cycle(self._fleet, self._marks[index:], self._recording)
                to_s = cycle.play(self._fleet, until_s - self.period_s) if cycle is not None else None
                if cycle is not None and to_s is not None:
                    self._played(cycle, to_s, rest.at_s)
                    return to_s
            self._recording.forget(self._marks[0].at_s - 2 * self.period_s)
        return self._pass(rest, until_s)

    def _pass(self, rest: Rest, until_s: float) -> float:
        """Let the rest go on, until shortly before something else happens."""
        longest_s = max((rhythm.period_s for rhythm in rest.rhythms.values()), default=0.0)
        # One round of every report is lived through, so that what they wrote last is there when it matters.
        to_s = rest.quiet(min(rest.deadline_s, until_s) - 1.1 * longest_s - rest.margin_s, -rest.margin_s)
        if to_s is None or to_s < rest.at_s + self.period_s:
            return rest.at_s
        leapt = Leapt(after_s=rest.at_s, upto_s=to_s, rhythms=rest.rhythms)
        dues: dict[Controller, dict[ObjectKey, float]] = {}
        for (controller, key), (due_s, rhythm) in rest.polls.items():
            dues.setdefault(controller, {})[key] = rhythm.next(due_s, to_s)
        for (controller, key), due_s in rest.deadlines.items():
            dues.setdefault(controller, {})[key] = due_s
        changes = Counter[str]()
        for deed, count in leapt.count("write").items():
            changes[str(deed[3])] += count
        self._fleet.leap([leapt], changes, dues, to_s)
        self._ground.leap(0.0, lambda start: start)
        self._count(leapt)
        self.tally.leapt_s += to_s - rest.at_s
        return to_s

    def _played(self, cycle: Cycle, to_s: float, from_s: float) -> None:
        self._ground.leap(cycle.copies_s, self._ordered)
        for leapt in cycle.leapt:
            self._count(leapt)
        self.tally.leapt_s += to_s - from_s
        self.tally.copied += cycle.rotations
        self._marks.clear()

    def _ordered(self, start: StartGateway) -> StartGateway:
        """The newest order for that pod."""
        newest = self._fleet.ledger.newest("pod", start.cluster, SYSTEM_NAMESPACE, start.pod)
        return newest if isinstance(newest, StartGateway) else start

    def _count(self, leapt: Leapt) -> None:
        self.tally.reconciles += leapt.count("reconcile").total()

    def _rotations(self) -> int:
        return sum(
            item.spec.rotation_count - FIRST_ROTATION for item in self._fleet.hub.store.view.list(VpnKeyRotation)
            if item.spec.certificate_creation_time is not None
        )  # fmt: skip
