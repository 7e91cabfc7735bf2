"""Agenda: what is to be done at which moment; of one moment, in the order in which it was entered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import heappop, heappush

from kubeslice_sim.controlplane.tick import whole

Task = Callable[[float], None]


class Agenda:
    """Tasks in order of time. A task gets the moment at which it is really done."""

    def __init__(self) -> None:
        self._tasks: list[tuple[float, int, Task]] = []
        self.entered = 0
        """How many there ever were."""

    def at(self, due_s: float, task: Task) -> None:
        """Do it at that moment (or as soon as possible after)."""
        self.entered += 1
        heappush(self._tasks, (whole(due_s), self.entered, task))

    def tasks(self) -> Iterable[Task]:
        """All that is to be done, in no order."""
        return (task for _, _, task in self._tasks)

    def clear(self) -> None:
        """Do none of it."""
        self._tasks.clear()

    def due_s(self) -> float | None:
        """When the next task is due, None if there is none."""
        return self._tasks[0][0] if self._tasks else None

    def take(self, now_s: float) -> Task | None:
        """The next task that is due by now, or None."""
        return heappop(self._tasks)[2] if self._tasks and self._tasks[0][0] <= now_s else None
