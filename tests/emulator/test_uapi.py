"""The control socket's text, both directions, without a socket."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest

from emulator import uapi
from emulator.keys import PrivateKey, PublicKey
from emulator.wireguard import Endpoint, Peer, TunnelConfig

KEY = PrivateKey(bytes(range(32)))
PEER_KEY = PublicKey.from_hex("ab" * 32)
PEER = Peer(
    public_key=PEER_KEY,
    allowed_ips=(IPv4Network("10.1.255.1/32"), IPv4Network("10.1.0.0/20")),
    endpoint=Endpoint(address=IPv4Address("172.18.0.2"), port=30712),
)


def test_a_device_is_set_as_a_whole() -> None:
    config = TunnelConfig(private_key=KEY, address=IPv4Address("10.1.255.2"), peers=(PEER,))
    assert uapi.set_device(config).decode().splitlines() == [
        "set=1",
        "private_key=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "listen_port=11194",
        "replace_peers=true",
        f"public_key={'ab' * 32}",
        "endpoint=172.18.0.2:30712",
        "persistent_keepalive_interval=25",
        "replace_allowed_ips=true",
        "allowed_ip=10.1.255.1/32",
        "allowed_ip=10.1.0.0/20",
        "",
    ]


def test_a_peer_without_endpoint_leaves_a_learned_one_alone() -> None:
    peer = Peer(public_key=PEER_KEY, allowed_ips=PEER.allowed_ips)
    assert b"endpoint" not in uapi.set_peer(peer)
    assert uapi.set_peer(PEER).endswith(b"\n\n")


def test_two_peers_are_read_with_their_own_numbers() -> None:
    answer = (
        f"private_key={'00' * 32}\nlisten_port=11194\npublic_key={'ab' * 32}\nendpoint=172.18.0.2:4711\n"
        "last_handshake_time_sec=1000\nlast_handshake_time_nsec=500000000\ntx_bytes=148\nrx_bytes=92\n"
        f"public_key={'cd' * 32}\nlast_handshake_time_sec=0\nlast_handshake_time_nsec=0\ntx_bytes=0\nrx_bytes=0\n"
        "errno=0\n\n"
    ).encode()
    first, second = uapi.parse_peers(answer, now_unix_s=1010.0)
    assert first.public_key == PEER_KEY
    assert first.endpoint == Endpoint(address=IPv4Address("172.18.0.2"), port=4711)
    assert first.handshake_age_s == pytest.approx(9.5)
    assert (first.rx_bytes, first.tx_bytes) == (92, 148)
    assert second.endpoint is None
    assert second.handshake_age_s is None


def test_a_clock_that_runs_behind_gives_no_negative_age() -> None:
    answer = f"public_key={'ab' * 32}\nlast_handshake_time_sec=1000\nerrno=0\n\n".encode()
    (peer,) = uapi.parse_peers(answer, now_unix_s=999.0)
    assert peer.handshake_age_s == 0.0


@pytest.mark.parametrize("answer", [b"errno=-22\n\n", b"hello\n\n", b""])
def test_an_answer_without_errno_zero_is_an_error(answer: bytes) -> None:
    with pytest.raises(uapi.UapiError):
        uapi.check(answer)
