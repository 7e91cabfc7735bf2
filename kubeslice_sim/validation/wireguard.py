"""WireGuard: how long a tunnel is lost when a peer forgets its session, by the protocol's timers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from kubeslice_sim.model.scenario import Fault
from kubeslice_sim.model.timing import FAST
from kubeslice_sim.simulator.network import Gateway
from kubeslice_sim.simulator.tunnel import Tunnel
from kubeslice_sim.validation.target import Case, Group, Row, between, exactly
from kubeslice_sim.validation.world import Live, bring_up, world

SETTLED_S = 60.0
AWAY_S = 0.2
JITTER_S = 0.334
PAPER = "Donenfeld, WireGuard, NDSS 2017, 6.1 to 6.5"
POST = f"{PAPER}; measured and confirmed by its author on the WireGuard list"
JITTER = "Wider by the retry's jitter of up to 0.334 s (REKEY_TIMEOUT_JITTER_MAX) and one handshake; then exact."


def _live() -> tuple[Live, Tunnel]:
    live = bring_up(world(), FAST)
    live.run(SETTLED_S)
    gateways = live.parts.scene.network.gateways.values()
    return live, next(gateway.tunnel for gateway in gateways if gateway.tunnel is not None)


def _since_s(tunnel: Tunnel) -> float:
    """When the session was agreed."""
    if tunnel.session is None:
        raise LookupError("the tunnel has had no handshake")
    return tunnel.session.at_s


def _handshake_s(live: Live, tunnel: Tunnel) -> float:
    return FAST.tunnel_handshake_s + 0.06 + 8 * (live.parts.scene.costs.gateway_s + live.parts.scene.costs.node_s)


def _restarted(live: Live, tunnel: Tunnel, gateway: Gateway | None, age_s: float) -> float:
    """Restart one end when the session has this age; how long the tunnel is lost."""
    if gateway is None:
        raise LookupError("the tunnel has but one end")
    env, plane = live.parts.env, live.parts.data_plane
    while _since_s(tunnel) + age_s <= env.now:  # sessions are renewed: wait for the next one
        env.step()
    live.run(_since_s(tunnel) + age_s)
    key = (gateway.start.cluster, "kubeslice-system", gateway.start.pod)
    lost_s = float(env.now)
    plane.kill(key)
    live.run(lost_s + AWAY_S)
    plane.release(key)
    while not tunnel.carries(env.now):
        env.step()
    return float(env.now) - lost_s


def server_reset(age_s: float) -> Iterator[Row]:
    """The server of a tunnel restarts at once and knows no session."""
    live, tunnel = _live()
    told_s = min(15.0, 120.0 - age_s)
    slack_s = _handshake_s(live, tunnel) + (JITTER_S if told_s == 15.0 else 0.0)
    rule = "KEEPALIVE 10 s + REKEY_TIMEOUT 5 s" if told_s == 15.0 else "the renewal at 120 s comes first"
    yield between(f"Peer reset, session {age_s:g} s old ({rule}): outage", told_s, told_s + slack_s,
                  _restarted(live, tunnel, tunnel.server, age_s), source=POST, why=JITTER, unit="s")  # fmt: skip


def client_reset() -> Iterator[Row]:
    """The client restarts: it dials as soon as it runs."""
    live, tunnel = _live()
    told_s = AWAY_S + FAST.pod_start_s
    yield between("Client restarts: outage beyond the pod's own", told_s, told_s + _handshake_s(live, tunnel),
                  _restarted(live, tunnel, tunnel.client, 30.0), source=PAPER, unit="s",
                  why="One handshake of one round trip; then exact.")  # fmt: skip


def renewals() -> Iterator[Row]:
    """Sessions one after the other, without a fault."""
    live, tunnel = _live()
    moments, lost = [], 0
    for _ in range(3):
        held = tunnel.session
        while tunnel.session is held:
            live.parts.env.step()
            lost += not tunnel.carries(live.parts.env.now)
        moments.append(_since_s(tunnel))
    yield exactly("Moments without a session in three renewals", 0, lost, why="Exact.",
                  source=f"{PAPER}: the old session serves until the new one does")  # fmt: skip
    for number in (1, 2):
        yield between(f"Session renewed, {number}: age of the one before", 120.0, 120.0 + _handshake_s(live, tunnel),
                      moments[number] - moments[number - 1], source=f"{PAPER}: REKEY_AFTER_TIME 120 s", unit="s",
                      why="One handshake of one round trip; then exact.")  # fmt: skip


def partition(cut_s: float) -> Iterator[Row]:
    """Nothing passes for a while; both ends live."""
    live, tunnel = _live()
    env = live.parts.env
    live.parts.faults.strike(Fault(name="cut", partition=("one", "two")))
    live.run(float(env.now) + cut_s)
    list(live.parts.faults.mend("cut"))
    mended_s = float(env.now)
    while not tunnel.carries(env.now):
        env.step()
    kept = cut_s < 180.0
    high_s = 0.0 if kept else 5.0 + JITTER_S + _handshake_s(live, tunnel)
    rule = "session kept" if kept else "session rejected after 180 s, a try every 5 s"
    yield between(f"Partition of {cut_s:g} s ({rule}): outage beyond it", 0.0, high_s, float(env.now) - mended_s,
                  source=f"{PAPER}: REJECT_AFTER_TIME, REKEY_TIMEOUT", unit="s",
                  why=JITTER if not kept else "Exact.")  # fmt: skip


GROUP = Group(
    name="wireguard",
    title="WireGuard's timers",
    text="The simulator's tunnels under a whole control plane; a pod is killed and started again "
    f"{AWAY_S:g} s later. WireGuard's timers are the protocol's own, whatever a scenario's timing profile.",
    cases=(
        *(Case(name=f"server reset at {age:g} s", rows=partial(server_reset, age), brief=age == 30.0)
          for age in (10.0, 30.0, 60.0, 100.0, 110.0, 118.0)),
        Case(name="client reset", rows=client_reset, brief=True),
        Case(name="renewals", rows=renewals),
        *(Case(name=f"partition of {cut:g} s", rows=partial(partition, cut)) for cut in (20.0, 200.0)),
    ),
    left_out=(
        "A peer that is reset under an idle session of 120 to 179 s (the first packet is lost) or of 180 s and more "
        "(none is): KubeSlice's sidecars ping every 3 s, so its sessions are renewed at 120 s and never idle. The row "
        "at 118 s is that case's edge.",
    ),
)  # fmt: skip
