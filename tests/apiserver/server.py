"""Start etcd and kube-apiservers on loopback for a test run, with a kubeconfig that has one context per API server.

By hand: ``python -m tests.apiserver.server controller worker-1`` runs until Ctrl-C and prints the kubeconfig's path.
"""

from __future__ import annotations

import ctypes
import http.client
import json
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.apiserver.build import Binaries, provide
from tests.apiserver.certificates import write_certificates

READY_WITHIN_S = 60.0
STOP_WITHIN_S = 10.0
CONTEXTS = ("controller", "worker-1", "worker-2")
FOLDER_PREFIX = "kubeslice-sim-apiserver-"
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


class ServerFailedError(Exception):
    """A server did not come up; the message ends with the last lines of its log."""


class ApiServers:
    """Several API servers (one per cluster of a world) over one etcd, each with a key prefix of its own."""

    def __init__(self, names: Sequence[str], binaries: Binaries, folder: Path) -> None:
        self.contexts = tuple(names)
        self.folder = folder
        self.kubeconfig = folder / "kubeconfig"
        self._binaries = binaries
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._etcd: subprocess.Popen[bytes] | None = None
        self._etcd_url = f"http://127.0.0.1:{_free_port()}"
        self._ports = {name: _free_port() for name in names}

    def start_all(self) -> None:
        """Start etcd, then all API servers side by side; return when each says it is ready."""
        write_certificates(self.folder)
        self._write_kubeconfig()
        peers = f"http://127.0.0.1:{_free_port()}"
        self._etcd = self._run(
            "etcd",
            [
                str(self._binaries.etcd),
                "--data-dir",
                str(self.folder / "etcd"),
                "--unsafe-no-fsync",
                "--listen-client-urls",
                self._etcd_url,
                "--advertise-client-urls",
                self._etcd_url,
                "--listen-peer-urls",
                peers,
                "--initial-advertise-peer-urls",
                peers,
                "--initial-cluster",
                f"default={peers}",
                "--log-level",
                "warn",
            ],
        )
        for name in self.contexts:
            self._launch(name)
        for name in self.contexts:
            self._await_ready(name)

    def start(self, name: str) -> None:
        """Start one API server again after stop(), on the same port and with the same state."""
        self._launch(name)
        self._await_ready(name)

    def stop(self, name: str) -> None:
        """Stop one API server; its port then refuses connections."""
        _end(self._running.pop(name))

    def stop_all(self) -> None:
        """Stop the API servers and then etcd: the other way round they hang for a minute."""
        for process in self._running.values():
            process.send_signal(signal.SIGTERM)
        while self._running:
            _end(self._running.popitem()[1])
        if self._etcd is not None:
            _end(self._etcd)
            self._etcd = None

    def pids(self) -> tuple[int, ...]:
        """The processes that run now."""
        etcd = [self._etcd] if self._etcd else []
        return tuple(process.pid for process in (*self._running.values(), *etcd))

    def _launch(self, name: str) -> None:
        own = self.folder
        self._running[name] = self._run(
            f"kube-apiserver-{name}",
            [
                str(self._binaries.kube_apiserver),
                f"--etcd-servers={self._etcd_url}",
                f"--etcd-prefix=/{name}",
                f"--secure-port={self._ports[name]}",
                "--bind-address=127.0.0.1",
                "--advertise-address=127.0.0.1",
                f"--tls-cert-file={own / 'server.crt'}",
                f"--tls-private-key-file={own / 'server.key'}",
                f"--client-ca-file={own / 'ca.crt'}",
                "--service-account-issuer=https://kubernetes.default.svc",
                f"--service-account-key-file={own / 'service-account.pub'}",
                f"--service-account-signing-key-file={own / 'service-account.key'}",
                "--service-cluster-ip-range=10.96.0.0/24",
                "--authorization-mode=RBAC",
                "--allow-privileged=true",
                # No kube-controller-manager runs, so nobody would make the default service account of a namespace.
                "--disable-admission-plugins=ServiceAccount",
                "--endpoint-reconciler-type=none",
                "--profiling=false",
            ],
        )

    def _run(self, name: str, command: list[str]) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                command,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    def _await_ready(self, name: str) -> None:
        process, deadline_s = self._running[name], time.monotonic() + READY_WITHIN_S
        trust = ssl.create_default_context(cafile=str(self.folder / "ca.crt"))
        trust.load_cert_chain(self.folder / "admin.crt", self.folder / "admin.key")
        while time.monotonic() < deadline_s:
            if process.poll() is not None:
                raise ServerFailedError(f"kube-apiserver {name} ended with {process.returncode}:\n{self._log(name)}")
            connection = http.client.HTTPSConnection("127.0.0.1", self._ports[name], timeout=5, context=trust)
            with suppress(OSError, http.client.HTTPException):
                connection.request("GET", "/readyz")
                if connection.getresponse().status == http.HTTPStatus.OK:
                    connection.close()
                    return
            connection.close()
            time.sleep(0.1)
        raise ServerFailedError(f"kube-apiserver {name} was not ready after {READY_WITHIN_S:.0f} s:\n{self._log(name)}")

    def _log(self, name: str) -> str:
        lines = (self.folder / f"kube-apiserver-{name}.log").read_text(errors="replace").splitlines()
        return "\n".join(lines[-15:])

    def _write_kubeconfig(self) -> None:
        own = self.folder
        user = {"client-certificate": str(own / "admin.crt"), "client-key": str(own / "admin.key")}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": self.contexts[0],
            "users": [{"name": "admin", "user": user}],
            "clusters": [
                {
                    "name": name,
                    "cluster": {"server": f"https://127.0.0.1:{port}", "certificate-authority": str(own / "ca.crt")},
                }
                for name, port in self._ports.items()
            ],
            "contexts": [{"name": name, "context": {"cluster": name, "user": "admin"}} for name in self.contexts],
        }
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(json.dumps(config, indent=1), encoding="utf-8")  # JSON is YAML


@contextmanager
def api_servers(names: Sequence[str], binaries: Binaries) -> Iterator[ApiServers]:
    """API servers that run inside the with block; afterwards no process and no file of theirs is left."""
    _sweep_dead_runs()
    folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER_PREFIX}{os.getpid()}-"))
    servers = ApiServers(names, binaries, folder)
    try:
        servers.start_all()
        yield servers
    finally:
        servers.stop_all()
        shutil.rmtree(folder)


def _sweep_dead_runs() -> None:
    """Remove the folders of runs that were killed with -9 (their processes died with them)."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*-*"):
        pid = folder.name.removeprefix(FOLDER_PREFIX).split("-")[0]
        if pid.isdigit() and not Path("/proc", pid).exists():
            shutil.rmtree(folder, ignore_errors=True)


def _die_with_parent() -> None:
    """Runs in the child: the kernel kills it when the test run dies, even by kill -9."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    """A port below those that the kernel gives to outgoing connections, which could take it before the server does."""
    for port in random.SystemRandom().sample(range(20000, 30000), 1000):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise ServerFailedError("no port between 20000 and 30000 is free on loopback")


def _main(names: Sequence[str], say: Callable[[str], None]) -> None:
    # Either signal ends the with block; by default SIGTERM would end us before the servers are stopped, and a shell
    # starts background jobs with SIGINT ignored.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    with suppress(KeyboardInterrupt), api_servers(names or CONTEXTS, provide(say)) as servers:
        say(f"export KUBECONFIG={servers.kubeconfig}   contexts: {', '.join(servers.contexts)}   Ctrl-C stops them")
        signal.pause()


if __name__ == "__main__":
    _main(sys.argv[1:], lambda line: print(line, flush=True))
