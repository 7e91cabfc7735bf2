"""Fleet: the controller cluster and every worker cluster with all their controllers, free of any clock.

A driver gives it time: it asks :meth:`Fleet.due_s`, waits, and calls :meth:`Fleet.step`. The same inputs at the same
moments give the same run.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from kubeslice_sim.controlplane.agenda import Agenda
from kubeslice_sim.controlplane.boot import boot, boot_hub, ensure_namespace, place
from kubeslice_sim.controlplane.controller import Controller
from kubeslice_sim.controlplane.dataplane import DataPlane
from kubeslice_sim.controlplane.effects import StartGateway
from kubeslice_sim.controlplane.event import Event, TunnelTransition
from kubeslice_sim.controlplane.facts import (
    CertificatesFailed,
    CertificatesIssued,
    Fact,
    PingRound,
    PodRunning,
    PodStopped,
)
from kubeslice_sim.controlplane.hub.certificate_job import fail_job, finish_job
from kubeslice_sim.controlplane.informer import Informer
from kubeslice_sim.controlplane.kubelet import report_phase
from kubeslice_sim.controlplane.ledger import Ledger
from kubeslice_sim.controlplane.readiness import Readiness, judge_readiness
from kubeslice_sim.controlplane.reconciler import Outcome, Place
from kubeslice_sim.controlplane.refusal import NotFound, Refused
from kubeslice_sim.controlplane.request import HUB_KINDS, Apply, Patch, Remove, Request, Send
from kubeslice_sim.controlplane.sidecar import TunnelStatus, after_round
from kubeslice_sim.controlplane.site import Site
from kubeslice_sim.controlplane.status import with_metadata
from kubeslice_sim.controlplane.store import Store
from kubeslice_sim.controlplane.transaction import Transaction
from kubeslice_sim.model.document import ObjectKey, key_of, placement
from kubeslice_sim.model.timing import Timing
from kubeslice_sim.model.world import World

LOG_LENGTH = 1000
"""How many changes a store keeps for watches that come later."""


class Fleet:
    """All of KubeSlice's control plane for one world, which is handed to the API servers at second 0.

    ``data_plane`` gets the effects; its answers come back through :meth:`report`. ``events`` and ``transitions`` grow
    while it runs, in order of time. ``alone``: a controller cluster without workers, without kube-controller-manager,
    and empty: the world's documents are still to be submitted.
    """

    def __init__(self, world: World, timing: Timing, data_plane: DataPlane, *, alone: bool = False) -> None:
        self.world = world
        self.timing = timing
        self.events: list[Event] = []
        self.transitions: list[TunnelTransition] = []
        self.ledger = Ledger()
        self._data_plane = data_plane
        self._agenda = Agenda()
        self.hub, self.workers = (boot_hub(world, timing, tidies=False), {}) if alone else boot(world, timing)
        self._followers: dict[str, list[tuple[Site, Place, Informer]]] = {}
        for site in self._sites():
            self._followers.setdefault(site.store.cluster, []).append((site, "local", site.informers["local"]))
            if site is not self.hub:
                self._followers[self.hub.store.cluster].append((site, "hub", site.informers["hub"]))
        for site in self._sites():
            self._publish(site.store, 0.0)
        for document in () if alone else world.documents():
            self.submit(Apply(document=document), 0.0)

    # -- what a driver calls -----------------------------------------------------------------------------------------

    def due_s(self) -> float | None:
        """When the next work is due (it may already be), None if nothing is to come without a fact or a request."""
        return self._agenda.due_s()

    def step(self, now_s: float) -> None:
        """Do all that is due by ``now_s``, and what becomes due by it meanwhile."""
        while (task := self._agenda.take(now_s)) is not None:
            task(now_s)

    def report(self, fact: Fact, now_s: float) -> None:
        """Take note of what the data plane saw; the controllers look at it in the next :meth:`step`."""
        match fact:
            case PingRound():
                self._ping(fact, now_s)
            case PodRunning() | PodStopped():
                self._phase(fact, now_s)
            case CertificatesIssued() | CertificatesFailed():
                if isinstance(fact, CertificatesIssued):
                    finish_job(fact, self.hub.store, now_s)
                else:
                    fail_job(fact, self.hub.store, now_s)
                self.ledger.done("certificates", fact.slice, fact.server, fact.client)
                self._publish(self.hub.store, now_s)

    def submit(self, request: Request, now_s: float) -> None:
        """Do what a user asks of the API servers, at once. Raises :exc:`Refused`; then nothing was changed there."""
        match request:
            case Apply():
                for site in self._homes(key_of(request.document), placement(request.document.metadata)):
                    self._apply(site, place(request.document), now_s)
            case Patch():
                for site in self._holders(request.key, request.clusters):
                    held = site.store.view.at(request.key)
                    if held is None:
                        raise NotFound(request.key)
                    self._apply(site, request.change(held), now_s)
            case Remove():
                for site in self._holders(request.key, request.clusters):
                    site.store.delete(request.key, now_s)
                    self._publish(site.store, now_s)
            case Send():
                store, document = self.hub.store, request.document
                match request.verb:
                    case "create":
                        store.create(document, now_s)
                    case "update":
                        store.update(document, now_s)
                    case "update status":
                        store.update_status(document)
                self._publish(store, now_s)

    def readiness(self) -> Readiness:
        """Which slices, tunnels and exports are up, and why the others are not."""
        return judge_readiness(self.hub, self.workers, self.ledger)

    # -- API requests ------------------------------------------------------------------------------------------------

    def _sites(self) -> Sequence[Site]:
        return (self.hub, *self.workers.values())

    def _homes(self, key: ObjectKey, clusters: tuple[str, ...]) -> Sequence[Site]:
        if key.kind in HUB_KINDS:
            return (self.hub,)
        if key.kind in ("Underlay", "Scenario"):
            return ()
        return tuple(site for name, site in self.workers.items() if "*" in clusters or name in clusters)

    def _holders(self, key: ObjectKey, clusters: tuple[str, ...]) -> Sequence[Site]:
        """Where a change is meant for: the clusters that are named, or (``*``) those that have the object."""
        homes = self._homes(key, clusters)
        holders = tuple(site for site in homes if site.store.view.at(key) is not None)
        return holders if holders and "*" in clusters else homes

    def _apply(self, site: Site, document: Any, now_s: float) -> None:
        held = site.store.view.at(key_of(document))
        if site is not self.hub:
            ensure_namespace(site.store, document.metadata.namespace, now_s)
        if held is None:
            site.store.create(document, now_s)
        else:
            meta, wish = held.metadata, document.metadata
            site.store.update(with_metadata(
                document, resource_version=meta.resource_version, finalizers=meta.finalizers,
                owner_references=meta.owner_references, labels=meta.labels.with_items(wish.labels),
                annotations=meta.annotations.with_items(wish.annotations),
            ), now_s)  # fmt: skip
        self._publish(site.store, now_s)

    # -- facts -------------------------------------------------------------------------------------------------------

    def _ping(self, ping: PingRound, now_s: float) -> None:
        site = self.workers[ping.cluster]
        before = site.sidecars.get(ping.pod)
        if before is None:
            return  # a round of a pod that is dead, or that this fleet never started
        after = after_round(before, ping, self.timing.rounds_until_down)
        site.sidecars[ping.pod] = after
        self._transition(site, ping.pod, before, after, now_s)

    def _phase(self, fact: PodRunning | PodStopped, now_s: float) -> None:
        site = self.workers[fact.cluster]
        report_phase(fact, site.store)
        running = isinstance(fact, PodRunning)
        if not running:
            self.ledger.lost(fact.cluster, fact.namespace, fact.pod)
        if isinstance(self.ledger.newest("pod", fact.cluster, fact.namespace, fact.pod), StartGateway):
            before = site.sidecars.pop(fact.pod, TunnelStatus())
            if running:
                site.sidecars[fact.pod] = TunnelStatus()
            self._transition(site, fact.pod, before, TunnelStatus(), now_s)
        self._publish(site.store, now_s)

    def _transition(self, site: Site, pod: str, before: TunnelStatus, after: TunnelStatus, now_s: float) -> None:
        start = self.ledger.newest("pod", site.name, "kubeslice-system", pod)
        if before.up != after.up and isinstance(start, StartGateway):
            self.transitions.append(TunnelTransition(
                at_s=now_s, slice=start.slice, cluster=site.name, peer=start.remote_cluster, pod=pod, up=after.up
            ))  # fmt: skip

    # -- controllers -------------------------------------------------------------------------------------------------

    def _publish(self, store: Store, now_s: float) -> None:
        """Send what is new in a store's log on its way to the caches that follow it."""
        for site, at, informer in self._followers[store.cluster]:
            arrives_s = informer.read(now_s)
            if arrives_s is not None:
                self._agenda.at(arrives_s, partial(self._deliver, site, at, informer))
        store.compact(store.sequence - LOG_LENGTH)

    def _deliver(self, site: Site, at: Place, informer: Informer, now_s: float) -> None:
        for change in informer.deliver(now_s):
            for controller in site.controllers:
                if controller.see(at, change, site.view):
                    self._wake(site, controller, now_s)

    def _wake(self, site: Site, controller: Controller, now_s: float) -> None:
        """Arrange that the controller takes its next key when that is due."""
        due_s = controller.queue.due_s()
        if controller.busy or due_s is None:
            return
        due_s = max(due_s, now_s)
        if due_s < controller.wake_s:
            controller.wake_s = due_s
            self._agenda.at(due_s, partial(self._run, site, controller, due_s))

    def _run(self, site: Site, controller: Controller, arranged_s: float, now_s: float) -> None:
        if controller.wake_s == arranged_s:
            controller.wake_s = float("inf")
        if controller.busy:
            return
        key = controller.queue.take(now_s)
        if key is None:
            self._wake(site, controller, now_s)
            return
        controller.busy = True
        controller.reconciles += 1
        outcome = controller.spec.reconcile(key, site.view, now_s)
        end = partial(self._end, site, controller, key, outcome)
        Transaction(site, outcome, self._agenda, partial(self._wrote, controller), end).send(0, now_s)

    def _wrote(self, controller: Controller, store: Store, now_s: float) -> None:
        controller.writes += 1
        self._publish(store, now_s)

    def _end(
        self, site: Site, controller: Controller, key: ObjectKey, outcome: Outcome,
        now_s: float, refusal: Refused | None,
    ) -> None:  # fmt: skip
        """As controller-runtime's reconcileHandler ends a reconcile."""
        controller.busy = False
        if refusal is not None or outcome.retry:
            controller.queue.add_rate_limited(key, now_s)
        else:
            controller.queue.forget(key)
            if outcome.requeue_after_s is not None:
                controller.queue.add_at(key, now_s + outcome.requeue_after_s)
        controller.queue.done(key)
        if refusal is None:
            self.events.extend(
                Event(at_s=now_s, name=note.name, cluster=site.name, subject=str(note.subject), message=note.message)
                for note in outcome.events
            )
            for effect in outcome.effects:
                if self.ledger.news(effect):
                    self._data_plane.apply(effect)
        self._wake(site, controller, now_s)
