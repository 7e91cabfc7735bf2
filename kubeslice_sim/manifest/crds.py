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


def crds() -> tuple[dict[str, Any], ...]:
    """All 14 of KubeSlice's CRDs, those of the controller cluster first; each call gives fresh copies."""
    return (*hub_crds(), *worker_crds())


def hub_crds() -> tuple[dict[str, Any], ...]:
    """The CRDs of the controller cluster (groups controller. and worker.kubeslice.io)."""
    return tuple(thaw(_crd(noun)) for noun in HUB_NOUNS)


def worker_crds() -> tuple[dict[str, Any], ...]:
    """The CRDs of a worker cluster (group networking.kubeslice.io)."""
    return tuple(thaw(_crd(noun)) for noun in WORKER_NOUNS)


@cache
def _crd(noun: Any) -> dict[str, Any]:
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
            "versions": [_version(noun, resource)],
        },
    }


def _version(noun: Any, resource: Resource) -> dict[str, Any]:
    shapes = fields_of(noun)
    schema = {
        "description": inspect.getdoc(noun) or "",
        "type": "object",
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": value_schema(shapes["spec"].type, ()),
            "status": value_schema(shapes["status"].type, ()),
        },
    }
    version: dict[str, Any] = {
        "name": resource.version,
        "schema": {"openAPIV3Schema": schema},
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
    }
    if resource.printer_columns:
        version["additionalPrinterColumns"] = [
            {"jsonPath": column.json_path, "name": column.name, "type": column.type}
            for column in resource.printer_columns
        ]
    return version
