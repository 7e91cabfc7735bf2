"""Years of control plane for frames, a notebook and machines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from kubeslice_sim.model.timestamp import timestamp
from kubeslice_sim.observe.frames import COUNT, NUMBER, TEXT, Schema, framed
from kubeslice_sim.view.data import plain
from kubeslice_sim.view.markup import el, table
from kubeslice_sim.view.notebook import block

if TYPE_CHECKING:
    import pandas as pd

    from kubeslice_sim.controlplane.forecast import Forecast

ROTATION_SCHEMA: Schema = {
    "slice": TEXT, "number": COUNT, "due_s": NUMBER, "began_s": NUMBER, "replaced_s": NUMBER, "ended_s": NUMBER,
    "began": TEXT, "gateways": COUNT, "fewest_tunnels": COUNT, "requests": COUNT, "copied": "bool",
}  # fmt: skip
REQUEST_SCHEMA: Schema = {"server": TEXT, "client": TEXT, "verb": TEXT, "kind": TEXT, "requests": COUNT}
ROTATION_REQUEST_SCHEMA: Schema = {"slice": TEXT, "number": COUNT, **REQUEST_SCHEMA}
SERVER_SCHEMA: Schema = {
    "server": TEXT, "requests": COUNT, "resting_hz": NUMBER, "busiest_at_s": NUMBER, "busiest": COUNT,
}  # fmt: skip
ARRIVAL_SCHEMA: Schema = {
    "kind": TEXT, "name": TEXT, "slice": TEXT, "cluster": TEXT, "up_s": NUMBER, "reason": TEXT,
    "possible": "bool",
}  # fmt: skip


class _RotationRow(NamedTuple):
    slice: str
    number: int
    due_s: float
    began_s: float
    replaced_s: float | None
    ended_s: float | None
    began: str
    gateways: int
    fewest_tunnels: int
    requests: int
    copied: bool


class _RotationRequest(NamedTuple):
    slice: str
    number: int
    server: str
    client: str
    verb: str
    kind: str
    requests: int


def forecast_data(forecast: Forecast) -> dict[str, Any]:
    """Everything under its fields' names; a rotation also with its date."""
    data: dict[str, Any] = plain(forecast)
    data["requests"] = [item._asdict() for item in forecast.requests]
    data["rotations"] = [
        {**plain(item), "began": timestamp(item.began_s), "requests": [count._asdict() for count in item.requests]}
        for item in forecast.rotations
    ]
    return data


def forecast_html(forecast: Forecast) -> str:
    """What a person would print."""
    head, *lines = str(forecast).splitlines()
    loads = [(item.server, f"{item.requests:,}", "–" if item.resting_hz is None else f"{item.resting_hz:.3g}/s",
              f"{item.busiest:,} at {timestamp(item.busiest_at_s)}") for item in forecast.servers]  # fmt: skip
    return block(
        el("strong", head), [el("div", line, class_="faint") for line in lines[: lines.index("")]],
        table(("API server", "requests", "at rest", "busiest second"), loads),
    )  # fmt: skip


def rotation_frame(forecast: Forecast) -> pd.DataFrame:
    """One row a rotation of keys, with the number of its requests."""
    return framed(ROTATION_SCHEMA, [
        _RotationRow(
            slice=item.slice, number=item.number, due_s=item.due_s, began_s=item.began_s, replaced_s=item.replaced_s,
            ended_s=item.ended_s, began=timestamp(item.began_s), gateways=item.gateways, copied=item.copied,
            fewest_tunnels=item.fewest_tunnels, requests=sum(count.requests for count in item.requests),
        )
        for item in forecast.rotations
    ])  # fmt: skip


def request_frame(forecast: Forecast) -> pd.DataFrame:
    """One row a sort of request, over the whole time."""
    return framed(REQUEST_SCHEMA, forecast.requests)


def rotation_request_frame(forecast: Forecast) -> pd.DataFrame:
    """One row a rotation of keys and sort of request in it."""
    return framed(ROTATION_REQUEST_SCHEMA, _rotation_requests(forecast))


def server_frame(forecast: Forecast) -> pd.DataFrame:
    """One row an API server."""
    return framed(SERVER_SCHEMA, forecast.servers)


def arrival_frame(forecast: Forecast) -> pd.DataFrame:
    """One row a slice or export."""
    return framed(ARRIVAL_SCHEMA, forecast.arrivals)


def _rotation_requests(forecast: Forecast) -> Iterator[_RotationRequest]:
    for item in forecast.rotations:
        for count in item.requests:
            yield _RotationRequest(item.slice, item.number, *count)
