"""Connection: the few verbs that deploying needs, by kind and name, on one API server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol

from kubeslice_sim.errors import BackendUnavailable
from real.failures import ApiFailure

FIELD_MANAGER = "kubeslice-sim"
_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"

Object = Mapping[str, Any]


class Requests(Protocol):
    """What a connection is built on (real.client.Transport, or a test's own)."""

    context: str
    server: str

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        body: Object | None = None,
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> dict[str, Any]:
        """Send one request; ApiFailure for an answer that is not 2xx, BackendUnavailable for none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind as the API server serves it: apiVersion and kind, the plural in its path, and whether it is namespaced."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool

    def path(self, namespace: str = "", name: str = "") -> str:
        """The path of one object, or of the collection; without a namespace that of all namespaces."""
        root = f"/apis/{self.api_version}" if "/" in self.api_version else f"/api/{self.api_version}"
        middle = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{root}{middle}/{self.plural}" + (f"/{name}" if name else "")


class Connection:
    """One API server, asked through one context. Every method may raise ApiFailure and BackendUnavailable."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests
        self.context = requests.context
        self.server = requests.server
        self._served: dict[str, dict[str, Kind]] = {}

    def check(self) -> str:
        """The API server's version. Raises BackendUnavailable when it is not reachable or does not let us in."""
        try:
            return str(self._requests.request("GET", "/version").get("gitVersion", "unknown"))
        except ApiFailure as failure:
            raise BackendUnavailable(
                f"the API server of context {self.context!r} ({self.server}) refuses us: {failure.status} "
                f"{failure.message}: are the kubeconfig's credentials still valid?"
            ) from None

    def find_kind(self, api_version: str, kind: str) -> Kind | None:
        """How this cluster serves a kind, or None when it does not (its CRD is missing). Asked once per apiVersion."""
        if api_version not in self._served:
            self._served[api_version] = self._discover(api_version)
        return self._served[api_version].get(kind)

    def fields_of(self, api_version: str, kind: str) -> frozenset[str]:
        """The fields under ``spec`` that this cluster's CRD of the kind has, as its OpenAPI says; none without one."""
        schemas = (self._absent_as_none("GET", f"/openapi/v3/apis/{api_version}") or {}).get("components", {})
        for schema in schemas.get("schemas", {}).values():
            named = schema.get("x-kubernetes-group-version-kind") or ()
            if any(item.get("kind") == kind for item in named):
                return frozenset(schema.get("properties", {}).get("spec", {}).get("properties", {}))
        return frozenset()

    def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """The live object, or None."""
        return self._absent_as_none("GET", kind.path(namespace, name))

    def list(self, kind: Kind, *, namespace: str = "", labels: str = "") -> tuple[Object, ...]:
        """All objects of a kind with these labels (a Kubernetes label selector)."""
        query = [("labelSelector", labels)] if labels else []
        found: list[Object] = []
        page: dict[str, Any] = {"metadata": {"continue": ""}}
        while page:
            following = page["metadata"].get("continue")
            more = [("continue", following)] if following else []
            page = self._requests.request("GET", kind.path(namespace), query=[*query, *more, ("limit", "500")])
            # The items of a list do not repeat what the list says once.
            found += [{"apiVersion": kind.api_version, "kind": kind.kind, **item} for item in page.get("items") or ()]
            if not page["metadata"].get("continue"):
                break
        return tuple(found)

    def apply(self, kind: Kind, manifest: Object, *, dry_run: bool, force: bool = False) -> Object:
        """Server-side apply as ``kubeslice-sim``, fields validated strictly; force takes fields from other managers."""
        query = [("fieldManager", FIELD_MANAGER), ("fieldValidation", "Strict")]
        query += [("dryRun", "All")] * dry_run + [("force", "true")] * force
        metadata = manifest["metadata"]
        path = kind.path(metadata.get("namespace", ""), metadata["name"])
        try:
            return self._requests.request("PATCH", path, query=query, body=manifest, content_type=_APPLY)
        except ApiFailure as failure:
            if failure.managers == (FIELD_MANAGER,) and not force:
                # A merge patch of ours (an interrupted destroy) counts as another manager there, and is none.
                return self.apply(kind, manifest, dry_run=dry_run, force=True)
            raise (self._all_field_problems(kind, manifest) if failure.is_untyped else None) or failure from None

    def merge(self, kind: Kind, namespace: str, name: str, patch: Object) -> Object:
        """A JSON merge patch on one object."""
        query = [("fieldManager", FIELD_MANAGER)]
        path = kind.path(namespace, name)
        return self._requests.request("PATCH", path, query=query, body=patch, content_type=_MERGE)

    def delete(self, kind: Kind, namespace: str, name: str, *, uid: str) -> bool:
        """Ask for the deletion of exactly this object. True when it is gone (or was); False when finalizers hold it."""
        body = {"preconditions": {"uid": uid}, "propagationPolicy": "Background"}
        answer = self._absent_as_none("DELETE", kind.path(namespace, name), body=body)
        return answer is None or answer.get("kind") == "Status"

    def _all_field_problems(self, kind: Kind, manifest: Object) -> ApiFailure | None:
        """Apply names one bad field, a strict create names all: ask that (a dry run) for the user's sake."""
        path = kind.path(manifest["metadata"].get("namespace", ""))
        try:
            query = [("fieldValidation", "Strict"), ("dryRun", "All")]
            self._requests.request("POST", path, query=query, body=manifest)
        except ApiFailure as failure:
            return failure if failure.is_refusal and failure.causes else None
        return None

    def _discover(self, api_version: str) -> dict[str, Kind]:
        root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        answer = self._absent_as_none("GET", root) or {}
        return {
            item["kind"]: Kind(api_version=api_version, kind=item["kind"], plural=item["name"],
                               namespaced=bool(item["namespaced"]))
            for item in answer.get("resources") or () if "/" not in item["name"]
        }  # fmt: skip

    def _absent_as_none(self, method: str, path: str, body: Object | None = None) -> Object | None:
        try:
            return self._requests.request(method, path, body=body)
        except ApiFailure as failure:
            if failure.status == HTTPStatus.NOT_FOUND:
                return None
            raise


def check_all(connections: Mapping[str, Connection]) -> dict[str, str]:
    """The version of each API server, asked side by side; one BackendUnavailable names all that do not answer."""

    def ask(connection: Connection) -> str | BackendUnavailable:
        try:
            return connection.check()
        except BackendUnavailable as problem:
            return problem

    with ThreadPoolExecutor(max_workers=max(1, len(connections))) as pool:
        answers = dict(zip(connections, pool.map(ask, connections.values()), strict=True))
    problems = [str(answer) for answer in answers.values() if isinstance(answer, BackendUnavailable)]
    if problems:
        raise BackendUnavailable("\n".join(problems))
    return {context: str(version) for context, version in answers.items()}
