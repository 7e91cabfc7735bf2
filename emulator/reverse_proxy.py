"""Reverse proxies: HAProxy, one for each East-West gateway and each sidecar.

It stands in for Istio's Envoy, which no package registry has: the same routes, weights, retries and error codes.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from emulator.pod_process import PodProcess
from emulator.pods import AppPod, AppPods
from kubeslice_sim.errors import BackendUnavailable

PROGRAM = "haproxy"
_START_TIMEOUT_S = 20.0


class ProxyError(BackendUnavailable):
    """HAProxy is not there, did not start, or did not take its configuration."""


class ReverseProxy:
    """HAProxy in a pod's namespace. A new configuration takes nobody's request away: old ones end where they began."""

    def __init__(self, pods: AppPods, pod: AppPod) -> None:
        self._pods = pods
        self._pod = pod
        self._text = ""

    def configure(self, text: str) -> None:
        """Start with this configuration, or change to it, which HAProxy does in its own time. Raises ProxyError."""
        if text == self._text:
            return
        file = self._pod.namespace.keep("haproxy.cfg", text)
        if self._pod.proxy is None:
            self._start(file)
        else:
            self._reload(self._pod.proxy)
        self._text = text

    def _start(self, file: Path) -> None:
        try:
            self._pods.accompany(self._pod, (PROGRAM, "-W", "-db", "-f", str(file)))
        except BackendUnavailable as error:
            raise ProxyError(f"East-West gateways need {PROGRAM}: apt install {PROGRAM} ({error})") from error

    def _reload(self, process: PodProcess) -> None:
        """Signal the master process: it starts a worker with the new file, and the old one ends when it is idle.

        A signal that comes before it is ready for signals would end it; one that comes while it starts anew waits.
        """
        until_s = time.monotonic() + _START_TIMEOUT_S
        while process.status is None and time.monotonic() < until_s:
            if _heeds(process.pid, signal.SIGUSR2):
                os.kill(process.pid, signal.SIGUSR2)
                return
            time.sleep(0.005)
        said = process.output.text().strip()
        raise ProxyError(f"{self._pod.namespace.name}: {PROGRAM} does not take a new configuration: {said}")


def _heeds(pid: int, number: signal.Signals) -> bool:
    """Whether the process handles the signal or keeps it for later (SigCgt, SigBlk in proc_pid_status(5))."""
    masks = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return bool((int(masks["SigCgt"], 16) | int(masks["SigBlk"], 16)) >> (number - 1) & 1)
