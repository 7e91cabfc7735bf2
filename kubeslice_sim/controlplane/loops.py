"""Loops: the controllers of all clusters at work: what changed wakes them, what is due they do, what they want is sent.

As controller-runtime does (pkg/internal/controller, reconcileHandler): caches feed queues, a key is worked on once at a
time, a refused write or a wish to retry waits longer each time, anything else forgets the failures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from kubeslice_sim.controlplane.absence import Absence, Pause
from kubeslice_sim.controlplane.agenda import Agenda
from kubeslice_sim.controlplane.api_load import ApiLoad
from kubeslice_sim.controlplane.controller import Controller
from kubeslice_sim.controlplane.enquiry import Enquiry
from kubeslice_sim.controlplane.informer import Informer
from kubeslice_sim.controlplane.journal import Journal
from kubeslice_sim.controlplane.reconciler import NOTHING, Outcome, Place
from kubeslice_sim.controlplane.recording import Recording
from kubeslice_sim.controlplane.refusal import Conflict, Refused
from kubeslice_sim.controlplane.site import Site
from kubeslice_sim.controlplane.store import Store
from kubeslice_sim.controlplane.transaction import Transaction
from kubeslice_sim.controlplane.webhooks import Webhooks
from kubeslice_sim.model.document import ObjectKey

LOG_LENGTH = 1000
"""How many changes a store keeps for watches that come later."""
Done = Callable[[Site, Outcome, float], None]


class Loops:
    """All controllers of these sites. ``done`` hears of every reconcile that went well, with what it wants told."""

    def __init__(
        self, sites: Iterable[Site], agenda: Agenda, webhooks: Webhooks, load: ApiLoad, done: Done,
        journal: Journal | None = None,
    ) -> None:  # fmt: skip
        self._agenda = agenda
        self._webhooks = webhooks
        self._load = load
        self._done = done
        self._journal = journal
        self.recording: Recording | None = None
        """Who wants to know when everything is done, if anybody does."""
        self._followers: dict[str, list[tuple[Site, Place, Informer]]] = {}
        for site in sites:
            for place in site.places():
                followed = site.clients[place].server.store.cluster
                self._followers.setdefault(followed, []).append((site, place, site.informers[place]))

    def publish(self, store: Store, now_s: float) -> None:
        """Send what is new in a store's log on its way to the caches that follow it."""
        if self._journal is not None:
            self._journal.changed(store, now_s)
        for site, place, informer in self._followers[store.cluster]:
            self._await(site, place, informer, informer.read(now_s))
        store.compact(store.sequence - LOG_LENGTH)

    def note(self, entry: Absence | Pause, now_s: float) -> None:
        """Write down that a part is away, or that a controller pauses, where a journal is kept."""
        if self._journal is not None:
            self._journal.note(entry, now_s)

    def at_rest(self) -> bool:
        """Whether all parts work, no reconcile is under way, no key ready and no change on its way to a cache."""
        followers = {id(site): site for entries in self._followers.values() for site, _, _ in entries}.values()
        return all(
            site.running
            and not site.post.slower_s
            and all(site.clients[place].reachable and site.informers[place].connected for place in site.places())
            and not any(site.informers[place].waits for place in site.places())
            and not any(controller.busy or len(controller.queue) for controller in site.controllers)
            for site in followers
        ) and all(getattr(task, "func", None) == self._run for task in self._agenda.tasks())

    def leap(self, dues: Mapping[Controller, Mapping[ObjectKey, float]], sites: Iterable[Site], to_s: float) -> None:
        """Go on at that moment, at rest as before, with each controller's keys due when they are then."""
        self._agenda.clear()
        for site in sites:
            for controller in site.controllers:
                controller.queue.reschedule(dues.get(controller, {}))
                controller.wake_s = float("inf")
                self._wake(site, controller, to_s)

    def retry_failed(self, site: Site, now_s: float) -> None:
        """Try again at once what a cluster's controllers failed at."""
        for controller in site.controllers:
            for key in controller.queue.failed():
                controller.queue.add_at(key, now_s)
            self._wake(site, controller, now_s)

    def stop(self, site: Site) -> None:
        """The process with a cluster's controllers ends: queues and caches are lost, what was sent is not."""
        site.running = False
        site.life += 1
        for place in site.places():
            site.informers[place].forget()
        for controller in site.controllers:
            controller.restart()

    def start(self, site: Site, now_s: float) -> None:
        """It begins again (and leads): it lists everything and looks at every object."""
        site.running = True
        for place in site.places():
            if site.clients[place].reachable:
                self.connect(site, place, now_s)

    def connect(self, site: Site, place: Place, now_s: float) -> None:
        """Watch again what a cluster's controllers watch there."""
        informer, client = site.informers[place], site.clients[place]
        before = informer.relists
        arrives_s = informer.connect(now_s)
        kinds = {kind for at, kind in site.watchers if at == place}
        for kind in sorted(kinds):
            if informer.relists != before:
                client.count("list", kind, now_s)
            client.count("watch", kind, now_s)
        self._await(site, place, informer, arrives_s)

    def _await(self, site: Site, place: Place, informer: Informer, arrives_s: float | None) -> None:
        if arrives_s is not None:
            self._agenda.at(arrives_s, partial(self._deliver, site, place, informer))

    def _deliver(self, site: Site, place: Place, informer: Informer, now_s: float) -> None:
        for change in informer.deliver(now_s):
            for controller in site.watchers.get((place, change.key.kind), ()):
                if controller.see(place, change, site.view):
                    depth = len(controller.queue)
                    self._load.depth(site.name, controller.spec.name, depth, now_s)
                    if self.recording is not None:
                        self.recording.note(("depth", site.name, controller.spec.name, depth, change.key), now_s)
                    self._wake(site, controller, now_s)

    def _wake(self, site: Site, controller: Controller, now_s: float) -> None:
        """Arrange that the controller takes its next key when that is due."""
        if not controller.idle:
            return
        due_s = controller.queue.due_s()
        if due_s is None:
            return
        due_s = max(due_s, now_s)
        if due_s < controller.wake_s:
            controller.wake_s = due_s
            self._agenda.at(due_s, partial(self._run, site, controller, due_s))

    def _run(self, site: Site, controller: Controller, arranged_s: float, now_s: float) -> None:
        if controller.wake_s == arranged_s:
            controller.wake_s = float("inf")
        if not controller.idle:
            return
        key = controller.queue.take(now_s)
        if key is None:
            self._wake(site, controller, now_s)
            return
        controller.busy += 1
        self._wake(site, controller, now_s)  # another worker may take the next
        controller.reconciles += 1
        if self.recording is not None:
            self.recording.note(("reconcile", site.name, controller.spec.name, key), now_s)
        asks = controller.spec.asks(key, site.view) if controller.spec.asks is not None else ()
        look = partial(self._look, site, controller, key)
        if asks:
            asked_by, fail = (site.name, controller.spec.name, key), partial(self._end, site, controller, key, NOTHING)
            Enquiry(site, asked_by, asks, self._agenda, look, fail).send(now_s)
        else:
            look(now_s)

    def _look(self, site: Site, controller: Controller, key: ObjectKey, now_s: float) -> None:
        """The reconcile itself, once what it asked is answered."""
        ahead_s = 0.0 if controller.spec.kubernetes else site.clock_ahead_s
        outcome = controller.spec.reconcile(key, site.view, now_s + ahead_s)
        if outcome.first:
            self._done(site, Outcome(effects=outcome.first), now_s)
        end = partial(self._end, site, controller, key, outcome)
        if not outcome.writes:  # most looks find nothing to do
            end(now_s, None)
            return
        Transaction(
            site, outcome, self._agenda, self._webhooks, partial(self._wrote, site, controller), end,
            controller.spec.sender,
        ).send(0, now_s)  # fmt: skip

    def _end(
        self, site: Site, controller: Controller, key: ObjectKey, outcome: Outcome, end_s: float,
        refusal: Refused | None,
    ) -> None:  # fmt: skip
        """As reconcileHandler ends a reconcile."""
        controller.busy -= 1
        if isinstance(refusal, Conflict) and outcome.conflict_pause_s is not None:
            controller.queue.add_at(key, end_s + outcome.conflict_pause_s)
        elif refusal is not None or outcome.retry:
            controller.queue.add_rate_limited(key, end_s)
            self._noted_pause(site, controller, key, end_s)
        else:
            controller.queue.forget(key)
            if outcome.requeue_after_s is not None:
                controller.queue.add_at(key, end_s + outcome.requeue_after_s)
        controller.queue.done(key)
        if refusal is None:
            self._done(site, outcome, end_s)
        self._wake(site, controller, end_s)

    def _noted_pause(self, site: Site, controller: Controller, key: ObjectKey, now_s: float) -> None:
        self.note(Pause(cluster=site.name, key=key, until_s=controller.queue.later().get(key, now_s)), now_s)

    def _wrote(self, site: Site, controller: Controller, store: Store, now_s: float) -> None:
        controller.writes += 1
        if self.recording is not None:
            key = store.changes(store.sequence - 1)[0].key
            self.recording.note(("write", site.name, controller.spec.name, store.cluster, key), now_s)
        self.publish(store, now_s)
