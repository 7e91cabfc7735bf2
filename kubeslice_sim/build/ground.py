"""What the world is made of, and what runs in it: the WAN, workloads, exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

from kubeslice_sim.build.hub import More, Names
from kubeslice_sim.build.parts import Direction, Port
from kubeslice_sim.build.step import Steps
from kubeslice_sim.model.release import KubeSliceVersion


class Ground(Steps):
    """Calls for the underlay and the worker clusters."""

    __slots__ = ()

    def underlay(self, name: str = "default", *, version: KubeSliceVersion | None = None, more: More = None) -> Self:
        """The name of the Underlay, and which KubeSlice this world assumes (``1.9`` if left out)."""
        return self._then("underlay", locals())

    def link(
        self,
        a: str,
        b: str,
        *,
        rtt: str | None = None,
        jitter: str | None = None,
        loss: str | float | None = None,
        bandwidth: str | None = None,
        forward: Direction | None = None,
        reverse: Direction | None = None,
    ) -> Self:
        """The WAN between two clusters: ``rtt="62ms"``, ``loss="0.01%"``, ``bandwidth="200Mbit"``.

        ``forward`` (a to b) and ``reverse``: what differs in one direction. Left out: 1 ms, no loss, 10 Gbit.
        """
        return self._then("link", locals())

    def default_link(
        self,
        *,
        rtt: str | None = None,
        jitter: str | None = None,
        loss: str | float | None = None,
        bandwidth: str | None = None,
    ) -> Self:
        """The WAN between all clusters that no ``link`` names."""
        return self._then("default_link", locals())

    def namespace(
        self,
        name: str,
        *,
        on: Names | None = None,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        more: More = None,
    ) -> Self:
        """A Namespace ``on`` some clusters (left out: on all)."""
        return self._then("namespace", locals())

    def pod(
        self,
        name: str,
        *,
        on: Names | None = None,
        emulate: str | None = None,
        image: str = "busybox",
        command: Sequence[str] = (),
        args: Sequence[str] = (),
        ports: Sequence[int] = (),
        env: Mapping[str, str] | None = None,
        container: str | None = None,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
    ) -> Self:
        """One pod, ``"namespace/name"``. What it does in the emulator: ``emulate``, else its command."""
        return self._then("pod", locals())

    def deployment(
        self,
        name: str,
        *,
        on: Names | None = None,
        replicas: int | None = 1,
        emulate: str | None = None,
        image: str = "busybox",
        command: Sequence[str] = (),
        args: Sequence[str] = (),
        ports: Sequence[int] = (),
        env: Mapping[str, str] | None = None,
        container: str | None = None,
        pod_labels: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
    ) -> Self:
        """A Deployment, ``"namespace/name"``, with ``replicas`` pods on each of the clusters (left out: on all).

        ``emulate``: ``http-echo``, ``iperf3``, ``sink``, ``sleep`` or a command. ``container`` is called as the
        workload if left out; ``pod_labels`` are ``{"app": name}``.
        """
        return self._then("deployment", locals())

    def stateful_set(
        self,
        name: str,
        *,
        on: Names | None = None,
        replicas: int | None = 1,
        emulate: str | None = None,
        image: str = "busybox",
        command: Sequence[str] = (),
        args: Sequence[str] = (),
        ports: Sequence[int] = (),
        env: Mapping[str, str] | None = None,
        container: str | None = None,
        pod_labels: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
    ) -> Self:
        """A StatefulSet; see :meth:`deployment`."""
        return self._then("stateful_set", locals())

    def export(
        self,
        name: str,
        slice: str,
        ports: Mapping[str, int] | Sequence[Port],
        *,
        on: Names | None = None,
        selector: Mapping[str, str] | None = None,
        aliases: Names = (),
        ingress: bool = False,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        more: More = None,
    ) -> Self:
        """Offer a service, ``"namespace/name"``, to the clusters of a slice; ``ports={"http": 8080}``.

        ``selector``: the labels of its pods, ``{"app": name}`` if left out.
        """
        return self._then("export", locals())

    def add(self, *documents: Mapping[str, Any]) -> Self:
        """Any documents of a world, as YAML has them: what no other call can say."""
        return self._then("add", locals())
