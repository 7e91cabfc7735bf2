"""What is kept of compiled functions is true to all their sources."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

IMPORT = "from kubeslice_sim.simulator.compiled import compiled\n"
INNER = IMPORT + "@compiled\ndef inner(x):\n    return x + {}\n"
OUTER = IMPORT + "from inner import inner\n@compiled\ndef outer(x):\n    return 10 * inner(x)\nprint(outer(1))\n"


def test_a_change_of_what_is_called_is_seen(tmp_path: Path, root: Path) -> None:
    """Numba alone looks at the caller's file only, and would go on with what it kept."""
    kept = tmp_path / "kept"
    environment = {**os.environ, "PYTHONPATH": str(root), "NUMBA_CACHE_DIR": str(kept)}
    (tmp_path / "outer.py").write_text(OUTER)

    def answer(added: int) -> str:
        (tmp_path / "inner.py").write_text(INNER.format(added))
        argv = [sys.executable, str(tmp_path / "outer.py")]
        return subprocess.run(
            argv, capture_output=True, text=True, check=True, timeout=300, env=environment
        ).stdout.strip()

    assert answer(1) == "20"
    assert list(kept.rglob("*.nbi"))
    assert answer(100) == "1010"
