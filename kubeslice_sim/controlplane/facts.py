"""Facts: what a data plane reports to the control plane, as kubelet, certificate jobs and gateway sidecars would."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificatesIssued:
    """The certificate job of a pair is done."""

    slice: str
    server: str
    client: str
    rotation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificatesFailed:
    """A pod of the certificate job of a pair ended without certificates."""

    slice: str
    server: str
    client: str
    rotation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PodRunning:
    """A pod (application, router or gateway) runs."""

    cluster: str
    namespace: str
    pod: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PodStopped:
    """A pod does not run any more, as the kubelet of its node saw."""

    cluster: str
    namespace: str
    pod: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PingRound:
    """One round of the sidecar's pings through the tunnel to the peer's VPN address."""

    cluster: str
    pod: str
    sent: int
    received: int
    rtt_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStopped:
    """A node died, its kubelet and all its pods with it: nobody tells anything of them any more."""

    cluster: str
    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRunning:
    """A node is back, and its kubelet; those pods that it still has start again, and tell so one by one."""

    cluster: str
    node: str


Fact = (
    CertificatesIssued | CertificatesFailed | PodRunning | PodStopped | PingRound | NodeStopped | NodeRunning
)  # fmt: skip
