"""Field paths as people write them: ``spec.clusters[1]``, ``metadata.labels["kubeslice.io/slice"]``."""

from __future__ import annotations

import json
import re
from typing import Any

FieldPath = tuple[str | int, ...]

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_STEP = re.compile(r'\.?(?P<name>[A-Za-z_][A-Za-z0-9_-]*)|\[(?P<index>\d+)\]|\[(?P<key>"(?:[^"\\]|\\.)*")\]')


def show_path(path: FieldPath) -> str:
    """The path as text; keys that are no plain names stand in brackets and quotes."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"[{json.dumps(step, ensure_ascii=False)}]"
    return text


def child(value: Any, step: str | int) -> Any:
    """What stands one step further in plain data; None where nothing does."""
    try:
        return value[step]
    except (KeyError, IndexError, TypeError):
        return None


def read_path(text: str) -> FieldPath:
    """The reverse of :func:`show_path`. Raises :exc:`ValueError` for text that is no path."""
    steps: list[str | int] = []
    at = 0
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None or (at == 0 and text.startswith(".")):
            raise ValueError(f"{text!r} is not a field path; write it as spec.clusters[1]")
        at = found.end()
        if found["index"] is not None:
            steps.append(int(found["index"]))
        elif found["key"] is not None:
            steps.append(str(json.loads(found["key"])))
        else:
            steps.append(found["name"])
    return tuple(steps)
