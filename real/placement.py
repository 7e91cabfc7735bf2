"""Placement: one manifest and the context it goes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """One Kubernetes object as plain data (camelCase, no status), for the API server of one context.

    defaults: fields that the manifest leaves out because they have these values by default (see real.defaults).
    """

    context: str
    manifest: Mapping[str, Any]
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @property
    def api_version(self) -> str:
        """``group/version`` as in the manifest."""
        return str(self.manifest["apiVersion"])

    @property
    def kind(self) -> str:
        """The manifest's kind."""
        return str(self.manifest["kind"])

    @property
    def namespace(self) -> str:
        """The namespace, empty for cluster-scoped objects."""
        return str(self.manifest["metadata"].get("namespace") or "")

    @property
    def name(self) -> str:
        """The object's name."""
        return str(self.manifest["metadata"]["name"])

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """Names the object among all on all clusters (a manifest itself cannot be hashed)."""
        return (self.context, self.api_version, self.kind, self.namespace, self.name)

    def row(self) -> dict[str, str]:
        """Which object and where, for tables and JSON."""
        return {"context": self.context, "kind": self.kind, "namespace": self.namespace, "name": self.name}

    def __str__(self) -> str:
        where = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {where}{self.name} on {self.context}"
