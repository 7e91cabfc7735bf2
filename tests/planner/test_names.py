"""Names that are read backwards: which workload a pod belongs to."""

from __future__ import annotations

import pytest

from kubeslice_sim.planner import names


@pytest.mark.parametrize(
    ("pod", "workload", "owned"),
    [
        ("web-0", "web", True),
        ("web-12", "web", True),
        ("web", "web", True),
        ("web-canary", "web", False),
        ("web-canary-0", "web", False),
        ("web-canary-0", "web-canary", True),
        ("web-0", "we", False),
    ],
)
def test_a_workload_owns_its_replicas_and_no_namesake(pod: str, workload: str, owned: bool) -> None:
    assert names.is_pod_of(pod, workload) is owned
