"""Timing: how long KubeSlice's loops wait; the real constants, and a faster profile for tests."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Literal

from kubeslice_sim.model.document import kube
from kubeslice_sim.model.quantity import Seconds

Profile = Literal["kubeslice", "fast"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Every wait of the control plane, in seconds. Defaults: worker-operator, gateway-sidecar, kubeslice-controller.

    ``certificates`` and ``pod_start`` are not KubeSlice's constants but what its parts take (dhparam of 2048 bits,
    image and NSM start-up).
    """

    slice_reconcile_s: float = 10.0
    gateway_reconcile_s: float = 120.0
    service_export_reconcile_s: float = 30.0
    service_import_reconcile_s: float = 10.0
    health_report_s: float = 120.0
    wait_for_pods_s: float = 5.0
    wait_for_router_s: float = 10.0
    wait_for_import_slice_s: float = 30.0
    router_recheck_s: float = 60.0
    tunnel_check_s: float = 6.0
    ping_round_s: float = 3.0
    rounds_until_down: int = 20
    certificate_poll_s: float = 30.0
    certificates_s: float = 60.0
    pod_start_s: float = 5.0
    tunnel_handshake_s: float = 1.0
    dns_ttl_s: float = 60.0
    worker_finalizer_patience_s: float = 180.0


KUBESLICE = Timing()
_COUNTS = ("rounds_until_down",)
FAST_FACTOR = 20.0
"""How much faster the ``fast`` profile runs than KubeSlice itself."""

FAST = Timing(
    **{
        item.name: getattr(KUBESLICE, item.name) / (1.0 if item.name in _COUNTS else FAST_FACTOR)
        for item in fields(Timing)
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimingChoice:
    """A profile and the waits that differ from it."""

    __pydantic_config__: ClassVar[Any] = kube()

    profile: Profile = "kubeslice"
    slice_reconcile: Seconds | None = None
    gateway_reconcile: Seconds | None = None
    service_export_reconcile: Seconds | None = None
    service_import_reconcile: Seconds | None = None
    health_report: Seconds | None = None
    wait_for_pods: Seconds | None = None
    wait_for_router: Seconds | None = None
    wait_for_import_slice: Seconds | None = None
    router_recheck: Seconds | None = None
    tunnel_check: Seconds | None = None
    ping_round: Seconds | None = None
    rounds_until_down: int | None = None
    certificate_poll: Seconds | None = None
    certificates: Seconds | None = None
    pod_start: Seconds | None = None
    tunnel_handshake: Seconds | None = None
    dns_ttl: Seconds | None = None
    worker_finalizer_patience: Seconds | None = None

    def settle(self) -> Timing:
        """The waits that hold."""
        base = KUBESLICE if self.profile == "kubeslice" else FAST
        changed: dict[str, Any] = {}
        for item in fields(Timing):
            value = getattr(self, item.name.removesuffix("_s"))
            if value is not None:
                changed[item.name] = value
        return replace(base, **changed)
