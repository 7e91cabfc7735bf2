"""Step: one call on a builder, with what was said and where in the user's program."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Self

_ROOM = __name__.rpartition(".")[0]
_CELL = "<cell>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """``call`` is the method's name, ``said`` its arguments by name; ``file`` and ``line`` are the caller's."""

    call: str
    said: Mapping[str, Any] = field(default_factory=dict)
    file: str = ""
    line: int = 0

    @property
    def title(self) -> str:
        """How a problem names the call: ``cluster("worker-1")``."""
        names = [self.said[key] for key in ("name", "a", "b", "part", "what") if self.said.get(key)]
        names = names or [self.said[key] for key in ("slice",) if self.said.get(key)]
        return f"{self.call}({', '.join(_quoted(name) for name in names)})"


class Steps:
    """A chain of steps that never changes: every call gives a new, longer one."""

    __slots__ = ("_before", "_name", "_step")

    def __init__(self, name: str = "world", step: Step | None = None, before: Steps | None = None) -> None:
        self._name, self._step, self._before = name, step, before

    def _then(self, call: str, said: Mapping[str, Any]) -> Self:
        """The chain with one more step; ``said`` is the method's ``locals()``."""
        file, line = _caller()
        return type(self)(
            self._name,
            Step(call=call, said=deepcopy(what_differs(getattr(type(self), call), said)), file=file, line=line),
            self,
        )

    def _steps(self) -> tuple[Step, ...]:
        """From the first to the last."""
        return tuple(self._backwards())[::-1]

    def _backwards(self) -> Iterator[Step]:
        chain: Steps | None = self
        while chain is not None:
            if chain._step is not None:
                yield chain._step
            chain = chain._before


@cache
def defaults_of(method: Callable[..., Any]) -> Mapping[str, Any]:
    """What the arguments of a call are when they are not said (``Parameter.empty``: they must be)."""
    parameters = inspect.signature(method).parameters.values()
    return {item.name: item.default for item in parameters if item.name != "self"}


def what_differs(method: Callable[..., Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that are not what they are anyway, in the order of the signature."""
    return {
        name: said[name]
        for name, default in defaults_of(method).items()
        if name in said and not (default is not inspect.Parameter.empty and _same(said[name], default))
    }


def _same(value: Any, default: Any) -> bool:
    if isinstance(default, tuple) and isinstance(value, list | tuple):
        return list(default) == list(value)
    return type(value) is type(default) and bool(value == default)


def _caller() -> tuple[str, int]:
    """Where the user's program called; a notebook's cell has no file that anybody could open."""
    frame = sys._getframe(1)
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).startswith(_ROOM):
        frame = frame.f_back
    file = frame.f_code.co_filename
    if "ipykernel_" in file or file.startswith("<ipython-input"):
        return _CELL, frame.f_lineno
    return file.removeprefix(f"{os.getcwd()}{os.sep}"), frame.f_lineno  # noqa: PTH109


def _quoted(name: Any) -> str:
    return f'"{name}"'
