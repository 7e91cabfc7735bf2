"""The table of calls: which document each makes, or which part of one, and where its arguments stand.

One table for three uses: Python to YAML, YAML to Python, and the name of the argument that a problem is about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kubeslice_sim.build.argument import Argument, arguments
from kubeslice_sim.build.forms import EDGES, FORBIDDEN, HUBS, KBPS, NAMES, NAMESPACES, ON, PORTS, PROJECT
from kubeslice_sim.model.document import CLUSTERS_ANNOTATION, EMULATE_ANNOTATION
from kubeslice_sim.model.project import CONTROLLER_NAMESPACE

_ON = Argument("on", ("metadata", "annotations", CLUSTERS_ANNOTATION), ON)
EMULATE = Argument("emulate", ("metadata", "annotations", EMULATE_ANNOTATION))
_META = arguments(("labels", "metadata.labels"), ("annotations", "metadata.annotations"))
"""Taken after the annotations that have arguments of their own."""
_IN_PROJECT = arguments(("name", "metadata.name"), ("project", "metadata.namespace", PROJECT))
_NAMESPACED = arguments(("name", "metadata.name"), ("namespace", "metadata.namespace"))
_WAN = arguments(("rtt", "rtt"), ("jitter", "jitter"), ("loss", "loss"), ("bandwidth", "bandwidth"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """``constants``: what the document says whatever the arguments are."""

    arguments: tuple[Argument, ...]
    api_version: str = ""
    kind: str = ""
    constants: Mapping[tuple[str, ...], Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Call):
    """A call that adds an item to the list of a scenario that is called ``place``."""

    place: str


def _ours(kind: str, *known: Argument) -> Call:
    return Call(api_version="kubeslice-sim.io/v1alpha1", kind=kind, arguments=known)


def _hub(kind: str, *known: Argument, constants: Mapping[tuple[str, ...], Any] | None = None) -> Call:
    return Call(
        api_version="controller.kubeslice.io/v1alpha1", kind=kind, arguments=(*known, *_META),
        constants=constants or {},
    )  # fmt: skip


DOCUMENTS: Mapping[str, Call] = {
    "project": _hub(
        "Project",
        *arguments(
            ("name", "metadata.name"),
            ("read_only", "spec.serviceAccount.readOnly", NAMES),
            ("read_write", "spec.serviceAccount.readWrite", NAMES),
            ("default_slice", "spec.defaultSliceCreation"),
        ),
        constants={("metadata", "namespace"): CONTROLLER_NAMESPACE},
    ),
    "cluster": _hub(
        "Cluster",
        *_IN_PROJECT,
        *arguments(
            ("provider", "spec.clusterProperty.geoLocation.cloudProvider"),
            ("region", "spec.clusterProperty.geoLocation.cloudRegion"),
            ("latitude", "spec.clusterProperty.geoLocation.latitude"),
            ("longitude", "spec.clusterProperty.geoLocation.longitude"),
            ("node_ips", "spec.nodeIPs", NAMES),
            ("status", "status"),
        ),
    ),
    "qos_profile": _hub(
        "SliceQoSConfig",
        *_IN_PROJECT,
        *arguments(
            ("ceiling", "spec.bandwidthCeilingKbps", KBPS),
            ("guaranteed", "spec.bandwidthGuaranteedKbps", KBPS),
            ("priority", "spec.priority"),
            ("dscp", "spec.dscpClass"),
        ),
        constants={("spec", "queueType"): "HTB", ("spec", "tcType"): "BANDWIDTH_CONTROL"},
    ),
    "slice": _hub(
        "SliceConfig",
        *_IN_PROJECT,
        *arguments(
            ("subnet", "spec.sliceSubnet"),
            ("clusters", "spec.clusters", NAMES),
            ("max_clusters", "spec.maxClusters"),
            ("mode", "spec.overlayNetworkDeploymentMode"),
            ("gateway", "spec.sliceGatewayProvider.sliceGatewayType"),
            ("gateway_services", "spec.sliceGatewayProvider.sliceGatewayServiceType"),
            ("qos", "spec.standardQosProfileName"),
            ("ceiling", "spec.qosProfileDetails.bandwidthCeilingKbps", KBPS),
            ("guaranteed", "spec.qosProfileDetails.bandwidthGuaranteedKbps", KBPS),
            ("priority", "spec.qosProfileDetails.priority"),
            ("dscp", "spec.qosProfileDetails.dscpClass"),
            ("namespaces", "spec.namespaceIsolationProfile.applicationNamespaces", NAMESPACES),
            ("isolated", "spec.namespaceIsolationProfile.isolationEnabled"),
            ("allowed", "spec.namespaceIsolationProfile.allowedNamespaces", NAMESPACES),
            ("external_gateways", "spec.externalGatewayConfig"),
            ("rotation_days", "spec.rotationInterval"),
            ("renew_before", "spec.renewBefore"),
            ("cipher", "spec.vpnConfig.cipher"),
            ("hubs", "spec.topology", HUBS),
        ),
    ),
    "topology": _ours(
        "SliceTopology",
        *arguments(
            ("name", "metadata.name"),
            ("slice", "spec.slice"),
            ("edges", "spec.edges", EDGES),
            ("forbidden", "spec.forbiddenEdges", FORBIDDEN),
            ("gateways_per_pair", "spec.gatewaysPerPair"),
            ("ipam", "spec.ipam.type"),
            ("subnet_size", "spec.ipam.subnetSize"),
        ),
    ),
    "namespace": Call(
        api_version="v1", kind="Namespace", arguments=(*arguments(("name", "metadata.name")), _ON, *_META)
    ),
    "export": Call(
        api_version="networking.kubeslice.io/v1beta1",
        kind="ServiceExport",
        arguments=(
            *_NAMESPACED,
            _ON,
            *arguments(
                ("slice", "spec.slice"),
                ("ports", "spec.ports", PORTS),
                ("selector", "spec.selector.matchLabels"),
                ("aliases", "spec.aliases", NAMES),
                ("ingress", "spec.ingressEnabled"),
            ),
            *_META,
        ),
    ),
    "scenario": _ours(
        "Scenario",
        *arguments(
            ("name", "metadata.name"),
            ("duration", "spec.duration"),
            ("seed", "spec.seed"),
            ("start", "spec.start"),
            ("timing", "spec.timing"),
            ("engine", "spec.engine"),
            ("spread", "spec.spread"),
            ("warm_up", "spec.warmUp"),
        ),
    ),
    "underlay": _ours("Underlay", *arguments(("name", "metadata.name"), ("version", "spec.kubesliceVersion"))),
}  # fmt: skip
"""Calls that make a document each."""

WRITTEN: Mapping[str, Mapping[str, Any]] = {
    "slice": {"clusters": "*", "gateway": "OpenVPN", "qos": "default", "priority": 1, "dscp": "Default"},
    "qos_profile": {"priority": 1, "dscp": "Default"},
    "restore": {"what": "all"},
    "hang": {"part": "sidecar"},
    "break_certificates": {"how": "fail"},
    "pod": {"image": "busybox"},
    "deployment": {"image": "busybox", "replicas": 1},
    "stateful_set": {"image": "busybox", "replicas": 1},
}
"""Defaults of arguments that are not the YAML's: they are written out. No others are, so that an old version of
KubeSlice is not asked for a field that nobody thought of."""

WORKLOADS: Mapping[str, Call] = {
    call: Call(api_version=version, kind=kind, arguments=(*_NAMESPACED, _ON, EMULATE, *_META))
    for call, version, kind in (
        ("pod", "v1", "Pod"),
        ("deployment", "apps/v1", "Deployment"),
        ("stateful_set", "apps/v1", "StatefulSet"),
    )
}
"""Calls that make pods; what stands in their spec is written in ``workload``."""

CLUSTER_UNDERLAY = arguments(
    ("pod_cidr", "podCIDR"),
    ("service_cidr", "serviceCIDR"),
    ("gateway_nodes", "gatewayNodes"),
    ("app_nodes", "appNodes"),
    ("gateway_node_ips", "nodeIPs", NAMES),
    ("node_bandwidth", "nodeBandwidth"),
    ("gateway_cpus", "gatewayCPUs"),
    ("api_latency", "apiLatency"),
)
"""What ``cluster`` says for the Underlay."""
LINK = (*_WAN, *arguments(("forward", "forward"), ("reverse", "reverse")))
DEFAULT_LINK = _WAN

_TRAFFIC = arguments(
    ("name", "name"), ("source", "from"), ("to", "to"), ("start", "start"), ("duration", "duration"),
    ("interval", "interval"), ("rate", "rate"), ("size", "size"), ("packet", "packet"), ("streams", "streams"),
    ("congestion", "congestion"), ("engine", "engine"), ("connections", "connections"),
    ("requests_per_second", "requestsPerSecond"), ("arrivals", "arrivals"),
    ("think_time", "thinkTime"), ("request_size", "requestSize"),
    ("keep_alive", "keepAlive"), ("balance", "balance"), ("service_time", "serviceTime"), ("workers", "workers"),
    ("timeout", "timeout"),
)  # fmt: skip
_MORE_LESS = (("between", "between"), ("at_most", "atMost"), ("at_least", "atLeast"))


def _part(place: str, *rows: tuple[str, str], constants: Mapping[tuple[str, ...], Any] | None = None) -> Part:
    return Part(place=place, arguments=arguments(*rows), constants=constants or {})


def _fault(*rows: tuple[str, str]) -> Part:
    return _part("timeline", ("at", "at"), ("name", "fault.name"), *rows)


def _expected(*rows: tuple[str, str]) -> Part:
    return _part("expect", ("name", "name"), *rows)


PARTS: Mapping[str, Part] = {
    **{
        kind: Part(place="traffic", arguments=_TRAFFIC, constants={("kind",): kind})
        for kind in ("ping", "dns", "tcp", "udp", "http")
    },
    "kill": _fault(
        ("part", "fault.kill"), ("slice", "fault.slice"), ("cluster", "fault.cluster"), ("peer", "fault.peer"),
        ("instance", "fault.instance"), ("pod", "fault.pod"), ("node", "fault.node"),
    ),
    "hang": _fault(
        ("part", "fault.hang"), ("slice", "fault.slice"), ("cluster", "fault.cluster"), ("peer", "fault.peer"),
        ("instance", "fault.instance"),
    ),
    "disturb_api": _fault(("how", "fault.api"), ("cluster", "fault.cluster"), ("slower", "fault.slower")),
    "break_certificates": _fault(("slice", "fault.slice"), ("how", "fault.certificates")),
    "set_clock": _fault(("way", "fault.clock"), ("cluster", "fault.cluster"), ("by", "fault.by")),
    "partition": _fault(("clusters", "fault.partition")),
    "degrade": _fault(
        ("clusters", "fault.link.between"), ("rtt", "fault.link.rtt"), ("jitter", "fault.link.jitter"),
        ("loss", "fault.link.loss"), ("bandwidth", "fault.link.bandwidth"),
    ),
    "restore": _part("timeline", ("at", "at"), ("what", "restore")),
    "apply": _part("timeline", ("at", "at"), ("documents", "apply")),
    "patch": _part("timeline", ("at", "at"), ("document", "patch")),
    "delete": _part("timeline", ("at", "at"), ("document", "delete")),
    "expect_reach": _expected(("by", "by"), ("source", "reach.from"), ("to", "reach.to")),
    "expect_no_reach": _expected(("by", "by"), ("source", "noReach.from"), ("to", "noReach.to")),
    "expect_name": _expected(
        ("by", "by"), ("source", "resolves.from"), ("dns_name", "resolves.name"), ("answers", "resolves.answers")
    ),
    "expect_outage": _expected(("traffic", "outage.traffic"), ("after", "outage.after"), *_MORE_LESS),
    "expect_metric": _expected(
        ("metric", "metric"), ("traffic", "traffic"), ("statistic", "statistic"), ("window", "window"), *_MORE_LESS
    ),
}  # fmt: skip
"""Calls that add to a list of the latest scenario."""
