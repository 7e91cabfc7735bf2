"""First compile: an engine's machine code is made once, which takes seconds; whoever waits for it is told why."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numba
from numba.core import event

LOG = logging.getLogger("kubeslice_sim.simulator")
NOWHERE = "in every process anew, as no folder for it can be written: set NUMBA_CACHE_DIR to one that can"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """Functions that are compiled together. ``about_s``: CPU seconds where it was measured."""

    name: str
    package: str
    about_s: int


FLUID = Kernel(name="the fluid engine", package="kubeslice_sim.simulator.maxmin", about_s=6)
PACKETS = Kernel(name="the packet engine", package="kubeslice_sim.simulator.packet", about_s=20)
_kept: dict[str, bool] = {}
"""Of each kernel: whether its machine code is kept on disk."""
_told: set[str] = set()


def kept_on_disk(function: Any, **options: Any) -> Any:
    """``numba.njit`` with its cache on disk, beside the source or in the user's cache folder, or ``NUMBA_CACHE_DIR``.

    Where none of them can be written (a read-only installation without a home) it compiles in every process.
    """
    kernel = _kernel_of(function)
    try:
        made = numba.njit(**options, cache=True)(function)
        kept = True
    except RuntimeError as error:
        if "cannot cache function" not in str(error):
            raise
        made, kept = numba.njit(**options)(function), False
    if kernel is not None:
        _kept[kernel.name] = kept and _kept.get(kernel.name, True)
    return made


def keeps(kernel: Kernel) -> bool:
    """Whether the machine code of a kernel, which must be imported, is kept on disk."""
    return _kept.get(kernel.name, True)


def is_compiled(function: Any) -> bool:
    """Whether machine code for this function is there, loaded or on disk, for the source as it is now."""
    if function.signatures:
        return True
    # Numba does not tell. A numba that keeps its index in another way makes this False: compiling what is there is
    # quick, as it is only loaded.
    try:
        cache = function._cache
        wanted = cache._index_key((), function.targetctx.codegen())[1:]
        return any(key[1:] == wanted for key in cache._cache_file._load_index())
    except (AttributeError, TypeError, OSError):
        return False


class _Teller(event.Listener):
    """Hears of every compilation; what is loaded from disk is none."""

    def on_start(self, event: Any) -> None:
        kernel = _kernel_of(event.data["dispatcher"].py_func)
        if kernel is not None and kernel.name not in _told:
            _told.add(kernel.name)
            how = "once" if keeps(kernel) else NOWHERE
            LOG.warning("compiling %s, %s: about %d s", kernel.name, how, kernel.about_s)

    def on_end(self, event: Any) -> None:
        """Nothing: several functions are compiled one after the other."""


def _kernel_of(function: Any) -> Kernel | None:
    return next((kernel for kernel in (FLUID, PACKETS) if function.__module__.startswith(kernel.package)), None)


_register: Callable[..., object] = event.register
_register("numba:compile", _Teller())
