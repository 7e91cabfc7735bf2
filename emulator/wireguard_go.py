"""WireGuard in user space: one `wireguard-go -f` process a tunnel, configured through its control socket.

`-f` because its other form, which daemonises, was seen to hang. The process makes its control socket at the fixed
place /run/wireguard/<interface>.sock, so each gateway gets a /run/wireguard of its own: every gateway may call its
interface wg0, and `wg show` run inside one sees that one.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path
from typing import BinaryIO

from emulator import uapi
from emulator.keys import PublicKey
from emulator.netns import Namespace
from emulator.syscalls import mount
from emulator.wireguard import (
    Driver,
    Peer,
    PeerStatus,
    TunnelConfig,
    TunnelError,
    address_and_routes,
    peer_routes,
    run_ip_batch,
)

_SOCKETS = Path("/run/wireguard")
_INSTANCE_LIMIT = Path("/proc/sys/fs/inotify/max_user_instances")
_START_TIMEOUT_S = 20.0  # 34 ms on a quiet machine; a hundred of them start together on a busy one
_ANSWER_TIMEOUT_S = 10.0
_STOP_TIMEOUT_S = 5.0


class UserSpaceTunnel:
    """A Tunnel served by a wireguard-go process in the gateway's namespace; `process` is it while it is up."""

    driver = Driver.WIREGUARD_GO

    def __init__(self, namespace: Namespace, config: TunnelConfig) -> None:
        self.namespace = namespace
        self.config = config
        self.process: subprocess.Popen[bytes] | None = None

    def up(self) -> None:
        """Starts the process unless it runs, and makes device, address, MTU and routes what the configuration says."""
        if self.process is None or self.process.poll() is not None:
            self.process = self._start()
        self._ask(uapi.set_device(self.config))
        run_ip_batch(self.namespace, address_and_routes(self.config))

    def peers(self) -> tuple[PeerStatus, ...]:
        """The peers as wireguard-go reports them."""
        try:
            return uapi.parse_peers(self._exchange(uapi.GET), now_unix_s=time.time())
        except (OSError, uapi.UapiError) as error:
            raise self._error(error) from error

    def set_peer(self, peer: Peer) -> None:
        """Adds or changes one peer and the routes to it."""
        self._ask(uapi.set_peer(peer))
        run_ip_batch(self.namespace, "".join(f"{line}\n" for line in peer_routes(self.config.interface, peer)))

    def remove_peer(self, public_key: PublicKey) -> None:
        """Forgets one peer; routes into the tunnel stay and find nobody."""
        self._ask(uapi.remove_peer(public_key))

    def down(self) -> None:
        """Ends the process; its interface, address and routes go with it."""
        process, self.process = self.process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        self.namespace.call(_own_sockets, self.namespace.name)
        name = self.config.interface
        # An anonymous file instead of a pipe: nobody has to read it, and it goes with the process.
        with os.fdopen(os.memfd_create("wireguard-go"), "rb+") as log:
            try:
                process = self.namespace.popen(
                    ["wireguard-go", "-f", name],
                    env={"PATH": os.environ.get("PATH", os.defpath), "LOG_LEVEL": "error"},
                    stdout=log,
                    stderr=log,
                )
            except FileNotFoundError as error:
                raise TunnelError(
                    "this kernel has no WireGuard and wireguard-go is not installed: apt install wireguard-go"
                ) from error
            if not self.namespace.call(_wait_for_socket, _SOCKETS / f"{name}.sock", process):
                process.kill()
                process.wait()
                raise TunnelError(f"{self.namespace.name}: wireguard-go made no {name}: {_last_words(log)}")
        return process

    def _ask(self, request: bytes) -> None:
        try:
            uapi.check(self._exchange(request))
        except (OSError, uapi.UapiError) as error:
            raise self._error(error) from error

    def _exchange(self, request: bytes) -> bytes:
        return self.namespace.call(_exchange, _SOCKETS / f"{self.config.interface}.sock", request)

    def _error(self, error: Exception) -> TunnelError:
        state = "is not running; bring the tunnel up" if self.process is None else f"pid {self.process.pid}"
        return TunnelError(f"{self.namespace.name}: {self.config.interface}: {error} (wireguard-go {state})")


def check_room(tunnel_ends: int, *, limit_file: Path = _INSTANCE_LIMIT) -> None:
    """Raises TunnelError when this user may not run so many wireguard-go processes: each watches its socket's folder.

    The kernel counts those watches (inotify instances) for each user of the host, 128 by default; no namespace helps.
    """
    limit = int(limit_file.read_text())
    if tunnel_ends >= limit:
        raise TunnelError(
            f"{tunnel_ends} gateways need as many wireguard-go processes, and this machine allows fewer than {limit} "
            f"for each user: sysctl -w fs.inotify.max_user_instances={2 * tunnel_ends}, or a kernel with WireGuard"
        )


def _own_sockets(name: str) -> None:
    """Mounts an empty /run/wireguard in the calling thread's mount namespace, once."""
    if Path("/proc/thread-self/ns/mnt").readlink() == Path("/proc/self/ns/mnt").readlink():
        raise TunnelError(f"namespace {name} shares its files with others: make a gateway's with private_files=True")
    if not os.path.ismount(_SOCKETS):
        _SOCKETS.mkdir(parents=True, exist_ok=True)
        mount("tmpfs", _SOCKETS, "tmpfs", data="mode=0700")


def _wait_for_socket(path: Path, process: subprocess.Popen[bytes]) -> bool:
    deadline_s = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline_s and process.poll() is None:
        with socket.socket(socket.AF_UNIX) as control:
            try:
                control.connect(str(path))
            except (FileNotFoundError, ConnectionRefusedError):
                time.sleep(0.002)
            else:
                return True
    return False


def _exchange(path: Path, request: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as control:
        control.settimeout(_ANSWER_TIMEOUT_S)
        control.connect(str(path))
        control.sendall(request)
        answer = b""
        while not uapi.is_complete(answer):
            part = control.recv(65536)
            if not part:
                raise ConnectionResetError("wireguard-go closed its control socket in the middle of an answer")
            answer += part
    return answer


def _last_words(log: BinaryIO) -> str:
    log.seek(0)
    lines = [line for line in log.read().decode(errors="replace").splitlines() if line.startswith("ERROR")]
    return lines[-1] if lines else "it gave no reason"
