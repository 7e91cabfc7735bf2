"""The emulator's own tests once more, as an ordinary user: no root is needed for any of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NOBODY = 65534
PLAIN = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest")  # neither may write into the checkout

pytestmark = [
    pytest.mark.needs_root,
    pytest.mark.needs_sandbox,
    pytest.mark.skipif(os.getuid() != 0, reason="root: these tests run as an ordinary user already"),
]


@pytest.fixture
def home() -> Iterator[Path]:
    # Not tmp_path: that lies in a folder only root may enter.
    place = Path(tempfile.mkdtemp(prefix="ordinary-user-"))
    os.chown(place, NOBODY, NOBODY)
    yield place
    shutil.rmtree(place)


def _as_nobody(home: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    reachable = [sys.base_prefix, sys.prefix, str(ROOT)]
    return subprocess.run(
        [sys.executable, str(HERE / "ordinary_user.py"), str(NOBODY), *reachable, "--", *argv],
        env={
            # As Debian gives it to ordinary users, without the folders of tc and iptables.
            "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(home),
            "TMPDIR": str(home),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )


def test_the_user_is_indeed_an_ordinary_one(home: Path) -> None:
    done = _as_nobody(home, "sh", "-c", "id -u; grep CapEff /proc/self/status; ip link add x type veth")
    assert done.stdout.split() == [str(NOBODY), "CapEff:", "0" * 16]
    assert "not permitted" in done.stderr


@pytest.mark.parametrize(
    "name",
    [*(pytest.param(name, marks=pytest.mark.waits) for name in ("netns", "links", "kernel", "sandbox", "nothing_left")),
     "wire", "wire_rates"],
)  # fmt: skip
def test_the_tests_pass_as_an_ordinary_user(home: Path, name: str) -> None:
    test = str(HERE / f"test_{name}.py")
    done = _as_nobody(home, sys.executable, "-m", "pytest", "-q", *PLAIN, test)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    last = done.stdout.strip().splitlines()[-1]
    assert " passed" in last
    assert name == "wire" or "skipped" not in last, last  # of the wire tests, netem's may be


@pytest.mark.waits
def test_a_whole_scenario_agrees_with_the_simulator(home: Path) -> None:
    ksim = (sys.executable, "-m", "kubeslice_sim")
    for on in ("sim", "emulator"):
        done = _as_nobody(
            home, *ksim, "run", "scenarios/01-two-clusters", "--on", on, "--report", str(home / on)
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    done = _as_nobody(home, *ksim, "compare", str(home / "sim"), str(home / "emulator"))
    assert done.returncode == 0, done.stdout + done.stderr
