"""What runs on a worker cluster: KubeSlice's operator and DNS, and the parts of Kubernetes that they lean on."""

from kubeslice_sim.controlplane.worker.cluster_report import CLUSTER_REPORT
from kubeslice_sim.controlplane.worker.connection_report import CONNECTION_REPORT
from kubeslice_sim.controlplane.worker.dns import DNS_SERVER
from kubeslice_sim.controlplane.worker.gateway_mirror import GATEWAY_MIRROR
from kubeslice_sim.controlplane.worker.gateway_recycler import GATEWAY_RECYCLER
from kubeslice_sim.controlplane.worker.import_mirror import IMPORT_MIRROR
from kubeslice_sim.controlplane.worker.key_rotation import KEY_ROTATION
from kubeslice_sim.controlplane.worker.node_lifecycle import NODE_LIFECYCLE
from kubeslice_sim.controlplane.worker.pod import POD
from kubeslice_sim.controlplane.worker.rollout import ROLLOUT
from kubeslice_sim.controlplane.worker.router import ROUTER
from kubeslice_sim.controlplane.worker.service_export import SERVICE_EXPORT
from kubeslice_sim.controlplane.worker.service_import import SERVICE_IMPORT
from kubeslice_sim.controlplane.worker.slice import SLICE
from kubeslice_sim.controlplane.worker.slice_gateway import SLICE_GATEWAY
from kubeslice_sim.controlplane.worker.slice_health import SLICE_HEALTH
from kubeslice_sim.controlplane.worker.slice_mirror import SLICE_MIRROR
from kubeslice_sim.controlplane.worker.taint_eviction import TAINT_EVICTION
from kubeslice_sim.controlplane.worker.workload import WORKLOAD

WORKER_CONTROLLERS = (
    WORKLOAD,
    POD,
    ROLLOUT,
    NODE_LIFECYCLE,
    TAINT_EVICTION,
    CLUSTER_REPORT,
    SLICE_MIRROR,
    SLICE,
    ROUTER,
    GATEWAY_MIRROR,
    SLICE_GATEWAY,
    KEY_ROTATION,
    GATEWAY_RECYCLER,
    SERVICE_EXPORT,
    IMPORT_MIRROR,
    SERVICE_IMPORT,
    DNS_SERVER,
    SLICE_HEALTH,
    CONNECTION_REPORT,
)
