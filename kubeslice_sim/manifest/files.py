"""Paths → texts: files, folders of YAML, and ``-`` for standard input; bounded in size."""

from __future__ import annotations

import sys
from pathlib import Path

from kubeslice_sim.errors import Problem
from kubeslice_sim.model.suggest import meant

SUFFIXES = (".yaml", ".yml", ".json")
MOST_BYTES = 64 * 2**20
"""A file larger than this is no world that a person or a generator meant."""
STANDARD_INPUT = "-"


def read_texts(paths: tuple[str | Path, ...]) -> tuple[list[tuple[str, str]], list[Problem]]:
    """``(file, text)`` of every path, folders in the order of their names; and what could not be read."""
    texts: list[tuple[str, str]] = []
    problems: list[Problem] = []
    for path in paths or (".",):
        files, trouble = _files(str(path))
        problems += trouble
        for file in files:
            text, trouble = _text(file)
            problems += trouble
            if text is not None:
                texts.append(("<stdin>" if file == STANDARD_INPUT else file, text))
    return texts, problems


def world_name(paths: tuple[str | Path, ...]) -> str:
    """What to call the world that these paths hold: the folder's or the file's name."""
    if len(paths) != 1 or str(paths[0]) == STANDARD_INPUT:
        return "world"
    path = Path(paths[0])
    own = path.name if path.is_dir() else path.stem
    return (path.resolve().parent.name if own in ("world", "") else own) or "world"


def _files(path: str) -> tuple[list[str], list[Problem]]:
    if path == STANDARD_INPUT:
        return [path], []
    place = Path(path)
    try:
        if not place.is_dir():
            if place.exists():
                return [path], []
            return [], [_near(place)]
        found = sorted(str(item) for item in place.iterdir() if item.suffix in SUFFIXES and item.is_file())
        if found:
            return found, []
        below = sorted({item.parent.name for item in place.glob("*/*") if item.suffix in SUFFIXES})
    except (OSError, ValueError) as error:
        return [], [_unreadable(path, error)]
    hint = f"folders are not searched; there is YAML in {', '.join(below[:5])}" if below else "a world is .yaml files"
    return [], [Problem(message=f"the folder {path} holds no YAML", hint=hint)]


def _near(place: Path) -> Problem:
    around = place.parent
    names = [str(around / item.name) for item in around.iterdir()] if around.is_dir() else []
    hint = meant(str(place), names)
    return Problem(message=f"{place} does not exist", hint=hint if hint.startswith("did") else "")


def _text(file: str) -> tuple[str | None, list[Problem]]:
    try:
        if file == STANDARD_INPUT:
            raw = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with Path(file).open("rb") as stream:
                raw = stream.read(MOST_BYTES + 1)
    except OSError as error:
        return None, [_unreadable(file, error)]
    if len(raw) > MOST_BYTES:
        return None, [Problem(file=file, line=1, message=f"larger than {MOST_BYTES >> 20} MiB", hint="split the world")]
    try:
        return raw.decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return None, [Problem(file=file, line=line, message="this is not UTF-8 text", hint="save the file as UTF-8")]


def _unreadable(path: str, error: OSError | ValueError) -> Problem:
    reason = getattr(error, "strerror", None) or str(error)
    return Problem(message=f"{path} cannot be read: {reason}")
