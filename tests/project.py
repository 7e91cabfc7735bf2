"""The documents with which most worlds in YAML begin: a project and its clusters."""

from __future__ import annotations

from collections.abc import Mapping


def project(*clusters: str, spec: str = "", cluster_specs: Mapping[str, str] | None = None) -> str:
    """The project ``demo`` with these clusters as YAML, each document closed by a line of dashes.

    ``spec`` is the project's own, ``cluster_specs`` are those of clusters that have one, in YAML's flow style.
    """
    of = cluster_specs or {}
    documents = [_document("Project", "demo", "kubeslice-controller", spec)]
    documents += [_document("Cluster", name, "kubeslice-demo", of.get(name, "")) for name in (*clusters, *of)]
    return "".join(documents)


def _document(kind: str, name: str, namespace: str, spec: str) -> str:
    told = f"spec: {spec}\n" if spec else ""
    return (
        f"apiVersion: controller.kubeslice.io/v1alpha1\nkind: {kind}\n"
        f"metadata: {{name: {name}, namespace: {namespace}}}\n{told}---\n"
    )
