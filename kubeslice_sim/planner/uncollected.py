"""No garbage collection while a great many objects are made that all stay."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def uncollected(work: Callable[P, R]) -> Callable[P, R]:
    """The same function, with Python's cyclic garbage collector at rest while it runs.

    A plan of 10 slices is a million objects, all of them alive and none in a cycle; the collector, which looks through
    them whenever some more have been made, took as long as the planning itself.
    """

    @wraps(work)
    def rested(*args: P.args, **kwargs: P.kwargs) -> R:
        if not gc.isenabled():
            return work(*args, **kwargs)
        gc.disable()
        try:
            return work(*args, **kwargs)
        finally:
            gc.enable()

    return rested
