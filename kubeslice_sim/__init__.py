"""KubeSlice slices: one model, planned, simulated, emulated and deployed.

``import kubeslice_sim as ks``, then ``ks.load``, ``ks.plan``, ``ks.verify``, ``ks.explain``, ``ks.draw``,
``ks.simulate``, ``ks.emulate``, ``ks.run``, ``ks.compare``, ``ks.deploy``, ``ks.admit``, ``ks.hub``, ``ks.example``.
The verbs stand in ``facade.py`` and are imported when they are first used, so that importing a room stays cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kubeslice_sim.errors import BackendUnavailable, BadInput, KubesliceSimError, Problem

if TYPE_CHECKING:
    from kubeslice_sim.build import WorldBuilder, to_python, world
    from kubeslice_sim.facade import (
        admit,
        compare,
        deploy,
        draw,
        emulate,
        example,
        examples,
        explain,
        hub,
        load,
        plan,
        read_report,
        run,
        simulate,
        vary,
        verify,
    )
    from kubeslice_sim.results import (
        Answer,
        Capacity,
        Comparison,
        Difference,
        Explanation,
        Plan,
        Provenance,
        Rehearsal,
        Result,
    )

__all__ = [
    "Answer",
    "BackendUnavailable",
    "BadInput",
    "Capacity",
    "Comparison",
    "Difference",
    "Explanation",
    "KubesliceSimError",
    "Plan",
    "Problem",
    "Provenance",
    "Rehearsal",
    "Result",
    "WorldBuilder",
    "admit",
    "compare",
    "deploy",
    "draw",
    "emulate",
    "example",
    "examples",
    "explain",
    "hub",
    "load",
    "plan",
    "read_report",
    "run",
    "simulate",
    "to_python",
    "vary",
    "verify",
    "world",
]


_ANSWERS = frozenset({
    "Answer", "Capacity", "Comparison", "Difference", "Explanation", "Plan", "Provenance", "Rehearsal", "Result",
})  # fmt: skip


_BUILD = frozenset({"WorldBuilder", "to_python", "world"})


def __getattr__(name: str) -> Any:
    if name in __all__:
        room = "results" if name in _ANSWERS else "build" if name in _BUILD else "facade"
        return getattr(import_module(f"kubeslice_sim.{room}"), name)
    raise AttributeError(f"module 'kubeslice_sim' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
