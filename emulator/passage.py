"""One direction of a wire: its properties, its place in the middle namespace, and who can impair it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from emulator.netns import Namespace
from kubeslice_sim.errors import KubesliceSimError

Implementation = Literal["netem", "nfqueue"]

MOST_PACKETS = 65_000
"""Packets under way in one direction; more overflow. 100 ms at 7 Gbit/s of full-sized packets."""

LEAST_RATE_BPS = 1000.0
"""tc counts in whole bytes a second: much less would be rounded. What a world's bandwidth is at least, too."""
_LEAST_QUEUE_S = 0.05
_LEAST_QUEUE_BYTES = 32 * 1514


class WireError(KubesliceSimError):
    """A wire could not be laid, changed or read; the message says what refused."""

    exit_code = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Direction:
    """What a packet meets on its way in one direction.

    `jitter_s`: a packet is delayed by `delay_s` plus something uniform in ±`jitter_s`; order is kept.
    `loss`: probability, 1.0 is a partition. `rate_bps`: bits per second on the Ethernet wire, None: no limit.
    `queue_bytes`: the drop-tail buffer before the bottleneck, None: one round trip at `rate_bps`, at least 50 ms.
    """

    delay_s: float = 0.0
    jitter_s: float = 0.0
    loss: float = 0.0
    rate_bps: float | None = None
    queue_bytes: int | None = None

    def __post_init__(self) -> None:
        if self.delay_s < 0 or self.jitter_s < 0 or not 0 <= self.loss <= 1:
            raise WireError(f"{self}: delay and jitter must not be negative, and loss must lie between 0 and 1")
        if self.rate_bps is not None and self.rate_bps < LEAST_RATE_BPS:
            raise WireError(f"{self}: a rate below 1 kbit/s cannot be shaped; to let nothing through use loss=1.0")

    def buffer_bytes(self, round_trip_s: float) -> int:
        """The size of the buffer before the bottleneck, in bytes."""
        if self.queue_bytes is not None:
            return self.queue_bytes
        return max(_LEAST_QUEUE_BYTES, round((self.rate_bps or 0) / 8 * max(round_trip_s, _LEAST_QUEUE_S)))


@dataclass(frozen=True, slots=True, kw_only=True)
class WireEnd:
    """Where a wire ends: the device `name` with IPv4 `address` (no prefix length) is made in `namespace`."""

    namespace: Namespace
    name: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One direction in the middle namespace: in over one device, out over the other. `key` is unique in the sandbox."""

    key: str
    middle: Namespace
    sender: WireEnd
    device_in: Literal["a", "b"]
    device_out: Literal["a", "b"]

    @property
    def number(self) -> int:
        """1 or 2: the routing table and the packet queue of this direction."""
        return 1 if self.device_in == "a" else 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Impairment:
    """What a passage is to be like; `buffer_bytes` is the resolved size of the buffer before the bottleneck."""

    passage: Passage
    direction: Direction
    buffer_bytes: int


class Medium(Protocol):
    """What makes packets late, lost and scarce. Every verb may raise WireError."""

    @property
    def implementation(self) -> Implementation:
        """Which of the two it is."""

    def lay(self, impairments: Sequence[Impairment]) -> None:
        """Starts to impair passages, each once."""

    def change(self, impairment: Impairment) -> None:
        """Gives a passage new properties; packets already under way keep theirs."""

    def dropped(self, passage: Passage) -> tuple[int, int]:
        """How many packets the dice have lost, and how many did not fit a queue."""

    def close(self) -> None:
        """Stops; the wires are dead then."""
