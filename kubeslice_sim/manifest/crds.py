"""CustomResourceDefinitions from the model: what an API server needs to know KubeSlice's kinds."""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any

from kubeslice_sim.manifest.openapi import value_schema
from kubeslice_sim.manifest.shape import fields_of
from kubeslice_sim.model.document import Resource
from kubeslice_sim.model.frozen import thaw
from kubeslice_sim.model.kinds import HUB_NOUNS, WORKER_NOUNS
from kubeslice_sim.model.release import DEFAULT_VERSION, KubeSliceVersion, includes


def crds(version: KubeSliceVersion = DEFAULT_VERSION) -> tuple[dict[str, Any], ...]:
    """All of a release's CRDs (14; 13 in 0.6), those of the controller cluster first; each call gives fresh copies."""
    return (*hub_crds(version), *worker_crds(version))


def hub_crds(version: KubeSliceVersion = DEFAULT_VERSION) -> tuple[dict[str, Any], ...]:
    """The CRDs of the controller cluster (groups controller. and worker.kubeslice.io)."""
    return tuple(thaw(_crd(noun, version)) for noun in HUB_NOUNS if includes(version, noun.RESOURCE.since))


def worker_crds(version: KubeSliceVersion = DEFAULT_VERSION) -> tuple[dict[str, Any], ...]:
    """The CRDs of a worker cluster (group networking.kubeslice.io)."""
    return tuple(thaw(_crd(noun, version)) for noun in WORKER_NOUNS if includes(version, noun.RESOURCE.since))


@cache
def _crd(noun: Any, version: KubeSliceVersion) -> dict[str, Any]:
    resource: Resource = noun.RESOURCE
    names: dict[str, Any] = {
        "kind": resource.kind,
        "listKind": f"{resource.kind}List",
        "plural": resource.plural,
        "singular": resource.singular,
    }
    if resource.short_names:
        names["shortNames"] = list(resource.short_names)
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{resource.plural}.{resource.group}"},
        "spec": {
            "group": resource.group,
            "names": names,
            "scope": resource.scope,
            "versions": [_version(noun, resource, version)],
        },
    }


def _version(noun: Any, resource: Resource, version: KubeSliceVersion) -> dict[str, Any]:
    shapes = fields_of(noun)
    schema = {
        "description": inspect.getdoc(noun) or "",
        "type": "object",
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": value_schema(shapes["spec"].type, (), version),
            "status": value_schema(shapes["status"].type, (), version),
        },
    }
    served: dict[str, Any] = {
        "name": resource.version,
        "schema": {"openAPIV3Schema": schema},
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
    }
    columns = [column for column in resource.printer_columns if includes(version, column.since)]
    if columns:
        served["additionalPrinterColumns"] = [
            {"jsonPath": column.json_path, "name": column.name, "type": column.type} for column in columns
        ]
    return served
