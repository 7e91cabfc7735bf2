"""Kubernetes' own objects: kept verbatim, but what we rely on in them must be sound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from kubeslice_sim.manifest.explain import Trouble, shown
from kubeslice_sim.manifest.network_policy import troubles_of_policy
from kubeslice_sim.model.field_path import FieldPath
from kubeslice_sim.model.suggest import meant

MOST_REPLICAS = 65_536
CLUSTER_SCOPED = ("Namespace",)
"""The kinds without a namespace."""
_TOP_FIELDS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("Namespace", "Pod", "Service", "Deployment", "StatefulSet", "NetworkPolicy", "Job"),
                    ("spec", "status")),
    "ServiceAccount": ("secrets", "imagePullSecrets", "automountServiceAccountToken"),
    "Secret": ("type", "data", "stringData", "immutable"),
    "Role": ("rules",),
    "RoleBinding": ("subjects", "roleRef"),
}  # fmt: skip

_POD_SPEC = (
    "activeDeadlineSeconds", "affinity", "automountServiceAccountToken", "containers", "dnsConfig", "dnsPolicy",
    "enableServiceLinks", "ephemeralContainers", "hostAliases", "hostIPC", "hostNetwork", "hostPID", "hostUsers",
    "hostname", "imagePullSecrets", "initContainers", "nodeName", "nodeSelector", "os", "overhead",
    "preemptionPolicy", "priority", "priorityClassName", "readinessGates", "resourceClaims", "resources",
    "restartPolicy", "runtimeClassName", "schedulerName", "schedulingGates", "securityContext", "serviceAccount",
    "serviceAccountName", "setHostnameAsFQDN", "shareProcessNamespace", "subdomain",
    "terminationGracePeriodSeconds", "tolerations", "topologySpreadConstraints", "volumes",
)  # fmt: skip
_CONTAINER = (
    "args", "command", "env", "envFrom", "image", "imagePullPolicy", "lifecycle", "livenessProbe", "name", "ports",
    "readinessProbe", "resizePolicy", "resources", "restartPolicy", "securityContext", "startupProbe", "stdin",
    "stdinOnce", "terminationMessagePath", "terminationMessagePolicy", "tty", "volumeDevices", "volumeMounts",
    "workingDir",
)  # fmt: skip
_SPEC: Mapping[str, tuple[str, ...]] = {
    "Deployment": (
        "minReadySeconds", "paused", "progressDeadlineSeconds", "replicas", "revisionHistoryLimit", "selector",
        "strategy", "template",
    ),
    "StatefulSet": (
        "minReadySeconds", "ordinals", "persistentVolumeClaimRetentionPolicy", "podManagementPolicy", "replicas",
        "revisionHistoryLimit", "selector", "serviceName", "template", "updateStrategy", "volumeClaimTemplates",
    ),
    "NetworkPolicy": ("egress", "ingress", "podSelector", "policyTypes"),
    "Pod": _POD_SPEC,
}  # fmt: skip
"""Fields of Kubernetes 1.34; a later one passes, unless it looks like one of these."""
_NEARLY = 0.8


def troubles_of(kind: str, data: Mapping[str, Any]) -> list[Trouble]:
    """Everything wrong with what we read of a built-in object (the rest is the API server's to judge)."""
    return list(_troubles(kind, data))


def _troubles(kind: str, data: Mapping[str, Any]) -> Iterator[Trouble]:
    metadata = data.get("metadata")
    if isinstance(metadata, Mapping) and not metadata.get("namespace") and kind not in CLUSTER_SCOPED:
        hint = "say which namespace: a slice takes in whole namespaces"
        yield Trouble(("metadata", "namespace"), "required field missing", hint, missing=True)
    for field in data:
        if field not in ("apiVersion", "kind", "metadata", *_TOP_FIELDS[kind]):
            yield Trouble((field,), "unknown field", meant(field, ("metadata", *_TOP_FIELDS[kind])))
    spec = data.get("spec")
    if kind in ("Pod", "Deployment", "StatefulSet", "Service", "NetworkPolicy"):
        if not isinstance(spec, Mapping):
            yield _wrong(("spec",), spec, "a mapping of fields")
            return
        yield from _misspelt(spec, _SPEC.get(kind, ()), ("spec",))
        if kind == "Pod":
            yield from _pod_spec(spec, ("spec",))
        elif kind == "Service":
            yield from _service(spec)
        elif kind == "NetworkPolicy":
            yield from troubles_of_policy(spec)
        else:
            yield from _workload(spec)


def _workload(spec: Mapping[str, Any]) -> Iterator[Trouble]:
    replicas = spec.get("replicas", 1)
    if replicas is not None and (isinstance(replicas, bool) or not isinstance(replicas, int) or replicas < 0):
        yield Trouble(("spec", "replicas"), f"should be a whole number, 0 or more, not {shown(replicas)}", "")
    elif replicas is not None and replicas > MOST_REPLICAS:
        hint = "a slice, a /16, has no addresses for more"
        yield Trouble(("spec", "replicas"), f"must be at most {MOST_REPLICAS}, not {shown(replicas)}", hint)
    template = spec.get("template")
    if not isinstance(template, Mapping):
        yield _wrong(("spec", "template"), template, "a mapping of fields")
        return
    metadata = template.get("metadata")
    yield from _metadata(metadata, ("spec", "template", "metadata"))
    labels = metadata.get("labels") if isinstance(metadata, Mapping) else None
    labels = labels if isinstance(labels, Mapping) else {}
    selector = spec.get("selector")
    wanted = selector.get("matchLabels") if isinstance(selector, Mapping) else None
    if not isinstance(wanted, Mapping) or not wanted:
        if not (isinstance(selector, Mapping) and selector.get("matchExpressions")):
            path = ("spec", "selector", "matchLabels")
            yield Trouble(path, "required field missing", "the labels of the template's pods", missing=True)
        wanted = {}
    for key, value in wanted.items():
        if labels.get(key) != value:
            has = f"it has {key}={labels[key]}" if key in labels else f"it has no label {key}"
            message = f"the pod template does not match {key}={value}"
            yield Trouble(("spec", "selector", "matchLabels", key), message, f"spec.template.metadata.labels: {has}")
    pod = template.get("spec")
    if not isinstance(pod, Mapping):
        yield _wrong(("spec", "template", "spec"), pod, "a mapping of fields")
    else:
        yield from _misspelt(pod, _POD_SPEC, ("spec", "template", "spec"))
        yield from _pod_spec(pod, ("spec", "template", "spec"))


def _metadata(metadata: Any, path: FieldPath) -> Iterator[Trouble]:
    if metadata is not None and not isinstance(metadata, Mapping):
        yield _wrong(path, metadata, "a mapping of fields")
    for field in ("labels", "annotations"):
        found = metadata.get(field) if isinstance(metadata, Mapping) else None
        if isinstance(found, Mapping):
            yield from _labels(found, (*path, field))
        elif found is not None:
            yield _wrong((*path, field), found, f"a mapping of {field}")


def _misspelt(fields: Mapping[str, Any], known: tuple[str, ...], path: FieldPath) -> Iterator[Trouble]:
    """Fields that Kubernetes does not have, and that look like one that it has."""
    for field in fields:
        if field not in known and (close := get_close_matches(field, known, n=1, cutoff=_NEARLY)):
            yield Trouble((*path, field), "unknown field", f"did you mean {close[0]}?")


def _pod_spec(spec: Mapping[str, Any], path: FieldPath) -> Iterator[Trouble]:
    containers = spec.get("containers")
    if not isinstance(containers, list) or not containers:
        yield _wrong((*path, "containers"), containers, "a list of at least one container")
        return
    seen: set[str] = set()
    for index, container in enumerate(containers):
        at: FieldPath = (*path, "containers", index)
        if not isinstance(container, Mapping):
            yield _wrong(at, container, "a mapping of fields")
            continue
        yield from _misspelt(container, _CONTAINER, at)
        name = container.get("name")
        if not isinstance(name, str) or not name:
            yield _wrong((*at, "name"), name, "text")
        elif name in seen:
            yield Trouble((*at, "name"), f"a second container is named {name}", "names are unique in a pod")
        seen.add(str(name))
        for field in ("command", "args"):
            words = container.get(field)
            if words is not None and not (isinstance(words, list) and all(isinstance(word, str) for word in words)):
                yield Trouble((*at, field), "should be a list of texts", "put numbers in quotes")
        yield from _ports(container.get("ports"), (*at, "ports"), "containerPort")


def _service(spec: Mapping[str, Any]) -> Iterator[Trouble]:
    yield from _ports(spec.get("ports"), ("spec", "ports"), "port")
    selector = spec.get("selector")
    if selector is not None:
        if not isinstance(selector, Mapping):
            yield _wrong(("spec", "selector"), selector, "a mapping of labels")
        else:
            yield from _labels(selector, ("spec", "selector"))


def _ports(ports: Any, path: FieldPath, field: str) -> Iterator[Trouble]:
    if ports is None:
        return
    if not isinstance(ports, list):
        yield _wrong(path, ports, "a list")
        return
    for index, port in enumerate(ports):
        number = port.get(field) if isinstance(port, Mapping) else None
        if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= 65535:
            yield _wrong((*path, index, field), number, "a port from 1 to 65535")


def _labels(labels: Mapping[str, Any], path: FieldPath) -> Iterator[Trouble]:
    for key, value in labels.items():
        if not isinstance(value, str):
            yield Trouble((*path, key), f"should be text, not {shown(value)}", f'put it in quotes: "{shown(value)}"')


def _wrong(path: FieldPath, value: Any, wanted: str) -> Trouble:
    if value is None:
        return Trouble(path, "required field missing", f"it should be {wanted}", missing=True)
    return Trouble(path, f"should be {wanted}, not {shown(value)}", "")
