"""What a sidecar takes from its pod, on live connections."""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import IPv4Address

import pytest

from emulator import nft
from emulator.firewall import interception
from emulator.netns import Namespace
from emulator.proxy_configuration import OWN_PORTS, Intercepted

SERVER = IPv4Address("10.5.0.2")


@pytest.mark.inside
def test_a_sidecar_takes_what_it_should_and_its_own_connections_pass(cable: Callable[..., None]) -> None:
    pod, server = Namespace.create("pod"), Namespace.create("server")
    cable(pod, server, "10.5.0.1/24", f"{SERVER}/24")
    real = {port: server.call(socket.create_server, ("", port)) for port in (9080, 9081, 5432)}
    sidecar = pod.call(socket.create_server, ("127.0.0.1", 15001))
    taken = (Intercepted(address=SERVER, port=9080), Intercepted(address=SERVER, port=5432, refused=True))
    nft.apply(pod, interception(taken, 15001))

    def dial(port: int, source: int = 0) -> tuple[str, int]:
        with pod.call(socket.create_connection, (str(SERVER), port), 2.0, ("", source)) as stream:
            name: tuple[str, int] = stream.getsockname()
            return name

    for listener in (sidecar, *real.values()):
        listener.settimeout(2.0)
    assert _meets(sidecar, lambda: dial(9080))
    assert _meets(real[9080], lambda: dial(9080, OWN_PORTS[0]))
    assert _meets(real[9081], lambda: dial(9081))
    with pytest.raises(ConnectionError):
        dial(5432)


def _meets(listener: socket.socket, dial: Callable[[], tuple[str, int]]) -> bool:
    """Whether a connection comes out at this listener."""
    source = dial()
    stream, peer = listener.accept()
    stream.close()
    return bool(peer[1] == source[1])
