"""How far an object is, by the statuses that KubeSlice and Kubernetes write."""

from __future__ import annotations

from typing import Any

import pytest

from real.clock import Clock
from real.connection import Connection, Object
from real.placement import Placement
from real.readiness import readiness
from real.status import wait


def live(kind: str, status: dict[str, Any], spec: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": "n"}, "spec": spec or {}, "status": status}


@pytest.mark.parametrize(("item", "state", "reason"), [
    (None, "absent", "not deployed"),
    (live("Service", {}), "ready", ""),
    (live("Cluster", {}), "waiting", "registration: none: install the worker operator on that cluster"),
    (live("Cluster", {"secretName": "s"}), "waiting", "registration: none: install the worker operator on that cluster "
                                                      "with the credentials in secret s"),
    (live("Cluster", {"registrationStatus": "Failed"}), "failed", "registration: Failed"),
    (live("Cluster", {"registrationStatus": "Registered"}), "ready", ""),
    (live("Cluster", {"registrationStatus": "Registered", "clusterHealth": {
        "clusterHealthStatus": "Warning", "componentStatuses": [
            {"component": "netop", "componentHealthStatus": "Error"},
            {"component": "nsmgr", "componentHealthStatus": "Normal"}]}}), "waiting", "health Warning: netop Error"),
    (live("ServiceExport", {"exportStatus": "READY"}), "ready", ""),
    (live("Deployment", {"readyReplicas": 1, "updatedReplicas": 2}, {"replicas": 2}), "waiting", "1 of 2 pods ready"),
    (live("Deployment", {"readyReplicas": 2, "updatedReplicas": 1}, {"replicas": 2}), "waiting", "1 of 2 pods ready"),
    (live("StatefulSet", {"readyReplicas": 1, "updatedReplicas": 1}), "ready", ""),
    (live("Pod", {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}), "ready", ""),
    (live("Pod", {"phase": "Failed", "reason": "Evicted"}), "failed", "Evicted"),
    (live("Namespace", {"phase": "Terminating"}), "waiting", "namespace Terminating"),
])  # fmt: skip
def test_one_object(item: dict[str, Any] | None, state: str, reason: str) -> None:
    judged = readiness(item)
    assert (judged.state, judged.reason) == (state, reason)


def test_a_slice_is_as_healthy_as_on_its_clusters() -> None:
    slice_ = live("SliceConfig", {}, {"clusters": ["a", "b", "c"]})

    def worker(name: str, **status: Any) -> Object:
        return {"kind": "WorkerSliceConfig", "metadata": {"labels": {"worker-cluster": name}}, "status": status}

    normal = {"sliceHealthStatus": "Normal"}
    ill = {"sliceHealthStatus": "Warning",
           "componentStatuses": [{"component": "gateway-tunnel", "componentHealthStatus": "Error"}]}  # fmt: skip
    judged = readiness(slice_, [worker("a", sliceHealth=normal), worker("b", sliceHealth=ill)])
    assert judged.state == "waiting"
    assert (
        "b: health Warning: gateway-tunnel Error" in judged.reason and "c: the controller has not made" in judged.reason
    )
    assert readiness(slice_, [worker(name, sliceHealth=normal) for name in "abc"]).state == "ready"


class Pods:
    """An API server of one pod that becomes ready at the third look, and then the clock stops mattering."""

    context, server = "hub", "https://127.0.0.1:1"

    def __init__(self, phases: list[str]) -> None:
        self._phases = phases

    def request(self, method: str, path: str, **_rest: Any) -> dict[str, Any]:
        assert method == "GET"
        if path == "/version":
            return {"gitVersion": "v1"}
        if path == "/api/v1":
            return {"resources": [{"name": "pods", "kind": "Pod", "namespaced": True}]}
        return live("Pod", {"phase": self._phases.pop(0) if len(self._phases) > 1 else self._phases[0]})


@pytest.mark.parametrize(("phases", "ready", "waited_s"), [
    (["Pending", "Running", "Succeeded"], True, 4.0), (["Pending"], False, 10.0), (["Pending", "Failed"], False, 2.0),
])  # fmt: skip
def test_waiting_ends_when_ready_when_hopeless_or_in_time(phases: list[str], ready: bool, waited_s: float) -> None:
    now_s = [100.0]

    def sleep(pause_s: float) -> None:
        now_s[0] += pause_s

    pod = Placement(context="hub", manifest={"apiVersion": "v1", "kind": "Pod",
                                             "metadata": {"name": "n", "namespace": "default"}})  # fmt: skip
    said: list[str] = []
    clock = Clock(now_s=lambda: now_s[0], sleep=sleep)
    seen = wait({"hub": Connection(Pods(phases))}, [pod], world="w", within_s=10.0, clock=clock, say=said.append)
    assert (seen.ready, seen.waited_s) == (ready, waited_s)
    assert len(said) == len(set(said)), "each state is told once"
