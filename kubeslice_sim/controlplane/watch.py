"""Watch: when slices and exports came up, and every change of a tunnel, as observations; under any clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kubeslice_sim.controlplane.event import TunnelTransition
from kubeslice_sim.controlplane.readiness import ItemKey, Readiness
from kubeslice_sim.observe.observation import Observation

RETIRED = "deleted with its pod"
"""The detail of a tunnel that nothing broke: it was not wanted any more."""
_DIGITS = 9


class Watch:
    """Remembers what a fleet's readiness said, look by look; all times are the fleet's seconds."""

    def __init__(self) -> None:
        self._came_up_s: dict[ItemKey, float] = {}
        self._newest = Readiness(items=())

    def look(self, readiness: Readiness, now_s: float) -> None:
        """Take note of what is up now."""
        self._newest = readiness
        for item in readiness.items:
            if item.up:
                self._came_up_s.setdefault(item.key, now_s)

    def arrived(self, items: Iterable[ItemKey], now_s: float) -> None:
        """Take note that these are up now."""
        for item in items:
            self._came_up_s.setdefault(item, now_s)

    def observations(
        self, transitions: Iterable[TunnelTransition], *, zero_s: float, end_s: float, run_id: str = "",
        backend: str = "",
    ) -> Iterator[Observation]:  # fmt: skip
        """The rows of a run from ``zero_s`` to ``end_s``: ``ready_s`` of slices and exports, ``tunnel_up`` of gateways.

        What came before zero is stamped 0; a tunnel's state at zero is its first row.
        """
        for item in self._newest.items:
            if item.kind == "tunnel":
                continue
            came_s = self._came_up_s.get(item.key)
            at_s = end_s if came_s is None else came_s
            yield Observation(
                at_s=_since(at_s, zero_s), probe="ready", seq=0, metric="ready_s", value=round(at_s, _DIGITS),
                outcome="timeout" if came_s is None else "ok", slice=item.slice, src_cluster=item.cluster,
                src=item.name, detail=item.reason, run_id=run_id, backend=backend,
            )  # fmt: skip
        counts: dict[tuple[str, str], int] = {}
        for change in _from_zero(transitions, zero_s):
            if change.at_s <= end_s:
                tunnel = (change.cluster, change.pod)
                seq = counts[tunnel] = counts.get(tunnel, -1) + 1
                yield Observation(
                    at_s=_since(change.at_s, zero_s), probe="tunnel", seq=seq, metric="tunnel_up",
                    value=float(change.up), outcome="ok", slice=change.slice, src_cluster=change.cluster,
                    src=change.pod, dst_cluster=change.peer, run_id=run_id, backend=backend,
                    detail=RETIRED if change.retired else "",
                )  # fmt: skip

    def notices(self) -> tuple[str, ...]:
        """What was not up at the last look, with the reason."""
        return tuple(
            f"{item.kind} {item.name}{f' on {item.cluster}' if item.cluster else ''} was not up at the end: "
            f"{item.reason}"
            for item in self._newest.waiting
        )


def _since(at_s: float, zero_s: float) -> float:
    return round(max(0.0, at_s - zero_s), _DIGITS)


def _from_zero(transitions: Iterable[TunnelTransition], zero_s: float) -> tuple[TunnelTransition, ...]:
    """The state of every tunnel that there is at zero, where it had one, then every change."""
    before: dict[tuple[str, str], TunnelTransition] = {}
    after = []
    for change in transitions:
        if change.at_s <= zero_s:
            before[change.cluster, change.pod] = change
        else:
            after.append(change)
    return (*(change for change in before.values() if not change.retired), *after)
