"""What the kernel answers agrees with what the kernel does; what it refuses comes with a remedy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from emulator import kernel
from emulator.netns import Namespace

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.inside
@pytest.mark.parametrize(
    ("ask", "argv"),
    [
        (kernel.has_netem, ["tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms"]),
        (kernel.has_kernel_wireguard, ["ip", "link", "add", "wg0", "type", "wireguard"]),
        (
            kernel.has_packet_queue,
            ["iptables", "-t", "mangle", "-A", "FORWARD", "-j", "NFQUEUE", "--queue-num", "1"],
        ),
    ],
)
def test_the_answer_is_what_the_tools_get(ask: object, argv: list[str]) -> None:
    assert callable(ask)
    assert ask() == (Namespace.create("n").run(argv, timeout_s=5).returncode == 0)


@pytest.mark.needs_sandbox
def test_the_survey_tells_of_the_sandbox_the_kernel_and_the_programs() -> None:
    found = {feature.name: feature for feature in kernel.survey()}
    assert found["sandbox"].present
    assert {"netem", "NFQUEUE", "tbf", "htb", "kernel WireGuard", "tun", "tc", "wireguard-go"} <= set(found)
    assert found["tbf"].present  # or none of the wire tests with a rate could have passed
    assert found["tc"].remark.endswith("/tc")
    assert all(feature.remark for feature in found.values())


HIDE = """
import os, shutil, subprocess, sys
sys.path.insert(0, sys.argv[1])
from emulator.backend import Emulator
from emulator.kernel import search_path
from emulator.syscalls import MS_BIND, mount
mount("/dev/null", os.path.realpath(shutil.which(sys.argv[2], path=search_path())), flags=MS_BIND)
print(Emulator().unavailable())
"""


@pytest.mark.needs_sandbox
@pytest.mark.waits
@pytest.mark.parametrize("program", ["ip", "tc", "nft", "ping", "iperf3", "unshare", "wireguard-go"])
def test_a_missing_program_is_named_before_anything_starts(program: str) -> None:
    if program == "wireguard-go" and any(item.name == "kernel WireGuard" and item.present for item in kernel.survey()):
        pytest.skip("this kernel has WireGuard: nothing asks for wireguard-go")
    inside = ["unshare", "--user", "--map-root-user", "--mount"]  # where anybody may hide a program of the machine
    argv = [*inside, sys.executable, "-c", HIDE, str(ROOT), program]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert f"{program} is missing: install the Debian package" in done.stdout


@pytest.mark.parametrize(
    ("setting", "value", "remedy"),
    [
        ("user/max_user_namespaces", "0", "user.max_user_namespaces=10000"),
        ("kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"),
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "kernel.apparmor_restrict_unprivileged_userns=0"),
    ],
)
def test_a_forbidding_setting_is_named_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, value: str, remedy: str
) -> None:
    monkeypatch.setattr(kernel, "_PROC_SYS", tmp_path)
    assert kernel.why_no_user_namespaces() is None
    (tmp_path / setting).parent.mkdir()
    (tmp_path / setting).write_text(value + "\n")
    assert remedy in (kernel.why_no_user_namespaces() or "")


FORBIDDEN = """
import sys
sys.path.insert(0, sys.argv[1])
from emulator.kernel import has_admin_capabilities, survey
from emulator.sandbox import Sandbox
from kubeslice_sim.errors import BackendUnavailable
assert not has_admin_capabilities()
try:
    Sandbox.start("emulator.kernel:answer")
except BackendUnavailable as error:
    print(error)
print(survey()[0].remark)
"""


def test_where_user_namespaces_are_forbidden_the_sandbox_says_so_and_doctor_too() -> None:
    # A user namespace in which the kernel really refuses further ones, and a process there without capabilities.
    script = (
        "echo 0 > /proc/sys/user/max_user_namespaces && "
        'exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs "$@"'
    )
    argv = [
        "unshare",
        "--user",
        "--map-root-user",
        "sh",
        "-c",
        script,
        "sh",
        sys.executable,
        "-c",
        FORBIDDEN,
        str(ROOT),
    ]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 2, done.stdout
    assert lines[0] == lines[1]
    assert "user namespaces are switched off" in lines[0]
    assert "run as root" in lines[0]
