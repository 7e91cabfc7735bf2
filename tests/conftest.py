"""What every test shares: nothing is left behind, and a skip is never read as a pass."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parents[1]
os.environ.pop(
    "COLUMNS", None
)  # pytest-xdist gives its workers the width of our terminal; the commands must not see it

# Machines differ in speed; in CI the same examples are tried each time, elsewhere new ones.
hypothesis.settings.register_profile(
    "kubeslice-sim",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("kubeslice-sim")


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The reference material beside the checkout; skips where it is absent."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("the reference folder ../shared is not here")
    return folder


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left = [item for item in set(threading.enumerate()) - before if item.is_alive() and not item.daemon]
    for item in left:
        item.join(timeout=2.0)
    left = [item for item in left if item.is_alive()]
    assert not left, f"threads left running: {left}"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What runs in real time on a machine that others use too must fail three times to have failed."""
    for item in items:
        if item.get_closest_marker("needs_sandbox"):
            item.add_marker(pytest.mark.flaky(reruns=2, reruns_delay=2))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line that counts the skips by what was missing."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else "?" for report in skipped)
    terminalreporter.write_line(f"skipped for want of something: {sum(reasons.values())}")
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"  {count} × {reason}")
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.write_line(f"run once more: {report.nodeid}")
