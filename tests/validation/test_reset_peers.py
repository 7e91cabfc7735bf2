"""Which WireGuard session serves when a peer was reset: the three ages of the list's test, on a tunnel by itself."""

from __future__ import annotations

import pytest

from kubeslice_sim.model.timing import FAST
from kubeslice_sim.simulator.network import Gateway
from kubeslice_sim.simulator.tunnel import Session, Tunnel
from kubeslice_sim.validation.world import bring_up, world


@pytest.fixture
def tunnel() -> Tunnel:
    """A tunnel that came up under a control plane which then stopped: nobody pings, nothing renews."""
    live = bring_up(world(), FAST)
    live.run(60.0)
    found = next(gateway.tunnel for gateway in live.parts.scene.network.gateways.values() if gateway.tunnel)
    assert found.session is not None
    return found


def server(tunnel: Tunnel) -> Gateway:
    assert tunnel.server is not None
    return tunnel.server


def aged_s(tunnel: Tunnel, age_s: float) -> float:
    assert tunnel.session is not None
    return tunnel.session.at_s + age_s


@pytest.mark.parametrize("age_s", [10.0, 118.0, 120.0, 179.0])
def test_what_is_sent_on_a_session_that_the_peer_forgot_is_lost(tunnel: Tunnel, age_s: float) -> None:
    assert tunnel.carries(aged_s(tunnel, age_s))
    server(tunnel).life += 1
    assert not tunnel.carries(aged_s(tunnel, age_s))


@pytest.mark.parametrize("age_s", [180.0, 200.0])
def test_at_180_seconds_a_reset_makes_no_difference(tunnel: Tunnel, age_s: float) -> None:
    """Neither end uses so old a session, reset or not: the packet waits for a handshake."""
    assert not tunnel.carries(aged_s(tunnel, age_s))
    server(tunnel).life += 1
    assert not tunnel.carries(aged_s(tunnel, age_s))


@pytest.mark.parametrize("age_s", [10.0, 130.0, 200.0])
def test_a_handshake_with_the_new_life_mends_it_at_any_age(tunnel: Tunnel, age_s: float) -> None:
    server(tunnel).life += 1
    now_s = aged_s(tunnel, age_s)
    assert tunnel.session is not None
    tunnel.session = Session(
        server_life=server(tunnel).life, client_life=tunnel.session.client_life, at_s=now_s
    )  # fmt: skip
    assert tunnel.carries(now_s)
