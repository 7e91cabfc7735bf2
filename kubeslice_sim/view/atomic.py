"""Writing a file so that a reader finds the old text or the new one, never half of it."""

from __future__ import annotations

import os
from pathlib import Path

from kubeslice_sim.errors import BadInput


def write_text(path: Path, text: str) -> None:
    """Replace the file with ``text`` (UTF-8, LF as given) in one step; the folder is made where it is missing.

    Raises :exc:`BadInput` where the place cannot be written. What cannot be encoded is written as an escape.
    """
    write_bytes(path, text.encode("utf-8", errors="backslashreplace"))


def write_bytes(path: Path, data: bytes) -> None:
    """Replace the file with ``data`` in one step, as :func:`write_text` does."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise BadInput(f"cannot write {path}: {error.strerror or error}; give a folder that can be written") from error
