"""What computes: a digest of our own code and of the libraries under it, so that nothing old is taken for new."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

_LIBRARIES = ("numba", "numpy", "simpy")


@cache
def digest() -> str:
    """The same on machines that compute the same; another one after any change of our code."""
    root = Path(__file__).resolve().parents[1]
    found = hashlib.sha256()
    for path in sorted(root.rglob("*.py"), key=lambda path: path.relative_to(root).as_posix()):
        found.update(path.relative_to(root).as_posix().encode())
        found.update(hashlib.sha256(path.read_bytes()).digest())
    for name in _LIBRARIES:
        found.update(f"{name} {version(name)}\n".encode())
    found.update(".".join(platform.python_version_tuple()[:2]).encode())
    return found.hexdigest()[:16]
