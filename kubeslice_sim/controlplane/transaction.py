"""Transaction: the writes of one outcome, one request after the other, each with its latency."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kubeslice_sim.controlplane.agenda import Agenda
from kubeslice_sim.controlplane.reconciler import Create, Delete, Outcome, Place, Update, UpdateStatus, Write
from kubeslice_sim.controlplane.refusal import NotFound, Refused
from kubeslice_sim.controlplane.site import Site
from kubeslice_sim.controlplane.status import with_metadata
from kubeslice_sim.controlplane.store import Store
from kubeslice_sim.model.document import ObjectKey


class Transaction:
    """Sends an outcome's writes; ``end`` hears when it is over, and of the refusal if there was one.

    A later write to an object that an earlier one wrote goes out with the resourceVersion that the earlier got back,
    as a Go controller's own copy would.
    """

    def __init__(
        self, site: Site, outcome: Outcome, agenda: Agenda,
        wrote: Callable[[Store, float], None], end: Callable[[float, Refused | None], None],
    ) -> None:  # fmt: skip
        self._site = site
        self._writes = outcome.writes
        self._agenda = agenda
        self._wrote = wrote
        self._end = end
        self._versions: dict[tuple[Place, ObjectKey], str] = {}

    def send(self, index: int, now_s: float) -> None:
        """Send the write of that index, or end."""
        if index == len(self._writes):
            self._end(now_s, None)
            return
        there_s, back_s = self._site.request_s(self._writes[index].at)
        self._agenda.at(now_s + there_s, lambda arrived_s: self._arrive(index, arrived_s, back_s))

    def _arrive(self, index: int, now_s: float, back_s: float) -> None:
        refusal: Refused | None = None
        try:
            self._write(self._writes[index], now_s)
        except Refused as error:
            refusal = error
        if refusal is not None:
            self._agenda.at(now_s + back_s, lambda end_s: self._end(end_s, refusal))
        elif back_s:
            self._agenda.at(now_s + back_s, lambda end_s: self.send(index + 1, end_s))
        else:
            self.send(index + 1, now_s)

    def _write(self, write: Write, now_s: float) -> None:
        store = self._site.server(write.at)
        before = store.sequence
        stored: Any = None
        match write:
            case Create():
                stored = store.create(write.item, now_s)
            case Update():
                stored = store.update(self._current(write), now_s)
            case UpdateStatus():
                stored = store.update_status(self._current(write))
            case Delete():
                try:
                    store.delete(write.key, now_s)
                except NotFound:
                    return
        if stored is not None:
            self._versions[write.at, write.key] = stored.metadata.resource_version
        if store.sequence != before:
            self._wrote(store, now_s)

    def _current(self, write: Update | UpdateStatus) -> Any:
        version = self._versions.get((write.at, write.key))
        return write.item if version is None else with_metadata(write.item, resource_version=version)
