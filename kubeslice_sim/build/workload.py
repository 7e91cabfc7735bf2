"""The pods of a workload: what a call says of its container, and the spec that Kubernetes wants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_CONTAINER = ("image", "command", "args", "env", "ports")


def body(call: str, name: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """The ``spec`` of a pod, deployment or stateful set whose own name (without namespace) is ``name``."""
    container: dict[str, Any] = {"name": said.get("container") or name, "image": said["image"]}
    container |= {key: list(said[key]) for key in ("command", "args") if said.get(key)}
    if said.get("env") is not None:
        container["env"] = [{"name": key, "value": value} for key, value in said["env"].items()]
    if said.get("ports"):
        container["ports"] = [{"containerPort": port} for port in said["ports"]]
    pod: dict[str, Any] = {"containers": [container]}
    if call == "pod":
        return pod
    pods = dict(said["pod_labels"]) if said.get("pod_labels") is not None else {"app": name}
    spec: dict[str, Any] = {} if said.get("replicas") is None else {"replicas": said["replicas"]}
    return {
        **spec,
        "selector": {"matchLabels": pods},
        "template": {"metadata": {"labels": dict(pods)}, "spec": pod},
    }


def said_of(call: str, name: str, spec: Any) -> dict[str, Any] | None:
    """What a call would have to say for this ``spec``, None where no call can."""
    try:
        pod = spec if call == "pod" else spec["template"]["spec"]
        (container,) = pod["containers"]
        said: dict[str, Any] = {key: container[key] for key in ("image", "command", "args") if key in container}
        if "env" in container:
            said["env"] = {item["name"]: item["value"] for item in container["env"]}
        if "ports" in container:
            said["ports"] = [item["containerPort"] for item in container["ports"]]
        if container["name"] != name:
            said["container"] = container["name"]
        if call != "pod":
            said["replicas"] = spec.get("replicas")
            labels = spec["selector"]["matchLabels"]
            said |= {} if labels == {"app": name} else {"pod_labels": labels}
        return said if body(call, name, said) == spec else None
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
