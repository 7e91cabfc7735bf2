"""Rebalancing: gateway pods of a server that crowd on a node are recycled, tunnel by tunnel (controllers/slicegateway).

As ReconcileGwPodPlacement does, which KubeSlice has on unless DISABLE_GW_POD_REBALANCING says otherwise: after every
look of a server at its tunnels, and when a gateway node comes or goes.
"""

from __future__ import annotations

from math import ceil

from kubeslice_sim.controlplane.built_in import GATEWAY_LABEL, node_of, running
from kubeslice_sim.controlplane.hub.worker_slice_gateway import recyclers_of_gateway
from kubeslice_sim.controlplane.node import gateway_nodes
from kubeslice_sim.controlplane.reconciler import NOTHING, Create, Note, Outcome, View
from kubeslice_sim.controlplane.worker.gateway_pod import gateway_node
from kubeslice_sim.controlplane.worker.gateway_recycler import recycler
from kubeslice_sim.model.document import key_of
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.slice_gateway import SliceGateway
from kubeslice_sim.model.worker_slice_gateway import WorkerSliceGateway
from kubeslice_sim.planner.names import GATEWAY_NODE_LABEL, SYSTEM_NAMESPACE
from kubeslice_sim.planner.objects_gateway import gateway_count


def rebalance(gateway: SliceGateway, view: View) -> Outcome:
    """Order the recycling of one tunnel if the pods stand askew and none is under way."""
    if recyclers_of_gateway(gateway.metadata.name, view):
        return NOTHING
    victim = _crowded(gateway, view)
    if victim is None:
        return NOTHING
    hub = view.hub.named(WorkerSliceGateway, gateway.metadata.name)
    if not hub:
        return NOTHING
    return Outcome(
        writes=(Create(item=recycler(gateway, victim.metadata.name, hub[0].metadata.namespace), at="hub"),),
        events=(Note(
            name="SliceGWRebalancingSuccess", subject=key_of(gateway),
            message=f"{victim.metadata.name} is moved away from {node_of(victim)}",
        ),),
    )  # fmt: skip


def _crowded(gateway: SliceGateway, view: View) -> KubernetesObject | None:
    """A pod whose tunnel is up on a node that has more than its share, and that the scheduler would put elsewhere.

    KubeSlice takes any pod of the node and leaves its place to anti-affinity; ours is known beforehand. It counts nodes
    by their label, Ready or not, and pods by their phase: while a node is gone, what hangs there keeps the balance.
    """
    nodes = [node.metadata.name for node in view.local.objects("Node", labels={GATEWAY_NODE_LABEL: "gateway"})]
    if len(nodes) < 2:
        return None
    found = view.local.objects("Pod", SYSTEM_NAMESPACE, {GATEWAY_LABEL: gateway.metadata.name})
    pods = [pod for pod in found if running(pod)]
    if len(pods) < gateway_count(gateway.metadata):
        return None
    takers = gateway_nodes(view.local)
    share = ceil(len(pods) / len(nodes))
    homes = [node_of(pod) for pod in pods]
    linked = {item.pod_name for item in gateway.status.gateway_pod_status if item.peer_pod_name}
    crowded = (pod for pod in pods if homes.count(node_of(pod)) > share and pod.metadata.name in linked)
    return next((pod for pod in crowded if gateway_node(pod, takers, view) != node_of(pod)), None)
