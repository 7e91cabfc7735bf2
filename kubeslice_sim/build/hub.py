"""What stands on the controller cluster: projects, clusters, QoS profiles and slices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

from kubeslice_sim.build.parts import Edge, ExternalGateway, GatewayService
from kubeslice_sim.build.step import Steps
from kubeslice_sim.model.slice_config import DscpClass, GatewayType, OverlayMode

Names = str | Sequence[str]
Namespaces = str | Sequence[str] | Mapping[str, str | Sequence[str]]
More = Mapping[str, Any] | None


class Hub(Steps):
    """Calls for the controller cluster. ``more``, everywhere: further fields of the document, as YAML has them."""

    __slots__ = ()

    def project(
        self,
        name: str,
        *,
        read_only: Names = (),
        read_write: Names = (),
        default_slice: bool = False,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        more: More = None,
    ) -> Self:
        """A tenant; the clusters, QoS profiles and slices that follow are its own. ``read_…``: its users."""
        return self._then("project", locals())

    def cluster(
        self,
        name: str,
        *,
        provider: str | None = None,
        region: str | None = None,
        latitude: str | None = None,
        longitude: str | None = None,
        node_ips: Names = (),
        pod_cidr: str | None = None,
        service_cidr: str | None = None,
        gateway_nodes: int | None = None,
        app_nodes: int | None = None,
        gateway_node_ips: Names = (),
        node_bandwidth: str | None = None,
        gateway_cpus: float | None = None,
        api_latency: str | None = None,
        status: Mapping[str, Any] | None = None,
        project: str | None = None,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        underlay: More = None,
        more: More = None,
    ) -> Self:
        """A worker cluster of the latest ``project``.

        ``provider`` … ``node_ips`` are what its ``Cluster`` says; ``pod_cidr`` … ``api_latency`` what the Underlay says
        of it (``underlay``: further fields there). Left out, the pod CIDR is ``192.168.0.0/16``, with one gateway node
        of 10 Gbit and one CPU, and an API server that answers after 5 ms. Without ``status`` the Underlay supplies
        what a worker would report.
        """
        return self._then("cluster", locals())

    def qos_profile(
        self,
        name: str,
        *,
        ceiling: str,
        guaranteed: str,
        priority: int = 1,
        dscp: DscpClass = "Default",
        project: str | None = None,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        more: More = None,
    ) -> Self:
        """A QoS profile that slices share by ``qos=name``; bandwidths such as ``"30Mbit"``."""
        return self._then("qos_profile", locals())

    def slice(
        self,
        name: str,
        subnet: str | None = None,
        clusters: Names | None = "*",
        *,
        max_clusters: int = 16,
        mode: OverlayMode = "single-network",
        gateway: GatewayType | None = "OpenVPN",
        gateway_services: Sequence[GatewayService] = (),
        qos: str | None = "default",
        ceiling: str | None = None,
        guaranteed: str | None = None,
        priority: int = 1,
        dscp: DscpClass = "Default",
        namespaces: Namespaces = (),
        isolated: bool = False,
        allowed: Namespaces = (),
        external_gateways: Sequence[ExternalGateway] = (),
        rotation_days: int = 30,
        renew_before: str | None = None,
        cipher: Literal["AES-256-CBC", "AES-128-CBC"] | None = None,
        hubs: Names = (),
        project: str | None = None,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        more: More = None,
    ) -> Self:
        """A slice of the latest ``project`` over ``clusters`` (``"*"``: all of the project's so far).

        ``subnet`` is a private /16, cut into slots for ``max_clusters``. ``qos`` names a profile (``default`` is one
        that KubeSlice makes); with ``ceiling`` and ``guaranteed`` the slice has its own instead. ``namespaces`` join
        the slice, ``["iperf"]`` on all clusters or ``{"iperf": "worker-1"}`` on some; ``isolated`` ones hear only the
        slice and the ``allowed`` namespaces. ``gateway=None``: no gateway provider (for ``no-network``).
        ``hubs``: the others are spokes, and reach each other through these (``.underlay(version="next")``).
        """
        return self._then("slice", locals())

    def topology(
        self,
        slice: str,
        *,
        edges: Sequence[tuple[str, str] | Edge] | None = None,
        forbidden: Mapping[str, Names] | None = None,
        gateways_per_pair: int = 2,
        ipam: Literal["Static", "Dynamic"] = "Static",
        subnet_size: int | None = None,
        name: str | None = None,
        more: More = None,
    ) -> Self:
        """What no KubeSlice has yet for a slice: only some ``edges``, other gateway counts, dynamic IPAM.

        ``name`` is the document's, the slice's if left out.
        """
        return self._then("topology", locals())
