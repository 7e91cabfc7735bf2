"""Tunnel ends: what the gateway sidecars of a fleet say, from a pod's first round of pings until it is stopped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from kubeslice_sim.controlplane.effects import StartGateway
from kubeslice_sim.controlplane.event import TunnelTransition
from kubeslice_sim.controlplane.facts import PingRound
from kubeslice_sim.controlplane.ledger import Ledger
from kubeslice_sim.controlplane.sidecar import TunnelStatus, after_round
from kubeslice_sim.controlplane.site import Site
from kubeslice_sim.planner.names import SYSTEM_NAMESPACE


class TunnelEnds:
    """Keeps the sidecars of every worker, one a running gateway pod; ``told`` hears of each change of a tunnel."""

    def __init__(
        self, workers: Mapping[str, Site], ledger: Ledger, rounds_until_down: int,
        told: Callable[[TunnelTransition], None],
    ) -> None:  # fmt: skip
        self._workers = workers
        self._ledger = ledger
        self._rounds_until_down = rounds_until_down
        self._told = told
        self._silent: dict[tuple[str, str], TunnelStatus] = {}

    def start_of(self, cluster: str, pod: str) -> StartGateway | None:
        """The newest order about that pod, if it is to run as a gateway."""
        start = self._ledger.newest("pod", cluster, SYSTEM_NAMESPACE, pod)
        return start if isinstance(start, StartGateway) else None

    def ping(self, ping: PingRound, now_s: float) -> None:
        """A round of pings is over."""
        sidecars = self._workers[ping.cluster].sidecars
        before = sidecars.get(ping.pod)
        if before is None:
            return  # a round of a pod that is dead, or that this fleet never started
        if (ping.cluster, ping.pod) in self._silent:
            return  # the sidecar hangs
        after = sidecars[ping.pod] = after_round(before, ping, self._rounds_until_down)
        self._change(ping.cluster, ping.pod, before, after, now_s)

    def begin(self, cluster: str, pod: str, *, running: bool, now_s: float) -> None:
        """A pod started or died: if it is a gateway, its sidecar knows nothing yet, or is there no more."""
        if self.start_of(cluster, pod) is not None:
            self._drop(cluster, pod, now_s)
            if running:
                self._workers[cluster].sidecars[pod] = TunnelStatus()

    def retire(self, cluster: str, pod: str, now_s: float) -> None:
        """The pod is wanted no more, or not as it was: nobody asks its sidecar again. Tell this before the order."""
        self._drop(cluster, pod, now_s, retired=True)

    def silence(self, cluster: str, pod: str) -> None:
        """The pod's sidecar hangs: whoever asks it gets no answer."""
        sidecars = self._workers[cluster].sidecars
        self._silent.setdefault((cluster, pod), sidecars[pod])
        sidecars[pod] = replace(self._silent[cluster, pod], state="SILENT")

    def unsilence(self, cluster: str, pod: str) -> None:
        """It answers again, with what it saw last."""
        held = self._silent.pop((cluster, pod), None)
        if held is not None:
            self._workers[cluster].sidecars[pod] = held

    def silence_node(self, cluster: str, node: str) -> None:
        """All sidecars on a node say nothing any more."""
        for pod in tuple(self._workers[cluster].sidecars):
            start = self.start_of(cluster, pod)
            if start is not None and start.node == node:
                self.silence(cluster, pod)

    def _drop(self, cluster: str, pod: str, now_s: float, *, retired: bool = False) -> None:
        """Whatever it said last, or if it hung; one that hung was lost before it was retired."""
        silent = self._silent.pop((cluster, pod), None)
        before = silent or self._workers[cluster].sidecars.get(pod, TunnelStatus())
        self._workers[cluster].sidecars.pop(pod, None)
        self._change(cluster, pod, before, TunnelStatus(), now_s, retired=retired and silent is None)

    def _change(
        self, cluster: str, pod: str, before: TunnelStatus, after: TunnelStatus, now_s: float, *, retired: bool = False
    ) -> None:  # fmt: skip
        start = self.start_of(cluster, pod)
        if before.up != after.up and start is not None:
            self._told(TunnelTransition(
                at_s=now_s, slice=start.slice, cluster=cluster, peer=start.remote_cluster, pod=pod, up=after.up,
                retired=retired,
            ))  # fmt: skip
