"""Rules on http traffic: what its fields mean together."""

from __future__ import annotations

import pytest

from kubeslice_sim import manifest
from kubeslice_sim.errors import BadInput
from tests.simulator.played import SCENARIOS

HEAD = """
apiVersion: kubeslice-sim.io/v1alpha1
kind: Scenario
metadata: {name: more}
spec:
  duration: 10s
  traffic:
"""
WEB = 'from: shop/front@worker-1, to: "cart.shop.svc.slice.local:8080"'


def load(tmp_path, *traffic: str):
    world = (SCENARIOS / "03-gateway-failure" / "world.yaml").read_text()
    (tmp_path / "world.yaml").write_text(world)
    lines = (f"  - {{name: t{place}, {WEB}, {fields}}}" for place, fields in enumerate(traffic))
    (tmp_path / "scenario.yaml").write_text(HEAD + "\n".join(lines) + "\n")
    return manifest.load(tmp_path).scenario()


def test_a_request_is_described_in_full(tmp_path) -> None:
    spec = load(
        tmp_path,
        "kind: http, requestsPerSecond: 50, arrivals: poisson, balance: rotate, workers: 4, requestSize: 2kB, "
        "size: 1MB, keepAlive: {requests: 100, idle: 5s}, serviceTime: {mean: 5ms, distribution: lognormal, cv: 0.5}",
    ).spec.traffic[0]
    assert (spec.request_bytes, spec.size_bytes, spec.workers) == (2000.0, 1e6, 4)
    assert spec.service_time is not None
    assert (spec.service_time.mean_s, spec.service_time.cv) == (0.005, 0.5)
    assert spec.keep_alive is not None
    assert (spec.keep_alive.requests, spec.keep_alive.idle_s) == (100, 5.0)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (["kind: http, serviceTime: {mean: 5ms, distribution: lognormal}"], "lognormal needs a cv"),
        (["kind: http, serviceTime: {mean: 5ms, distribution: exponential, cv: 2}"], "cv means nothing to exponential"),
        (["kind: http, serviceTime: {mean: 5ms, distribution: exponentail}"], "exponential"),
        (["kind: http, serviceTime: {maen: 5ms}"], "mean"),
        (["kind: http, arrivals: poisson"], "arrivals are those of an open loop"),
        (["kind: http, workers: 2", "kind: http, workers: 3"], "2 workers in another traffic, 3 here"),
        (["kind: tcp, size: 1MB, workers: 2"], "workers means nothing to tcp"),
        (["kind: tcp, size: 1MB, keepAlive: {requests: 1}"], "keepAlive means nothing to tcp"),
        (["kind: http, balance: frist"], "first"),
    ],
)
def test_what_means_nothing_is_told_where_it_stands(tmp_path, fields: list[str], said: str) -> None:
    with pytest.raises(BadInput) as told:
        load(tmp_path, *fields)
    assert said in str(told.value)
    assert "scenario.yaml:" in str(told.value)
