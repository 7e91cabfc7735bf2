"""What the controller writes into the metadata of the objects that it derives: labels, annotations, finalizers."""

from __future__ import annotations

from collections.abc import Mapping

PROJECT_FINALIZER = "controller.kubeslice.io/project-finalizer"
CLUSTER_FINALIZER = "controller.kubeslice.io/cluster-finalizer"
SLICE_CONFIG_FINALIZER = "controller.kubeslice.io/slice-configuration-finalizer"
SERVICE_EXPORT_FINALIZER = "controller.kubeslice.io/service-export-finalizer"
SLICE_QOS_FINALIZER = "controller.kubeslice.io/slice-qos-config-finalizer"
WORKER_SLICE_CONFIG_FINALIZER = "worker.kubeslice.io/worker-slice-configuration-finalizer"
WORKER_SLICE_GATEWAY_FINALIZER = "worker.kubeslice.io/worker-slice-gateway-finalizer"
WORKER_SERVICE_IMPORT_FINALIZER = "worker.kubeslice.io/worker-service-import-finalizer"

OWNER_LABEL = "kubeslice-controller-resource-name"
PROJECT_NAMESPACE_LABEL = "kubeslice-project-namespace"
QOS_PROFILE_LABEL = "standard-qos-profile"
ACCESS_ANNOTATION = "controller.kubeslice.io/access-type"
LONGEST_LABEL = 63
"""Of a label value, by Kubernetes."""
_NEVER_PROPAGATED = ("kubeslice-", "kubernetes.io")


def owner_labels(kind: str, name: str) -> dict[str, str]:
    """Whose object it is, for the controller: ``<kind>-<name>``, in pieces of 63 characters.

    The pieces after the first stand under ``…-1``, ``…-2`` and so on; a text of exactly 126, 189, … characters gets an
    empty piece at its end, as kubeslice-controller util/reconciliation_utility.go GetOwnerLabel gives it.
    """
    text = f"{kind}-{name}"
    labels = {"kubeslice-resource-owner": "kubeslice-controller", OWNER_LABEL: text[:LONGEST_LABEL]}
    if len(text) > LONGEST_LABEL:
        rest = text[LONGEST_LABEL:]
        pieces = len(rest) // LONGEST_LABEL + 1
        for i in range(pieces):
            labels[f"{OWNER_LABEL}-{i + 1}"] = rest[i * LONGEST_LABEL : (i + 1) * LONGEST_LABEL]
    return labels


def member_labels(slice_: str, cluster: str, namespace: str) -> dict[str, str]:
    """Which slice and cluster an object is for."""
    return {
        "kubeslice-manager": "controller",
        "original-slice-name": slice_,
        "project-namespace": namespace,
        "worker-cluster": cluster,
    }


def propagated(items: Mapping[str, str]) -> dict[str, str]:
    """The labels or annotations that children inherit: all but KubeSlice's and Kubernetes' own keys.

    As kubeslice-controller util/common.go FilterLabelsAndAnnotations.
    """
    return {key: value for key, value in items.items() if not any(part in key for part in _NEVER_PROPAGATED)}
