"""Site: one cluster of a fleet: its API server, its caches, and the controllers that run there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kubeslice_sim.controlplane.controller import Controller, ControllerSpec
from kubeslice_sim.controlplane.informer import Informer
from kubeslice_sim.controlplane.reconciler import Place, View
from kubeslice_sim.controlplane.sidecar import TunnelStatus
from kubeslice_sim.controlplane.store import Store
from kubeslice_sim.model.timing import Timing
from kubeslice_sim.model.underlay import Underlay

HUB = "controller"
"""What the controller cluster is called in events, and in an Underlay's links and clusters if it is named there."""


class Site:
    """One cluster. ``hub`` is the controller cluster's site, None for itself.

    ``crossing_s`` is one way over the WAN to the controller cluster. Times as in the Underlay: a request takes the
    API server's latency, and over the WAN a crossing each way; a watch event takes the API server's latency and a
    crossing, at home it shows with the write.
    """

    def __init__(
        self, store: Store, specs: Sequence[ControllerSpec], timing: Timing, underlay: Underlay,
        hub: Site | None = None, wants: Callable[[Any], bool] | None = None,
    ) -> None:  # fmt: skip
        name = store.cluster
        self.name = name
        self.store = store
        self.latency_s = underlay.cluster(name).api_latency_s
        self.crossing_s = underlay.path(name, HUB).delay_s if hub is not None else 0.0
        self.hub = hub or self
        self.sidecars: dict[str, TunnelStatus] = {}
        self.controllers = [Controller(spec) for spec in specs]
        local = Informer(store)
        self.informers: dict[Place, Informer] = {"local": local, "hub": local}
        if hub is not None:
            self.informers["hub"] = Informer(hub.store, self.crossing_s + hub.latency_s, wants)
        self.view = View(
            cluster=name, hub=self.informers["hub"].view, local=local.view, sidecars=self.sidecars,
            timing=timing, underlay=underlay,
        )  # fmt: skip

    def server(self, place: Place) -> Store:
        """The API server that a controller of this cluster means."""
        return self.hub.store if place == "hub" else self.store

    def request_s(self, place: Place) -> tuple[float, float]:
        """How long a request takes until it has its effect, and how long the answer takes then."""
        if place == "hub" and self.hub is not self:
            return self.crossing_s + self.hub.latency_s, self.crossing_s
        return self.latency_s, 0.0
