"""One KubeSlice tunnel with all that stands in its way: node port, masquerade, marks, HTB at the node, TBF in the pod.

client gateway - client node - server node - server gateway, each in its own namespace.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network

import pytest

from emulator import iperf3, nft, probes
from emulator.firewall import DSCP_TABLE, NodePort, dscp_marks, node_nat
from emulator.iperf3 import IperfResult, IperfSpec
from emulator.keys import PrivateKey
from emulator.netns import Namespace
from emulator.shaping import NodeShaper, PortMatch, PortSide, SliceShape, shape_tunnel
from emulator.wireguard import Endpoint, Peer, TunnelConfig, choose_driver, open_tunnel

NODE_PORT = 31000
CEILING_BPS = 30_000_000
POD_CIDR = IPv4Network("192.168.0.0/16")
CLIENT_NODE, SERVER_NODE = IPv4Address("172.18.0.2"), IPv4Address("172.18.0.3")
CLIENT_POD, SERVER_POD = IPv4Address("192.168.1.5"), IPv4Address("192.168.2.5")
CLIENT_VPN, SERVER_VPN = IPv4Address("10.1.255.2"), IPv4Address("10.1.255.1")


class GatewayPair:
    """Both ends, up. Both clusters use the same pod CIDR, as two clusters may."""

    def __init__(self, cable: Callable[..., None]) -> None:
        self.client, self.client_node, self.server_node, self.server = (
            Namespace.create(name, private_files=True) for name in ("client", "client-node", "server-node", "server")
        )
        cable(self.client_node, self.server_node, f"{CLIENT_NODE}/24", f"{SERVER_NODE}/24")
        for node, pod, router, address in (
            (self.client_node, self.client, "192.168.1.1", CLIENT_POD),
            (self.server_node, self.server, "192.168.2.1", SERVER_POD),
        ):
            cable(node, pod, f"{router}/24", f"{address}/24", a_name="pod0")
            node.sysctl("net.ipv4.ip_forward", 1)
            pod.run(["ip", "route", "add", "default", "via", router], timeout_s=5)
        nft.apply(self.client_node, node_nat(node=CLIENT_NODE, uplink="eth0", pod_cidr=POD_CIDR, node_ports=()))
        nft.apply(
            self.server_node,
            node_nat(
                node=SERVER_NODE,
                uplink="eth0",
                pod_cidr=POD_CIDR,
                node_ports=[NodePort(port=NODE_PORT, pod=SERVER_POD)],
            ),
        )
        self._bring_up()

    def _bring_up(self) -> None:
        client_key, server_key = PrivateKey.generate(), PrivateKey.generate()
        driver = choose_driver(self.server)
        to_client = Peer(public_key=client_key.public(), allowed_ips=(IPv4Network(f"{CLIENT_VPN}/32"),))
        to_server = Peer(
            public_key=server_key.public(),
            allowed_ips=(IPv4Network(f"{SERVER_VPN}/32"),),
            endpoint=Endpoint(address=SERVER_NODE, port=NODE_PORT),
        )
        server = TunnelConfig(private_key=server_key, address=SERVER_VPN, peers=(to_client,))
        client = TunnelConfig(private_key=client_key, address=CLIENT_VPN, peers=(to_server,))
        self.server_tunnel = open_tunnel(self.server, server, driver=driver)
        self.client_tunnel = open_tunnel(self.client, client, driver=driver)
        self.server_tunnel.up()
        self.client_tunnel.up()

    def connect(self, port: int, *, count: int = 1) -> probes.Attempt:
        """The first connection through the tunnel that succeeds, or the last that did not."""
        spec = probes.AttemptSpec(
            kind="connect",
            target=str(SERVER_VPN),
            port=port,
            count=count,
            interval_s=0.05,
            timeout_s=10,
            until_ok=True,
        )
        return probes.read(probes.start(self.client, spec).finish(timeout_s=20))[-1]

    def load(self, spec: IperfSpec) -> IperfResult:
        """What a real iperf3 moves from the client's gateway to the server's."""
        server = iperf3.start_server(self.server)
        assert self.connect(spec.port, count=100).outcome == "ok"
        result = iperf3.read(iperf3.start(self.client, spec).finish(timeout_s=30))
        server.stop()
        server.finish(timeout_s=5)
        return result


@pytest.mark.inside
def test_a_tunnel_finds_its_way_through_masquerade_and_node_port(cable: Callable[..., None]) -> None:
    pair = GatewayPair(cable)
    nft.apply(pair.server, dscp_marks("AF11", [PortMatch(side=PortSide.SOURCE, port=11194)]))
    shaper = NodeShaper(pair.server_node, "eth0")
    server_ports = (PortMatch(side=PortSide.SOURCE, port=NODE_PORT),)
    shaper.apply([_shape(server_ports)])

    answer = pair.connect(9)

    assert answer.detail == "Connection refused"  # by the server itself, so the tunnel carries both ways
    (peer,) = pair.server_tunnel.peers()
    assert peer.endpoint is not None
    assert peer.endpoint.address == CLIENT_NODE
    (marked,) = nft.counters(pair.server, DSCP_TABLE)
    assert marked.packets > 0
    leaf = shaper.counters()[1]
    assert leaf.sent_packets == marked.packets  # what left the pod marked left the node in the slice's class


@pytest.mark.inside
@pytest.mark.parametrize("where", ["node", "tunnel"])
def test_a_slice_gets_its_ceiling_and_no_more(cable: Callable[..., None], where: str) -> None:
    pair = GatewayPair(cable)
    if where == "node":
        ports = (PortMatch(side=PortSide.DESTINATION, port=NODE_PORT),)
        NodeShaper(pair.client_node, "eth0").apply([_shape(ports)])
        # HTB counts the outer frame: 1300 inner bytes, padded to 1312, in 32 + 8 + 20 + 14 of headers.
        share = 1248 / (1312 + 32 + 8 + 20 + 14)
    else:
        shape_tunnel(pair.client, "wg0", CEILING_BPS)
        share = 1248 / 1300

    result = pair.load(IperfSpec(target=str(SERVER_VPN), duration_s=4))

    assert result.outcome == "ok", result.detail
    assert result.received_rate_bps is not None
    assert result.received_rate_bps <= CEILING_BPS * share * 1.02
    assert result.received_rate_bps >= CEILING_BPS * share * 0.8  # a machine whose timers are late loses some


@pytest.mark.inside
def test_a_client_that_starts_anew_is_learned_again(cable: Callable[..., None]) -> None:
    pair = GatewayPair(cable)
    assert pair.connect(9).detail == "Connection refused"
    pair.client_tunnel.down()
    pair.client_tunnel.up()

    assert pair.connect(9).detail == "Connection refused"

    after = pair.server_tunnel.peers()[0]
    assert after.endpoint is not None
    assert after.endpoint.address == CLIENT_NODE
    assert after.handshake_age_s is not None
    assert after.handshake_age_s < 10


def _shape(ports: tuple[PortMatch, ...]) -> SliceShape:
    return SliceShape(number=1, ceiling_bps=CEILING_BPS, guaranteed_bps=10_000_000, priority=1, ports=ports)
