"""Did you mean …?"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that names the known word closest to ``word``, or all of them where they are few, else nothing."""
    choices = [choice for choice in known if choice]
    by_lower = {choice.lower(): choice for choice in choices}
    close = get_close_matches(str(word).lower(), list(by_lower), n=1, cutoff=0.6)
    if close:
        return f"did you mean {by_lower[close[0]]}?"
    if 0 < len(choices) <= 8:
        return f"there is {', '.join(choices)}" if len(choices) == 1 else f"there are {', '.join(choices)}"
    return ""
