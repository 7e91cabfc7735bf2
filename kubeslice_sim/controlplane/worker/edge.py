"""Edge of a slice on one cluster in LoadBalancer mode: its Deployment, and the Service with a port a gateway.

As worker-operator controllers/slice/slice_gw_edge.go does. The load balancer's address is the cloud's: clients dial the
cluster's node IPs in its place. The pod and its translation are the data plane's.
"""

from __future__ import annotations

from collections.abc import Iterator

from kubeslice_sim.controlplane.built_in import SLICE_LABEL, built_in, node_port, owned_by, with_spec
from kubeslice_sim.controlplane.reconciler import Create, Update, View, Write
from kubeslice_sim.model.worker_slice import Slice
from kubeslice_sim.planner import names

_MARKS = {"kubeslice.io/app": "slice-gw-edge"}
_SERVICE_MARKS = {"kubeslice.io/slice-gw-edge-type": "LoadBalancer"}


def deploy(slice_: Slice, view: View) -> Iterator[Write]:
    """The Deployment at once; the Service once a gateway has one to stand before, its ports kept true."""
    settings = slice_.status.slice_config
    if settings is None or settings.slice_gateway_service_type != "LoadBalancer" or not settings.cluster_subnet_cidr:
        return
    name = slice_.metadata.name
    owners = (owned_by(slice_, "Slice", Slice.RESOURCE.api_version),)
    marks = {**_MARKS, SLICE_LABEL: name}
    if view.local.find("Deployment", names.SYSTEM_NAMESPACE, names.edge(name)) is None:
        body = {"replicas": 1, "selector": {"matchLabels": marks}, "template": {"metadata": {"labels": marks}}}
        yield Create(item=built_in("Deployment", names.SYSTEM_NAMESPACE, names.edge(name), owners=owners, labels=marks,
                                   body={"spec": body}))  # fmt: skip
    ports = [
        {"name": item.metadata.name, "port": node_port(item), "protocol": settings.slice_gateway_protocol}
        for item in view.local.objects("Service", names.SYSTEM_NAMESPACE)
        if item.metadata.labels.get(SLICE_LABEL) == name and item.spec.get("type") == "NodePort" and node_port(item)
    ]
    there = view.local.find("Service", names.SYSTEM_NAMESPACE, names.edge_service(name))
    if there is None and ports:
        spec = {"type": "LoadBalancer", "selector": marks, "ports": ports}
        yield Create(item=built_in("Service", names.SYSTEM_NAMESPACE, names.edge_service(name), owners=owners,
                                   labels={**_SERVICE_MARKS, SLICE_LABEL: name}, body={"spec": spec}))  # fmt: skip
    elif there is not None and [dict(port) for port in there.spec.get("ports") or ()] != ports:
        yield Update(item=with_spec(there, ports=ports))
