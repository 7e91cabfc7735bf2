"""Rules for Clusters (kubeslice-controller service/cluster_webhook_validation.go)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address

from kubeslice_sim.admission.namespace import in_project_namespace
from kubeslice_sim.admission.rule import DELETE, UPDATE, WRITE, Finding, Request, rule
from kubeslice_sim.admission.slice_namespaces import DEFAULT_SLICE_SUFFIX
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.project import PROJECT_NAMESPACE_PREFIX
from kubeslice_sim.model.release import DETECTS_NODE_IPS, includes

_SOURCE = "kubeslice-controller service/cluster_webhook_validation.go"
_GO_FLOAT = re.compile(
    r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|0x[0-9a-f]*\.?[0-9a-f]*p[+-]?[0-9]+|inf|infinity|nan)",
    re.IGNORECASE,
)

cluster_in_project_namespace = in_project_namespace("Cluster", _SOURCE)


@rule("Cluster", on=WRITE, source=_SOURCE, field="spec.clusterProperty.geoLocation")
def cluster_location(request: Request) -> Iterator[Finding]:
    """Latitude and longitude are both numbers on the globe, or both absent."""
    cluster_property = request.document.spec.cluster_property
    location = cluster_property.geo_location if cluster_property else None
    if location is None or not (location.latitude or location.longitude):
        return
    for field, text, limit in (("latitude", location.latitude, 90.0), ("longitude", location.longitude, 180.0)):
        if not _within(text, limit):
            shown = f'"{text}"' if text else "nothing"
            yield Finding(
                ("spec", "clusterProperty", "geoLocation", field),
                f"latitude and longitude are not valid: {field} is {shown}",
                f"text such as '{limit / 2:.1f}', from -{limit:.0f} to {limit:.0f}",
            )


@rule("Cluster", on=WRITE, source=_SOURCE, field="spec.nodeIPs")
def cluster_node_ips(request: Request) -> Iterator[Finding]:
    """Every node IP is an IPv4 or IPv6 address."""
    for index, text in enumerate(request.document.spec.node_ips):
        if not _is_ip(text):
            message = f'"{text}" is no valid IP address'
            yield Finding(("spec", "nodeIPs", index), message, "such as 10.9.8.7 or 2001:db8::ffff")


@rule("Cluster", on=UPDATE, source=_SOURCE, field="spec.networkInterface")
def cluster_network_interface_kept(request: Request) -> Iterator[Finding]:
    """A Cluster's network interface stays, once it is named (before 0.7.0)."""
    old, new = request.old.spec.network_interface, request.document.spec.network_interface
    if not includes(request.state.version, DETECTS_NODE_IPS) and old and new != old:
        message = f"the network interface cannot be changed from {old} to {new or 'nothing'}"
        yield Finding(("spec", "networkInterface"), message, "register the cluster anew")


@rule("Cluster", on=DELETE, source=_SOURCE, field="Cluster")
def cluster_in_no_slice(request: Request) -> Iterator[Finding]:
    """A Cluster is deleted after it has left its slices (the default slice does not count)."""
    own = request.document.metadata
    default = own.namespace.removeprefix(PROJECT_NAMESPACE_PREFIX) + DEFAULT_SLICE_SUFFIX
    labels = [item.metadata.labels for item in request.state.all("WorkerSliceConfig", own.namespace)]
    slices = [
        name for item in labels
        if item.get("worker-cluster") == own.name and (name := item.get("original-slice-name", "")) != default
    ]  # fmt: skip
    if slices:
        about = tuple(ObjectKey("SliceConfig", own.namespace, name) for name in slices)
        hint = "take it out of their spec.clusters first"
        yield Finding((), f"the cluster {own.name} participates in {', '.join(slices)}", hint, about)


def _within(text: str, limit: float) -> bool:
    """As Go's ParseFloat and two comparisons do: NaN passes, hexadecimal needs an exponent."""
    if not _GO_FLOAT.fullmatch(text):
        return False
    try:
        number = float.fromhex(text) if "x" in text.lower() else float(text)
    except (ValueError, OverflowError):
        return False
    return not (number < -limit or number > limit)


def _is_ip(text: str) -> bool:
    """As Kubernetes' ParseIPSloppy does: leading zeros in IPv4 are decimal."""
    parts = text.split(".")
    if len(parts) == 4 and all(part.isascii() and part.isdigit() for part in parts):
        return all(int(part) <= 255 for part in parts if len(part) <= 20) and all(len(part) <= 20 for part in parts)
    try:
        return "%" not in text and ip_address(text).version == 6
    except ValueError:
        return False
