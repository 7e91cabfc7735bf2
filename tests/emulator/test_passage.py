"""What is asked of a wire, and the lines that tell it to the kernel: no sandbox is needed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from emulator.bottleneck import commands
from emulator.netem import netem_command
from emulator.netns import Namespace
from emulator.passage import Direction, Impairment, Passage
from emulator.wire import WireEnd, WireError


@pytest.mark.parametrize(
    "wrong",
    [{"delay_s": -0.1}, {"jitter_s": -1.0}, {"loss": 1.1}, {"loss": -0.1}, {"rate_bps": 0.0}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_impossible_directions_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(WireError):
        Direction(**wrong)


@pytest.mark.parametrize(
    ("direction", "command"),
    [
        (Direction(delay_s=0.031), "delay 31000us"),
        (Direction(delay_s=0.01, jitter_s=0.002), "delay 10000us 2000us rate 100gbit"),
        (Direction(delay_s=0.01, loss=0.0001), "delay 10000us loss 0.010000%"),
        (Direction(loss=1.0), "delay 0us loss 100.000000%"),
    ],
)
def test_netem_is_told_in_its_own_words(direction: Direction, command: str) -> None:
    assert netem_command("b", direction) == f"qdisc replace dev b root handle 1: netem limit 65000 {command}"


@pytest.fixture
def impaired() -> Callable[[Direction], Impairment]:
    def make(direction: Direction) -> Impairment:
        nowhere = Namespace.current()
        end = WireEnd(namespace=nowhere, name="wan", address="10.0.0.1")
        passage = Passage(key="w/forth", middle=nowhere, sender=end, device_in="a", device_out="b")
        nowhere.close()
        return Impairment(passage=passage, direction=direction, buffer_bytes=direction.buffer_bytes(0.062))

    return make


@pytest.mark.parametrize(
    ("rate_bps", "burst", "limit"),
    [(1e6, 7570, 48448), (200e6, 50_000, 1_550_000), (10e9, 262_144, 77_500_000)],
)
def test_the_bucket_holds_two_milliseconds_and_the_buffer_a_round_trip(
    impaired: Callable[[Direction], Impairment], rate_bps: float, burst: int, limit: int
) -> None:
    (line,) = commands(impaired(Direction(rate_bps=rate_bps)), parent="root", limited_before=False)
    expected = f"rate {rate_bps:.0f}bit burst {burst} limit {limit}"
    assert line == f"qdisc replace dev b root handle 10: tbf {expected}"


def test_no_rate_takes_away_only_what_is_there(impaired: Callable[[Direction], Impairment]) -> None:
    free = impaired(Direction())
    assert commands(free, parent="root", limited_before=False) == []
    assert commands(free, parent="root", limited_before=True) == ["qdisc del dev b root"]
