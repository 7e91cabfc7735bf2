"""Sweeps: one world under many values of its fields, each several times, on as many processors as there are.

``ks.sweep(world, {path: [values]})`` plays them; see :func:`kubeslice_sim.facade_sweep.sweep`.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any


class _RoomAndVerb(ModuleType):
    """This room, which can be called: ``ks.sweep`` is a verb of the facade, and importing the room must not hide it."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """:func:`kubeslice_sim.facade_sweep.sweep`."""
        return import_module("kubeslice_sim.facade_sweep").sweep(*arguments, **options)


sys.modules[__name__].__class__ = _RoomAndVerb
