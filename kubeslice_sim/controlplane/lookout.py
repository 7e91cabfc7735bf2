"""Lookout: which slices and exports come up, for somebody who asks all the time.

A readiness looks at everything. What is not up yet has something in its way, and while that stands there nothing else
needs to be looked at; when it is gone, the look goes on behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from kubeslice_sim.controlplane.finalizer import deleting
from kubeslice_sim.controlplane.ledger import Ledger
from kubeslice_sim.controlplane.readiness import (
    ItemKey,
    gateways_of,
    judge_export,
    lacks_gateways,
    member_reasons,
    tunnel_end,
    unheard,
)
from kubeslice_sim.controlplane.site import Site
from kubeslice_sim.model.document import ObjectKey, key_of
from kubeslice_sim.model.service_export import ServiceExport
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.planner.members import member_clusters
from kubeslice_sim.planner.objects_gateway import gateway_count

Check = Callable[[], str]
"""What is in the way of a slice in one place, empty if nothing is."""


@dataclass(slots=True)
class _Walk:
    """How far the look at one slice has come: what is in its way, and what is to be looked at after that."""

    config: SliceConfig
    obstacle: Check = field(default=lambda: "")
    ahead: Iterator[Check] = field(default_factory=lambda: iter(()))


class Lookout:
    """Follows a fleet from its first moment. ``waits``: whether something was never up yet that may come up."""

    def __init__(self, hub: Site, workers: Mapping[str, Site], ledger: Ledger) -> None:
        self.waits = True
        self._hub = hub
        self._workers = workers
        self._ledger = ledger
        self._walks: dict[ObjectKey, _Walk] = {}
        self._arrived: set[ItemKey] = set()

    def look(self) -> list[ItemKey]:
        """The slices and exports that are up now and were at no look before."""
        arrived = [*self._slices(), *self._exports()]
        self._arrived.update(arrived)
        return arrived

    def _slices(self) -> Iterator[ItemKey]:
        self.waits = False
        for config in self._hub.store.view.list(SliceConfig):
            item = ("slice", config.metadata.name, "", config.metadata.name)
            if item in self._arrived or deleting(config):
                continue
            if self._is_up(config):
                yield item
            else:
                self.waits = True

    def _exports(self) -> Iterator[ItemKey]:
        for cluster, site in self._workers.items():
            for export in site.store.view.list(ServiceExport):
                if deleting(export):
                    continue
                name = f"{export.metadata.namespace}/{export.metadata.name}"
                if ("export", export.spec.slice, cluster, name) in self._arrived:
                    continue
                item = judge_export(export, cluster, self._hub, self._workers, self._ledger)
                if item.up:
                    yield item.key
                elif item.possible:
                    self.waits = True

    def _is_up(self, config: SliceConfig) -> bool:
        key = key_of(config)
        walk = self._walks.get(key)
        if walk is None or walk.config is not config:  # another spec may ask for other things
            walk = self._walks[key] = _Walk(config)
        if walk.obstacle() or self._goes_on(walk):
            return False
        walk.ahead = self._checks(config)  # all over again: what was well before may be so no more
        return not self._goes_on(walk)

    def _goes_on(self, walk: _Walk) -> bool:
        """Whether there is an obstacle ahead."""
        for check in walk.ahead:
            if check():
                walk.obstacle = check
                return True
        return False

    def _checks(self, config: SliceConfig) -> Iterator[Check]:
        """All that must be well, the cheapest first."""
        sites = [self._workers[cluster] for cluster in member_clusters(config)]
        for site in sites:
            yield partial(unheard, config, site)
        for gateway in gateways_of(config, self._hub):
            for instance in range(gateway_count(gateway.metadata)):
                yield partial(self._tunnel, key_of(gateway), instance)
        yield partial(lacks_gateways, config, self._hub)
        for site in sites:
            yield partial(self._member, config, site)

    def _tunnel(self, gateway: ObjectKey, instance: int) -> str:
        there = self._hub.store.view.at(gateway)
        if there is None or instance >= gateway_count(there.metadata):
            return ""  # the slice needs it no longer
        return tunnel_end(there, instance, self._workers, self._ledger).reason

    def _member(self, config: SliceConfig, site: Site) -> str:
        return next(member_reasons(config, site, self._ledger), "")
