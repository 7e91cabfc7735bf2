"""Network namespaces held by file descriptor: made in batch, entered by a thread, gone with their last user.

A `Namespace` has no name in /run/netns: the kernel frees it when its file descriptor is closed and its last process
has ended. With `private_files=True` it also has a mount namespace of its own, in which its resolv.conf and hosts file
stand at their usual place in /etc, for programs that know nothing of us. Everything here needs CAP_SYS_ADMIN over the
namespaces it enters, which every process inside the sandbox has, whoever started it.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import IO, ParamSpec, TypeVar

from emulator.syscalls import CLONE_FS, CLONE_NEWNET, CLONE_NEWNS, MS_BIND, MS_PRIVATE, MS_REC, mount, setns, unshare
from kubeslice_sim.errors import BackendUnavailable

P = ParamSpec("P")
T = TypeVar("T")

_STATE = Path("/run/kubeslice-sim")  # a tmpfs of the sandbox: see emulator/agent.py


class Namespace:
    """One network namespace, and with `private_files` one mount namespace, held by file descriptor.

    `fd` is the network namespace's descriptor, for netlink (`net_ns_fd`). Safe to use from several threads.
    """

    def __init__(self, *, name: str, fd: int, mount_fd: int | None = None) -> None:
        self.name = name
        self.fd = fd
        self._mount_fd = mount_fd
        self._inode = os.fstat(fd).st_ino
        self._bound: set[str] = set()

    @classmethod
    def create(cls, name: str, *, private_files: bool = False) -> Namespace:
        """Makes one namespace with its loopback down (`links.apply` brings it up)."""
        return create_all([name], private_files=private_files)[0]

    @classmethod
    def current(cls, name: str = "sandbox") -> Namespace:
        """The network namespace the calling thread is in, for instance the sandbox's own."""
        return cls(name=name, fd=os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC))

    def __repr__(self) -> str:
        return f"Namespace({self.name!r}, net:[{self._inode}])"

    @property
    def inode(self) -> int:
        """The number the kernel knows the network namespace by: `net:[inode]` in /proc/PID/ns."""
        return self._inode

    def call(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs `function` in a thread inside this namespace and returns its result or raises its exception.

        Sockets opened there, sysctl files read there and processes started there belong to the namespace for good.
        With `private_files`, the working directory of the call is `/`.
        """

        def enter() -> T:
            self._enter()
            return function(*args, **kwargs)

        return _in_thread(f"netns-{self.name}", enter)

    def popen(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | Path = "/",
        stdin: int | IO[bytes] | None = subprocess.DEVNULL,
        stdout: int | IO[bytes] | None = None,
        stderr: int | IO[bytes] | None = None,
        pass_fds: Sequence[int] = (),
    ) -> subprocess.Popen[bytes]:
        """Starts `argv` inside the namespace, in a session of its own. It ends with the sandbox at the latest.

        `env` None means this process's environment. Raises FileNotFoundError or PermissionError as `Popen` does.
        """

        def start() -> subprocess.Popen[bytes]:
            # The child inherits the namespaces of the thread that forks it: no code runs between fork and exec.
            return subprocess.Popen(
                list(argv),
                env=env,
                cwd=cwd,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                pass_fds=pass_fds,
                start_new_session=True,
            )

        return self.call(start)

    def run(
        self, argv: Sequence[str], *, timeout_s: float, env: Mapping[str, str] | None = None, stdin: bytes = b""
    ) -> subprocess.CompletedProcess[bytes]:
        """Runs `argv` to its end and returns exit status, stdout and stderr; a non-zero status is not an error.

        Raises subprocess.TimeoutExpired (the program is killed) after `timeout_s`.
        """
        with self.popen(
            argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            try:
                out, err = process.communicate(stdin, timeout=timeout_s)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                raise
        return subprocess.CompletedProcess(list(argv), process.returncode, out, err)

    def sysctl(self, key: str, value: object) -> None:
        """Sets a kernel parameter of this namespace, `net.ipv4.ip_forward` style; a dot in a device name is a `/`."""
        self.sysctls({key: value})

    def sysctls(self, values: Mapping[str, object]) -> None:
        """Sets several kernel parameters in one visit. Raises OSError naming the file that refused."""

        def write() -> None:
            for key, value in values.items():
                path = Path("/proc/sys") / key.translate(str.maketrans("./", "/."))
                path.write_text(str(value))

        self.call(write)

    def read_sysctl(self, key: str) -> str:
        """The present value of a kernel parameter, without its newline."""
        path = Path("/proc/sys") / key.translate(str.maketrans("./", "/."))
        return self.call(path.read_text).strip()

    def set_resolv_conf(self, text: str) -> None:
        """Makes `text` this namespace's /etc/resolv.conf, also for programs that already run in it."""
        self._set_file("/etc/resolv.conf", text)

    def set_hosts(self, text: str) -> None:
        """Makes `text` this namespace's /etc/hosts, also for programs that already run in it."""
        self._set_file("/etc/hosts", text)

    def pids(self) -> tuple[int, ...]:
        """The processes that live in this network namespace (a process counts where its main thread is)."""
        found = []
        for entry in os.scandir("/proc"):
            if entry.name.isdecimal():
                try:
                    inode = Path(entry.path, "ns/net").stat().st_ino
                except OSError:  # ended meanwhile, a zombie, or not ours to look at
                    continue
                if inode == self._inode:
                    found.append(int(entry.name))
        return tuple(found)

    def close(self) -> None:
        """Lets go of the namespace. The kernel frees it when no process, socket or link end keeps it any more."""
        fd, self.fd = self.fd, -1
        mount_fd, self._mount_fd = self._mount_fd, None
        for held in (fd, mount_fd):
            if held is not None and held >= 0:
                os.close(held)

    def _enter(self) -> None:
        if self._mount_fd is not None:
            unshare(CLONE_FS)  # a thread that shares its root and working directory may not change mount namespace
            setns(self._mount_fd, CLONE_NEWNS)
        setns(self.fd, CLONE_NEWNET)

    def keep(self, name: str, text: str) -> Path:
        """Writes a file that belongs to this namespace, outside of it as inside; where it is. Gone with the sandbox."""
        file = _STATE / str(self._inode) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)  # in place: programs that have the file bound keep seeing the newest text
        return file

    def _set_file(self, target: str, text: str) -> None:
        if self._mount_fd is None:
            raise ValueError(f"namespace {self.name} was made without private_files: it has no {target} of its own")
        private = self.keep(Path(target).name, text)
        if target not in self._bound:
            self.call(_bind_file, private, Path(target))
            self._bound.add(target)


def call_in_each(namespaces: Iterable[Namespace], function: Callable[[], T]) -> list[T]:
    """Runs `function` in each network namespace in turn, all in one thread; mount namespaces stay as they are.

    For batches: entering costs microseconds, a thread for each would cost a tenth of a millisecond.
    """

    def visit() -> list[T]:
        results = []
        for namespace in namespaces:
            setns(namespace.fd, CLONE_NEWNET)
            results.append(function())
        return results

    return _in_thread("netns-visit", visit)


def create_all(names: Iterable[str], *, private_files: bool = False) -> tuple[Namespace, ...]:
    """Makes one namespace for each name, in order, in one thread: about 0.4 ms each.

    Raises BackendUnavailable where the kernel refuses (not inside a sandbox, or its limit of namespaces is reached).
    """
    made: list[Namespace] = []

    def create() -> None:
        base = os.open("/proc/thread-self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC) if private_files else -1
        try:
            for name in names:
                made.append(_create_here(name, base))
        finally:
            if base >= 0:
                os.close(base)

    try:
        _in_thread("netns-create", create)
    except OSError as error:
        for namespace in made:
            namespace.close()
        raise BackendUnavailable(
            f"the kernel refuses a new network namespace ({error}): "
            "run inside the sandbox, or raise the sysctl user.max_net_namespaces"
        ) from error
    return tuple(made)


def _in_thread(name: str, function: Callable[[], T]) -> T:
    # A thread of its own for each visit (about 0.1 ms): it never has to find its way back.
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(function())
        except BaseException as error:
            outcome.set_exception(error)

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    thread.join()
    return outcome.result()


def _create_here(name: str, base: int) -> Namespace:
    flags = CLONE_NEWNET
    if base >= 0:
        unshare(CLONE_FS)
        setns(base, CLONE_NEWNS)  # each copies the sandbox's mounts, not those of the namespace made before it
        flags |= CLONE_NEWNS
    unshare(flags)
    fd = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    if base < 0:
        return Namespace(name=name, fd=fd)
    mount("none", "/", flags=MS_REC | MS_PRIVATE)
    mount("sysfs", "/sys", "sysfs")  # /sys/class/net shows the namespace that mounted it
    mount_fd = os.open("/proc/thread-self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    return Namespace(name=name, fd=fd, mount_fd=mount_fd)


def _bind_file(private: Path, target: Path) -> None:
    place = target.resolve()  # systemd-resolved hosts: a link into /run, which is empty in the sandbox
    if not place.exists():
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch()
        except OSError as error:
            raise BackendUnavailable(
                f"{target} does not exist on this machine and cannot be made in the sandbox ({error}): "
                f"create an empty {target} once"
            ) from error
    mount(private, place, flags=MS_BIND)
