"""Questions answered on a Plan without running it.

``ks.verify(world, source, target)``: whether ``source`` (``namespace/pod@cluster``) reaches ``target`` (a DNS name, an
address or a pod, with ``:port`` where it matters), and why. Raises :exc:`BadInput` for what is not in the world.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from kubeslice_sim.verify.answer import Answer, Hop
from kubeslice_sim.verify.explain import explain
from kubeslice_sim.verify.explanation import Explanation, Leg, Lookup, Rule
from kubeslice_sim.verify.reach import Verifier, reach

if TYPE_CHECKING:
    from kubeslice_sim.model.world import World
    from kubeslice_sim.planner.plan import Plan

__all__ = ["Answer", "Explanation", "Hop", "Leg", "Lookup", "Rule", "Verifier", "explain", "reach"]


class _RoomAndVerb(ModuleType):
    """This room, which can be called: ``ks.verify`` is the facade's verb, and importing the room must not hide it."""

    def __call__(self, world: World | Plan, source: str, target: str) -> Answer:
        """Whether ``source`` (``namespace/pod@cluster``) reaches ``target``, and why; nothing is run."""
        answer: Answer = import_module("kubeslice_sim.facade").verify(world, source, target)
        return answer


sys.modules[__name__].__class__ = _RoomAndVerb
