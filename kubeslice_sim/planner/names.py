"""Every name that KubeSlice derives from other names, one function each.

Source: kubeslice-controller service/kube_slice_resource_names.go and the services' name formats; worker-operator
controllers/slicegateway and controllers/slice; dns plugin/kubeslice.
"""

from __future__ import annotations

from kubeslice_sim.model.node_name import app_node as app_node
from kubeslice_sim.model.node_name import gateway_node as gateway_node
from kubeslice_sim.model.reference import CLUSTER_DOMAIN, SERVICE_DOMAIN

RBAC_PREFIX = "kubeslice-rbac"
"""helm's default ``rbacResourcePrefix``; the code's own default is ``kubeslice``."""
GATEWAY_NODE_LABEL = "kubeslice.io/node-type"
SYSTEM_NAMESPACE = "kubeslice-system"
EXCLUDE_LABEL = "kubeslice.io/exclude"


def is_pod_of(pod: str, workload: str) -> bool:
    """Whether a pod's name is the workload's own (a Pod's) or that of one of its replicas, ``<workload>-<ordinal>``."""
    owner, _, ordinal = pod.rpartition("-")
    return pod == workload or (owner == workload and ordinal.isdecimal())


def worker_slice_config(slice_: str, cluster: str) -> str:
    """The WorkerSliceConfig of one member."""
    return f"{slice_}-{cluster}"


def gateway(slice_: str, local: str, remote: str) -> str:
    """A WorkerSliceGateway, its SliceGateway on the worker, and its secret on the hub."""
    return f"{slice_}-{local}-{remote}"


def gateway_secret(gateway_name: str, rotation: int) -> str:
    """The worker's copy of a gateway's secret."""
    return f"{gateway_name}-{rotation}"


def gateway_deployment(gateway_name: str, instance: int, generation: int = 0) -> str:
    """One gateway pod's Deployment. ``generation`` toggles 0/1 each time the recycler replaces it."""
    return f"{gateway_name}-{instance}-{generation}"


def gateway_service(deployment: str) -> str:
    """The server's Service in front of one gateway pod."""
    return f"svc-{deployment}"


def router(slice_: str) -> str:
    """The slice router's Deployment and Service (the same name in every cluster)."""
    return f"vl3-slice-router-{slice_}"


def edge(slice_: str) -> str:
    """The edge Deployment in LoadBalancer mode."""
    return f"{slice_}-gw-edge"


def edge_service(slice_: str) -> str:
    """The edge's Service of type LoadBalancer."""
    return f"svc-{slice_}-gw-edge"


def ingress_gateway(slice_: str) -> str:
    """The slice's Istio ingress gateway on a cluster: Deployment, Service and Gateway."""
    return f"{slice_}-istio-ingressgateway"


def egress_gateway(slice_: str) -> str:
    """The slice's Istio egress gateway on a cluster: Deployment, Service and Gateway."""
    return f"{slice_}-istio-egressgateway"


def ingress_endpoint(service: str, namespace: str) -> str:
    """The pod name under which an ingress gateway stands for an exported service."""
    return f"{service}-{namespace}-ingress"


def ingress_endpoint_dns(service: str, namespace: str, cluster: str) -> str:
    """The name of the ingress gateway that stands for an exported service of one cluster."""
    return f"{service}-ingress.{cluster}.{namespace}.{SERVICE_DOMAIN}"


def network_policy(slice_: str, namespace: str) -> str:
    """The isolation policy of an application namespace."""
    return f"{slice_}-{namespace}"


def worker_service_import(service: str, namespace: str, slice_: str, cluster: str) -> str:
    """The WorkerServiceImport for one member."""
    return f"{service}-{namespace}-{slice_}-{cluster}"


def service_export_config(service: str, namespace: str, cluster: str) -> str:
    """The ServiceExportConfig of one exporting cluster; KubeSlice leaves the slice out of it."""
    return f"{service}-{namespace}-{cluster}"


def service_dns(service: str, namespace: str) -> str:
    """The name under which every pod of the slice finds an exported service."""
    return f"{service}.{namespace}.{SERVICE_DOMAIN}"


def endpoint_dns(pod: str, cluster: str, service: str, namespace: str) -> str:
    """The name of one pod behind an exported service."""
    return f"{pod}.{cluster}.{service}.{namespace}.{SERVICE_DOMAIN}"


def cluster_service_dns(service: str, namespace: str) -> str:
    """A Kubernetes Service's own name inside its cluster."""
    return f"{service}.{namespace}.{CLUSTER_DOMAIN}"


def default_slice(project: str) -> str:
    """The slice that a project with ``defaultSliceCreation`` gets."""
    return f"{project}-default-slice"


def worker_service_account(cluster: str) -> str:
    """ServiceAccount, token secret and RoleBinding of a worker cluster."""
    return f"{RBAC_PREFIX}-worker-{cluster}"


def read_only_account(user: str) -> str:
    """ServiceAccount, token secret and RoleBinding of a user who may look."""
    return f"{RBAC_PREFIX}-ro-{user.lower()}"


def read_write_account(user: str) -> str:
    """ServiceAccount, token secret and RoleBinding of a user who may change things."""
    return f"{RBAC_PREFIX}-rw-{user.lower()}"
