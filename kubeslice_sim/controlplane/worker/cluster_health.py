"""Cluster health: what an operator finds of its cluster's parts (worker-operator pkg/hub/controllers/cluster).

A part is in order when each of its pods runs; what is not in order makes the cluster's health a Warning, and nothing
makes it more. NSM, SPIRE, netop and Istio are not simulated pod by pod: a part of which no pod stands in the world is
taken to run, but istiod, of which the operator says nothing then. A node that dies leaves its pods' phases as they
were, so that its cluster's health stays Normal, in a real cluster too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kubeslice_sim.controlplane.built_in import POD_TYPE_LABEL, running
from kubeslice_sim.controlplane.reconciler import View
from kubeslice_sim.model.cluster import Cluster, ClusterHealth, ClusterStatus, ComponentHealth, ComponentStatus
from kubeslice_sim.planner.names import SYSTEM_NAMESPACE


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of the cluster and the labels of its pods. ``optional``: not spoken of where there are none."""

    name: str
    namespace: str
    labels: dict[str, str]
    optional: bool = False


PARTS = (
    Part(name="nsmgr", namespace=SYSTEM_NAMESPACE, labels={"app": "nsmgr"}),
    Part(name="forwarder", namespace=SYSTEM_NAMESPACE, labels={"app": "forwarder-kernel"}),
    Part(
        name="admission-webhook", namespace="kubeslice-nsm-webhook-system", labels={"app": "kubeslice-nsm-webhook"}
    ),
    Part(name="netop", namespace=SYSTEM_NAMESPACE, labels={"app": "app_net_op", POD_TYPE_LABEL: "netop"}),
    Part(name="spire-agent", namespace="spire", labels={"app": "spire-agent"}),
    Part(name="spire-server", namespace="spire", labels={"app": "spire-server"}),
    Part(name="istiod", namespace="istio-system", labels={"app": "istiod", "istio": "pilot"}, optional=True),
)  # fmt: skip


def cluster_health(cluster: Cluster, status: ClusterStatus, view: View) -> ClusterHealth:
    """The health of the cluster now, undated; ``status``: what else its operator is about to report.

    A cluster without KubeSlice's network has no parts to look at.
    """
    parts = tuple(_parts(cluster, status, view)) if status.network_present else ()
    normal = all(part.component_health_status == "Normal" for part in parts)
    return ClusterHealth(cluster_health_status="Normal" if normal else "Warning", component_statuses=parts)


def pods_health(namespace: str, labels: dict[str, str], view: View) -> ComponentHealth | None:
    """Whether all pods with these labels run; None: there are none."""
    pods = view.local.objects("Pod", namespace, labels)
    if not pods:
        return None
    return "Normal" if all(map(running, pods)) else "Error"


def _parts(cluster: Cluster, status: ClusterStatus, view: View) -> Iterator[ComponentStatus]:
    for part in PARTS:
        found = pods_health(part.namespace, part.labels, view)
        if found is not None or not part.optional:
            yield ComponentStatus(component=part.name, component_health_status=found or "Normal")
    for name, known in (("node-ips", cluster.spec.node_ips or status.node_ips), ("cni-subnets", status.cni_subnet)):
        yield ComponentStatus(component=name, component_health_status="Normal" if known else "Error")
