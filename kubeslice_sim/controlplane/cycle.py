"""Cycle: rotations of keys that end where earlier ones ended, one step on; what follows them is known.

A mark is a fleet at rest with no rotation under way. Two marks are alike when every object of every cluster, what the
data plane was asked last, what the sidecars say and every poll and deadline of the later one is the earlier's, moved by
one step (:mod:`.progression`): times by the time between the two, numbers of keys by the rotations between them. Then
the fleet goes on as it did after the earlier mark. A new gateway pod bears the name of the one before the last, so it
is every second rotation that is alike.

What keeps a phase of its own throughout (reports of health, polls that find nothing) moves by itself: it neither feels
a rotation nor is felt by one. Not reproduced: the resourceVersions and UIDs of what a rotation writes. They come in the
right order, but count health reports as if they had fallen as they did in the cycle that was lived through. A poll
that a rotation puts off and a report brings back is counted as in that cycle, so looks may be a few more or less.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from kubeslice_sim.controlplane.controller import Controller
from kubeslice_sim.controlplane.effects import Effect
from kubeslice_sim.controlplane.fleet import Fleet
from kubeslice_sim.controlplane.ledger import Subject
from kubeslice_sim.controlplane.mark import Mark
from kubeslice_sim.controlplane.progression import Step, Unlike
from kubeslice_sim.controlplane.recording import Deed, Leapt, Piece, Recording, of_look
from kubeslice_sim.controlplane.rest import Wait
from kubeslice_sim.controlplane.rhythm import Rhythm
from kubeslice_sim.controlplane.tick import whole
from kubeslice_sim.controlplane.timestamp import timestamp
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.vpn_key_rotation import VpnKeyRotation


def find_cycle(fleet: Fleet, marks: Sequence[Mark], recording: Recording) -> Cycle | None:
    """The cycle from the first of these marks, one a rotation, to the last; None if those two are not alike.

    None, too, where a rotation left no mark: it crossed midnight, and its copies would do so at any time of day.
    """
    earlier, later = marks[0], marks[-1]
    if any(after.numbers[name] - number > 1 for before, after in pairwise(marks)
           for name, number in before.numbers.items() if name in after.numbers):  # fmt: skip
        return None
    moved = [name for name, number in later.numbers.items() if number != earlier.numbers.get(name)]
    steps = {later.made[name] - earlier.made[name] for name in moved if name in earlier.made}
    if len(steps) != 1 or later.numbers.keys() != earlier.numbers.keys():
        return None
    step = Step(
        by_s=steps.pop(), numbers=frozenset(later.numbers[name] - earlier.numbers[name] for name in moved)
    )  # fmt: skip
    own = {deed for deed, rhythm in later.rest.rhythms.items() if _same(earlier.rest.rhythms.get(deed), rhythm, 0.0)}
    days = [(mark.made[name], _ended_s(name, mark, recording)) for mark in marks[1:] for name in moved]
    cycle = Cycle(earlier=earlier, later=later, step=step, own=own, days=days)
    try:
        cycle.objects({})
        cycle.asked()
    except Unlike:
        return None
    if earlier.sidecars != later.sidecars or not cycle.waits_alike() or not cycle.collect(fleet, recording):
        return None
    cycle.rotations_each = sum(later.numbers[name] - earlier.numbers[name] for name in moved)
    return cycle


@dataclass(slots=True, kw_only=True)
class Cycle:
    """What lies between two marks that are alike, and what to make of it. ``own``: deeds with a phase of their own.

    ``days``: when each of its rotations began and ended, which must be on one day (KubeSlice looks at the date).
    """

    earlier: Mark
    later: Mark
    step: Step
    own: set[Deed]
    days: list[tuple[float, float]]
    rotations_each: int = 0
    times: int = 0
    leapt: list[Leapt] = field(default_factory=list)
    copied: dict[Deed, list[float]] = field(default_factory=dict)
    pieces: list[Piece] = field(default_factory=list)
    deadlines: dict[Wait, tuple[float, bool]] = field(default_factory=dict)
    put_off: set[Deed] = field(default_factory=set)

    @property
    def rotations(self) -> int:
        """How many rotations the copies are."""
        return self.times * self.rotations_each

    @property
    def copies_s(self) -> float:
        """How much later the copies end than what was lived."""
        return whole(self.times * self.step.by_s)

    # -- is it one? --------------------------------------------------------------------------------------------------

    def waits_alike(self) -> bool:
        """Whether polls and deadlines are the same, moved or each in its own rhythm; what is sent, only the latter."""
        earlier, later, by_s = self.earlier.rest, self.later.rest, self.step.by_s
        if earlier.rhythms.keys() != later.rhythms.keys() or earlier.polls.keys() != later.polls.keys():
            return False
        for deed, rhythm in later.rhythms.items():
            if deed not in self.own and (not of_look(deed) or not _same(earlier.rhythms[deed], rhythm, by_s)):
                return False
        if earlier.deadlines.keys() != later.deadlines.keys():
            return False
        for wait, due_s in later.deadlines.items():
            moved_s = whole(due_s - earlier.deadlines[wait])
            if moved_s not in (0.0, by_s):
                return False
            self.deadlines[wait] = (due_s, moved_s != 0.0)
        return True

    def objects(self, changes: Mapping[str, int]) -> dict[str, dict[ObjectKey, Any]]:
        """By cluster, what stands where an object of the later mark stands. Raises :exc:`Unlike`."""
        written = {(deed[3], deed[4]) for deed in self.later.rest.rhythms if deed[0] == "write"}
        found: dict[str, dict[ObjectKey, Any]] = {}
        for cluster, held in self.later.objects.items():
            step = replace(self.step, times=self.times, changes=changes.get(cluster, 0))
            before = self.earlier.objects[cluster]
            if len(before) != len(held):
                raise Unlike(f"{cluster} had {len(before)} objects and has {len(held)}")
            moved = found[cluster] = {}
            for key, item in held.items():
                old = before.get(key) or next(filter(None, map(before.get, step.before(key))), None)
                if old is None:
                    raise Unlike(f"{key} on {cluster} is new")
                if old is not item:
                    of_its_own = replace(step, loose=True) if (cluster, key) in written else step
                    moved[key] = of_its_own.advance(old, item)
        return found

    def asked(self) -> dict[Subject, Effect]:
        """What the data plane was asked last, likewise."""
        before, step = self.earlier.asked, replace(self.step, times=self.times)
        if before.keys() != self.later.asked.keys():
            raise Unlike("the data plane was asked other things")
        return {subject: step.advance(before[subject], effect) for subject, effect in self.later.asked.items()}

    def collect(self, fleet: Fleet, recording: Recording) -> bool:
        """Gather what was done in the cycle; whether what has a rhythm of its own kept it all the time."""
        end_s = self.later.at_s
        begin_s = whole(end_s - self.step.by_s)
        lived = recording.between(begin_s, end_s)
        leapt = [item for item in fleet.load.leapt if item.upto_s > begin_s]
        if any(item.times for item in leapt):
            return False
        for deed in {*lived, *(deed for item in leapt for deed in item.rhythms)}:
            rhythm = self.later.rest.rhythms[deed] if deed in self.own else None
            moments = lived.get(deed, [])
            kept = sum(rhythm is not None and rhythm.holds(at_s) for at_s in moments)
            for item in leapt:
                after_s, passed = max(item.after_s, begin_s), item.rhythms.get(deed)
                if passed is not None and rhythm is None:
                    self.pieces.append((deed, passed, after_s, item.upto_s))
                elif passed is not None:
                    kept += passed.count(after_s, item.upto_s)
            if rhythm is not None and kept != rhythm.count(begin_s, end_s):
                if not of_look(deed):
                    return False
                # A look that finds nothing was put off by the rotation, and brought back by a report: copied as it was.
                self.put_off.add(deed)
                rhythm = None
                self.pieces += (
                    (deed, item.rhythms[deed], max(item.after_s, begin_s), item.upto_s) for item in leapt
                    if deed in item.rhythms
                )  # fmt: skip
            besides = [at_s for at_s in moments if rhythm is None or not rhythm.holds(at_s)]
            if besides and deed[0] != "event":  # events are copied one by one, in their order
                self.copied[deed] = besides
        return True

    # -- and then ----------------------------------------------------------------------------------------------------

    def play(self, fleet: Fleet, until_s: float) -> float | None:
        """Take the fleet through as many copies as fit in; the new moment, None if none does."""
        while self._fits(self.times + 1, until_s):
            self.times += 1
        base_s = whole(self.later.at_s + self.times * self.step.by_s)
        to_s = self.later.rest.quiet(base_s, self.later.rest.margin_s)
        if not self.times or to_s is None or len(self.step.numbers) != 1:
            return None
        rhythms = self.later.rest.rhythms
        self.leapt = [
            Leapt(after_s=self.later.at_s, upto_s=to_s, by_s=self.step.by_s, times=self.times, copied=self.copied,
                  pieces=self.pieces, rhythms={deed: rhythms[deed] for deed in self.own - self.put_off}),
            Leapt(after_s=base_s, upto_s=to_s,
                  rhythms={deed: rhythm if deed in self.own else self._moved(rhythm)
                           for deed, rhythm in rhythms.items() if deed not in self.own - self.put_off}),
        ]  # fmt: skip
        changes = self._changes(to_s)
        objects = self.objects(changes)
        fleet.leap(self.leapt, changes, self._dues(to_s), to_s)
        for site in fleet.sites:
            site.store.replace(objects[site.name])
        for site in fleet.sites:
            for place in site.places():
                site.informers[place].replace(objects[site.name if place == "local" else fleet.hub.name])
        fleet.ledger.replace(self.asked())
        fleet.effects += self.times * (self.later.effects - self.earlier.effects)
        self._tell(fleet)
        return to_s

    def _fits(self, times: int, until_s: float) -> bool:
        """Whether so many copies end in time, before any deadline that stays, each on one day."""
        by_s = times * self.step.by_s
        stays_s = min((due_s for due_s, moves in self.deadlines.values() if not moves), default=float("inf"))
        if self.later.at_s + by_s + 1.0 >= min(until_s, stays_s):
            return False
        return all(len({timestamp(at_s + by_s)[:10] for at_s in rotation}) == 1 for rotation in self.days)

    def _moved(self, rhythm: Rhythm) -> Rhythm:
        by_s = self.times * self.step.by_s
        return Rhythm(period_s=rhythm.period_s, beats=tuple(whole(beat + by_s) for beat in rhythm.beats))

    def _dues(self, to_s: float) -> dict[Controller, dict[ObjectKey, float]]:
        by_s = self.times * self.step.by_s
        own = {id(self.later.rest.rhythms[deed]) for deed in self.own}
        dues: dict[Controller, dict[ObjectKey, float]] = {}
        for (controller, key), (due_s, rhythm) in self.later.rest.polls.items():
            moved_s = due_s if id(rhythm) in own else whole(due_s + by_s)
            dues.setdefault(controller, {})[key] = rhythm.next(moved_s, to_s)
        for (controller, key), (due_s, moves) in self.deadlines.items():
            dues.setdefault(controller, {})[key] = whole(due_s + by_s) if moves else due_s
        return dues

    def _changes(self, to_s: float) -> dict[str, int]:
        """By cluster, how many changes its store saw until then: reports by their rhythm, the rest as in the cycle."""
        reports = [(str(deed[3]), rhythm) for deed, rhythm in self.later.rest.rhythms.items() if deed[0] == "write"]
        found: Counter[str] = Counter()
        for cluster, count in self.later.changes.items():
            found[cluster] = self.times * (count - self.earlier.changes[cluster])
        for cluster, rhythm in reports:
            found[cluster] += rhythm.count(self.later.at_s, to_s)
            found[cluster] -= self.times * rhythm.count(self.earlier.at_s, self.later.at_s)
        return found

    def _tell(self, fleet: Fleet) -> None:
        """Write down the copies' events and changes of tunnels."""
        end_s = self.later.at_s
        begin_s = whole(end_s - self.step.by_s)
        reports = {deed: self.later.rest.rhythms[deed] for deed in self.own if deed[0] == "event"}
        events = []
        for event in fleet.events:
            if begin_s < event.at_s <= end_s:
                rhythm = reports.get(("event", event.cluster, event.name, event.subject, event.message))
                if rhythm is None or not rhythm.holds(event.at_s):
                    events.append(event)
        transitions = [item for item in fleet.transitions if begin_s < item.at_s <= end_s]
        for number in range(1, self.times + 1):
            by_s = number * self.step.by_s
            fleet.events += (replace(item, at_s=whole(item.at_s + by_s)) for item in events)
            fleet.transitions += (replace(item, at_s=whole(item.at_s + by_s)) for item in transitions)


def _ended_s(slice_: str, mark: Mark, recording: Recording) -> float:
    """When the slice's last rotation before the mark was written down as over."""
    began_s, kind = mark.made[slice_], VpnKeyRotation.RESOURCE.kind
    return max((
        moments[-1] for (sort, *_, subject), moments in recording.between(began_s, mark.at_s).items()
        if sort == "write" and isinstance(subject, ObjectKey) and (subject.kind, subject.name) == (kind, slice_)
    ), default=began_s)  # fmt: skip


def _same(one: Rhythm | None, other: Rhythm, by_s: float) -> bool:
    """Whether the other is that rhythm, so much later."""
    return (
        one is not None
        and one.period_s == other.period_s
        and len(one.beats) == len(other.beats)
        and all(one.holds(whole(beat - by_s)) for beat in other.beats)
    )
