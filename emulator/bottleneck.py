"""The rate of a wire: a token bucket (TBF) on the device by which packets leave the middle."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from emulator.netns import Namespace
from emulator.passage import Impairment, Passage, WireError

_TIMEOUT_S = 10.0
_LEAST_BURST_BYTES = 5 * 1514
_MOST_BURST_BYTES = 1 << 18
_BURST_S = 0.002


def commands(impairment: Impairment, *, parent: str, limited_before: bool) -> list[str]:
    """The lines for `tc -batch` that set, change or take away the rate at `parent` ("root", "parent 1:1")."""
    device, rate_bps = impairment.passage.device_out, impairment.direction.rate_bps
    if rate_bps is None:
        return [f"qdisc del dev {device} {parent}"] if limited_before else []
    # Two milliseconds' worth may leave at once: enough not to cut up large packets at high rates (TBF cuts what is
    # larger than the bucket), little enough not to show at low ones.
    burst = min(max(round(rate_bps / 8 * _BURST_S), _LEAST_BURST_BYTES), _MOST_BURST_BYTES)
    limit = max(impairment.buffer_bytes, burst)
    return [f"qdisc replace dev {device} {parent} handle 10: tbf rate {rate_bps:.0f}bit burst {burst} limit {limit}"]


def note(limited: set[str], impairment: Impairment) -> None:
    """Keeps `limited`, the keys of the passages that have a bucket, true after `commands` have been run."""
    if impairment.direction.rate_bps is None:
        limited.discard(impairment.passage.key)
    else:
        limited.add(impairment.passage.key)


def run_tc(middle: Namespace, lines: Sequence[str]) -> None:
    """Runs `tc -batch` in the middle namespace. Raises WireError with what it said."""
    if not lines:
        return
    done = middle.run(["tc", "-batch", "-"], stdin=("\n".join(lines) + "\n").encode(), timeout_s=_TIMEOUT_S)
    if done.returncode:
        said = " ".join(done.stderr.decode(errors="replace").split())
        raise WireError(f"{middle.name}: tc refused {'; '.join(lines)}: {said}")


def qdiscs(passage: Passage) -> dict[str, dict[str, Any]]:
    """The statistics of the queueing disciplines a passage leaves by, by kind ("tbf", "netem")."""
    argv = ["tc", "-statistics", "-json", "qdisc", "show", "dev", passage.device_out]
    done = passage.middle.run(argv, timeout_s=_TIMEOUT_S)
    if done.returncode:
        raise WireError(f"{passage.middle.name}: tc does not tell its statistics: {done.stderr.decode().strip()}")
    return {qdisc["kind"]: qdisc for qdisc in json.loads(done.stdout or b"[]")}
