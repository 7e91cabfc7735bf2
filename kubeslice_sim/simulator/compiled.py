"""Compiled functions: numba with its cache on disk, judged by more than the one file that numba looks at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

from kubeslice_sim.simulator.first_compile import kept_on_disk

_P = ParamSpec("_P")
_R = TypeVar("_R")


def compiled(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """``function``, compiled at its first call and kept on disk for the next process.

    Numba takes a kept function for good while the function's own file is unchanged, although it holds what other files
    gave it. Here it is good while no module of the file's folder has changed; so a kernel of several files has a
    folder of its own and calls compiled functions of that folder only.
    """
    # No compiled function makes an array, so none needs reference counts; without them it is twice as fast.
    made: Any = kept_on_disk(function, error_model="numpy", _nrt=False)
    if not made.stats.cache_path:
        return cast(Callable[_P, _R], made)
    files = sorted(Path(function.__code__.co_filename).parent.glob("*.py"))
    stamps = tuple((file.name, file.stat().st_mtime, file.stat().st_size) for file in files)
    # Numba has no public way to say this; without the attribute the caller sees at once that numba changed.
    kept = made._cache._cache_file
    if not hasattr(kept, "_source_stamp"):
        raise TypeError("this numba keeps its compiled functions in another way: compiled.py must learn it")
    kept._source_stamp = stamps
    return cast(Callable[_P, _R], made)
