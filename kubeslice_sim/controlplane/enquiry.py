"""Enquiry: what a look asks the controller cluster past all caches, before it looks at anything else."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kubeslice_sim.controlplane.agenda import Agenda
from kubeslice_sim.controlplane.reconciler import Ask
from kubeslice_sim.controlplane.recording import Deed
from kubeslice_sim.controlplane.refusal import NotFound, Refused, Unavailable
from kubeslice_sim.controlplane.site import Site

HUB_CLIENT = "hub client"
"""worker-operator's ``HubClient``, a client without a cache and with a pace of its own (pkg/hub/hubclient)."""


class Enquiry:
    """Sends the questions of one look; ``look`` goes on when they are answered, ``fail`` hears of what was not.

    ``asked_by``: the look's cluster, controller and key.

    They go at the client's pace and are counted; that an answer takes its crossings of the WAN is left out, so that
    polls keep a rhythm which can be leapt over (:mod:`.leap`). When the process dies meanwhile, nobody hears of it.
    """

    def __init__(
        self, site: Site, asked_by: Deed, asks: Sequence[Ask], agenda: Agenda, look: Callable[[float], None],
        fail: Callable[[float, Refused | None], None],
    ) -> None:  # fmt: skip
        self._site = site
        self._life = site.life
        self._asked_by = asked_by
        self._asks = asks
        self._agenda = agenda
        self._look = look
        self._fail = fail

    def send(self, now_s: float) -> None:
        """Ask, at the client's pace."""
        client = self._site.clients["hub"]
        leaves_s = max(client.leave(ask.verb, ask.key.kind, now_s, HUB_CLIENT, self._asked_by) for ask in self._asks)
        if leaves_s > now_s:
            self._agenda.at(leaves_s, self._leave)
        else:
            self._leave(now_s)

    def _leave(self, now_s: float) -> None:
        client = self._site.clients["hub"]
        if self._site.life != self._life:
            return
        if not client.reachable:
            self._agenda.at(now_s + client.failure_s, self._given_up)
            return
        there = client.server.store.view
        missing = [ask.key for ask in self._asks if ask.verb == "get" and there.at(ask.key) is None]
        if missing:
            self._fail(now_s, NotFound(missing[0]))
        else:
            self._look(now_s)

    def _given_up(self, now_s: float) -> None:
        if self._site.life == self._life:
            self._fail(now_s, Unavailable(self._asks[0].key))
