"""What this machine can do, asked of the kernel itself: never guessed from versions or module lists.

Questions about links are asked inside a namespace that is thrown away; `survey` (for `ksim doctor`) starts a sandbox
for that, so that it answers for the user who asks.
"""

from __future__ import annotations

import errno
import functools
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.netns import Namespace
from emulator.nfqueue import PacketQueue
from emulator.rtmessages import LinkError, Request, add_link, add_qdisc
from emulator.rtnetlink import RouteSocket
from kubeslice_sim.errors import KubesliceSimError

if TYPE_CHECKING:
    from emulator.channel import Channel

_CAP_NET_ADMIN = 12
_CAP_SYS_ADMIN = 21
_PROC_SYS = Path("/proc/sys")

PROGRAMS = {
    "unshare": "util-linux", "ip": "iproute2", "tc": "iproute2", "iptables-restore": "iptables", "nft": "nftables",
    "wireguard-go": "wireguard-go", "ping": "iputils-ping", "iperf3": "iperf3",
    "haproxy": "haproxy",
}  # fmt: skip
"""The programs that an emulation runs, and the Debian package of each."""
_SPARED_BY = {"iptables-restore": "netem", "wireguard-go": "kernel WireGuard"}
"""What of the kernel makes a program needless."""
_ASKED_BY = {"haproxy": "slices with East-West gateways"}
"""Programs that only some worlds need; those refuse to start without them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One thing the emulator can use. `required`: nothing here takes its place; `remark` says what follows."""

    name: str
    present: bool
    required: bool
    remark: str


def has_admin_capabilities() -> bool:
    """Whether this process may make namespaces without a user namespace of its own: root, outside most containers."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            held = int(line.split()[1], 16)
            return all(held >> capability & 1 for capability in (_CAP_NET_ADMIN, _CAP_SYS_ADMIN))
    return False


def search_path() -> str:
    """PATH with the folders of tc, iptables and nft, which Debian does not give to ordinary users."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def why_no_user_namespaces() -> str | None:
    """Why an ordinary user may not make user namespaces here, and what to do; None when no reason is known."""
    or_root = "or run as root"
    if _setting("user/max_user_namespaces") == "0":
        return f"user namespaces are switched off: sysctl -w user.max_user_namespaces=10000, {or_root}"
    if _setting("kernel/unprivileged_userns_clone") == "0":
        return f"user namespaces are for root only: sysctl -w kernel.unprivileged_userns_clone=1, {or_root}"
    if _setting("kernel/apparmor_restrict_unprivileged_userns") == "1":
        return (
            "AppArmor forbids ordinary users' user namespaces: "
            f"sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, {or_root}"
        )
    return None


@functools.cache
def has_netem() -> bool:
    """Whether the kernel has sch_netem. To be asked inside the sandbox."""
    return _accepts(add_qdisc("netem"))


@functools.cache
def has_kernel_wireguard() -> bool:
    """Whether the kernel makes WireGuard devices. To be asked inside the sandbox."""
    return _accepts(add_link("wireguard"))


@functools.cache
def has_packet_queue() -> bool:
    """Whether the kernel queues packets to user space (NFQUEUE). To be asked inside the sandbox."""

    def bind() -> None:
        queue = PacketQueue(1)
        try:
            queue.bind(most_packets=1)
        finally:
            queue.close()

    return _works(bind)


def survey() -> tuple[Feature, ...]:
    """Everything that `ksim doctor` tells about the emulator. Never raises: what is missing is a Feature too."""
    from emulator.sandbox import Sandbox

    if sys.platform != "linux":
        return (Feature(name="sandbox", present=False, required=True, remark="the emulator needs Linux"),)
    try:
        with Sandbox.start("emulator.kernel:answer") as sandbox:
            answer = sandbox.call({})
    except KubesliceSimError as error:
        return (Feature(name="sandbox", present=False, required=True, remark=str(error)), *_programs({}))
    features = [Feature(**feature) for feature in answer["features"]]
    by = "root" if has_admin_capabilities() else "an ordinary user, in a user namespace"
    return (
        Feature(name="sandbox", present=True, required=True, remark=f"started by {by}"),
        *features,
        *_programs({feature.name: feature.present for feature in features}),
    )


def answer(channel: Channel) -> None:
    """The entry point of `survey` in its sandbox."""
    netem, wireguard = has_netem(), has_kernel_wireguard()
    features = [
        _feature("netem", netem, "delay, jitter and loss by the kernel", "the delay line over NFQUEUE serves"),
        _feature(
            "NFQUEUE", has_packet_queue(), "the delay line works", "without netem there is no delay and loss",
            required=not netem,
        ),
        _feature(
            "tbf", _accepts(add_qdisc("tbf")), "wires have rates", "wires of limited rate cannot be laid", required=True
        ),
        _feature(
            "htb", _accepts(add_qdisc("htb")), "slices are shaped", "a slice's QoS profile cannot be applied",
            required=True,
        ),
        _feature("kernel WireGuard", wireguard, "tunnels by the kernel", "wireguard-go serves"),
        _feature(
            "tun", Path("/dev/net/tun").exists(), "wireguard-go works", "wireguard-go needs /dev/net/tun",
            required=not wireguard,
        ),
    ]  # fmt: skip
    channel.serve(lambda _: {"features": [asdict(feature) for feature in features]})


def _feature(name: str, present: bool, remark: str, otherwise: str, *, required: bool = False) -> Feature:
    return Feature(name=name, present=present, required=required, remark=remark if present else otherwise)


def _programs(kernel: Mapping[str, bool]) -> tuple[Feature, ...]:
    """The programs on this machine; some are needed only where the kernel is known to lack something."""
    found = []
    for program, package in PROGRAMS.items():
        asked_by = _ASKED_BY.get(program, "")
        required = not asked_by and not kernel.get(_SPARED_BY.get(program, ""), False)
        path = shutil.which(program, path=search_path())
        otherwise = (
            "" if required else f", or leave it: only {asked_by} ask" if asked_by else ", or leave it: nothing asks"
        )
        remark = path or f"install the Debian package {package}{otherwise}"
        found.append(Feature(name=program, present=bool(path), required=required, remark=remark))
    return tuple(found)


def _setting(name: str) -> str:
    try:
        return (_PROC_SYS / name).read_text().strip()
    except OSError:
        return ""


def _accepts(request: Request) -> bool:
    def ask() -> None:
        with RouteSocket() as netlink:
            netlink.send([request])

    return _works(ask)


def _works(ask: Callable[[], None]) -> bool:
    """Whether `ask` succeeds in a fresh namespace; errors other than "no such thing" are raised."""
    namespace = Namespace.create("probe")
    try:
        namespace.call(ask)
    except LinkError as error:
        if error.number in (errno.ENOENT, errno.EOPNOTSUPP, errno.EINVAL):
            return error.number == errno.EINVAL  # the kind exists and finds fault with its empty options
        raise
    except OSError as error:
        if isinstance(error, PermissionError):
            raise
        return False
    finally:
        namespace.close()
    return True
