"""Rest: what a fleet does while nothing happens: polls and reports, each in a rhythm of its own, until a deadline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from kubeslice_sim.controlplane.controller import Controller
from kubeslice_sim.controlplane.fleet import Fleet
from kubeslice_sim.controlplane.recording import Deed, Recording, of_look
from kubeslice_sim.controlplane.rhythm import Rhythm, find_rhythm
from kubeslice_sim.controlplane.tick import whole
from kubeslice_sim.model.document import ObjectKey

Wait = tuple[Controller, ObjectKey]
"""A key that waits in a controller's queue."""
FOREVER_S = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What tells whether anything but polls and reports happened since: to be compared with a later look."""

    at_s: float
    effects: int
    transitions: int
    changes: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """A fleet at rest: the rhythm of each deed, the polls by their rhythm, and the deadlines that nothing repeats.

    ``margin_s``: how long after a request its last echo (an event of a watch, a look at it) is over for sure.
    """

    at_s: float
    rhythms: Mapping[Deed, Rhythm]
    polls: Mapping[Wait, tuple[float, Rhythm]]
    deadlines: Mapping[Wait, float]
    margin_s: float

    @property
    def deadline_s(self) -> float:
        """When the first thing happens that is no poll; infinity if nothing does."""
        return min(self.deadlines.values(), default=FOREVER_S)

    @property
    def reports(self) -> tuple[Rhythm, ...]:
        """The rhythms of what is sent to API servers."""
        return tuple(rhythm for deed, rhythm in self.rhythms.items() if deed[0] == "request" and not of_look(deed))

    def quiet(self, goal_s: float, step_s: float) -> float | None:
        """A moment at or (by the sign of the step) before or after the goal at which no report is under way."""
        for number in range(500):
            at_s = whole(goal_s + number * step_s)
            if not any(rhythm.count(at_s - self.margin_s, at_s + self.margin_s) for rhythm in self.reports):
                return at_s
        return None


def look(fleet: Fleet, now_s: float) -> Look:
    """What there is to compare at the end of a stretch."""
    return Look(
        at_s=now_s, effects=fleet.effects, transitions=len(fleet.transitions),
        changes={site.name: site.store.sequence for site in fleet.sites},
    )  # fmt: skip


def find_rest(fleet: Fleet, recording: Recording, began: Look, now_s: float) -> Rest | None:
    """How the fleet has rested since that look; None: it did something that has no rhythm."""
    if fleet.effects != began.effects or len(fleet.transitions) != began.transitions or not fleet.at_rest():
        return None
    rhythms: dict[Deed, Rhythm] = {}
    for deed, moments in recording.between(began.at_s, now_s).items():
        rhythm = find_rhythm(moments, began.at_s, now_s)
        if rhythm is None:
            return None
        rhythms[deed] = rhythm
    wrote: Counter[str] = Counter()
    for deed, rhythm in rhythms.items():
        if deed[0] == "write":
            wrote[str(deed[3])] += rhythm.count(began.at_s, now_s)
    if any(site.store.sequence - began.changes[site.name] != wrote[site.name] for site in fleet.sites):
        return None
    margin_s = _margin_s(fleet)
    polls: dict[Wait, tuple[float, Rhythm]] = {}
    deadlines: dict[Wait, float] = {}
    for site in fleet.sites:
        for controller in site.controllers:
            for key, due_s in controller.queue.later().items():
                rhythm = rhythms.get(("reconcile", site.name, controller.spec.name, key))
                if rhythm is None:
                    deadlines[controller, key] = due_s
                elif (  # it may have to wait for another key's requests, as long every time
                    rhythm.holds(due_s) or rhythm.count(due_s, due_s + margin_s)
                ) and due_s <= whole(now_s + rhythm.period_s):
                    polls[controller, key] = (due_s, rhythm)
                else:
                    return None
    return Rest(at_s=now_s, rhythms=rhythms, polls=polls, deadlines=deadlines, margin_s=margin_s)


def _margin_s(fleet: Fleet) -> float:
    """Two rounds of requests, watches and looks; whoever reports does one."""
    clients = [site.clients[place] for site in fleet.sites for place in site.places()]
    return 2 * max(client.there_s + client.back_s + client.watch_s for client in clients) + 0.01
