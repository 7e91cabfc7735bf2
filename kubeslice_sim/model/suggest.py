"""Hints that name what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_FEW = 8


def meant(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """``did you mean …?``, else ``otherwise``, else the first few that there are (nothing: the empty string)."""
    choices = list(dict.fromkeys(choice for choice in known if choice))
    lowered = {choice.lower(): choice for choice in choices}
    close = get_close_matches(word.lower(), list(lowered), n=1, cutoff=0.6)
    if close:
        return f"did you mean {lowered[close[0]]}?"
    if otherwise or not choices:
        return otherwise
    verb = "is" if len(choices) == 1 else "are"
    return f"there {verb} {', '.join(choices[:_FEW])}{', …' if len(choices) > _FEW else ''}"
