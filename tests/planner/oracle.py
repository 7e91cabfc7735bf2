"""Reads what the real controller did, and compares hub objects with it field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ORACLE = Path(__file__).parents[3] / "shared" / "oracle"
KINDS = frozenset({
    "WorkerSliceConfig", "WorkerSliceGateway", "WorkerServiceImport", "VpnKeyRotation", "ServiceAccount", "Role",
    "RoleBinding", "SliceQoSConfig", "SliceConfig", "Project", "Cluster", "ServiceExportConfig", "Namespace",
})  # fmt: skip
MOMENTS = frozenset({
    "updatedTimestamp", "lastUpdated", "lastUpdatedTimestamp", "timestamp", "certificateCreationTime",
    "certificateExpiryTime", "uid",
})  # fmt: skip
"""What no plan decides: times and identities."""


def documents(path: Path) -> list[dict[str, Any]]:
    return [item for item in yaml.safe_load_all(path.read_text()) if item]


def cases() -> list[Path]:
    """The cases whose first step creates one object on top of the set-up."""
    found = sorted(path.parent for path in ORACLE.glob("*/00-setup-input.yaml"))
    return [case for case in found if documents(first_step(case))[0].get("op") == "create"]


def sequences() -> list[Path]:
    """Every case that begins with a set-up and goes on in steps."""
    return sorted(path.parent for path in ORACLE.glob("*/00-setup-input.yaml"))


def steps(case: Path) -> list[Path]:
    """The requests, step by step."""
    return sorted(path for path in case.glob("*-input.yaml") if not path.name.startswith("00"))


def first_step(case: Path) -> Path:
    return steps(case)[0]


def world_of(case: Path) -> list[dict[str, Any]]:
    """The documents that a user would have handed in: the set-up, the reported statuses, the first step's object."""
    return [*setup_of(case), documents(first_step(case))[0]["object"]]


def setup_of(case: Path) -> list[dict[str, Any]]:
    """The project and its clusters with what these have reported."""
    setup = documents(case / "00-setup-input.yaml")
    reported = {_key(item): item["status"] for item in documents(case / "00-setup-cluster-status-patched-by-hand.yaml")}
    for item in setup:
        if _key(item) in reported:
            item["status"] = reported[_key(item)]
    return setup


def outcome_of(case: Path) -> list[dict[str, Any]]:
    return outcome_of_step(first_step(case))


def outcome_of_step(step: Path) -> list[dict[str, Any]]:
    """All that stood on the real controller cluster after the step."""
    return documents(step.with_name(step.name.replace("-input", "-output")))


def differences(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> Iterator[str]:
    """Every object that only one side has, and every field whose values differ."""
    mine, real = ({_key(item): item for item in side if item["kind"] in KINDS} for side in (ours, theirs))
    for key in sorted(mine.keys() | real.keys()):
        if key not in mine or key not in real:
            yield f"{'missing' if key in real else 'extra'}: {'/'.join(key)}"
            continue
        for path, a, b in _fields(_view(mine[key]), _view(real[key])):
            if a != b:
                yield f"{'/'.join(key)}{path}: ours {a!r}, real {b!r}"


def _key(item: Mapping[str, Any]) -> tuple[str, str, str]:
    return item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"]


def _view(item: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {key: item["metadata"].get(key) for key in ("labels", "annotations", "finalizers", "ownerReferences")}
    parts = ("spec", "rules", "subjects", "roleRef", "secrets")
    view: dict[str, Any] = _settled({**metadata, **{key: item.get(key) for key in parts}})
    if item["kind"] == "Namespace":
        view.pop("spec", None)  # the API server's own finalizer
    return view


def _settled(value: Any) -> Any:
    if isinstance(value, dict):
        settled = {key: _settled(item) for key, item in value.items() if key not in MOMENTS}
        return {key: item for key, item in settled.items() if item not in (None, {}, [])}
    if isinstance(value, list):
        return [_settled(item) for item in value]
    return value


def _fields(a: Any, b: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted(a.keys() | b.keys()):
            yield from _fields(a.get(key), b.get(key), f"{path}.{key}")
    else:
        yield path, a, b
