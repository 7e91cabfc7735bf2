"""Which classes a gateway node gets, over a shaper that only remembers what it was told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from emulator import shares
from emulator.shaping import PortMatch, PortSide, SliceShape
from emulator.shares import Shares
from kubeslice_sim.controlplane.effects import SetQos
from kubeslice_sim.planner.plan import QosPlan

QOS = QosPlan(
    slice="red", ceiling_bps=30_000_000, guaranteed_bps=10_000_000, priority=1, dscp_class="AF11", dscp=10,
    parent="17:22", leaf="17:23",
)  # fmt: skip
EFFECT = SetQos(cluster="worker-1", slice="red", qos=QOS, source_ports=(30001,), destination_ports=(30002,))


class Remembering:
    """A NodeShaper that keeps its shapes to itself."""

    told: dict[str, tuple[SliceShape, ...]]

    def __init__(self, node: str, _uplink: str) -> None:
        self._node = node

    def apply(self, shapes: Iterable[SliceShape]) -> None:
        self.told[self._node] = tuple(shapes)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[SliceShape, ...]]:
    Remembering.told = {}
    monkeypatch.setattr(shares, "NodeShaper", Remembering)
    return Remembering.told


def new_shares() -> Shares:
    nodes = {"gw-1": "gw-1", "gw-2": "gw-2"}
    cluster = SimpleNamespace(gateway_nodes=[SimpleNamespace(name=name) for name in nodes])
    fabric = SimpleNamespace(nodes=nodes, plan=SimpleNamespace(cluster=lambda _: cluster))
    return Shares(cast(Any, fabric))


def test_every_gateway_node_gets_the_class_under_netops_number(told: dict[str, tuple[SliceShape, ...]]) -> None:
    new_shares().set(EFFECT)
    assert told["gw-1"] == told["gw-2"]
    (shape,) = told["gw-1"]
    assert (shape.number, shape.ceiling_bps, shape.guaranteed_bps) == (2, 30_000_000, 10_000_000)
    assert shape.ports == (
        PortMatch(side=PortSide.DESTINATION, port=30002),
        PortMatch(side=PortSide.SOURCE, port=30001),
    )


@pytest.mark.parametrize("refused", [{"guaranteed_bps": 0}, {"ceiling_bps": 0, "guaranteed_bps": 0}, {"priority": -1}])
def test_numbers_that_tc_refuses_leave_the_slice_unshaped(
    told: dict[str, tuple[SliceShape, ...]], refused: dict[str, int]
) -> None:
    standing = new_shares()
    standing.set(EFFECT)
    standing.set(replace(EFFECT, qos=replace(QOS, **cast(Any, refused))))
    assert told["gw-1"] == ()


def test_a_slice_that_goes_takes_its_class_along(told: dict[str, tuple[SliceShape, ...]]) -> None:
    standing = new_shares()
    standing.set(EFFECT)
    standing.set(replace(EFFECT, qos=None))
    assert told["gw-2"] == ()
