"""KubeSlice slices: one model, planned, simulated, emulated and deployed.

``import kubeslice_sim as ks``, then ``ks.load``, ``ks.plan``, ``ks.verify``, ``ks.explain``, ``ks.draw``,
``ks.simulate``, ``ks.emulate``, ``ks.run``, ``ks.sweep``, ``ks.forecast``, ``ks.compare``, ``ks.deploy``, ``ks.admit``,
``ks.hub``, ``ks.example``. The verbs stand in ``facade.py``, ``facade_sweep.py`` and ``facade_forecast.py`` and are
imported when they are first used, so that importing a room stays cheap.
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
    from kubeslice_sim.facade_forecast import Forecast, forecast
    from kubeslice_sim.facade_sweep import read_sweep, replicate, sweep
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
    from kubeslice_sim.sweep.sweep import Sweep

__all__ = [
    "Answer",
    "BackendUnavailable",
    "BadInput",
    "Capacity",
    "Comparison",
    "Difference",
    "Explanation",
    "Forecast",
    "KubesliceSimError",
    "Plan",
    "Problem",
    "Provenance",
    "Rehearsal",
    "Result",
    "Sweep",
    "WorldBuilder",
    "admit",
    "compare",
    "deploy",
    "draw",
    "emulate",
    "example",
    "examples",
    "explain",
    "forecast",
    "hub",
    "load",
    "plan",
    "read_report",
    "read_sweep",
    "replicate",
    "run",
    "simulate",
    "sweep",
    "to_python",
    "vary",
    "verify",
    "world",
]


_ANSWERS = frozenset({
    "Answer", "Capacity", "Comparison", "Difference", "Explanation", "Plan", "Provenance", "Rehearsal", "Result",
})  # fmt: skip
_BUILD = frozenset({"WorldBuilder", "to_python", "world"})
_FORECAST = frozenset({"Forecast", "forecast"})
_SWEEP = frozenset({"read_sweep", "replicate", "sweep"})


def _room(name: str) -> str:
    if name == "Sweep":
        return "sweep.sweep"
    if name in _FORECAST:
        return "facade_forecast"
    if name in _SWEEP:
        return "facade_sweep"
    return "results" if name in _ANSWERS else "build" if name in _BUILD else "facade"


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module(f"kubeslice_sim.{_room(name)}"), name)
    raise AttributeError(f"module 'kubeslice_sim' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
