"""Site: one cluster of a fleet: its API server, its caches, and the controllers that run there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from kubeslice_sim.controlplane.api_client import ApiClient, ApiServerPost
from kubeslice_sim.controlplane.api_load import ApiLoad
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

    Times as in the Underlay: a request takes the API server's latency, and over the WAN to the controller cluster a
    crossing each way; a watch event takes the API server's latency and a crossing, at home it shows with the write.
    ``running``: whether the process with the controllers lives and leads; ``life`` counts how often it began.
    """

    def __init__(
        self, store: Store, specs: Sequence[ControllerSpec], timing: Timing, underlay: Underlay, load: ApiLoad,
        hub: Site | None = None, wants: Callable[[Any], bool] | None = None,
    ) -> None:  # fmt: skip
        name = store.cluster
        self.name = name
        self.store = store
        self.post = ApiServerPost(store, underlay.cluster(name).api_latency_s)
        self.hub = hub or self
        self.sidecars: dict[str, TunnelStatus] = {}
        self.controllers = [Controller(spec) for spec in specs]
        self.watchers: dict[tuple[Place, str], list[Controller]] = {}
        """Which of them watch a kind in one of the API servers: a change is shown to nobody else."""
        for controller in self.controllers:
            for watched in controller.watched():
                self.watchers.setdefault(watched, []).append(controller)
        self.running = True
        self.life = 0
        self.clock_ahead_s = 0.0
        """How much the clock of KubeSlice's controllers goes ahead; those of Kubernetes' own parts are right."""
        at_home = ApiClient(name, self.post, 0.0, timing, load)
        self.clients: dict[Place, ApiClient] = {"local": at_home, "hub": at_home}
        local = Informer(store, lambda: at_home.watch_s)
        self.informers: dict[Place, Informer] = {"local": local, "hub": local}
        if hub is not None:
            over_the_wan = ApiClient(name, hub.post, underlay.path(name, HUB).delay_s, timing, load)
            self.clients["hub"] = over_the_wan
            self.informers["hub"] = Informer(hub.store, lambda: over_the_wan.watch_s, wants)
        self.view = View(
            cluster=name, hub=self.informers["hub"].view, local=local.view, sidecars=self.sidecars,
            timing=timing, underlay=underlay,
        )  # fmt: skip
        self.present = replace(self.view, local=store.view)
        """What stands there now; the controllers' caches may be old, or lost with their process."""

    def places(self) -> tuple[Place, ...]:
        """Whose API servers its controllers follow, each once."""
        return ("local",) if self.hub is self else ("local", "hub")
