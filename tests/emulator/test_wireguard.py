"""Tunnels over a real link: KubeSlice's server learns its client, keys stay hidden, a killed gateway comes back."""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from emulator.keys import PrivateKey, PublicKey
from emulator.netns import Namespace
from emulator.wireguard import Driver, Endpoint, Peer, Tunnel, TunnelConfig, TunnelError, open_tunnel, up_all
from emulator.wireguard_go import UserSpaceTunnel, check_room
from kubeslice_sim.errors import BadInput

SERVER_VPN, CLIENT_VPN = IPv4Address("10.1.255.1"), IPv4Address("10.1.255.2")


def _pair(cable: Callable[..., None], driver: Driver | None = Driver.WIREGUARD_GO) -> tuple[Tunnel, Tunnel]:
    """A server and a client gateway as KubeSlice pairs them, joined by a cable, their tunnels still down."""
    server, client = (Namespace.create(name, private_files=True) for name in ("gw-server", "gw-client"))
    cable(server, client, "172.18.0.1/24", "172.18.0.2/24")
    server_key, client_key = PrivateKey.generate(), PrivateKey.generate()
    to_client = Peer(public_key=client_key.public(), allowed_ips=(_host(CLIENT_VPN), IPv4Network("10.1.16.0/20")))
    to_server = Peer(
        public_key=server_key.public(),
        allowed_ips=(_host(SERVER_VPN), IPv4Network("10.1.0.0/20")),
        endpoint=Endpoint(address=IPv4Address("172.18.0.1"), port=11194),
    )
    return (
        open_tunnel(
            server, TunnelConfig(private_key=server_key, address=SERVER_VPN, peers=(to_client,)), driver=driver
        ),
        open_tunnel(
            client, TunnelConfig(private_key=client_key, address=CLIENT_VPN, peers=(to_server,)), driver=driver
        ),
    )


def _host(address: IPv4Address) -> IPv4Network:
    return IPv4Network(f"{address}/32")


def _ping(tunnel: Tunnel, target: IPv4Address, *, within_s: float = 10) -> float:
    """Seconds until `target` answered."""
    began_s = time.monotonic()
    while time.monotonic() - began_s < within_s:
        if tunnel.namespace.run(["ping", "-c1", "-W1", str(target)], timeout_s=5).returncode == 0:
            return time.monotonic() - began_s
    pytest.fail(f"{tunnel.namespace} cannot reach {target} within {within_s} s: {tunnel.peers()}")


@pytest.mark.inside
@pytest.mark.parametrize("driver", [Driver.WIREGUARD_GO, None], ids=["wireguard-go", "best"])
def test_a_server_without_an_endpoint_learns_its_client(cable: Callable[..., None], driver: Driver | None) -> None:
    server, client = _pair(cable, driver)
    server.up()
    (before,) = server.peers()
    assert before.endpoint is None
    assert before.handshake_age_s is None
    client.up()

    _ping(client, SERVER_VPN)

    (after,) = server.peers()
    assert after.endpoint == Endpoint(address=IPv4Address("172.18.0.2"), port=11194)
    assert after.handshake_age_s is not None
    assert after.handshake_age_s < 5
    assert after.rx_bytes > 0
    assert after.tx_bytes > 0
    link = server.namespace.run(["ip", "-d", "address", "show", "wg0"], timeout_s=5).stdout.decode()
    assert "mtu 1300" in link
    assert "inet 10.1.255.1/32" in link
    routes = server.namespace.run(["ip", "route"], timeout_s=5).stdout.decode()
    assert "10.1.16.0/20 dev wg0" in routes
    server.down()
    client.down()
    assert server.namespace.run(["ip", "link", "show", "wg0"], timeout_s=5).returncode != 0
    server.down()  # once more is fine


@pytest.mark.inside
def test_traffic_from_an_address_that_is_not_allowed_does_not_pass(cable: Callable[..., None]) -> None:
    server, client = _pair(cable)
    up_all([server])
    up_all([client])
    _ping(client, SERVER_VPN)
    client.namespace.run(["ip", "address", "add", "10.9.9.9/32", "dev", "wg0"], timeout_s=5)

    forged = client.namespace.run(["ping", "-c2", "-i0.2", "-W1", "-I10.9.9.9", str(SERVER_VPN)], timeout_s=5)

    assert b" 0 received" in forged.stdout


@pytest.mark.inside
def test_a_peer_is_replaced_and_removed_while_the_tunnel_is_up(cable: Callable[..., None]) -> None:
    server, client = _pair(cable)
    up_all([server])
    up_all([client])
    _ping(client, SERVER_VPN)
    (old,) = client.config.peers
    wider = Peer(public_key=old.public_key, allowed_ips=(*old.allowed_ips, IPv4Network("10.1.32.0/20")))

    client.set_peer(wider)

    routes = client.namespace.run(["ip", "route"], timeout_s=5).stdout.decode()
    assert "10.1.32.0/20 dev wg0" in routes
    _ping(client, SERVER_VPN)  # the endpoint it had is still there
    client.remove_peer(old.public_key)
    client.remove_peer(old.public_key)
    assert client.peers() == ()
    assert client.namespace.run(["ping", "-c1", "-W1", str(SERVER_VPN)], timeout_s=5).returncode != 0


@pytest.mark.inside
def test_a_killed_gateway_comes_back_with_the_same_name(cable: Callable[..., None]) -> None:
    server, client = _pair(cable)
    up_all([server])
    up_all([client])
    _ping(client, SERVER_VPN)
    assert isinstance(client, UserSpaceTunnel)
    assert client.process is not None
    client.process.kill()
    client.process.wait()
    with pytest.raises(TunnelError, match="gw-client: wg0"):
        client.peers()

    client.up()

    _ping(client, SERVER_VPN)


@pytest.mark.inside
def test_two_gateways_may_both_call_it_wg0_and_wg_show_sees_the_right_one(cable: Callable[..., None]) -> None:
    server, client = _pair(cable)
    up_all([server])
    up_all([client])

    shown = client.namespace.run(["wg", "show", "wg0", "public-key"], timeout_s=5)

    assert shown.stdout.decode().strip() == client.config.private_key.public().base64


@pytest.mark.inside
def test_no_process_shows_a_private_key(cable: Callable[..., None]) -> None:
    server, client = _pair(cable)
    up_all([server])
    up_all([client])
    assert isinstance(client, UserSpaceTunnel)
    assert client.process is not None
    secret = client.config.private_key.reveal()
    place = Path(f"/proc/{client.process.pid}")
    shown = (place / "cmdline").read_bytes() + (place / "environ").read_bytes()
    with os.fdopen(os.open(place / "fd" / "2", os.O_RDONLY), "rb") as log:
        shown += log.read()
    assert secret.hex().encode() not in shown
    assert secret not in shown


@pytest.mark.inside
def test_a_gateway_that_shares_its_files_is_refused_before_anything_starts() -> None:
    shared = Namespace.create("shared")
    config = TunnelConfig(private_key=PrivateKey.generate(), address=SERVER_VPN)

    with pytest.raises(TunnelError, match="private_files=True"):
        open_tunnel(shared, config, driver=Driver.WIREGUARD_GO).up()

    assert shared.pids() == ()


def test_the_public_key_is_x25519_of_the_private_key() -> None:
    # RFC 7748 section 5.2: one iteration from the scalar 9.
    key = PrivateKey(bytes([9]) + bytes(31))
    assert key.public().hex == "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"
    assert PublicKey.from_hex(key.public().hex) == key.public()


def test_a_private_key_does_not_show_itself() -> None:
    key = PrivateKey.generate()
    config = TunnelConfig(private_key=key, address=SERVER_VPN)
    for text in (repr(key), str(key), f"{key}", repr(config)):
        assert "PrivateKey(hidden)" in text
        assert key.reveal().hex() not in text
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(key)


@pytest.mark.parametrize("text", ["", "abc", "A" * 43, "x" * 44, "AAAA" * 12])
def test_what_is_no_key_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        PrivateKey.from_base64(text)
    assert not text or text not in str(refused.value)


@pytest.mark.parametrize("name", ["", "a" * 16, "wg 0", "wg/0", "wg0\nlink"])
def test_an_interface_name_that_the_kernel_or_a_batch_would_misread_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="interface name"):
        TunnelConfig(private_key=PrivateKey.generate(), address=SERVER_VPN, interface=name)


def test_more_gateways_than_the_user_may_run_are_refused_with_the_remedy(tmp_path: Path) -> None:
    limit = tmp_path / "max_user_instances"
    limit.write_text("128\n")
    check_room(112, limit_file=limit)  # a full mesh of eight clusters
    with pytest.raises(TunnelError, match=r"144 gateways .* sysctl -w fs\.inotify\.max_user_instances=288"):
        check_room(144, limit_file=limit)
