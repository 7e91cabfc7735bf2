"""Gateway ports: a client's gateways dial the node ports that its server has now (controllers/slicegateway)."""

from __future__ import annotations

from kubeslice_sim.controlplane.built_in import with_spec
from kubeslice_sim.controlplane.effects import StopPod
from kubeslice_sim.controlplane.reconciler import NOTHING, Delete, Outcome, Update, View
from kubeslice_sim.controlplane.worker import gateway_pod
from kubeslice_sim.controlplane.worker.gateway_deployments import held_deployments, marked
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.slice_gateway import SliceGateway
from kubeslice_sim.planner import names


def redial(gateway: SliceGateway, view: View) -> Outcome:
    """Point the first Deployment that dials a port of the past to one of now that nobody dials.

    One Deployment a look, as the operator does; Kubernetes replaces its pod. Where every port is dialled already, it
    fails, and is tried again.
    """
    ports = gateway.status.config.slice_gateway_remote_node_ports
    held = [item for item in held_deployments(gateway.metadata.name, view) if not marked(item)]
    dialled = [gateway_pod.dialled_port(item.pod_template["spec"]) for item in held]
    stale = next((item for item, port in zip(held, dialled, strict=True) if port not in ports), None)
    if stale is None:
        return NOTHING
    free = next((port for port in ports if port not in dialled), None)
    if free is None:
        return Outcome(retry=f"no node port of {gateway.metadata.name}'s server is left for {stale.metadata.name}")
    return _dial(stale, free, view)


def _dial(deployment: KubernetesObject, port: int, view: View) -> Outcome:
    name = deployment.metadata.name
    template = deployment.pod_template
    patched = with_spec(deployment, template={**template, "spec": gateway_pod.dialling(template["spec"], port)})
    pod = ObjectKey("Pod", names.SYSTEM_NAMESPACE, name)
    return Outcome(
        writes=(Update(item=patched), Delete(key=pod)),
        effects=(StopPod(cluster=view.cluster, namespace=pod.namespace, pod=name),),
    )
