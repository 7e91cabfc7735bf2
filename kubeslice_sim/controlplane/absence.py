"""Absences: when a part of the control plane was away, and when a controller paused because something was refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from kubeslice_sim.controlplane.site import HUB
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.observe.history import Hold

AwayPart = Literal["API server", "controllers", "way to the controller"]
BACK_OFF = "back-off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """A part of one cluster is away from now on, or no more."""

    cluster: str
    part: AwayPart
    begins: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A controller of a cluster leaves a key alone until that moment: what it wanted was refused, or had to wait.

    ``key`` None: all that it watches in an API server that it did not reach.
    """

    cluster: str
    key: ObjectKey | None
    until_s: float


def holds(entries: Iterable[tuple[float, object]], zero_s: float, end_s: float) -> Iterator[Hold]:
    """What held up whom and how long, in order of beginning. ``entries`` count from zero; a pause's end does not.

    What holds up everybody, the controller cluster's parts, is of no cluster. What lasts to the end is of no
    interest: nothing was released by it.
    """
    away: dict[tuple[str, str], float] = {}
    found = []
    for at_s, entry in entries:
        match entry:
            case Absence():
                part = (entry.cluster, entry.part)
                if entry.begins:
                    away.setdefault(part, at_s)
                elif part in away:
                    found.append(_away(entry, away.pop(part), at_s))
            case Pause():
                until_s = entry.until_s - zero_s
                if until_s <= end_s - zero_s:
                    whose = "" if entry.cluster == HUB else entry.cluster
                    name = entry.key.name if entry.key is not None else ""
                    found.append(Hold(at_s=at_s, until_s=until_s, cluster=whose, what=BACK_OFF, subject=name))
    yield from sorted(found, key=lambda hold: (hold.at_s, hold.cluster, hold.subject))


def _away(entry: Absence, since_s: float, until_s: float) -> Hold:
    if entry.cluster == HUB:
        return Hold(at_s=since_s, until_s=until_s, cluster="", what="controller away")
    what = "operator away" if entry.part == "controllers" else f"{entry.part} away"
    return Hold(at_s=since_s, until_s=until_s, cluster=entry.cluster, what=what)
