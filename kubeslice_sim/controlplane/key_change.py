"""Key change: the milestones of a rotation: counted by the controller, recyclers' steps, old keys that are gone."""

from __future__ import annotations

from kubeslice_sim.controlplane.built_in import GATEWAY_LABEL
from kubeslice_sim.controlplane.event import TunnelTransition
from kubeslice_sim.controlplane.journal import Entry, ObjectChange
from kubeslice_sim.controlplane.store import Change
from kubeslice_sim.controlplane.trail import Part, Trail
from kubeslice_sim.controlplane.worker.key_rotation import COMPLETE
from kubeslice_sim.model.vpn_key_rotation import VpnKeyRotation
from kubeslice_sim.model.worker_slice_gw_recycler import WorkerSliceGwRecycler


class KeyChange:
    """Reads entries in order of time and marks the trail."""

    def __init__(self, trail: Trail) -> None:
        self._trail = trail
        self._done: dict[str, dict[Part, None]] = {}
        """By slice, what there was to be done until every gateway had its new keys and no others."""
        self._recyclers: dict[str, dict[Part, None]] = {}
        self._tunnels: dict[str, dict[Part, None]] = {}
        self._slices: dict[str, str] = {}
        """Whose each gateway is that was ever in a rotation."""

    def read(self, entry: Entry) -> None:
        """Take note of an entry of the journal."""
        if isinstance(entry, TunnelTransition) and entry.up:
            self._tunnels.setdefault(entry.slice, {})["tunnel", entry.cluster, entry.pod] = None
        if not isinstance(entry, ObjectChange):
            return
        match entry.change.item:
            case VpnKeyRotation():
                self._rotation(entry.change)
            case WorkerSliceGwRecycler():
                self._recycler(entry.change)
            case item if entry.change.key.kind == "Secret" and entry.change.action == "DELETED":
                gateway = item.metadata.labels.get(GATEWAY_LABEL, "")
                slice_ = self._slices.get(gateway)
                if slice_ is not None:
                    part = ("old keys", entry.cluster, gateway)
                    self._trail.mark(part, "old keys are deleted", slice_, entry.cluster, gateway,
                                     [("renewed", gateway)])  # fmt: skip
                    self._done.setdefault(slice_, {})[part] = None

    def parts(self, slice_: str) -> list[Part]:
        """What the end of a rotation of that slice waited for."""
        return list(self._done.get(slice_, ()))

    def _rotation(self, change: Change) -> None:
        before, after, slice_ = change.previous, change.item, change.key.name
        if not isinstance(before, VpnKeyRotation):
            return
        for gateways in after.spec.cluster_gateway_mapping.values():
            self._slices.update(dict.fromkeys(gateways, slice_))
        if after.spec.rotation_count > before.spec.rotation_count:
            certificates: list[Part] = [("certificates", name) for name in self._slices if self._slices[name] == slice_]
            self._trail.mark(("rotation", slice_), "controller begins the rotation", slice_, "",
                             f"rotation {after.spec.rotation_count}", [*certificates, ("asked", slice_)])  # fmt: skip
            self._done.pop(slice_, None)  # what was done for the one before it
        for name, held in after.status.current_rotation_state.items():
            was = before.status.current_rotation_state.get(name)
            if held.status == COMPLETE and was is not None and was.status != COMPLETE:
                waits = [("rotation", slice_), *self._recyclers.get(slice_, ())]
                self._trail.mark(("renewed", name), "operator finds the gateway renewed", slice_, "", name, waits)
                self._done.setdefault(slice_, {})["renewed", name] = None

    def _recycler(self, change: Change) -> None:
        item, name = change.item, change.key.name
        slice_, part = item.spec.slice_name, ("recycler", name)
        before = change.previous.spec.state if change.previous is not None else None
        if change.action == "ADDED":
            gateway = item.metadata.name.rsplit("-", 2)[0]
            newest = self._trail.newest
            keys = [one for one in newest if one[0] == "keys" and self._slices.get(str(one[2])) == slice_]
            self._trail.mark(part, "recycler is ordered", slice_, "", gateway, [*keys, ("rotation", slice_)])
            newest["recycled", gateway] = newest[part]
        elif change.action == "DELETED":
            self._trail.mark(part, "recycler is cleared away", slice_, "", name, [part])
        elif item.spec.state != before:
            waits = [part, *self._tunnels.get(slice_, ())]
            self._trail.mark(part, f"recycler: {_SAID.get(item.spec.state, item.spec.state)}", slice_, "", name, waits)
        else:
            return
        self._recyclers.setdefault(slice_, {})[part] = None


_SAID = {
    "new_deployment_created_state": "new pods are known", "slicerouter_updated_state": "routers use them",
    "old_deployment_deleted_state": "old pods are gone", "end": "end",
}  # fmt: skip
