"""Delay, jitter and loss by the kernel's netem, on the device by which packets leave the middle."""

from __future__ import annotations

from collections.abc import Sequence

from emulator import bottleneck
from emulator.passage import MOST_PACKETS, Direction, Impairment, Implementation, Passage, WireError
from emulator.rtmessages import LinkError, set_most_segments
from emulator.rtnetlink import RouteSocket

_MOST_SEGMENTS = 65535
_ORDERLY = "rate 100gbit"  # netem reorders under jitter unless it has a rate: one that limits nothing here


class NetemMedium:
    """A Medium that needs sch_netem. Its dice are the kernel's: a run's losses do not repeat."""

    def __init__(self) -> None:
        self._limited: set[str] = set()

    @property
    def implementation(self) -> Implementation:
        """netem."""
        return "netem"

    def lay(self, impairments: Sequence[Impairment]) -> None:
        """Starts to impair passages, each once. Raises WireError."""
        for impairment in impairments:
            self.change(impairment)

    def change(self, impairment: Impairment) -> None:
        """Changes netem in place; packets in it keep their time. Raises WireError."""
        passage, direction = impairment.passage, impairment.direction
        self._cut_bundles(passage, direction)
        rate = bottleneck.commands(impairment, parent="parent 1:1", limited_before=passage.key in self._limited)
        bottleneck.run_tc(passage.middle, [netem_command(passage.device_out, direction), *rate])
        bottleneck.note(self._limited, impairment)

    def dropped(self, passage: Passage) -> tuple[int, int]:
        """netem counts what it lost and what did not fit as one: all of it is reported as lost."""
        found = bottleneck.qdiscs(passage)
        overflowed = found.get("tbf", {}).get("drops", 0)
        return found["netem"]["drops"] - overflowed, overflowed

    def close(self) -> None:
        """Nothing: the qdiscs go with their devices."""

    def _cut_bundles(self, passage: Passage, direction: Direction) -> None:
        # netem loses a bundle of segments as one packet: under loss, let none come in.
        segments = 1 if 0.0 < direction.loss < 1.0 else _MOST_SEGMENTS
        sender = passage.sender

        def cut() -> None:
            with RouteSocket() as netlink:
                netlink.send([set_most_segments(sender.name, segments)])

        try:
            sender.namespace.call(cut)
        except LinkError as error:
            raise WireError(f"{passage.key}: cannot set up {sender.name} for loss: {error}") from error


def netem_command(device: str, direction: Direction) -> str:
    """The `tc -batch` line for a direction."""
    parts = [f"qdisc replace dev {device} root handle 1: netem limit {MOST_PACKETS}"]
    parts.append(f"delay {direction.delay_s * 1e6:.0f}us")
    if direction.jitter_s:
        parts.append(f"{direction.jitter_s * 1e6:.0f}us {_ORDERLY}")
    if direction.loss:
        parts.append(f"loss {direction.loss * 100:.6f}%")
    return " ".join(parts)
