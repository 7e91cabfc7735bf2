"""Timing: how long KubeSlice's loops wait; the real constants, and a faster profile for tests."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt

from kubeslice_sim.model.document import kube
from kubeslice_sim.model.quantity import Interval, Seconds

Profile = Literal["kubeslice", "fast"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Every wait of the control plane, in seconds. Defaults: worker-operator, gateway-sidecar, kubeslice-controller.

    ``certificates``, ``pod_start`` and ``deregister_job`` are not KubeSlice's constants but what its parts take
    (dhparam of 2048 bits, image and NSM start-up, the Job that uninstalls an operator with helm; our estimate); after
    it the Job's script sleeps for ``deregister_pause`` before it lets the Cluster go. ``client_qps`` and
    ``client_burst`` are controller-runtime's pace of requests for objects of one kind; ``hub_client_qps`` and
    ``hub_client_burst`` client-go's own, which worker-operator keeps to towards the controller cluster;
    ``node_client_qps`` and ``node_client_burst`` the scheduler's and the kubelets'; ``dial_timeout``,
    ``connection_loss`` (HTTP/2 health check), ``watch_retry`` and ``lease`` client-go's constants. ``kubelet_lease``
    is how often a kubelet renews its Lease, ``node_monitor`` how often kube-controller-manager looks,
    ``node_monitor_grace`` how long it waits before a node is NotReady (of Kubernetes 1.32 and later; 40 s before),
    and ``pod_eviction`` how long pods tolerate that by default before they are evicted.
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
    connection_report_s: float = 30.0
    ping_round_s: float = 3.0
    rounds_until_down: int = 20
    certificate_poll_s: float = 30.0
    certificates_s: float = 60.0
    pod_start_s: float = 5.0
    tunnel_handshake_s: float = 1.0
    dns_ttl_s: float = 60.0
    worker_finalizer_patience_s: float = 180.0
    client_qps: float = 20.0
    client_burst: int = 30
    hub_client_qps: float = 5.0
    hub_client_burst: int = 10
    node_client_qps: float = 50.0
    node_client_burst: int = 100
    dial_timeout_s: float = 30.0
    connection_loss_s: float = 45.0
    watch_retry_s: float = 0.8
    watch_retry_limit_s: float = 30.0
    lease_duration_s: float = 15.0
    lease_renew_deadline_s: float = 10.0
    lease_retry_s: float = 2.0
    rotation_poll_s: float = 120.0
    recycler_poll_s: float = 10.0
    recycler_pause_s: float = 5.0
    deregister_timeout_s: float = 600.0
    deregister_retry_s: float = 60.0
    deregister_job_s: float = 30.0
    deregister_pause_s: float = 5.0
    kubelet_lease_s: float = 10.0
    node_monitor_s: float = 5.0
    node_monitor_grace_s: float = 50.0
    pod_eviction_s: float = 300.0


KUBESLICE = Timing()
_COUNTS = ("rounds_until_down", "client_burst", "hub_client_burst", "node_client_burst")
_RATES = ("client_qps", "hub_client_qps", "node_client_qps")
FAST_FACTOR = 20.0
"""How much faster the ``fast`` profile runs than KubeSlice itself."""

FAST = Timing(
    **{
        item.name: getattr(KUBESLICE, item.name) / (1.0 if item.name in _COUNTS else FAST_FACTOR)
        for item in fields(Timing)
        if item.name not in _RATES
    },
    **{name: getattr(KUBESLICE, name) * FAST_FACTOR for name in _RATES},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimingChoice:
    """A profile and the waits that differ from it; what a loop waits between two looks cannot be nothing."""

    __pydantic_config__: ClassVar[Any] = kube(
        client_qps="clientQPS", hub_client_qps="hubClientQPS", node_client_qps="nodeClientQPS"
    )

    profile: Profile = "kubeslice"
    slice_reconcile: Interval | None = None
    gateway_reconcile: Interval | None = None
    service_export_reconcile: Interval | None = None
    service_import_reconcile: Interval | None = None
    health_report: Interval | None = None
    wait_for_pods: Interval | None = None
    wait_for_router: Interval | None = None
    wait_for_import_slice: Interval | None = None
    router_recheck: Interval | None = None
    tunnel_check: Interval | None = None
    connection_report: Interval | None = None
    ping_round: Interval | None = None
    rounds_until_down: Annotated[int, Ge(1)] | None = None
    certificate_poll: Interval | None = None
    certificates: Seconds | None = None
    pod_start: Seconds | None = None
    tunnel_handshake: Seconds | None = None
    dns_ttl: Seconds | None = None
    worker_finalizer_patience: Seconds | None = None
    client_qps: Annotated[float, Gt(0)] | None = None
    client_burst: Annotated[int, Ge(1)] | None = None
    hub_client_qps: Annotated[float, Gt(0)] | None = None
    hub_client_burst: Annotated[int, Ge(1)] | None = None
    node_client_qps: Annotated[float, Gt(0)] | None = None
    node_client_burst: Annotated[int, Ge(1)] | None = None
    dial_timeout: Seconds | None = None
    connection_loss: Seconds | None = None
    watch_retry: Interval | None = None
    watch_retry_limit: Interval | None = None
    lease_duration: Interval | None = None
    lease_renew_deadline: Interval | None = None
    lease_retry: Interval | None = None
    rotation_poll: Interval | None = None
    recycler_poll: Interval | None = None
    recycler_pause: Seconds | None = None
    deregister_timeout: Seconds | None = None
    deregister_retry: Interval | None = None
    deregister_job: Seconds | None = None
    deregister_pause: Seconds | None = None
    kubelet_lease: Interval | None = None
    node_monitor: Interval | None = None
    node_monitor_grace: Interval | None = None
    pod_eviction: Seconds | None = None

    def settle(self) -> Timing:
        """The waits that hold."""
        base = KUBESLICE if self.profile == "kubeslice" else FAST
        changed: dict[str, Any] = {}
        for item in fields(Timing):
            value = getattr(self, item.name.removesuffix("_s"))
            if value is not None:
                changed[item.name] = value
        return replace(base, **changed)
