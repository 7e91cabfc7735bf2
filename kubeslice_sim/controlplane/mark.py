"""Mark: a fleet at rest between two rotations of keys, as it is then, to be compared with a later one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kubeslice_sim.controlplane.effects import Effect
from kubeslice_sim.controlplane.fleet import Fleet
from kubeslice_sim.controlplane.ledger import Subject
from kubeslice_sim.controlplane.rest import Rest
from kubeslice_sim.controlplane.sidecar import TunnelStatus
from kubeslice_sim.controlplane.timestamp import seconds
from kubeslice_sim.controlplane.worker.key_rotation import COMPLETE
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.vpn_key_rotation import VpnKeyRotation


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A fleet at rest between rotations. By slice: ``numbers`` of its keys, and when they were ``made``."""

    rest: Rest
    numbers: Mapping[str, int]
    made: Mapping[str, float]
    objects: Mapping[str, Mapping[ObjectKey, Any]]
    sidecars: Mapping[str, Mapping[str, TunnelStatus]]
    asked: Mapping[Subject, Effect]
    changes: Mapping[str, int]
    effects: int

    @property
    def at_s(self) -> float:
        """When."""
        return self.rest.at_s


def take_mark(fleet: Fleet, rest: Rest) -> Mark | None:
    """The fleet as it rests, if it has keys and no rotation of them, nor a job of one, is left."""
    rotations = fleet.hub.store.view.list(VpnKeyRotation)
    kept = [item for item in rotations if item.spec.certificate_creation_time is not None]
    if not kept or fleet.hub.store.view.keys("Job") or fleet.hub.store.view.keys("WorkerSliceGwRecycler"):
        return None
    if any(state.status != COMPLETE for item in kept for state in item.status.current_rotation_state.values()):
        return None
    return Mark(
        rest=rest,
        numbers={item.metadata.name: item.spec.rotation_count for item in kept},
        made={item.metadata.name: seconds(str(item.spec.certificate_creation_time)) for item in kept},
        objects={site.name: site.store.view.snapshot() for site in fleet.sites},
        sidecars={site.name: dict(site.sidecars) for site in fleet.sites},
        asked=fleet.ledger.snapshot(),
        changes={site.name: site.store.sequence for site in fleet.sites},
        effects=fleet.effects,
    )
