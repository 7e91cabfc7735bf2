"""KubeSlice's controller, ours, at work on a real API server: caches by watches, work queues, one leader."""

from __future__ import annotations

import os
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from kubeslice_sim.controlplane.controller import Controller
from kubeslice_sim.controlplane.effects import IssueCertificates
from kubeslice_sim.controlplane.hub import HUB_CONTROLLERS
from kubeslice_sim.controlplane.reconciler import Outcome, View, Write
from kubeslice_sim.controlplane.refusal import Refused
from kubeslice_sim.controlplane.site import HUB
from kubeslice_sim.controlplane.store import Change
from kubeslice_sim.controlplane.table import ObjectTable
from kubeslice_sim.controlplane.timestamp import ORIGIN
from kubeslice_sim.errors import BackendUnavailable, KubesliceSimError
from kubeslice_sim.model.document import ObjectKey, ObjectMeta
from kubeslice_sim.model.kinds import HUB_NOUNS
from kubeslice_sim.model.timing import KUBESLICE
from kubeslice_sim.model.underlay import Underlay
from real.certificates import finished
from real.clock import Clock
from real.connection import Connection, Kind
from real.incumbent import check_vacant
from real.leadership import Leadership
from real.pace import Pace
from real.reflector import Listed, Reflector, Seen, Watchable
from real.typed import read
from real.writing import Writer, as_planned

Certificates = Literal["wait", "immediate"]
OTHER_KINDS = (
    ("v1", "Namespace"), ("v1", "ServiceAccount"), ("v1", "Secret"), ("batch/v1", "Job"),
    ("rbac.authorization.k8s.io/v1", "Role"), ("rbac.authorization.k8s.io/v1", "RoleBinding"),
)  # fmt: skip
"""Kubernetes' own objects that KubeSlice's controller reads and writes."""
_IDLE_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """What a controller did until it was stopped."""

    reconciles: int
    writes: int
    lost: bool = False

    def __str__(self) -> str:
        end = "lost the lease and stopped" if self.lost else "stopped"
        return f"{end} after {self.reconciles} reconciles and {self.writes} writes"


class HubController:
    """Runs KubeSlice's hub reconcilers on one API server. ``say`` is told of events, refusals and troubles.

    ``certificates``: ``wait`` leaves certificate Jobs to the cluster, ``immediate`` marks each as done at once.
    """

    def __init__(
        self, requests: Watchable, *, certificates: Certificates = "wait", say: Callable[[str], None],
        clock: Clock | None = None,
    ) -> None:  # fmt: skip
        self._requests = requests
        self._connection = Connection(requests)
        self._certificates = certificates
        self._say = say
        self._clock = clock or Clock()
        self._inbox: queue.SimpleQueue[Listed | Seen | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._lost = self._listed = False
        self._cache = ObjectTable()
        self._view = View(
            cluster=HUB, hub=self._cache, local=self._cache, sidecars={}, timing=KUBESLICE,
            underlay=Underlay(metadata=ObjectMeta(name="none")),
        )  # fmt: skip
        # Where Jobs are left to the cluster, so are Kubernetes' own controllers of them.
        self._controllers = [
            Controller(spec) for spec in HUB_CONTROLLERS if certificates == "immediate" or not spec.kubernetes
        ]
        self._pace = Pace(self._clock)
        self._sequence = 0

    def stop(self) -> None:
        """Ask :meth:`run` to end, from any thread or a signal handler."""
        self._stopping.set()
        self._inbox.put(None)

    def pending(self) -> bool:
        """Whether it has not listed everything yet, or has keys to look at now."""
        return not self._listed or any(item.queue.due_s() == float("-inf") for item in self._controllers)

    def run(self) -> Worked:
        """Work until :meth:`stop`. Raises BackendUnavailable where it cannot or must not begin."""
        kinds = self._open()
        leadership = Leadership(self._requests, f"{socket.gethostname()}_{os.getpid()}", clock=self._clock)
        if not leadership.take(self._stopping, self._say):
            return self._worked()
        leadership.keep(self._lose)
        reflectors = [
            Reflector(self._requests, kind, self._inbox.put, self._say, bare=name == "Secret")
            for name, kind in kinds.items()
        ]
        try:
            for reflector in reflectors:
                reflector.start()
            self._work(kinds)
        finally:
            for reflector in reflectors:
                reflector.stop()
            leadership.give_back()
        return self._worked()

    def rehearse(self) -> Iterator[tuple[ObjectKey, Outcome]]:
        """What each reconciler would do now with each object, in order; nothing is written and no lease is taken."""
        for kind in self._open().values():
            for item in self._connection.list(kind):
                self._note(Seen(kind=kind, item=dict(item), gone=False))
        now_s = self._now_s()
        for controller in self._controllers:
            while (key := controller.queue.take(now_s)) is not None:
                outcome = controller.spec.reconcile(key, self._view, now_s)
                if outcome.writes:
                    yield key, outcome

    def _open(self) -> dict[str, Kind]:
        self._connection.check()
        check_vacant(self._connection)
        wanted = (*((noun.RESOURCE.api_version, noun.RESOURCE.kind) for noun in HUB_NOUNS), *OTHER_KINDS)
        found = {kind: self._connection.find_kind(api_version, kind) for api_version, kind in wanted}
        missing = [kind for kind, served in found.items() if served is None]
        if missing:
            raise BackendUnavailable(
                f"context {self._connection.context!r} does not serve {', '.join(missing)}: "
                "ksim crds | kubectl apply -f -"
            )
        return {kind: served for kind, served in found.items() if served is not None}

    def _work(self, kinds: dict[str, Kind]) -> None:
        writer = Writer(self._requests, kinds, self._cache, self._pace.wait)
        unlisted = set(kinds)
        while not self._stopping.is_set():
            self._hear(self._wait_s(), unlisted)
            if not unlisted:
                self._reconcile_due(writer)

    def _hear(self, wait_s: float, unlisted: set[str]) -> None:
        """Take up all news, waiting for the first of it if nothing is due."""
        try:
            news = self._inbox.get(timeout=wait_s) if wait_s > 0 else self._inbox.get_nowait()
            while news is not None:
                self._note(news)
                if isinstance(news, Listed) and news.kind.kind in unlisted:
                    unlisted.discard(news.kind.kind)
                    if not unlisted:
                        self._listed = True
                        self._say(f"working on {len(self._cache)} objects of context {self._connection.context!r}")
                news = self._inbox.get_nowait()
        except queue.Empty:
            pass

    def _note(self, news: Listed | Seen) -> None:
        if isinstance(news, Seen):
            self._put(news.kind, news.item, gone=news.gone)
            return
        there = {self._put(news.kind, item, gone=False) for item in news.items}
        for key in self._cache.keys(news.kind.kind):
            if key not in there:
                self._forget(key)

    def _put(self, kind: Kind, data: dict[str, Any], *, gone: bool) -> ObjectKey:
        metadata = data["metadata"]
        key = ObjectKey(kind.kind, metadata.get("namespace", ""), metadata["name"])
        if gone:
            self._forget(key)
            return key
        try:
            item = read(data)
        except Exception as problem:  # an object that our nouns cannot hold must not stop the work on the others
            self._say(f"{key}: passed over, {problem}")
            return key
        held = self._cache.at(key)
        self._cache.put(item)
        self._spread("ADDED" if held is None else "MODIFIED", key, item, held)
        return key

    def _forget(self, key: ObjectKey) -> None:
        held = self._cache.at(key)
        if held is not None:
            self._cache.drop(key)
            self._spread("DELETED", key, held, held)

    def _spread(self, action: Literal["ADDED", "MODIFIED", "DELETED"], key: ObjectKey, item: Any, old: Any) -> None:
        self._sequence += 1
        change = Change(sequence=self._sequence, action=action, key=key, item=item, previous=old)
        for controller in self._controllers:
            controller.see("local", change, self._view)

    def _wait_s(self) -> float:
        due = [moment for item in self._controllers if (moment := item.queue.due_s()) is not None]
        return min(max(min(due) - self._now_s(), 0.0), _IDLE_S) if due else _IDLE_S

    def _reconcile_due(self, writer: Writer) -> None:
        """One key of each controller, so that news is heard in between."""
        for controller in self._controllers:
            key = controller.queue.take(self._now_s())
            if key is not None and not self._stopping.is_set():
                self._reconcile(controller, key, writer)

    def _reconcile(self, controller: Controller, key: ObjectKey, writer: Writer) -> None:
        controller.reconciles += 1
        failed = ""
        try:
            outcome = controller.spec.reconcile(key, self._view, self._now_s())
            controller.writes += writer.send(as_planned(outcome.writes))
            controller.writes += writer.send(self._finished(outcome))
        except (Refused, KubesliceSimError) as problem:
            failed, outcome = str(problem), Outcome()
        except Exception as problem:  # as controller-runtime recovers from a panic: the others go on
            failed, outcome = f"{type(problem).__name__}: {problem}", Outcome()
            self._say(f"{controller.spec.name} {key}: {failed}; this is a mistake of kubeslice-sim, trying again")
        for note in outcome.events:
            self._say(f"{note.name} {note.subject}")
        if failed or outcome.retry:
            controller.queue.add_rate_limited(key, self._now_s())
            if controller.queue.failures(key) in (6, 12):  # a conflict or two are everyday's business
                self._say(f"{controller.spec.name} {key}: {failed or outcome.retry}; trying again")
        else:
            controller.queue.forget(key)
            if outcome.requeue_after_s is not None:
                controller.queue.add_at(key, self._now_s() + outcome.requeue_after_s)
        controller.queue.done(key)

    def _finished(self, outcome: Outcome) -> tuple[Write, ...]:
        if self._certificates == "wait":
            return ()
        return tuple(
            write for effect in outcome.effects if isinstance(effect, IssueCertificates)
            for write in finished(effect, self._cache, self._now_s())
        )  # fmt: skip

    def _lose(self) -> None:
        self._lost = True
        self.stop()

    def _now_s(self) -> float:
        """The fleet's seconds: those since ORIGIN, so that timestamps are those of today."""
        return time.time() - ORIGIN.timestamp()

    def _worked(self) -> Worked:
        return Worked(
            reconciles=sum(item.reconciles for item in self._controllers),
            writes=sum(item.writes for item in self._controllers), lost=self._lost,
        )  # fmt: skip
