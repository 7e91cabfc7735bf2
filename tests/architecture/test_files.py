"""House rules that a machine can check."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

GRAB_BAGS = {"utils.py", "util.py", "helpers.py", "helper.py", "common.py", "misc.py", "manager.py"}


def _tracked(root: Path, pattern: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", pattern], cwd=root, capture_output=True, text=True, check=True, timeout=60
    )
    return [root / line for line in listed.stdout.splitlines() if (root / line).is_file()]


def test_no_grab_bag_modules(root: Path) -> None:
    assert not [path for path in _tracked(root, "*.py") if path.name in GRAB_BAGS]


def test_files_stay_small(root: Path) -> None:
    large = {
        str(path.relative_to(root)): n
        for path in _tracked(root, "*.py")
        if (n := len(path.read_text().splitlines())) > 400
    }
    assert not large


def test_no_registry_host_is_named(root: Path) -> None:
    hosts = re.compile(
        "|".join(["pypi" + r"\.org", "pythonhosted" + r"\.org", "proxy.golang" + r"\.org", "deb.debian" + r"\.org"])
    )
    named = [
        path
        for path in _tracked(root, "*")
        if path.suffix not in {".png", ".svg"} and hosts.search(path.read_text(errors="replace"))
    ]
    assert not named
