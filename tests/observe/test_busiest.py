"""Which parts of the paths were nearest to their limits, from rows."""

from __future__ import annotations

from kubeslice_sim.model.metric import RESOURCES
from kubeslice_sim.observe.busiest import busiest
from kubeslice_sim.observe.observation import Observation


def row(metric: str, value: float, at_s: float, name: str, probe: str = RESOURCES) -> Observation:
    return Observation(at_s=at_s, probe=probe, seq=int(at_s), metric=metric, value=value, outcome="ok", src=name,
                       src_cluster="one")  # fmt: skip


def test_the_busiest_come_first_and_idle_ones_not_at_all() -> None:
    rows = [
        row(metric, value, at_s, name)
        for at_s in (1.0, 2.0)
        for name, share, lost in (("wan/two", 0.8, 0), ("qos/gw/red", 1.0, 1), ("nic/gw/out", 0.1, 0))
        for metric, value in (("utilisation", share / at_s), ("drops", lost))
    ]
    found = busiest([*rows, row("rtt_s", 9.0, 1.0, "client", probe="ping")])
    assert [(load.name, load.utilisation, load.peak, load.drops) for load in found] == [
        ("qos/gw/red", 0.75, 1.0, 2), ("wan/two", 0.6000000000000001, 0.8, 0),
    ]  # fmt: skip
    assert str(found[0]) == "qos/gw/red@one 75% (at most 100%, 2 packets dropped)"
    assert [load.name for load in busiest(rows, count=1)] == ["qos/gw/red"]
    assert busiest([]) == ()
