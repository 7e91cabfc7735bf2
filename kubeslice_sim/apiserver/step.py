"""Step: one request to an API server, as the files of recorded KubeSlice runs write it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from kubeslice_sim.errors import BadInput, Problem
from kubeslice_sim.manifest.builtin import CLUSTER_SCOPED
from kubeslice_sim.manifest.files import read_texts
from kubeslice_sim.manifest.source import Source
from kubeslice_sim.manifest.yaml_text import parse
from kubeslice_sim.model.frozen import FrozenMap, freeze, thaw
from kubeslice_sim.model.suggest import meant

Operation = Literal["create", "merge-patch", "merge-patch status", "delete"]
OPERATIONS: tuple[str, ...] = get_args(Operation)
_FIELDS = ("id", "op", "object", "target", "patch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A request. ``body`` is the object of a create and the patch of a merge-patch, as it was sent.

    ``namespace`` empty: whichever has an object of that kind and name.
    """

    id: str
    operation: Operation
    kind: str
    name: str
    namespace: str = ""
    body: FrozenMap[Any] = FrozenMap()  # noqa: RUF009 - immutable


def read_steps(*paths: str | Path, first: int = 1) -> tuple[Step, ...]:
    """The requests in these files: a list of steps, a step a document, or plain objects, which are creates.

    Steps without an ``id`` are called by their number, counted from ``first``. Raises :exc:`BadInput` with every
    problem.
    """
    texts, problems = read_texts(paths)
    steps: list[Step] = []
    for file, text in texts:
        sources, faults = parse(text, file, recorded=True)
        problems += faults
        for source in sources:
            found = _trouble(source)
            if found:
                problems.append(found)
            else:
                steps.append(_step(source.data, len(steps) + first))
    if not steps and not problems:
        problems.append(Problem(message="there are no requests", hint="write a list of {op: create, object: …}"))
    if problems:
        raise BadInput(sorted(set(problems)))
    return tuple(steps)


def step_of(data: Mapping[str, Any], number: int = 1) -> Step:
    """One request from JSON-like data of the same form. Raises :exc:`BadInput`."""
    source = Source("<request>", (1, None), thaw(data))
    found = _trouble(source)
    if found:
        raise BadInput([found])
    return _step(source.data, number)


def _step(data: dict[str, Any], number: int) -> Step:
    if "op" not in data:
        data = {"op": "create", "object": data}
    name = str(data.get("id", number))
    if data["op"] == "create":
        sent = data["object"]
        metadata = sent["metadata"] if isinstance(sent.get("metadata"), dict) else {}
        kind = str(sent.get("kind", ""))
        namespace = "" if kind in CLUSTER_SCOPED else str(metadata.get("namespace") or "default")
        return Step(
            id=name, operation="create", kind=kind, name=str(metadata.get("name") or ""), namespace=namespace,
            body=freeze(sent),
        )  # fmt: skip
    kind, target, *namespace = data["target"]
    return Step(
        id=name, operation=data["op"], kind=kind, name=target, namespace=namespace[0] if namespace else "",
        body=freeze(data.get("patch", {})),
    )  # fmt: skip


def _trouble(source: Source) -> Problem | None:
    """What keeps a mapping from being a step."""
    data = source.data
    if "op" not in data and "kind" in data:
        return None
    operation = data.get("op")
    if operation not in OPERATIONS:
        hint = "" if operation else "or write a whole object"
        return source.problem(("op",), f"op is one of {', '.join(OPERATIONS)}", hint)
    for field in data:
        if field not in _FIELDS:
            return source.problem((field,), f"a request has no field {field!r}", meant(field, _FIELDS))
    if operation == "create":
        if not isinstance(data.get("object"), Mapping):
            return source.problem(("object",), "a create needs an object", "the whole manifest")
        return None
    target = data.get("target")
    if not (isinstance(target, list) and len(target) in (2, 3) and all(isinstance(item, str) for item in target)):
        return source.problem(("target",), "a request names its target", "such as target: [SliceConfig, red]")
    if operation != "delete" and not isinstance(data.get("patch"), Mapping):
        return source.problem(("patch",), f"a {operation} needs a patch", "such as patch: {spec: {clusters: []}}")
    return None
