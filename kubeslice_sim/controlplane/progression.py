"""Progression: two states of which the later is the earlier one, moved by a step; and the states that follow.

Leaf by leaf, either both say the same, or the later says what the earlier said, moved: a time by ``by_s``, a number of
keys (also at the end of a name) by one of ``numbers``. A history, newest first and cut at a length, says what the
earlier one said and something new before it. Anything else is no progression (:exc:`Unlike`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from itertools import islice
from typing import Any
from uuid import UUID

from kubeslice_sim.controlplane.timestamp import seconds, timestamp
from kubeslice_sim.errors import KubesliceSimError
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.vpn_key_rotation import HISTORY_LENGTH

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?Z")
_VERSIONS = ("resource_version", "uid")
"""Counted up by the API server, so a change's number depends on how many others' came before: not compared."""
_HISTORIES: Mapping[str, int] = {"status_history": HISTORY_LENGTH}
"""Nobody reads them, and so many entries of each are kept."""


class Unlike(KubesliceSimError):
    """The two are not one step apart; says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How far the later state is from the earlier, and how many such steps lie ahead (0: the later state itself).

    ``changes``: how many changes of this store lie ahead, by which resourceVersions and UIDs that moved go on.
    ``loose``: an object that is written again and again at moments of its own; its times may differ.
    """

    by_s: float
    numbers: frozenset[int]
    times: int = 0
    changes: int = 0
    loose: bool = False

    def advance(self, earlier: Any, later: Any, name: str = "") -> Any:
        """What comes so many steps after ``later``. Raises :exc:`Unlike`."""
        if earlier is later:
            return later
        if name in _VERSIONS:
            return later if earlier == later or self.loose else self._version(later)
        if earlier == later:
            return later
        if type(earlier) is not type(later):
            raise Unlike(f"{name}: {earlier!r} became {later!r}")
        if name in _HISTORIES:
            return self._histories(earlier, later, name)
        if isinstance(later, str):
            return self._text(earlier, later, name)
        if isinstance(later, int) and not isinstance(later, bool):
            return later + self.times * self._moved(earlier, later, name)
        if isinstance(later, tuple) and len(earlier) == len(later):
            return tuple(self.advance(one, other, name) for one, other in zip(earlier, later, strict=True))
        if isinstance(later, Mapping) and tuple(earlier) == tuple(later):
            return FrozenMap({key: self.advance(earlier[key], later[key], key) for key in later})
        if is_dataclass(later) and not isinstance(later, type):
            moved = {
                field.name: value
                for field in fields(later)
                if (value := self.advance(getattr(earlier, field.name), held := getattr(later, field.name), field.name))
                is not held
            }
            return replace(later, **moved) if moved else later
        raise Unlike(f"{name}: {earlier!r} became {later!r}")

    def before(self, key: ObjectKey) -> tuple[ObjectKey, ...]:
        """What an object of that key may have been called a step ago, if its name ends in a number of keys."""
        stem, dash, digits = key.name.rpartition("-")
        if not (dash and digits.isdecimal()):
            return ()
        return tuple(key._replace(name=f"{stem}-{int(digits) - number}") for number in sorted(self.numbers))

    def _text(self, earlier: str, later: str, name: str) -> str:
        was, now = _TIME.fullmatch(earlier), _TIME.fullmatch(later)
        if was and now:
            if self.loose:
                return later
            at_s = seconds(f"{now[1]}Z")  # by_s is whole seconds: what is finer stays
            if at_s - seconds(f"{was[1]}Z") == self.by_s and was[2] == now[2]:
                return timestamp(at_s + self.times * self.by_s)[:-1] + (now[2] or "") + "Z"
        one, other = earlier.rpartition("-"), later.rpartition("-")
        if one[:2] == other[:2] and one[1] and one[2].isdecimal() and other[2].isdecimal():
            moved = int(other[2]) - int(one[2])
            if moved in self.numbers:
                return f"{other[0]}-{int(other[2]) + self.times * moved}"
        raise Unlike(f"{name}: {earlier!r} became {later!r}")

    def _histories(
        self, earlier: FrozenMap[tuple[Any, ...]], later: FrozenMap[tuple[Any, ...]], name: str
    ) -> FrozenMap[tuple[Any, ...]]:
        """By whom each is: what the steps ahead put before it, each what this one did, moved."""
        length, found = _HISTORIES[name], {}
        if not earlier.keys() <= later.keys():
            raise Unlike(f"{name}: {sorted(earlier.keys() - later.keys())} are gone")
        for whose, entries in later.items():
            before = earlier.get(whose, ())
            new = next(
                (count for count in range(len(entries) + 1) if entries[count:] == before[: length - count]), None
            )
            if new is None:
                raise Unlike(f"{name}: {before!r} became {entries!r}")
            ahead = (
                self._later(entry, steps) for steps in range(self.times, 0, -1) for entry in entries[:new]
            )  # fmt: skip
            found[whose] = (*islice(ahead, length), *entries)[:length]
        return FrozenMap(found)

    def _later(self, entry: Any, steps: int) -> Any:
        """An entry that this step made, as the one so many steps ahead makes it."""
        told = ((field.name, getattr(entry, field.name)) for field in fields(entry))
        return replace(entry, **{
            name: timestamp(seconds(text) + steps * self.by_s)
            for name, text in told if isinstance(text, str) and _TIME.fullmatch(text)
        })  # fmt: skip

    def _moved(self, earlier: int, later: int, name: str) -> int:
        moved = later - earlier
        if name == "generation" or moved in self.numbers or (moved == self.by_s and not self.loose):
            return moved
        raise Unlike(f"{name}: {earlier!r} became {later!r}")

    def _version(self, later: str) -> str:
        if later.isdecimal():
            return str(int(later) + self.changes)
        return str(UUID(int=UUID(later).int + self.changes)) if later else later
