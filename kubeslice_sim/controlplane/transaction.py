"""Transaction: the writes of one outcome, one request after the other, each with its latency."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from kubeslice_sim.controlplane.agenda import Agenda
from kubeslice_sim.controlplane.go_client import as_controllers_write
from kubeslice_sim.controlplane.reconciler import Create, Delete, Outcome, Place, Update, UpdateStatus, Write
from kubeslice_sim.controlplane.refusal import NotFound, Refused, Unavailable
from kubeslice_sim.controlplane.site import Site
from kubeslice_sim.controlplane.status import with_metadata
from kubeslice_sim.controlplane.store import Store
from kubeslice_sim.controlplane.webhooks import Webhooks
from kubeslice_sim.model.document import ObjectKey

VERBS: dict[type, str] = {Create: "create", Update: "update", UpdateStatus: "update status", Delete: "delete"}


class Transaction:
    """Sends an outcome's writes; ``end`` hears when it is over, and of the refusal if there was one.

    ``sender`` is whose client does it (see :class:`.ApiClient`).

    A later write to an object that an earlier one wrote goes out with the resourceVersion that the earlier got back,
    as a Go controller's own copy would. When the process dies meanwhile, what was sent still arrives, and nobody hears
    of the end.
    """

    def __init__(
        self, site: Site, outcome: Outcome, agenda: Agenda, webhooks: Webhooks,
        wrote: Callable[[Store, float], None], end: Callable[[float, Refused | None], None], sender: str = "",
    ) -> None:  # fmt: skip
        self._site = site
        self._life = site.life
        self._writes = outcome.writes
        self._keys = [write.key for write in outcome.writes]
        self._agenda = agenda
        self._webhooks = webhooks
        self._wrote = wrote
        self._end = end
        self._sender = sender
        self._versions: dict[tuple[Place, ObjectKey], str] = {}

    def send(self, index: int, now_s: float) -> None:
        """Send the write of that index, or end."""
        if self._site.life != self._life:
            return
        if index == len(self._writes):
            self._end(now_s, None)
            return
        write = self._writes[index]
        client = self._site.clients[write.at]
        leaves_s = client.leave(VERBS[type(write)], self._keys[index].kind, now_s, self._sender)
        if not client.reachable:
            self._fail(index, leaves_s + client.failure_s)
            return
        self._agenda.at(leaves_s + client.there_s, lambda arrived_s: self._arrive(index, arrived_s))

    def _arrive(self, index: int, now_s: float) -> None:
        write = self._writes[index]
        client = self._site.clients[write.at]
        if not client.reachable:
            self._fail(index, now_s + client.failure_s)
            return
        refusal: Refused | None = None
        try:
            self._write(write, self._keys[index], client.server.store, now_s)
        except Refused as error:
            refusal = error.with_traceback(None)  # which would hold this call, and that the error
        if client.back_s:
            self._agenda.at(now_s + client.back_s, lambda end_s: self._answer(index, refusal, end_s))
        else:
            self._answer(index, refusal, now_s)

    def _answer(self, index: int, refusal: Refused | None, now_s: float) -> None:
        if refusal is None:
            self.send(index + 1, now_s)
        elif self._site.life == self._life:
            self._end(now_s, refusal)

    def _fail(self, index: int, at_s: float) -> None:
        """Nobody answers: the client gives up at that moment."""
        self._agenda.at(at_s, lambda end_s: self._answer(0, Unavailable(self._keys[index]), end_s))

    def _write(self, write: Write, key: ObjectKey, store: Store, now_s: float) -> None:
        before = store.sequence
        stored: Any = None
        if not isinstance(write, Delete) and (item := as_controllers_write(write.item)) is not write.item:
            write = replace(write, item=item)
        self._webhooks.judge(write, store, now_s)
        match write:
            case Create():
                stored = store.create(write.item, now_s)
            case Update():
                stored = store.update(self._current(write, key), now_s)
            case UpdateStatus():
                stored = store.update_status(self._current(write, key))
            case Delete():
                try:
                    store.delete(key, now_s, at_once=write.at_once)
                except NotFound:
                    return
        if stored is not None:
            self._versions[write.at, key] = stored.metadata.resource_version
        if store.sequence != before:
            self._wrote(store, now_s)

    def _current(self, write: Update | UpdateStatus, key: ObjectKey) -> Any:
        version = self._versions.get((write.at, key))
        return write.item if version is None else with_metadata(write.item, resource_version=version)
