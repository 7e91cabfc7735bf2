"""A controller cluster alone: KubeSlice's controller at work without any worker, asked what it would do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from kubeslice_sim.controlplane.effects import Effect, IssueCertificates
from kubeslice_sim.controlplane.facts import CertificatesIssued
from kubeslice_sim.controlplane.fleet import Fleet
from kubeslice_sim.controlplane.request import Request, Send
from kubeslice_sim.controlplane.status import with_metadata
from kubeslice_sim.controlplane.timestamp import timestamp
from kubeslice_sim.controlplane.worker.connection_report import REASONS
from kubeslice_sim.model.document import key_of
from kubeslice_sim.model.release import NEXT
from kubeslice_sim.model.timing import KUBESLICE, Timing
from kubeslice_sim.model.worker_slice_gateway import WorkerSliceGateway
from kubeslice_sim.model.world import World
from kubeslice_sim.planner.objects_cluster import reporting_clusters

QUIET_S = 60.0
"""With nothing to do for so long the cluster has settled: longer than any poll (30 s), shorter than any deadline."""
LONGEST_S = 900.0
"""What never settles is looked at after so long."""


class ControllerCluster:
    """A world's controller cluster in memory: requests go in, the controller works, all objects can be looked at.

    Certificate jobs finish at once, and in the next release links are connected at once. Its clock stands still between
    requests and goes only as far as it must.
    ``derived``: objects that stand there besides, as somebody saw them.
    """

    def __init__(self, world: World, timing: Timing = KUBESLICE, derived: Iterable[Any] = ()) -> None:
        self._version = world.underlay.spec.kubeslice_version
        self._certificates = _CertificateJobs()
        self._fleet = Fleet(world, timing, self._certificates, alone=True)
        self.now_s = 0.0
        self.settled = self._settle()
        # One after the other, as a person applies them; a cluster's worker reports as soon as it is registered.
        for document in (*world.projects, *reporting_clusters(world), *derived, *world.qos_profiles, *world.slices):
            self.send(*self._applied(document))

    def send(self, *requests: Request) -> None:
        """Do what is asked, and let the controller work until it has nothing to do. Raises :exc:`Refused`.

        ``settled`` says whether it came to an end.
        """
        for request in requests:
            self._fleet.submit(request, self.now_s)
        if self._settle():
            self._fleet.retry_failed(self.now_s)  # the pauses of what failed are short, next to a person's
        self.settled = self._settle()
        links = tuple(self._unreported_links())
        if links:
            self.send(*links)

    def _unreported_links(self) -> Iterator[Request]:
        """What the workers would say of new gateways once their tunnels are up (``next`` only)."""
        if self._version == NEXT:
            for gateway in self._fleet.hub.store.view.list(WorkerSliceGateway):
                if gateway.status.connection_state is None and gateway.metadata.deletion_timestamp is None:
                    reason, message = REASONS["Connected"]
                    status = replace(
                        gateway.status, connection_state="Connected", last_transition_time=timestamp(self.now_s),
                        reason=reason, message=message,
                    )  # fmt: skip
                    yield Send(document=replace(gateway, status=status), verb="update status")

    def objects(self) -> tuple[Any, ...]:
        """Every object that stands there now, kind by kind, by namespace and name."""
        view = self._fleet.hub.store.view
        return tuple(view.at(key) for kind in view.kinds() for key in view.keys(kind))

    def events(self) -> tuple[str, ...]:
        """All that the controller has told so far."""
        return tuple(f"{event.name} {event.subject}" for event in self._fleet.events)

    def _applied(self, document: Any) -> tuple[Request, ...]:
        """Make the document so, with the status that it brings; what another API server noted on it is forgotten."""
        there = self._fleet.hub.store.view.at(key_of(document)) is not None
        document = with_metadata(
            document, resource_version="", uid="", generation=0, creation_timestamp=None, deletion_timestamp=None
        )
        document_request = Send(document=document, verb="update" if there else "create")
        return (document_request, Send(document=document, verb="update status"))

    def _settle(self) -> bool:
        begin_s = self.now_s
        while (due_s := self._fleet.due_s()) is not None and due_s - self.now_s <= QUIET_S:
            self.now_s = max(self.now_s, due_s)
            if self.now_s - begin_s > LONGEST_S:
                return False
            self._fleet.step(self.now_s)
            for done in self._certificates.take():
                self._fleet.report(done, self.now_s)
        return True


class _CertificateJobs:
    """A data plane that makes certificates in no time, and nothing else: there is no worker to ask for more."""

    def __init__(self) -> None:
        self._done: list[CertificatesIssued] = []

    def apply(self, effect: Effect) -> None:
        if isinstance(effect, IssueCertificates):
            self._done.append(CertificatesIssued(
                slice=effect.slice, server=effect.server, client=effect.client, rotation=effect.rotation
            ))  # fmt: skip

    def take(self) -> tuple[CertificatesIssued, ...]:
        """What has been made since the last time."""
        done, self._done = tuple(self._done), []
        return done
