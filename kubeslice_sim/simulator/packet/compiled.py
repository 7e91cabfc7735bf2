"""Compiling: one typed decorator, and the digest that keeps a cache of machine code true to its sources."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

from kubeslice_sim.simulator import tcp
from kubeslice_sim.simulator.first_compile import kept_on_disk

F = TypeVar("F", bound=Callable[..., object])
_njit: Callable[..., Any] = numba.njit  # its stub does not know ``_nrt``


def compiled(function: F) -> F:
    """Compile into its caller; nothing is written to disk.

    Measured on a chain of queues: without reference counts (``_nrt``: no compiled function makes an array, and the
    caller holds them all) six times as fast, and inlined three times more.
    """
    return cast(F, _njit(function, error_model="numpy", forceinline=True, _nrt=False))


def cached(function: F) -> F:
    """Compile at the first call and keep the machine code beside the source (or in the user's cache folder).

    Numba looks at the file of ``function`` alone, so an edit of what it calls would go unseen: let ``function`` close
    over :data:`SOURCES`. What it closes over is a part of the cache's key.
    """
    return cast(F, kept_on_disk(function, error_model="numpy", _nrt=False))


def _digest() -> str:
    digest = hashlib.blake2b(digest_size=16)
    for file in (*sorted(Path(__file__).parent.glob("*.py")), Path(tcp.__file__)):
        digest.update(file.read_bytes())
    return digest.hexdigest()


SOURCES = _digest()
"""Changes with any file of this room, and with TCP's constants."""
