"""Less garbage collection while a great many objects are made that stay."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
SELDOM = (50_000, 20, 10)
"""New objects between two looks at the youngest, such looks between two at the next generation, and so on."""


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


def seldom_collected(work: Callable[P, R]) -> Callable[P, R]:
    """The same function, with the collector looking far less often while it runs.

    For what goes on for long and leaves some cycles behind, as a fleet does (a refused request's traceback holds who
    sent it): among millions of objects that stay they are few, and looking for them took a quarter of a bring-up.
    """

    @wraps(work)
    def rested(*args: P.args, **kwargs: P.kwargs) -> R:
        before = gc.get_threshold()
        gc.set_threshold(*(max(pair) for pair in zip(before, SELDOM, strict=True)) if before[0] else before)
        try:
            return work(*args, **kwargs)
        finally:
            gc.set_threshold(*before)

    return rested
