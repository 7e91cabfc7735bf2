"""What the certificate Job of a gateway pair is told: names, networks and addresses, for both ends' files.

As kubeslice-controller service/worker_slice_gateway_service.go GenerateCerts and buildCertPairRequest do.
"""

from __future__ import annotations

import json
from base64 import b64encode
from ipaddress import IPv4Interface

from kubeslice_sim.model.slice_config import SliceConfig, SliceGatewayProvider, VpnConfig
from kubeslice_sim.model.worker_slice_gateway import WorkerSliceGateway

MASK = "255.255.255.0"
"""Of the overlay's networks and the VPN's, whatever the clusters' prefix is."""


def certificate_environment(
    config: SliceConfig, server: WorkerSliceGateway, client: WorkerSliceGateway
) -> dict[str, str]:  # fmt: skip
    """The environment of the Job's container, by name; the secrets that it makes go to the slice's namespace."""
    provider = config.spec.slice_gateway_provider or SliceGatewayProvider()
    return {
        "CERT_GEN_REQUESTS": _encoded(certificate_request(server, client)),
        "CLIENT_SLICEGATEWAY_NAME": client.metadata.name,
        "GATEWAY_PROTOCOL": server.spec.gateway_protocol,
        "GATEWAY_TYPE": provider.slice_gateway_type,
        "LOG_LEVEL": "info",
        "NAMESPACE": config.metadata.namespace,
        "SERVER_SLICEGATEWAY_NAME": server.metadata.name,
        "SLICE_NAME": config.metadata.name,
        "VPN_CIPHER": (config.spec.vpn_config or VpnConfig()).cipher,
    }


def certificate_request(server: WorkerSliceGateway, client: WorkerSliceGateway) -> dict[str, object]:
    """The pair, as gateway-certs-generator reads it (``CertPairRequestMap``)."""
    local, remote = server.spec.local_gateway_config, server.spec.remote_gateway_config
    vpn = IPv4Interface(f"{local.vpn_ip}/24").network
    return {
        "sliceName": server.spec.slice_name,
        "pairs": [{
            "vpnFqdn": f"{local.cluster_name}-{server.spec.slice_name}-{server.spec.gateway_number or 0}"
                       ".vpn.aveshasystems.com",
            "nsmServerNetwork": str(local.gateway_subnet).partition("/")[0],
            "nsmClientNetwork": str(remote.gateway_subnet).partition("/")[0],
            "nsmMask": MASK,
            "vpnIpToClient": remote.vpn_ip,
            "vpnNetwork": str(vpn.network_address),
            "vpnMask": MASK,
            "clientId": client.metadata.name,
            "serverId": server.metadata.name,
        }],
    }  # fmt: skip


def _encoded(request: dict[str, object]) -> str:
    """As Go's encoder writes it: no spaces, a line's end, then base64."""
    return b64encode((json.dumps(request, separators=(",", ":")) + "\n").encode()).decode()
