"""The verb that looks years ahead: ``ks.forecast``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kubeslice_sim import facade
from kubeslice_sim.controlplane import forecast as years
from kubeslice_sim.errors import BadInput
from kubeslice_sim.model.quantity import SPAN
from kubeslice_sim.model.timing import Timing, TimingChoice
from kubeslice_sim.model.world import World
from kubeslice_sim.observe.run import Progress
from kubeslice_sim.results import shown
from kubeslice_sim.view import forecasts as shapes

if TYPE_CHECKING:
    import pandas as pd

PROFILES = ("kubeslice", "fast")


class Forecast(years.Forecast):
    """Years of control plane; everything else is :class:`kubeslice_sim.controlplane.forecast.Forecast`."""

    __slots__ = ()

    def frame(self) -> pd.DataFrame:
        """One row a rotation of keys; ``ended_s`` is NaN where it was not told complete."""
        return shapes.rotation_frame(self)

    def request_frame(self) -> pd.DataFrame:
        """One row a sort of request, over the whole time."""
        return shapes.request_frame(self)

    def rotation_request_frame(self) -> pd.DataFrame:
        """One row a rotation of keys and sort of request in it."""
        return shapes.rotation_request_frame(self)

    def server_frame(self) -> pd.DataFrame:
        """One row an API server: requests, how many a second at rest, its busiest second."""
        return shapes.server_frame(self)

    def arrival_frame(self) -> pd.DataFrame:
        """One row a slice or export: when it was up (NaN: never), and why it is not."""
        return shapes.arrival_frame(self)

    def data(self) -> dict[str, Any]:
        """All of it as JSON-like data."""
        return shapes.forecast_data(self)

    def __repr__(self) -> str:
        return f"<Forecast of {self.world}: {self.duration_s / 86400:g} days, {len(self.rotations)} rotations of keys>"

    def _repr_html_(self) -> str:
        return shapes.forecast_html(self)


def forecast(
    world: World,
    duration_s: float | str,
    *,
    timing: str | TimingChoice | Timing = "kubeslice",
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Forecast:
    """What the world's control plane does in so long a time, by itself: rotations of keys, requests, events.

    ``duration_s``: seconds, or a text such as ``"5y"`` (years of 365 days) or ``"90d"``. ``timing``: a profile, or
    waits of one's own. There is no traffic, no fault and no scenario in it, and the WAN between clusters delays
    requests but loses nothing: :func:`ks.simulate` has all that. The same arguments give the same forecast.
    Raises :exc:`BadInput` for a world that would be refused, and a time below a second or above 100 years.

    >>> import kubeslice_sim as ks
    >>> ks.forecast(ks.example("01-two-clusters"), "1y")
    <Forecast of 01-two-clusters: 365 days, 12 rotations of keys>
    """
    facade.require_admitted(world)
    facade.plan(world)
    span_s, waits = _span_s(duration_s), _waits(timing)

    def told(now_s: float) -> None:
        on_progress(Progress(done_s=now_s, total_s=span_s, phase="forecasting"))

    return shown(Forecast, years.forecast(world, waits, span_s, told))


def _span_s(duration_s: float | str) -> float:
    """Seconds, from a number of them or a text with a unit."""
    number = isinstance(duration_s, int | float) and not isinstance(duration_s, bool)
    try:
        return SPAN.parse(f"{duration_s}s" if number else duration_s)
    except ValueError as error:
        raise BadInput(f"the time to forecast: {error}") from error


def _waits(timing: str | TimingChoice | Timing) -> Timing:
    if isinstance(timing, Timing):
        return timing
    if isinstance(timing, TimingChoice):
        return timing.settle()
    if timing not in PROFILES:
        raise BadInput(f"no timing is called {timing!r}; there are: {', '.join(PROFILES)}")
    return TimingChoice(profile=timing).settle()  # type: ignore[arg-type]
