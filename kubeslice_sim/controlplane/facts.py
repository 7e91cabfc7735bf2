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
    """A pod does not run any more (it was killed, or its node died)."""

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


Fact = CertificatesIssued | CertificatesFailed | PodRunning | PodStopped | PingRound
