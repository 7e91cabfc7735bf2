"""Observations made by hand, and strategies that make any."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from kubeslice_sim.model.document import ObjectMeta
from kubeslice_sim.model.scenario import Expectation, Scenario, ScenarioSpec, Traffic
from kubeslice_sim.model.world import World
from kubeslice_sim.observe.observation import METRICS, Observation
from kubeslice_sim.observe.run import Run
from kubeslice_sim.observe.table import OUTCOMES

CLIENT, SERVER = "iperf/client@worker-1", "server.iperf.svc.slice.local"
PING = Traffic(name="ping", kind="ping", from_=CLIENT, to=SERVER, interval_s=1.0)
BULK = Traffic(name="bulk", kind="tcp", from_=CLIENT, to=f"{SERVER}:5201")


def row(metric: str, at_s: float, value: float = 1.0, outcome: Any = "ok", **more: Any) -> Observation:
    """A row from iperf/client-0 on worker-1 to the server."""
    base: dict[str, Any] = {
        "probe": "ping", "seq": 0, "slice": "red", "src": "iperf/client-0", "src_cluster": "worker-1", "dst": SERVER
    }  # fmt: skip
    return Observation(at_s=at_s, metric=metric, value=value, outcome=outcome, **{**base, **more})


def attempts(lost: set[int], count: int, interval_s: float = 1.0, **more: Any) -> tuple[Observation, ...]:
    """Pings 0 … count - 1; those in ``lost`` time out."""
    return tuple(
        row("reachable", index * interval_s, 0.0 if index in lost else 1.0, "timeout" if index in lost else "ok",
            seq=index, **more)
        for index in range(count)
    )  # fmt: skip


def rates(values: list[float], first_s: float = 1.0, interval_s: float = 1.0, **more: Any) -> tuple[Observation, ...]:
    """Rate rows of the traffic ``bulk``, one an interval."""
    more = {"probe": "bulk", "dst": f"{SERVER}:5201", **more}
    return tuple(
        row("rate_bps", first_s + index * interval_s, value, seq=index, **more) for index, value in enumerate(values)
    )


def scenario(*expect: Expectation, duration_s: float = 60.0, traffic: tuple[Traffic, ...] = (PING, BULK)) -> Scenario:
    """A scenario of a ping and a tcp traffic."""
    spec = ScenarioSpec(duration_s=duration_s, traffic=traffic, expect=expect)
    return Scenario(metadata=ObjectMeta(name="by-hand"), spec=spec)


def run(observations: tuple[Observation, ...], of: Scenario | None = None, **more: Any) -> Run:
    """A run of these rows."""
    of = of or scenario()
    base: dict[str, Any] = {"run_id": "r", "backend": "sim", "world": World(scenarios=(of,)), "seed": 1}
    return Run(scenario=of, observations=observations, **{**base, **more})


_texts = st.text(max_size=12) | st.sampled_from(
    ["ping", "bulk", "expect/reach", "expect/no reach", "expect/resolves", "iperf/client-0", SERVER, 'a,"b"\r\n']
)
_clusters = st.sampled_from(["", "worker-1", "worker-2"])
_times = st.floats(min_value=-1, max_value=70) | st.floats(allow_nan=True)
observations = st.builds(
    Observation,
    at_s=_times, probe=_texts, seq=st.integers(min_value=-(2**63), max_value=2**63 - 1),
    metric=st.sampled_from(sorted(METRICS)), value=st.floats() | st.sampled_from([0.0, 1.0, 2.0]),
    outcome=st.sampled_from(OUTCOMES), slice=_texts, src_cluster=_clusters, src=_texts, dst_cluster=_clusters,
    dst=_texts, detail=_texts, run_id=_texts, backend=_texts,
)  # fmt: skip
"""Any row at all, some of them about the traffics above."""
