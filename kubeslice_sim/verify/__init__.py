"""Questions answered on a Plan without running it."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from kubeslice_sim.verify.answer import Answer, Hop
from kubeslice_sim.verify.explain import explain
from kubeslice_sim.verify.explanation import Explanation, Leg, Lookup, Rule
from kubeslice_sim.verify.reach import Verifier, reach

__all__ = ["Answer", "Explanation", "Hop", "Leg", "Lookup", "Rule", "Verifier", "explain", "reach"]


class _RoomAndVerb(ModuleType):
    """This room, which can be called: ``ks.verify`` is the facade's verb, and importing the room must not hide it."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return import_module("kubeslice_sim.facade").verify(*arguments, **options)


sys.modules[__name__].__class__ = _RoomAndVerb
