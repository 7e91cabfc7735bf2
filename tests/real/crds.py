"""A small set of KubeSlice's CRDs for these tests: the kinds that are deployed, and enough schema to be refused by."""

from __future__ import annotations

from typing import Any

_STRING: dict[str, Any] = {"type": "string"}
_STRINGS: dict[str, Any] = {"type": "array", "items": _STRING}
_FREE: dict[str, Any] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def _fields(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    return {**schema, "required": list(required)} if required else schema


_BY_CLUSTER = {"type": "array", "items": _fields(namespace=_STRING, clusters=_STRINGS)}
_QOS = _fields(
    ("priority", "bandwidthCeilingKbps"), queueType={**_STRING, "default": "HTB"}, priority={"type": "integer"},
    tcType=_STRING, bandwidthCeilingKbps={"type": "integer"}, bandwidthGuaranteedKbps={"type": "integer"},
    dscpClass={**_STRING, "enum": ["Default", "AF11", "AF21", "EF"]},
)  # fmt: skip
_SLICE = _fields(
    ("maxClusters",), sliceSubnet=_STRING, clusters=_STRINGS, qosProfileDetails=_QOS, standardQosProfileName=_STRING,
    maxClusters={"type": "integer", "minimum": 2, "maximum": 32, "default": 16},
    sliceType={**_STRING, "default": "Application"},
    sliceGatewayProvider=_fields(sliceGatewayType={**_STRING, "enum": ["OpenVPN", "Wireguard"]}, sliceCaType=_STRING),
    namespaceIsolationProfile=_fields(applicationNamespaces=_BY_CLUSTER, allowedNamespaces=_BY_CLUSTER),
)  # fmt: skip
_GEO = _fields(cloudProvider=_STRING, cloudRegion=_STRING)
_CLUSTER = _fields(clusterProperty=_fields(geoLocation=_GEO, monitoring=_FREE), nodeIPs=_STRINGS)
_EXPORT = _fields(("slice",), slice=_STRING, selector=_FREE, ports={"type": "array", "items": _FREE})
_PROJECT = _fields(serviceAccount=_fields(readOnly=_STRINGS, readWrite=_STRINGS))


def _crd(group: str, version: str, kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    plural = f"{kind.lower()}s"
    schema = _fields(spec=spec, status=_FREE, apiVersion=_STRING, kind=_STRING, metadata={"type": "object"})
    one = {"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema},
           "subresources": {"status": {}}}  # fmt: skip
    names = {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [one]},
    }


CONTROLLER_CRDS = (
    _crd("controller.kubeslice.io", "v1alpha1", "Project", _PROJECT),
    _crd("controller.kubeslice.io", "v1alpha1", "Cluster", _CLUSTER),
    _crd("controller.kubeslice.io", "v1alpha1", "SliceConfig", _SLICE),
    _crd("controller.kubeslice.io", "v1alpha1", "SliceQoSConfig", _QOS),
    _crd("worker.kubeslice.io", "v1alpha1", "WorkerSliceConfig", _FREE),
)
WORKER_CRDS = (_crd("networking.kubeslice.io", "v1beta1", "ServiceExport", _EXPORT),)
