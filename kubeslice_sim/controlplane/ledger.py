"""Ledger: what was last asked of the data plane, so that saying it again is not heard twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping

from kubeslice_sim.controlplane.built_in import DNS
from kubeslice_sim.controlplane.effects import (
    ConnectPod,
    DisconnectPod,
    Effect,
    IssueCertificates,
    ServeNames,
    SetNetworkPolicy,
    SetNextHops,
    SetQos,
    StartAppPod,
    StartGateway,
    StartNameServer,
    StartRouter,
    StopPod,
)
from kubeslice_sim.planner import names

Subject = tuple[Hashable, ...]


class Ledger:
    """The newest effect on each subject. Reconcilers repeat themselves; a data plane hears only what is new."""

    def __init__(self) -> None:
        self._newest: dict[Subject, Effect] = {}
        self._known_to: defaultdict[tuple[str, str, str], set[Subject]] = defaultdict(set)
        """Subjects of which a pod keeps what it was told: they end with it."""

    def snapshot(self) -> dict[Subject, Effect]:
        """The newest effect on each subject, as it is now."""
        return dict(self._newest)

    def replace(self, newest: Mapping[Subject, Effect]) -> None:
        """As if these were what was asked last (see :mod:`.leap`)."""
        self._newest.update(newest)

    def news(self, effect: Effect) -> bool:
        """Whether the data plane has yet to hear this; takes note of it."""
        if self.told(effect):
            return False
        if isinstance(effect, StopPod):
            self.lost(effect.cluster, effect.namespace, effect.pod)
        subject = _subject(effect)
        self._newest[subject] = effect
        for pod in _keepers(effect):
            self._known_to[pod].add(subject)
        return True

    def told(self, effect: Effect) -> bool:
        """Whether this is what the data plane heard last about its subject."""
        return self._newest.get(_subject(effect)) == effect

    def newest(self, *subject: Hashable) -> Effect | None:
        """What was last asked about a subject: ``("route", cluster, slice, destination)``, say."""
        return self._newest.get(subject)

    def done(self, *subject: Hashable) -> None:
        """An order was carried out for good: the same order given later is a new one (a certificate job, say)."""
        self._newest.pop(subject, None)

    def lost(self, cluster: str, namespace: str, pod: str) -> None:
        """A pod died and took with it what it had been told.

        Any pod its own interface, a router all of its slice's interfaces and routes, the DNS its names.
        """
        if (namespace, pod) == (names.SYSTEM_NAMESPACE, DNS):
            self.done("names", cluster)
        for subject in self._known_to.pop((cluster, namespace, pod), ()):
            self._newest.pop(subject, None)


def _keepers(effect: Effect) -> Iterator[tuple[str, str, str]]:
    """The pods that keep what the effect tells, by cluster, namespace and name."""
    if isinstance(effect, ConnectPod | DisconnectPod):
        yield (effect.cluster, effect.namespace, effect.pod)
    if isinstance(effect, ConnectPod | DisconnectPod | SetNextHops):
        yield (effect.cluster, names.SYSTEM_NAMESPACE, names.router(effect.slice))


def _subject(effect: Effect) -> Subject:
    match effect:
        case IssueCertificates():
            return ("certificates", effect.slice, effect.server, effect.client)
        case StartAppPod() | StopPod():
            return ("pod", effect.cluster, effect.namespace, effect.pod)
        case StartRouter() | StartGateway() | StartNameServer():
            return ("pod", effect.cluster, names.SYSTEM_NAMESPACE, effect.pod)
        case ConnectPod() | DisconnectPod():
            return ("interface", effect.cluster, effect.slice, effect.namespace, effect.pod)
        case SetNextHops():
            return ("route", effect.cluster, effect.slice, effect.destination)
        case SetQos():
            return ("qos", effect.cluster, effect.slice)
        case ServeNames():
            return ("names", effect.cluster)
        case SetNetworkPolicy():
            return ("policy", effect.cluster, effect.namespace, effect.name)
