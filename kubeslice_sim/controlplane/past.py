"""Past: what stood in every cluster of a fleet at a moment of its journal: objects, sidecars' words, orders given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network

from kubeslice_sim.controlplane.absence import Absence, Pause
from kubeslice_sim.controlplane.effects import Effect, SetNextHops, StartGateway
from kubeslice_sim.controlplane.event import TunnelTransition
from kubeslice_sim.controlplane.facts import (
    CertificatesFailed,
    CertificatesIssued,
    NodeRunning,
    NodeStopped,
    PingRound,
    PodRunning,
    PodStopped,
)
from kubeslice_sim.controlplane.fleet import Fleet
from kubeslice_sim.controlplane.journal import Entry, ObjectChange
from kubeslice_sim.controlplane.ledger import Ledger
from kubeslice_sim.controlplane.reconciler import View
from kubeslice_sim.controlplane.sidecar import TunnelStatus
from kubeslice_sim.controlplane.site import Site
from kubeslice_sim.controlplane.table import ObjectTable

_UP, _UNKNOWN = TunnelStatus(state="UP"), TunnelStatus()


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCluster:
    """One cluster as it stood; readiness judges it like one that stands now."""

    name: str
    present: View
    objects: ObjectTable
    sidecars: dict[str, TunnelStatus]


class Past:
    """Reads a journal from its beginning; ``hub``, ``workers`` and ``ledger`` are as they were after the last entry."""

    def __init__(self, fleet: Fleet) -> None:
        self.ledger = Ledger()
        held = ObjectTable()
        self.hub = _before(fleet.hub, held, held)
        self.workers: Mapping[str, PastCluster] = {
            name: _before(site, ObjectTable(), held) for name, site in fleet.workers.items()
        }
        self._peers: dict[tuple[str, str, IPv4Address], str] = {}
        """Where a slice's gateway of that overlay address leads."""
        self._destinations: dict[tuple[str, str], dict[IPv4Network, None]] = {}
        self._clusters = {cluster.name: cluster for cluster in (self.hub, *self.workers.values())}

    def read(self, entry: Entry) -> None:
        """Let it have happened."""
        match entry:
            case ObjectChange():
                objects = self._clusters[entry.cluster].objects
                if entry.change.action == "DELETED":
                    objects.drop(entry.change.key)
                else:
                    objects.put(entry.change.item)
            case TunnelTransition():
                self.workers[entry.cluster].sidecars[entry.pod] = _UP if entry.up else _UNKNOWN
            case PodStopped():
                self.ledger.lost(entry.cluster, entry.namespace, entry.pod)
            case CertificatesIssued() | CertificatesFailed():
                self.ledger.done("certificates", entry.slice, entry.server, entry.client)
            case PodRunning() | PingRound() | NodeStopped() | NodeRunning() | Absence() | Pause():
                pass  # the stores say what comes of it
            case _:
                self._order(entry)

    def routes_through(self, cluster: str, slice_: str, peer: str) -> Iterator[IPv4Network]:
        """Where to a router sends packets through gateways that lead to that peer (empty: through any)."""
        for destination in self._destinations.get((cluster, slice_), ()):
            told = self.ledger.newest("route", cluster, slice_, destination)
            ways = told.via if isinstance(told, SetNextHops) else ()
            if any(peer in ("", self._peers.get((cluster, slice_, hop))) for hop in ways):
                yield destination

    def _order(self, effect: Effect) -> None:
        self.ledger.news(effect)
        if isinstance(effect, StartGateway):
            self._peers[effect.cluster, effect.slice, effect.nsm_ip] = effect.remote_cluster
        elif isinstance(effect, SetNextHops):
            self._destinations.setdefault((effect.cluster, effect.slice), {})[effect.destination] = None


def _before(site: Site, objects: ObjectTable, hub: ObjectTable) -> PastCluster:
    sidecars: dict[str, TunnelStatus] = {}
    present = replace(site.present, hub=hub, local=objects, sidecars=sidecars)
    return PastCluster(name=site.name, present=present, objects=objects, sidecars=sidecars)
