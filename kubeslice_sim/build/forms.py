"""How values are said in Python where YAML's way would be long: bandwidths, namespaces, placements, ports, edges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kubeslice_sim.build.argument import Form, Unsuited
from kubeslice_sim.model.project import PROJECT_NAMESPACE_PREFIX
from kubeslice_sim.model.quantity import RATE

_KBIT = 1000


def _kbps(rate: Any) -> int:
    try:
        rate_bps = RATE.parse(rate)
    except ValueError as error:
        raise Unsuited(str(error)) from error
    if rate_bps % _KBIT:
        raise Unsuited(f"{rate!r} is no whole number of kbit/s, in which KubeSlice counts")
    return int(rate_bps // _KBIT)


def _rate(kbps: Any) -> str:
    text = RATE.format(kbps * _KBIT) if isinstance(kbps, int) and kbps >= 0 else ""
    if not text or kbps * _KBIT > (RATE.maximum or 0) or _kbps(text) != kbps:
        raise Unsuited(f"{kbps} is no rate")
    return text


def _selections(namespaces: Any) -> list[dict[str, Any]]:
    if isinstance(namespaces, str):
        namespaces = [namespaces]
    if isinstance(namespaces, Mapping):
        return [{"namespace": name, "clusters": _list(where)} for name, where in namespaces.items()]
    return [{"namespace": name, "clusters": ["*"]} for name in namespaces]


def _namespaces(selections: Any) -> Any:
    if not all(set(item) == {"namespace", "clusters"} for item in selections):
        raise Unsuited("a namespace without its clusters")
    if len({item["namespace"] for item in selections}) < len(selections):
        raise Unsuited("a namespace stands twice")
    if all(item["clusters"] == ["*"] for item in selections):
        return [item["namespace"] for item in selections]
    return {item["namespace"]: item["clusters"] for item in selections}


def _list(names: Any) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _on(clusters: Any) -> str:
    return ",".join(_list(clusters))


def _clusters(annotation: Any) -> Any:
    names = annotation.split(",") if isinstance(annotation, str) else []
    if not names or any(not name or name != name.strip() for name in names):
        raise Unsuited(f"{annotation!r} is no list of clusters")
    return names[0] if len(names) == 1 else names


def _ports(ports: Any) -> list[Any]:
    if isinstance(ports, Mapping):
        return [{"name": name, "containerPort": port, "protocol": "TCP"} for name, port in ports.items()]
    return list(ports)


def _port_names(ports: Any) -> Any:
    plain = all(set(port) == {"name", "containerPort", "protocol"} and port["protocol"] == "TCP" for port in ports)
    if ports and plain and len({port["name"] for port in ports}) == len(ports):
        return {port["name"]: port["containerPort"] for port in ports}
    return ports


def _edges(edges: Any) -> list[Any]:
    return [dict(edge) if isinstance(edge, Mapping) else {"between": list(edge)} for edge in edges]


def _pairs(edges: Any) -> list[Any]:
    return [tuple(edge["between"]) if set(edge) == {"between"} else edge for edge in edges]


def _forbidden(edges: Mapping[str, Sequence[str]]) -> list[Any]:
    return [{"sourceCluster": source, "targetClusters": _list(targets)} for source, targets in edges.items()]


def _forbidden_of(edges: Any) -> dict[str, Any]:
    sources = [edge["sourceCluster"] for edge in edges]
    if len(set(sources)) < len(sources):
        raise Unsuited("a cluster stands twice")
    return {edge["sourceCluster"]: edge["targetClusters"] for edge in edges}


def _project_of(namespace: Any) -> str:
    if not str(namespace).startswith(PROJECT_NAMESPACE_PREFIX):
        raise Unsuited(f"{namespace} is no project's namespace")
    return str(namespace).removeprefix(PROJECT_NAMESPACE_PREFIX)


def _spokes(hubs: Any) -> dict[str, Any]:
    return {"mode": "HubAndSpoke", "hubs": _list(hubs)}


def _hubs(topology: Any) -> Any:
    hubs = topology.get("hubs") or []
    if topology != _spokes(hubs):
        raise Unsuited("another topology than hub and spoke")
    return hubs


HUBS = Form(_spokes, _hubs)
"""The hubs of a slice whose other clusters are spokes."""
NAMES = Form(_list)
"""One name or several."""
KBPS = Form(_kbps, _rate)
"""``"30Mbit"`` for 30000."""
NAMESPACES = Form(_selections, _namespaces)
"""``["iperf"]``: on all clusters; ``{"iperf": ["worker-1"]}``: on some."""
ON = Form(_on, _clusters)
"""``"worker-1"`` or ``["worker-1", "worker-2"]`` for the annotation."""
PORTS = Form(_ports, _port_names)
"""``{"http": 8080}``: TCP; else the ports as YAML has them."""
EDGES = Form(_edges, _pairs)
"""``("a", "b")``, or a mapping where an edge says more."""
FORBIDDEN = Form(_forbidden, _forbidden_of)
"""``{"a": ["b", "c"]}``: a is joined with neither."""
PROJECT = Form(lambda project: PROJECT_NAMESPACE_PREFIX + str(project), _project_of)
"""The project whose namespace the document stands in."""
