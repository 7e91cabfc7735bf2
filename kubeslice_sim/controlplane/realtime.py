"""RealTimeDriver: a fleet under a real clock: one thread that wakes when work is due or a fact comes in."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from kubeslice_sim.controlplane.facts import Fact
from kubeslice_sim.controlplane.fleet import Fleet
from kubeslice_sim.controlplane.readiness import Readiness
from kubeslice_sim.controlplane.request import Request
from kubeslice_sim.errors import KubesliceSimError

T = TypeVar("T")


class DriverStopped(KubesliceSimError):
    """The driver's thread has ended; start a new fleet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """Something for the driver's thread; with ``answer`` somebody waits for its result."""

    work: Callable[[float], Any]
    answer: Future[Any] | None = None

    def run(self, now_s: float) -> None:
        """Do it; what goes wrong is the concern of whoever waits."""
        if self.answer is None:
            self.work(now_s)
            return
        try:
            result = self.work(now_s)
        except Exception as error:
            self.answer.set_exception(error)
        else:
            self.answer.set_result(result)


class RealTimeDriver:
    """Drives a fleet by ``now``, any clock that only goes forward; the fleet's second 0 is the moment of ``start``.

    The fleet belongs to the driver's thread: look at it through :meth:`look`. ``report`` returns at once and may be
    called from any thread, also from within the data plane's ``apply``; the others wait for the driver's thread. An
    error in a reconciler or the data plane ends the driver: ``stop`` raises it, and it is the cause of the
    :exc:`DriverStopped` of every later call. ``on_step`` is called on the driver's thread after each step.
    """

    def __init__(self, fleet: Fleet, now: Callable[[], float] = time.monotonic) -> None:
        self.on_step: Callable[[Fleet, float], None] = lambda fleet, now_s: None
        self._fleet = fleet
        self._now = now
        self._started_s = 0.0
        self._inbox: deque[_Task] = deque()
        self._news = threading.Condition()
        self._stopping = False
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="kubeslice-sim-control-plane", daemon=True)

    def start(self) -> None:
        """Begin at second 0."""
        self._started_s = self._now()
        self._thread.start()

    def stop(self) -> None:
        """End the thread and wait for it. Raises what made the driver fail, if it did. Stopping twice is no error."""
        with self._news:
            self._stopping = True
            self._news.notify()
        if self._thread.is_alive():
            self._thread.join()
        if self._failure is not None:
            raise self._failure

    def now_s(self) -> float:
        """The fleet's second."""
        return self._now() - self._started_s

    @property
    def failure(self) -> Exception | None:
        """What made the driver fail, None while it has not."""
        return self._failure

    def report(self, fact: Fact) -> None:
        """Tell the fleet what the data plane saw; after the driver's end nobody listens."""
        self._put(_Task(work=lambda now_s: self._fleet.report(fact, now_s)))

    def submit(self, request: Request) -> None:
        """Do what a user asks of the API servers. Raises :exc:`Refused` or :exc:`DriverStopped`."""
        self._wait_for(lambda now_s: self._fleet.submit(request, now_s))

    def readiness(self) -> Readiness:
        """What is up by now. Raises :exc:`DriverStopped`."""
        return self.look(lambda fleet: fleet.readiness())

    def do(self, work: Callable[[Fleet, float], T]) -> T:
        """Do something with the fleet between two of its steps. Raises :exc:`DriverStopped`, and what it raises."""
        return self._wait_for(lambda now_s: work(self._fleet, now_s))

    def look(self, at: Callable[[Fleet], T]) -> T:
        """Look at the fleet between two of its steps. Raises :exc:`DriverStopped`, and whatever ``at`` raises."""
        return self._wait_for(lambda _: at(self._fleet))

    def _wait_for(self, work: Callable[[float], T]) -> T:
        answer: Future[T] = Future()
        if not self._put(_Task(work=work, answer=answer)):
            raise DriverStopped("the control plane has stopped; start a new one") from self._failure
        return answer.result()

    def _put(self, task: _Task) -> bool:
        with self._news:
            if self._stopping:
                return False
            self._inbox.append(task)
            self._news.notify()
            return True

    def _run(self) -> None:
        try:
            while (tasks := self._sleep()) is not None:
                while tasks:
                    tasks.popleft().run(self.now_s())
                now_s = self.now_s()
                self._fleet.step(now_s)
                self.on_step(self._fleet, now_s)
        except Exception as error:
            self._failure = error
        finally:
            self._dismiss()

    def _sleep(self) -> deque[_Task] | None:
        """Wait until something is due or comes in; what came in, None at the end."""
        with self._news:
            while not self._stopping and not self._inbox:
                due_s = self._fleet.due_s()
                pause_s = None if due_s is None else due_s - self.now_s()
                if pause_s is not None and pause_s <= 0:
                    break
                self._news.wait(pause_s)
            if self._stopping:
                return None
            tasks, self._inbox = self._inbox, deque()
            return tasks

    def _dismiss(self) -> None:
        """Nobody may wait for ever for a thread that has ended."""
        with self._news:
            self._stopping = True
            rest, self._inbox = self._inbox, deque()
        for task in rest:
            if task.answer is not None:
                task.answer.set_exception(DriverStopped("the control plane has stopped; start a new one"))
