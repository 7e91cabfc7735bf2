"""Reverse proxies: HAProxy, one for each East-West gateway and each sidecar.

It stands in for Istio's Envoy, which no package registry has: the same routes, weights, retries and error codes.
"""

from __future__ import annotations

import contextlib
import socket
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
        console = file.with_name("haproxy.sock")
        if self._pod.proxy is None:
            self._start(file, console)
        else:
            self._reload(self._pod.proxy, console)
        self._text = text

    def _start(self, file: Path, console: Path) -> None:
        try:
            self._pods.accompany(self._pod, (PROGRAM, "-W", "-db", "-S", str(console), "-f", str(file)))
        except BackendUnavailable as error:
            raise ProxyError(f"East-West gateways need {PROGRAM}: apt install {PROGRAM} ({error})") from error

    def _reload(self, process: PodProcess, console: Path) -> None:
        """Ask the master process on its console: it starts a worker with the new file, and the old one ends when idle.

        Not by SIGUSR2, which says the same: one that comes while the master starts itself anew is lost or ends it.
        The console answers by closing; where it is reset instead, the master was not yet listening again.
        """
        until_s = time.monotonic() + _START_TIMEOUT_S
        while process.status is None and time.monotonic() < until_s:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as asking:
                asking.settimeout(max(0.001, until_s - time.monotonic()))
                asking.connect(str(console))
                asking.sendall(b"reload\n")
                while asking.recv(4096):
                    pass
                return
            time.sleep(0.005)
        said = process.output.text().strip()
        raise ProxyError(f"{self._pod.namespace.name}: {PROGRAM} does not take a new configuration: {said}")
