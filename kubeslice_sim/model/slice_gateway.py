"""SliceGateway: one side of a pair as its worker cluster knows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from kubeslice_sim.model.document import Crd, ObjectMeta, PrinterColumn, Resource, kube
from kubeslice_sim.model.release import Since
from kubeslice_sim.model.slice_config import GatewayType
from kubeslice_sim.model.timestamp import Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceGatewaySpec:
    """The slice it belongs to."""

    __pydantic_config__: ClassVar[Any] = kube()

    slice_name: str = ""
    site_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceGatewayConfig:
    """``status.config``: the WorkerSliceGateway, mirrored. ``slice_gateway_name`` is the gatewayNumber as text."""

    __pydantic_config__: ClassVar[Any] = kube(slice_gateway_server_lb_ips="sliceGatewayServerLBIps")

    slice_gateway_id: str = ""
    slice_gateway_name: str = ""
    slice_name: str = ""
    slice_site_name: str = ""
    slice_gateway_type: Annotated[GatewayType | None, Since("1.1.0")] = None
    slice_gateway_subnet: str = ""
    slice_gateway_status: str = ""
    slice_gateway_host_type: str = ""
    slice_gateway_node_ports: tuple[int, ...] = ()
    slice_gateway_remote_node_ips: tuple[str, ...] = ()
    slice_gateway_remote_node_ports: tuple[int, ...] = ()
    slice_gateway_remote_subnet: str = ""
    slice_gateway_remote_vpn_ip: str = ""
    slice_gateway_local_vpn_ip: str = ""
    slice_gateway_remote_gateway_id: str = ""
    slice_gateway_remote_cluster_id: str = ""
    slice_gateway_intermediate_deployments: Annotated[tuple[str, ...], Since("1.1.0")] = ()
    slice_gateway_connectivity_type: Annotated[str, Since("1.2.0")] = ""
    slice_gateway_protocol: Annotated[str, Since("1.2.0")] = ""
    slice_gateway_server_lb_ips: Annotated[tuple[str, ...], Since("1.2.0")] = ()
    route_entire_slice_subnet: Annotated[bool, Since("next")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayTunnelStatus:
    """What the sidecar says of its tunnel. In ``status`` 0 means UP and 1 DOWN, whatever the Go comment says."""

    __pydantic_config__: ClassVar[Any] = kube(
        intf_name="IntfName", local_ip="LocalIP", remote_ip="RemoteIP", latency_ms="Latency", tx_rate_kbps="TxRate",
        rx_rate_kbps="RxRate", packet_loss_percent="PacketLoss", status="Status", tunnel_state="TunnelState",
    )  # fmt: skip

    intf_name: str = ""
    local_ip: str = ""
    remote_ip: str = ""
    latency_ms: Annotated[int, Crd(integer_format="int64")] = 0
    tx_rate_kbps: Annotated[int, Crd(integer_format="int64")] = 0
    rx_rate_kbps: Annotated[int, Crd(integer_format="int64")] = 0
    packet_loss_percent: Annotated[int, Crd(integer_format="int64")] = 0
    status: Annotated[int, Crd(integer_format="int32")] = 0
    tunnel_state: Annotated[str, Since("1.1.0")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayPodStatus:
    """One gateway pod of this side."""

    __pydantic_config__: ClassVar[Any] = kube(
        pod_creation_ts="podCreationTS", original_pod_creation_ts="originalPodCreationTS", pod_ip="podIP",
        local_nsm_ip="localNsmIP",
    )  # fmt: skip

    pod_name: str = ""
    pod_creation_ts: Annotated[Timestamp | None, Since("1.1.0")] = None
    original_pod_creation_ts: Annotated[Timestamp | None, Since("1.1.0")] = None
    peer_pod_name: str = ""
    pod_ip: str = ""
    local_nsm_ip: str = ""
    tunnel_status: GatewayTunnelStatus = field(default_factory=GatewayTunnelStatus)
    route_removed: Annotated[int, Crd(integer_format="int32")] = 0
    remote_port: Annotated[int, Crd(integer_format="int32"), Since("1.1.0")] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceGatewayStatus:
    """``config_updated_on`` and ``connection_context_updated_on`` are Unix times."""

    __pydantic_config__: ClassVar[Any] = kube()

    config: SliceGatewayConfig = field(default_factory=SliceGatewayConfig)
    config_updated_on: Annotated[int, Crd(integer_format="int64")] = 0
    pod_name: str = ""
    pod_names: tuple[str, ...] = ()
    pod_status: str = ""
    pod_ips: tuple[str, ...] = ()
    peer_ip: str = ""
    connection_context_updated_on: Annotated[int, Crd(integer_format="int64")] = 0
    gateway_pod_status: tuple[GatewayPodStatus, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceGateway:
    """Lives on a worker cluster in ``kubeslice-system``."""

    __pydantic_config__: ClassVar[Any] = kube()
    RESOURCE: ClassVar[Resource] = Resource(
        group="networking.kubeslice.io",
        version="v1beta1",
        kind="SliceGateway",
        plural="slicegateways",
        singular="slicegateway",
        short_names=("gw", "slicegw"),
        printer_columns=(
            PrinterColumn(name="Subnet", type="string", json_path=".status.config.sliceGatewaySubnet"),
            PrinterColumn(name="Remote Subnet", type="string", json_path=".status.config.sliceGatewayRemoteSubnet"),
            PrinterColumn(name="Remote Cluster", type="string", json_path=".status.config.sliceGatewayRemoteClusterId"),
            PrinterColumn(name="GW Status", type="string", json_path=".status.config.sliceGatewayStatus"),
        ),
    )

    metadata: ObjectMeta
    spec: SliceGatewaySpec = field(default_factory=SliceGatewaySpec)
    status: SliceGatewayStatus = field(default_factory=SliceGatewayStatus)
