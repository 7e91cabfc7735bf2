"""Disturbances: what befalls API servers, the ways to them and the processes of controllers, and how they recover."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from kubeslice_sim.controlplane.absence import Absence, AwayPart, Pause
from kubeslice_sim.controlplane.agenda import Agenda
from kubeslice_sim.controlplane.lease import takeover_s
from kubeslice_sim.controlplane.loops import Loops
from kubeslice_sim.controlplane.reconciler import Place
from kubeslice_sim.controlplane.site import Site
from kubeslice_sim.model.timing import Timing


class Disturbances:
    """Faults of the control plane itself, by cluster; the controller cluster is called ``controller``.

    Each may happen twice, or end without having begun: then nothing changes. A process that may not write its lease
    for the renew deadline gives up and begins anew (as controller-runtime's manager does); a watch that broke is tried
    again with client-go's back-off, without its jitter.
    """

    def __init__(self, sites: Mapping[str, Site], loops: Loops, agenda: Agenda, timing: Timing) -> None:
        self._sites = sites
        self._loops = loops
        self._agenda = agenda
        self._timing = timing
        self._outages: dict[str, int] = dict.fromkeys(sites, 0)
        self._down: dict[str, bool] = {}
        """Clusters whose controllers somebody holds down."""
        self._cut_s: dict[str, float] = {}

    def stop_api(self, cluster: str, now_s: float) -> None:
        """The API server refuses all requests; watches end."""
        site = self._sites[cluster]
        if not site.post.up:
            return
        site.post.up = False
        self._note(site, "API server", True, now_s)
        self._outages[cluster] += 1
        for follower, place in self._followers(site):
            self._break(follower, place, now_s)
        self._agenda.at(
            now_s + self._timing.lease_renew_deadline_s, partial(self._give_up, site, self._outages[cluster])
        )

    def start_api(self, cluster: str, now_s: float) -> None:
        """The API server answers again, with all that it held."""
        site = self._sites[cluster]
        if not site.post.up:
            self._note(site, "API server", False, now_s)
        site.post.up = True
        if not site.running and not self._down.get(cluster):
            self._start_leading(site, now_s)

    def slow_api(self, cluster: str, slower_s: float) -> None:
        """The API server takes so much longer for everything; 0 ends it."""
        self._sites[cluster].post.slower_s = slower_s

    def cut(self, cluster: str, now_s: float) -> None:
        """Nothing gets through between a worker cluster and the controller cluster's API server."""
        site = self._sites[cluster]
        if site.clients["hub"].cut or site.hub is site:
            return
        site.clients["hub"].cut = True
        self._note(site, "way to the controller", True, now_s)
        site.informers["hub"].disconnect()
        self._cut_s[cluster] = now_s
        # TCP carries on if the way is open again before the client has given the connection up.
        self._agenda.at(now_s + self._timing.connection_loss_s, partial(self._retry, site, "hub", site.life, 0))

    def join(self, cluster: str, now_s: float) -> None:
        """The way is open again. What the watch missed comes now, or, after a longer cut, at its next attempt."""
        site = self._sites[cluster]
        if site.clients["hub"].cut:
            self._note(site, "way to the controller", False, now_s)
        site.clients["hub"].cut = False
        in_time = now_s - self._cut_s.get(cluster, float("-inf")) < self._timing.connection_loss_s
        if in_time and site.running and site.clients["hub"].reachable and not site.informers["hub"].connected:
            self._loops.connect(site, "hub", now_s)

    def drop_watches(self, cluster: str, now_s: float) -> None:
        """Every watch on the cluster's API server ends, as when it restarts in no time."""
        for follower, place in self._followers(self._sites[cluster]):
            self._break(follower, place, now_s)

    def crash(self, cluster: str, *, standby: bool = False, now_s: float) -> None:
        """The process with the cluster's controllers dies and stays dead; ``standby``: another one waits to lead."""
        site = self._sites[cluster]
        self._stop(site, now_s)
        self._down[cluster] = not standby
        if standby:
            self._start_leading(site, now_s)

    def restart(self, cluster: str, now_s: float) -> None:
        """It begins again, and leads once the lease of the dead one has run out before its eyes."""
        site = self._sites[cluster]
        self._down[cluster] = False
        if not site.running:
            self._start_leading(site, now_s)

    def _followers(self, server: Site) -> Iterator[tuple[Site, Place]]:
        for site in self._sites.values():
            for place in site.places():
                if site.clients[place].server is server.post:
                    yield site, place

    def _break(self, site: Site, place: Place, now_s: float) -> None:
        if site.running and site.informers[place].connected:
            site.informers[place].disconnect()
            self._agenda.at(now_s + self._timing.watch_retry_s, partial(self._retry, site, place, site.life, 1))

    def _retry(self, site: Site, place: Place, life: int, attempt: int, now_s: float) -> None:
        """Watch again, or try later: 0.8 s · 2^n, at most 30 s (client-go tools/cache/reflector.go)."""
        if site.life != life or not site.running or site.informers[place].connected:
            return
        if site.clients[place].reachable:
            self._loops.connect(site, place, now_s)
            return
        pause_s = min(self._timing.watch_retry_s * 2.0**attempt, self._timing.watch_retry_limit_s)
        self._loops.note(Pause(cluster=site.name, key=None, until_s=now_s + pause_s), now_s)
        self._agenda.at(now_s + pause_s, partial(self._retry, site, place, life, attempt + 1))

    def _give_up(self, site: Site, outage: int, now_s: float) -> None:
        """The lease could not be renewed in time: the process ends, and waits to lead again."""
        if site.post.up or self._outages[site.name] != outage or not site.running:
            return
        self._stop(site, now_s)

    def _stop(self, site: Site, now_s: float) -> None:
        self._note(site, "controllers", True, now_s)
        self._loops.stop(site)

    def _note(self, site: Site, part: AwayPart, begins: bool, now_s: float) -> None:
        self._loops.note(Absence(cluster=site.name, part=part, begins=begins), now_s)

    def _start_leading(self, site: Site, now_s: float) -> None:
        self._agenda.at(takeover_s(now_s, self._timing), partial(self._lead, site, site.life))

    def _lead(self, site: Site, life: int, now_s: float) -> None:
        if site.life == life and not site.running and not self._down.get(site.name) and site.post.up:
            self._note(site, "controllers", False, now_s)
            self._loops.start(site, now_s)
            for place in site.places():
                if not site.informers[place].connected:
                    self._retry(site, place, site.life, 0, now_s)
