"""The packet engine against closed forms: each must lie in the simulation's own interval of 99.9 %."""

from __future__ import annotations

import math

import pytest

from kubeslice_sim.simulator.packet.distribution import (
    Distribution,
    deterministic,
    erlang,
    exponential,
    hyperexponential,
    lognormal,
    uniform,
)
from kubeslice_sim.simulator.packet.queue import simulate_priorities, simulate_queue, simulate_tandem
from kubeslice_sim.validation.closed_forms import erlang_b, erlang_c

MU = 1000.0
JOBS = 1_000_000
SURE = 0.999


@pytest.mark.parametrize("load", [0.5, 0.7, 0.8, 0.9])
def test_one_exponential_server(load: float) -> None:
    rate = load * MU
    found = simulate_queue(exponential(1 / rate), exponential(1 / MU), jobs=JOBS, seed=2, confidence=SURE)
    assert found.number.holds(load / (1 - load))
    assert found.sojourn_s.holds(1 / (MU - rate))
    assert found.delayed.holds(load)
    assert found.busy.holds(load)
    for share, quantile in found.quantile_s.items():
        assert quantile.holds(-math.log(1 - share) / (MU - rate)), share


@pytest.mark.parametrize(
    "service",
    [deterministic(1 / MU), erlang(3, 1 / MU), uniform(0.2 / MU, 1.8 / MU), hyperexponential(0.2, 3 / MU, 0.5 / MU),
     lognormal(1 / MU, 2.0)],
    ids=["deterministic", "erlang", "uniform", "hyperexponential", "lognormal"],
)  # fmt: skip
def test_any_service_time_by_pollaczek_and_khinchine(service: Distribution) -> None:
    found = simulate_queue(exponential(1 / 700), service, jobs=JOBS, seed=3, confidence=SURE)
    assert service.mean == pytest.approx(1 / MU)
    assert found.wait_s.holds(700 * service.second / (2 * (1 - 700 * service.mean)))


@pytest.mark.parametrize("load", [0.5, 0.8, 0.95])
def test_a_queue_of_ten_loses(load: float) -> None:
    found = simulate_queue(
        exponential(1 / (load * MU)), exponential(1 / MU), capacity=10, jobs=2 * JOBS, seed=2, confidence=SURE
    )
    assert found.lost.holds((1 - load) * load**10 / (1 - load**11))


@pytest.mark.parametrize(("offered", "servers"), [(2, 4), (5, 10), (8, 10), (20, 25)])
def test_calls_blocked_by_erlang_b(offered: float, servers: int) -> None:
    found = simulate_queue(
        exponential(1 / offered),
        exponential(1.0),
        servers=servers,
        capacity=servers,
        jobs=JOBS,
        seed=2,
        confidence=SURE,
    )
    assert found.lost.holds(erlang_b(offered, servers))


def test_erlang_b_does_not_care_for_the_shape_of_service() -> None:
    found = simulate_queue(
        exponential(1 / 5), lognormal(1.0, 3.0), servers=10, capacity=10, jobs=JOBS, seed=2, confidence=SURE
    )
    assert found.lost.holds(erlang_b(5, 10))


@pytest.mark.parametrize(("offered", "servers"), [(1.6, 2), (3.2, 4), (8, 10)])
def test_calls_delayed_by_erlang_c(offered: float, servers: int) -> None:
    found = simulate_queue(
        exponential(1 / offered), exponential(1.0), servers=servers, jobs=JOBS, seed=2, confidence=SURE
    )
    assert found.delayed.holds(erlang_c(offered, servers))
    assert found.wait_s.holds(erlang_c(offered, servers) / (servers - offered))


def test_priorities_by_cobham() -> None:
    classes = [(exponential(1 / 200), exponential(1 / MU)), (exponential(1 / 300), deterministic(1 / MU)),
               (exponential(1 / 300), exponential(1 / MU))]  # fmt: skip
    waits = simulate_priorities(classes, jobs=JOBS, seed=2, confidence=SURE)
    residual = sum(service.second / arrivals.mean for arrivals, service in classes) / 2
    above = 0.0
    for (arrivals, service), wait in zip(classes, waits, strict=True):
        here = above + service.mean / arrivals.mean
        assert wait.holds(residual / ((1 - above) * (1 - here)))
        above = here


def test_a_chain_by_jackson() -> None:
    rates = [1000.0, 900.0, 1400.0]
    found = simulate_tandem(exponential(1 / 700), [exponential(1 / mu) for mu in rates], jobs=JOBS, seed=2,
                            confidence=SURE)  # fmt: skip
    for mu, station in zip(rates, found, strict=True):
        assert station.number.holds((700 / mu) / (1 - 700 / mu))


def test_a_queue_that_would_grow_for_ever_is_refused() -> None:
    with pytest.raises(ValueError, match="grows for ever"):
        simulate_queue(exponential(1.0), exponential(1.0))
