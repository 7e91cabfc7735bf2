"""`make test` runs tests kind by kind, chosen by their marks: each test belongs to one."""

from __future__ import annotations

import re
from pathlib import Path

SANDBOX = {"needs_sandbox", "needs_root", "inside"}


def test_no_file_has_tests_that_two_kinds_or_none_would_run(root: Path) -> None:
    files = list((root / "tests").rglob("test_*.py"))
    marks = {path: set(re.findall(r"pytest\.mark\.(\w+)", path.read_text())) for path in files}
    assert sum(bool(found & SANDBOX) for found in marks.values()) > 20
    assert not [path for path, found in marks.items() if "waits" in found and not found & SANDBOX]
    assert not [path for path, found in marks.items() if "needs_apiserver" in found and found & SANDBOX]


def test_marks_that_choose_a_kind_stand_in_the_tests_files(root: Path) -> None:
    """The Makefile looks for them there; of what a conftest adds, only `inside` brings its own."""
    added = {
        path.parent.name: found
        for path in (root / "tests").rglob("conftest.py")
        if (found := set(re.findall(r"add_marker\(\W*(?:pytest\.mark\.)?(\w+)", path.read_text())))
    }
    assert added == {"tests": {"flaky"}, "emulator": {"needs_sandbox"}}
