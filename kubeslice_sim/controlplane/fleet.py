"""Fleet: the controller cluster and every worker cluster with all their controllers, free of any clock.

A driver gives it time: it asks :meth:`Fleet.due_s`, waits, and calls :meth:`Fleet.step`. The same inputs at the same
moments give the same run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from heapq import merge

from kubeslice_sim.controlplane.agenda import Agenda
from kubeslice_sim.controlplane.api_load import ApiLoad
from kubeslice_sim.controlplane.boot import boot, boot_hub
from kubeslice_sim.controlplane.controller import Controller
from kubeslice_sim.controlplane.dataplane import DataPlane
from kubeslice_sim.controlplane.disturbance import Disturbances
from kubeslice_sim.controlplane.effects import Effect, IssueCertificates, StartGateway, StopPod
from kubeslice_sim.controlplane.event import Event, TunnelTransition
from kubeslice_sim.controlplane.facts import (
    CertificatesFailed,
    CertificatesIssued,
    Fact,
    NodeRunning,
    NodeStopped,
    PingRound,
    PodRunning,
    PodStopped,
)
from kubeslice_sim.controlplane.hub.certificate_job import fail_job, finish_job
from kubeslice_sim.controlplane.journal import Journal
from kubeslice_sim.controlplane.kubelet import come_back, fall_silent, pods_on, report_phase
from kubeslice_sim.controlplane.ledger import Ledger
from kubeslice_sim.controlplane.loops import Loops
from kubeslice_sim.controlplane.readiness import Readiness, judge_readiness
from kubeslice_sim.controlplane.reconciler import Outcome
from kubeslice_sim.controlplane.recording import Leapt, Recording
from kubeslice_sim.controlplane.refusal import Refused
from kubeslice_sim.controlplane.request import HUB_KINDS, Request
from kubeslice_sim.controlplane.site import Site
from kubeslice_sim.controlplane.submission import Submissions
from kubeslice_sim.controlplane.tick import whole
from kubeslice_sim.controlplane.tunnel_ends import TunnelEnds
from kubeslice_sim.controlplane.webhooks import Webhooks
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.timing import Timing
from kubeslice_sim.model.world import World
from kubeslice_sim.planner.names import SYSTEM_NAMESPACE

REFUSED = "RequestRefused"
"""The event of a user's request that changed nothing; KubeSlice has none, its user is told by kubectl."""


class Fleet:
    """All of KubeSlice's control plane for one world, which is handed to the API servers at second 0.

    ``data_plane`` gets the effects; its answers come back through :meth:`report`. ``events`` and ``transitions`` grow
    while it runs, in order of time; ``load`` counts requests and queues; ``disturbances`` break and mend its parts.
    ``keeps_journal``: ``journal`` has all that happened, for a history.
    ``alone``: a controller cluster without workers, without kube-controller-manager,
    and empty: the world's documents are still to be submitted.
    """

    def __init__(
        self, world: World, timing: Timing, data_plane: DataPlane, *, alone: bool = False, keeps_journal: bool = False
    ) -> None:  # fmt: skip
        self.world = world
        self.timing = timing
        self.events: list[Event] = []
        self.transitions: list[TunnelTransition] = []
        self.ledger = Ledger()
        self.load = ApiLoad()
        self.failing_certificates: set[str] = set()
        """Slices whose certificate jobs end without certificates."""
        self.effects = 0
        """How many orders the data plane was given."""
        self._recording: Recording | None = None
        self._lost: set[tuple[str, str, str]] = set()
        """Pods that died with their nodes: the next one of their names knows nothing of what they had been told."""
        self._data_plane = data_plane
        self._agenda = Agenda()
        if alone:
            self.hub, self.workers = boot_hub(world, timing, self.load, tidies=False), dict[str, Site]()
        else:
            self.hub, self.workers = boot(world, timing, self.load)
        self.tunnel_ends = TunnelEnds(self.workers, self.ledger, timing.rounds_until_down, self._changed)
        """What gateway sidecars say; faults hang them."""
        sites = {site.name: site for site in (self.hub, *self.workers.values())}
        webhooks = Webhooks(self.hub.store, world.underlay.spec.kubeslice_version)
        self.journal = Journal(site.store for site in sites.values()) if keeps_journal else None
        self._loops = Loops(sites.values(), self._agenda, webhooks, self.load, self._done, self.journal)
        self._submissions = Submissions(self.hub, self.workers, webhooks, self._loops.publish)
        self.disturbances = Disturbances(sites, self._loops, self._agenda, timing)
        for site in sites.values():
            self._loops.publish(site.store, 0.0)
        for document in () if alone else world.documents():
            self._submissions.seed(document, 0.0)

    # -- what a driver calls -----------------------------------------------------------------------------------------

    def due_s(self) -> float | None:
        """When the next work is due (it may already be), None if nothing is to come without a fact or a request."""
        return self._agenda.due_s()

    @property
    def tasks(self) -> int:
        """How many tasks its parts ever entered for a moment: the events of a simulation."""
        return self._agenda.entered

    def step(self, now_s: float) -> None:
        """Do all that is due by ``now_s``, and what becomes due by it meanwhile."""
        now_s = whole(now_s)
        while (task := self._agenda.take(now_s)) is not None:
            task(now_s)

    def retry_failed(self, now_s: float) -> None:
        """Have what the controllers failed at tried again now: somebody let more time pass than it has to wait."""
        self._loops.retry_failed(self.hub, whole(now_s))

    def report(self, fact: Fact, now_s: float) -> None:
        """Take note of what the data plane saw; the controllers look at it in the next :meth:`step`."""
        now_s = whole(now_s)
        if self.journal is not None:
            self.journal.note(fact, now_s)
        match fact:
            case PingRound():
                self.tunnel_ends.ping(fact, now_s)
            case PodRunning() | PodStopped():
                self._phase(fact, now_s)
            case NodeStopped() | NodeRunning():
                self._node(fact, now_s)
            case CertificatesIssued() | CertificatesFailed():
                if isinstance(fact, CertificatesIssued):
                    finish_job(fact, self.hub.store, now_s)
                else:
                    fail_job(fact, self.hub.store, now_s)
                self.ledger.done("certificates", fact.slice, fact.server, fact.client)
                self._loops.publish(self.hub.store, now_s)

    def submit(self, request: Request, now_s: float) -> None:
        """Do what a user asks of the API servers, at once, unless a rule or a webhook of KubeSlice is against it.

        Raises :exc:`Refused`, which the events tell too; then nothing was changed there.
        """
        now_s = whole(now_s)
        try:
            self._submissions.submit(request, now_s)
        except Refused as refusal:
            self.events.append(Event(
                at_s=now_s, name=REFUSED, cluster=self._asked(refusal.key), subject=str(refusal.key),
                message=str(refusal),
            ))  # fmt: skip
            raise

    def at_rest(self) -> bool:
        """Whether nothing is under way but waiting for a time to come; broken parts are never at rest."""
        return self._loops.at_rest()

    @property
    def sites(self) -> tuple[Site, ...]:
        """The controller cluster, then the workers."""
        return (self.hub, *self.workers.values())

    def record(self, recording: Recording | None) -> None:
        """Note from now on when everything is done; None: no more."""
        self._recording = self._loops.recording = self.load.recording = recording

    def leap(
        self, leapt: Sequence[Leapt], changes: Mapping[str, int], dues: Mapping[Controller, Mapping[ObjectKey, float]],
        to_s: float,
    ) -> None:  # fmt: skip
        """Go on at that moment: what was leapt over is counted, what waits is due when it says (see :mod:`.leap`).

        ``changes``: how many each cluster's store saw until then.
        """
        self.load.leapt += leapt
        controllers = {(site.name, item.spec.name): item for site in self.sites for item in site.controllers}
        for part in leapt:
            for (_, cluster, name, *_), count in part.count("reconcile").items():
                controllers[str(cluster), str(name)].reconciles += count
            for (_, cluster, name, *_), count in part.count("write").items():
                controllers[str(cluster), str(name)].writes += count
        for site in self.sites:
            site.store.leap(changes.get(site.name, 0))
        for site in self.sites:
            for place in site.places():
                site.informers[place].leap()
        self._loops.leap(dues, self.sites, to_s)

    def every_event(self) -> Iterator[Event]:
        """All events in order of time, also those of the time that was leapt over, which ``events`` lacks."""
        generated = (
            (Event(at_s=at_s, cluster=str(what[0]), name=str(what[1]), subject=str(what[2]), message=str(what[3]))
             for at_s, (_, *what) in leapt.deeds("event"))
            for leapt in self.load.leapt
        )  # fmt: skip
        return merge(self.events, *generated, key=lambda event: event.at_s)

    def readiness(self) -> Readiness:
        """Which slices, tunnels and exports are up, and why the others are not."""
        return judge_readiness(self.hub, self.workers, self.ledger)

    # -- facts -------------------------------------------------------------------------------------------------------

    def _phase(self, fact: PodRunning | PodStopped, now_s: float) -> None:
        site = self.workers[fact.cluster]
        report_phase(fact, site.store, now_s)
        running = isinstance(fact, PodRunning)
        pod = (fact.cluster, fact.namespace, fact.pod)
        if not running or pod in self._lost:
            self._lost.discard(pod)
            self.ledger.lost(*pod)
        if fact.namespace == SYSTEM_NAMESPACE:
            self.tunnel_ends.begin(fact.cluster, fact.pod, running=running, now_s=now_s)
        self._loops.publish(site.store, now_s)

    def _node(self, fact: NodeStopped | NodeRunning, now_s: float) -> None:
        """A node's kubelet and its pods' sidecars say nothing; or it speaks again, and they when they run."""
        site = self.workers[fact.cluster]
        if isinstance(fact, NodeStopped):
            fall_silent(fact, site.store, self.timing.kubelet_lease_s, now_s)
            there = (pod.metadata for pod in pods_on(fact.node, site.store))
            self._lost.update((site.name, pod.namespace, pod.name) for pod in there)
            self.tunnel_ends.silence_node(site.name, fact.node)
        else:
            come_back(fact, site.store, now_s)
        self._loops.publish(site.store, now_s)

    def _retire(self, effect: Effect, now_s: float) -> None:
        """A pod is wanted no more, or a gateway with another port or other keys: its tunnel goes with it."""
        if isinstance(effect, StopPod):
            self._lost.discard((effect.cluster, effect.namespace, effect.pod))
            if effect.namespace == SYSTEM_NAMESPACE:
                self.tunnel_ends.retire(effect.cluster, effect.pod, now_s)
        elif isinstance(effect, StartGateway):
            before = self.tunnel_ends.start_of(effect.cluster, effect.pod)
            if before is not None and before.differs_alive(effect):
                self.tunnel_ends.retire(effect.cluster, effect.pod, now_s)

    def _changed(self, transition: TunnelTransition) -> None:
        self.transitions.append(transition)
        if self.journal is not None:
            self.journal.note(transition, transition.at_s)

    def _done(self, site: Site, outcome: Outcome, now_s: float) -> None:
        """What a reconcile that went well wants told: its events to people, its effects to the data plane."""
        for note in outcome.events:
            self.events.append(
                Event(at_s=now_s, name=note.name, cluster=site.name, subject=str(note.subject), message=note.message)
            )
            site.clients["local"].leave("create", "Event", now_s)
            if self._recording is not None:
                self._recording.note(("event", site.name, note.name, str(note.subject), note.message), now_s)
        for effect in outcome.effects:
            self._retire(effect, now_s)
            if self.ledger.news(effect):
                self._apply(effect, now_s)

    def _apply(self, effect: Effect, now_s: float) -> None:
        self.effects += 1
        if self.journal is not None:
            self.journal.note(effect, now_s)
        if not isinstance(effect, IssueCertificates) or effect.slice not in self.failing_certificates:
            self._data_plane.apply(effect)
            return
        failure = CertificatesFailed(
            slice=effect.slice, server=effect.server, client=effect.client, rotation=effect.rotation
        )  # fmt: skip
        self._agenda.at(now_s + self.timing.certificates_s, partial(self.report, failure))

    def _asked(self, key: ObjectKey) -> str:
        return self.hub.name if key.kind in HUB_KINDS else ""
