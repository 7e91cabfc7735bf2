"""Critical path: which chain of milestones decided when something was up, and what each link of it took.

As in project planning (CPM): of all that a milestone had to wait for, what came last released it. Walking back from the
goal along the last ones gives a chain without gaps, so its stages sum to the whole time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from kubeslice_sim.observe.history import History, Hold, Milestone
from kubeslice_sim.observe.units import seconds

SHORT_SHARE = 0.01
"""A sentence tells stages of less than this share of the whole together."""


LEAST_PAUSE_S = 0.1
"""Shorter pauses, a controller's first four or so after a conflict, are part of the stage that they delay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One link of the chain: from when it could begin to when it was done, in seconds since the scenario's zero."""

    name: str
    slice: str
    cluster: str
    subject: str
    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """How long it took."""
        return self.end_s - self.start_s


def goals(milestones: Sequence[Milestone]) -> tuple[int, ...]:
    """The places of the milestones that say that something is up, in order of time."""
    return tuple(sorted((at for at, item in enumerate(milestones) if item.goal), key=lambda at: milestones[at].at_s))


def releaser(milestones: Sequence[Milestone], place: int) -> int | None:
    """Which milestone released that one: of those before it the last (of equals the one noted last)."""
    return max(milestones[place].after, key=lambda before: (milestones[before].at_s, before), default=None)


def stage_of(milestones: Sequence[Milestone], place: int) -> Stage | None:
    """What ended with that milestone, from its release on; None for one that waited for nothing."""
    before = releaser(milestones, place)
    if before is None:
        return None
    here = milestones[place]
    return Stage(name=here.stage, slice=here.slice, cluster=here.cluster, subject=here.subject,
                 start_s=milestones[before].at_s, end_s=here.at_s)  # fmt: skip


def critical_path(milestones: Sequence[Milestone], goal: int) -> tuple[Stage, ...]:
    """The chain that led to that milestone, in order of time: each stage begins where the one before it ended.

    Raises :exc:`ValueError` where a milestone waits for a later one: then there is no chain.
    """
    chain: list[Stage] = []
    place: int | None = goal
    while place is not None and (stage := stage_of(milestones, place)) is not None:
        before = releaser(milestones, place)
        if before is not None and before >= place:
            raise ValueError(f"milestone {place} ({stage.name}) waits for {before}, which was noted after it")
        chain.append(stage)
        place = before
    return tuple(reversed(chain))


def paths(history: History) -> dict[int, tuple[Stage, ...]]:
    """The chain of every goal, by its place, with what held it up; that of an undertaking from when it was begun."""
    begun_s = {item.milestone: item.at_s for item in history.undertakings if item.milestone is not None}
    found = {goal: held(critical_path(history.milestones, goal), history.holds) for goal in goals(history.milestones)}
    return {
        goal: since(path[:-1], begun_s[goal], None) if goal in begun_s else path  # its end is the last stage's
        for goal, path in found.items()
    }


def held(stages: Sequence[Stage], holds: Sequence[Hold]) -> tuple[Stage, ...]:
    """The chain with stages of their own for what it waited for in vain: a part that was away, then a back-off.

    A stage was held up by what was away for some of it and back before it ended, and by the pauses of who works on its
    subject where they are most of what is left of it.
    """
    return tuple(part for stage in stages for part in _split(stage, holds))


def _split(stage: Stage, holds: Sequence[Hold]) -> Iterator[Stage]:
    concerned = [
        hold for hold in holds if hold.cluster in ("", stage.cluster)
        and hold.at_s < stage.end_s and stage.start_s < hold.until_s <= stage.end_s
    ]  # fmt: skip
    if stage.name.endswith(_ALONE):
        concerned = []
    begin_s = stage.start_s
    away = [hold for hold in concerned if hold.what != "back-off"]
    pauses = [hold for hold in concerned if hold.what == "back-off" and _works_on(hold, stage)]
    if away:
        longest = max(away, key=lambda hold: hold.until_s - hold.at_s)
        first_s, begin_s = max(begin_s, min(hold.at_s for hold in away)), max(hold.until_s for hold in away)
        yield from _piece(stage, stage.start_s, first_s)
        yield Stage(name=longest.what, slice=stage.slice, cluster=longest.cluster, subject="", start_s=first_s,
                    end_s=begin_s)  # fmt: skip
    pauses = [hold for hold in pauses if hold.until_s > begin_s]
    if pauses:
        first_s, last_s = max(begin_s, min(hold.at_s for hold in pauses)), max(hold.until_s for hold in pauses)
        if last_s - first_s >= max(LEAST_PAUSE_S, (stage.end_s - begin_s) / 2):
            yield from _piece(stage, begin_s, first_s)
            yield Stage(name="back-off", slice=stage.slice, cluster=stage.cluster, subject=stage.subject,
                        start_s=first_s, end_s=last_s)  # fmt: skip
            begin_s = last_s
    if begin_s == stage.start_s:
        yield stage
    else:
        yield from _piece(stage, begin_s, stage.end_s)


_ALONE = ("pod starts", "certificate job", "tunnel comes up", "node dies")
"""What the data plane does without asking anybody."""


def _works_on(hold: Hold, stage: Stage) -> bool:
    return hold.subject in ("", stage.subject, stage.subject.rpartition("/")[2], stage.slice)


def _piece(stage: Stage, start_s: float, end_s: float) -> Iterator[Stage]:
    if end_s > start_s:
        yield replace(stage, start_s=start_s, end_s=end_s)


def since(stages: Sequence[Stage], fault_s: float, ended_s: float | None) -> tuple[Stage, ...]:
    """What of a chain came after a fault; while nothing of it did before the fault's end, that was waited for.

    The first stage begins with the fault, or with its end: what it had waited for was there long before.
    """
    after = [stage for stage in stages if stage.end_s > fault_s]
    if not after:
        return ()
    first, begin_s = after[0], max(after[0].start_s, fault_s)
    if ended_s is None or not begin_s <= ended_s < first.end_s:
        return (replace(first, start_s=begin_s), *after[1:])
    held = Stage(name="the fault lasts", slice="", cluster="", subject="", start_s=begin_s, end_s=ended_s)
    return (held, replace(first, start_s=ended_s), *after[1:])


def sentence(stages: Sequence[Stage]) -> str:
    """``certificate job 38 s → NodePort exchange 12 s → …``: the chain in words, the short links told together."""
    if not stages:
        return "nothing had to be waited for"
    total_s = stages[-1].end_s - stages[0].start_s
    if total_s <= 0:
        return "at once"
    told: list[Stage] = []
    short: list[Stage] = []
    for stage in (stage for stage in stages if stage.length_s > 0):
        (short if stage.length_s < SHORT_SHARE * total_s else told).append(stage)
    parts = [f"{stage.name}{f' ({stage.cluster})' if stage.cluster else ''} {seconds(stage.length_s)}"
             for stage in told]  # fmt: skip
    chain = " → ".join(parts)
    if short:
        steps = f"{len(short)} short step{'' if len(short) == 1 else 's'}"
        chain += f"{', and ' if told else ''}{steps} of {seconds(sum(stage.length_s for stage in short))} in all"
    return chain
