"""Submissions: what users ask of the API servers while a fleet runs, judged as the real ones would judge it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kubeslice_sim.controlplane.boot import ensure_namespace, place
from kubeslice_sim.controlplane.refusal import Denied, NotFound
from kubeslice_sim.controlplane.request import HUB_KINDS, Apply, Patch, Remove, Request, Send
from kubeslice_sim.controlplane.site import Site
from kubeslice_sim.controlplane.status import with_metadata
from kubeslice_sim.controlplane.store import Store
from kubeslice_sim.controlplane.webhooks import Webhooks
from kubeslice_sim.errors import BadInput
from kubeslice_sim.model.document import ObjectKey, key_of, placement


class Submissions:
    """Does what users ask, at once. ``publish`` hears of every store that changed."""

    def __init__(
        self, hub: Site, workers: Mapping[str, Site], webhooks: Webhooks, publish: Callable[[Store, float], None]
    ) -> None:  # fmt: skip
        self._hub = hub
        self._workers = workers
        self._webhooks = webhooks
        self._publish = publish

    def seed(self, document: Any, now_s: float) -> None:
        """Put a world's document where it belongs, unasked: the world was judged as a whole."""
        for site in self._homes(key_of(document), placement(document.metadata)):
            self._apply(site, place(document), now_s, judged=False)

    def submit(self, request: Request, now_s: float) -> None:
        """Raises :exc:`Refused`; then nothing was changed at that API server."""
        match request:
            case Apply():
                for site in self._homes(key_of(request.document), placement(request.document.metadata)):
                    self._apply(site, place(request.document), now_s, judged=True)
            case Patch():
                for site in self._holders(request.key, request.clusters):
                    held = site.store.view.at(request.key)
                    if held is None:
                        raise NotFound(request.key)
                    self._apply(site, _changed(request, held), now_s, judged=True)
            case Remove():
                for site in self._holders(request.key, request.clusters):
                    held = site.store.view.at(request.key)
                    if site is self._hub and held is not None:
                        self._webhooks.admit("delete", held, None, now_s)
                    site.store.delete(request.key, now_s)
                    self._publish(site.store, now_s)
            case Send():
                self._send(request, now_s)

    def _send(self, request: Send, now_s: float) -> None:
        """Whoever sends has asked the webhooks already."""
        store, document = self._hub.store, request.document
        match request.verb:
            case "create":
                store.create(document, now_s)
            case "update":
                store.update(document, now_s)
            case "update status":
                store.update_status(document)
        self._publish(store, now_s)

    def _homes(self, key: ObjectKey, clusters: tuple[str, ...]) -> Sequence[Site]:
        if key.kind in HUB_KINDS:
            return (self._hub,)
        if key.kind in ("Underlay", "Scenario"):
            return ()
        return tuple(site for name, site in self._workers.items() if "*" in clusters or name in clusters)

    def _holders(self, key: ObjectKey, clusters: tuple[str, ...]) -> Sequence[Site]:
        """Where a change is meant for: the clusters that are named, or (``*``) those that have the object."""
        homes = self._homes(key, clusters)
        holders = tuple(site for site in homes if site.store.view.at(key) is not None)
        return holders if holders and "*" in clusters else homes

    def _apply(self, site: Site, document: Any, now_s: float, *, judged: bool) -> None:
        held = site.store.view.at(key_of(document))
        if held is not None:
            meta, wish = held.metadata, document.metadata
            document = with_metadata(
                document, resource_version=meta.resource_version, finalizers=meta.finalizers,
                owner_references=meta.owner_references, labels=meta.labels.with_items(wish.labels),
                annotations=meta.annotations.with_items(wish.annotations),
            )  # fmt: skip
        if site is not self._hub:
            ensure_namespace(site.store, document.metadata.namespace, now_s)
        elif judged:
            document = self._webhooks.admit("create" if held is None else "update", document, held, now_s)
        if held is None:
            site.store.create(document, now_s)
        else:
            site.store.update(document, now_s)
        self._publish(site.store, now_s)


def _changed(request: Patch, held: Any) -> Any:
    try:
        return request.change(held)
    except BadInput as problem:  # the patched object is none of its kind any more
        raise Denied(request.key, "readable", "", str(problem)) from None
