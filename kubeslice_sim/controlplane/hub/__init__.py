"""What runs on the controller cluster: KubeSlice's controller."""

from kubeslice_sim.controlplane.hub.cluster import CLUSTER
from kubeslice_sim.controlplane.hub.job import JOB
from kubeslice_sim.controlplane.hub.project import PROJECT
from kubeslice_sim.controlplane.hub.service_export_config import SERVICE_EXPORT_CONFIG
from kubeslice_sim.controlplane.hub.slice_config import SLICE_CONFIG
from kubeslice_sim.controlplane.hub.slice_qos_config import SLICE_QOS_CONFIG
from kubeslice_sim.controlplane.hub.topology_condition import TOPOLOGY_CONDITION
from kubeslice_sim.controlplane.hub.vpn_key_rotation import VPN_KEY_ROTATION
from kubeslice_sim.controlplane.hub.worker_service_import import WORKER_SERVICE_IMPORT
from kubeslice_sim.controlplane.hub.worker_slice_config import WORKER_SLICE_CONFIG
from kubeslice_sim.controlplane.hub.worker_slice_gateway import WORKER_SLICE_GATEWAY

HUB_CONTROLLERS = (
    PROJECT,
    CLUSTER,
    SLICE_QOS_CONFIG,
    SLICE_CONFIG,
    TOPOLOGY_CONDITION,
    WORKER_SLICE_CONFIG,
    WORKER_SLICE_GATEWAY,
    JOB,
    VPN_KEY_ROTATION,
    SERVICE_EXPORT_CONFIG,
    WORKER_SERVICE_IMPORT,
)
