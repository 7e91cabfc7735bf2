"""Leadership: one process works at a time; a Lease in KubeSlice's namespace says which (client-go leaderelection)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from kubeslice_sim.controlplane.lease import Candidate, LeaseRecord
from kubeslice_sim.errors import BackendUnavailable
from kubeslice_sim.model.project import CONTROLLER_NAMESPACE
from kubeslice_sim.model.timing import KUBESLICE
from real.clock import Clock
from real.connection import Kind, Requests
from real.failures import ApiFailure

LEASE_NAME = "kubeslice-sim-controller"
LEASE = Kind(api_version="coordination.k8s.io/v1", kind="Lease", plural="leases", namespaced=True)


class Leadership:
    """Takes the Lease, keeps it on a thread of its own, and gives it back."""

    def __init__(self, requests: Requests, identity: str, *, clock: Clock) -> None:
        self._requests = requests
        self._clock = clock
        self._candidate = Candidate(identity)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def take(self, stopping: threading.Event, say: Callable[[str], None]) -> bool:
        """Wait until we lead; False when ``stopping`` came first. Raises ApiFailure for what will not change."""
        told = ""
        while not stopping.is_set():
            holder = self._try()
            if not holder:
                return True
            if holder != told:
                say(f"waiting: {holder} leads (Lease {CONTROLLER_NAMESPACE}/{LEASE_NAME})")
                told = holder
            stopping.wait(KUBESLICE.lease_retry_s)
        return False

    def keep(self, lost: Callable[[], None]) -> None:
        """Renew every retry period until :meth:`give_back`; ``lost`` is called when that failed for too long."""

        def renew() -> None:
            while not self._stopping.wait(KUBESLICE.lease_retry_s):
                with suppress(ApiFailure, BackendUnavailable):  # the deadline decides
                    self._try()
                if self._candidate.has_lost(self._clock.now_s()):
                    lost()
                    return

        self._thread = threading.Thread(target=renew, name="kubeslice-sim-lease", daemon=True)
        self._thread.start()

    def give_back(self) -> None:
        """Stop renewing and say that nobody leads, so that the next need not wait."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=5.0)
        record = self._candidate.released()
        if record is not None and not self._candidate.has_lost(self._clock.now_s()):
            live = self._get()
            if live is not None and _record(live).holder == self._candidate.identity:
                self._put(record, live)

    def _try(self) -> str:
        """One attempt; who leads instead of us, empty if we do."""
        live = self._get()
        held = _record(live) if live is not None else None
        now_s = self._clock.now_s()
        wish = self._candidate.wish(held, now_s, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
        if wish is None:
            return held.holder if held is not None else "somebody"
        try:
            self._put(wish, live)
        except ApiFailure as failure:
            if failure.status != HTTPStatus.CONFLICT:
                raise
            return "another candidate"
        self._candidate.written(wish, now_s)
        return ""

    def _get(self) -> dict[str, Any] | None:
        try:
            return self._requests.request("GET", LEASE.path(CONTROLLER_NAMESPACE, LEASE_NAME))
        except ApiFailure as failure:
            if failure.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def _put(self, record: LeaseRecord, live: dict[str, Any] | None) -> None:
        spec = {
            "holderIdentity": record.holder, "leaseDurationSeconds": record.duration_s, "acquireTime": record.acquired,
            "renewTime": record.renewed, "leaseTransitions": record.transitions,
        }  # fmt: skip
        metadata: dict[str, Any] = {"name": LEASE_NAME, "namespace": CONTROLLER_NAMESPACE}
        if live is not None:
            metadata["resourceVersion"] = live["metadata"]["resourceVersion"]
        body = {"apiVersion": LEASE.api_version, "kind": LEASE.kind, "metadata": metadata, "spec": spec}
        if live is None:
            self._requests.request("POST", LEASE.path(CONTROLLER_NAMESPACE), body=body)
        else:
            self._requests.request("PUT", LEASE.path(CONTROLLER_NAMESPACE, LEASE_NAME), body=body)


def _record(live: dict[str, Any]) -> LeaseRecord:
    spec = live.get("spec") or {}
    return LeaseRecord(
        holder=str(spec.get("holderIdentity") or ""), duration_s=int(spec.get("leaseDurationSeconds") or 0),
        acquired=str(spec.get("acquireTime") or ""), renewed=str(spec.get("renewTime") or ""),
        transitions=int(spec.get("leaseTransitions") or 0),
    )  # fmt: skip
