"""Rules for ServiceExports: the operator's webhook, and what an export needs to do anything."""

from __future__ import annotations

from collections.abc import Iterator

from kubeslice_sim.admission.rule import WRITE, Finding, Request, rule
from kubeslice_sim.admission.slice_namespaces import APPLICATION, entries, spread
from kubeslice_sim.admission.state import by_name
from kubeslice_sim.model.document import ObjectKey, placement
from kubeslice_sim.model.service_export import ServiceExport
from kubeslice_sim.model.slice_config import SliceConfig
from kubeslice_sim.model.suggest import meant

_WEBHOOK = "worker-operator pkg/webhook/pod/webhook.go"
_OPERATOR = "worker-operator controllers/serviceexport/reconciler.go"
_OURS = "kubeslice-sim"


@rule("ServiceExport", on=WRITE, source=_WEBHOOK)
def export_alias_unique(request: Request) -> Iterator[Finding]:
    """An alias is given by one export only, of a slice on a cluster (case does not matter)."""
    export: ServiceExport = request.document
    wanted = {alias.lower() for alias in export.spec.aliases}
    if not wanted:
        return
    for other in request.state.all("ServiceExport"):
        if other is export:
            break  # the first one to ask gets the alias
        if other is request.old:
            continue
        if other.spec.slice == export.spec.slice and together(other, export):
            taken = wanted & {alias.lower() for alias in other.spec.aliases}
            for index, alias in enumerate(export.spec.aliases):
                if alias.lower() in taken:
                    name = f"{other.metadata.namespace}/{other.metadata.name}"
                    message = f"the alias {alias} already exists: {name} gives it"
                    yield Finding(("spec", "aliases", index), message, "an alias names one service")


@rule("ServiceExport", source=_OURS)
def export_slice_exists(request: Request) -> Iterator[Finding]:
    """The export's slice is in the world."""
    name = request.document.spec.slice
    slices = by_name(request.state.all("SliceConfig"))
    if name not in slices:
        about = (ObjectKey("SliceConfig", "", name),)
        yield Finding(("spec", "slice"), f"there is no slice {name}", meant(name, slices, "add a SliceConfig"), about)


@rule("ServiceExport", source=_OPERATOR)
def export_cluster_in_slice(request: Request) -> Iterator[Finding]:
    """A cluster that exports is a member of the slice (else its operator never finds the slice)."""
    export: ServiceExport = request.document
    config = by_name(request.state.all("SliceConfig")).get(export.spec.slice)
    if config is None:
        return
    for cluster in placement(export.metadata):
        if cluster != "*" and cluster not in config.spec.clusters and _exists(request, cluster):
            hint = meant(cluster, config.spec.clusters, f"add {cluster} to the slice's clusters")
            yield Finding(
                ("metadata", "annotations", "kubeslice-sim.io/clusters"),
                f"the cluster {cluster} is not a part of the slice {export.spec.slice}",
                hint,
                (ObjectKey("SliceConfig", config.metadata.namespace, export.spec.slice),),
            )


@rule("ServiceExport", source=_OPERATOR, severity="warning")
def export_namespace_onboarded(request: Request) -> Iterator[Finding]:
    """The export's namespace is an application namespace of the slice (else the export stays PENDING)."""
    export: ServiceExport = request.document
    config = by_name(request.state.all("SliceConfig")).get(export.spec.slice)
    if config is None or export.metadata.namespace == f"{export.spec.slice}-vpc-access-gw-system":
        return
    wanted = placement(export.metadata)
    for cluster in config.spec.clusters if "*" in wanted else wanted:
        if cluster in config.spec.clusters and not _onboarded(config, cluster, export.metadata.namespace):
            yield Finding(
                ("metadata", "namespace"),
                f"{export.metadata.namespace} on {cluster} is no application namespace of {export.spec.slice}: "
                "the export stays PENDING",
                "list it under spec.namespaceIsolationProfile.applicationNamespaces of the slice",
                (ObjectKey("SliceConfig", config.metadata.namespace, export.spec.slice),),
            )


@rule("ServiceExport", source=_OURS, severity="warning")
def export_selects_something(request: Request) -> Iterator[Finding]:
    """The selector matches pods of a workload (KubeSlice exports without a single endpoint just as happily)."""
    export: ServiceExport = request.document
    if export.spec.selector.match_expressions and not export.spec.selector.match_labels:
        hint = "use matchLabels"
        yield Finding(("spec", "selector"), "KubeSlice reads matchLabels only: this selects every pod", hint)
    workloads = [
        item for kind in ("Pod", "Deployment", "StatefulSet")
        for item in request.state.all(kind, export.metadata.namespace)
    ]  # fmt: skip
    if any(together(item, export) and export.spec.selector.selects(item.pod_labels) for item in workloads):
        return
    labels = ", ".join(f"{key}={value}" for key, value in export.spec.selector.match_labels.items()) or "anything"
    here = sorted({
        f"{key}={value}" for item in workloads if together(item, export) for key, value in item.pod_labels.items()
    })  # fmt: skip
    about = tuple(ObjectKey(item.kind, item.metadata.namespace, item.metadata.name) for item in workloads)
    message = f"no workload of {export.metadata.namespace} there has {labels}"
    yield Finding(("spec", "selector"), message, meant(labels, here), about)


@rule("ServiceExport", source=_OURS)
def export_ports_sound(request: Request) -> Iterator[Finding]:
    """An export has ports, from 1 to 65535 (KubeSlice takes any number and publishes nonsense)."""
    ports = request.document.spec.ports
    if not ports:
        hint = "such as [{name: http, containerPort: 80}]"
        yield Finding(("spec", "ports"), "an export needs at least one port", hint)
    for index, port in enumerate(ports):
        if not 1 <= port.container_port <= 65535:
            message = f"{port.container_port} is no port"
            yield Finding(("spec", "ports", index, "containerPort"), message, "from 1 to 65535")
        if not 0 <= port.service_port <= 65535:
            message = f"{port.service_port} is no port"
            yield Finding(("spec", "ports", index, "servicePort"), message, "from 1 to 65535")
        if port.protocol not in ("", "TCP", "UDP", "SCTP"):
            at = ("spec", "ports", index, "protocol")
            yield Finding(at, f"{port.protocol} is no protocol", meant(port.protocol, ("TCP", "UDP", "SCTP")))


def together(first: object, second: object) -> bool:
    """Whether two documents meet on some cluster, by their placement."""
    one, other = placement(first.metadata), placement(second.metadata)  # type: ignore[attr-defined]
    return "*" in one or "*" in other or bool(set(one) & set(other))


def _onboarded(config: SliceConfig, cluster: str, namespace: str) -> bool:
    return any(
        entry.namespace == namespace and cluster in spread(config, entry) for _, entry in entries(config, APPLICATION)
    )


def _exists(request: Request, cluster: str) -> bool:
    return any(item.metadata.name == cluster for item in request.state.all("Cluster"))
