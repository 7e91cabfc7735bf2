"""Plain scalars by YAML 1.2's core schema: ``no``, ``on`` and dates stay text, ``0o17`` is a number."""

from __future__ import annotations

import math
import re

_STARTS = frozenset("-+.0123456789nNtTfF~")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_RADIX = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_ONLY_NEW_NUMBER = re.compile(r"0o[0-7]+|[-+]?(?:[0-9]+[eE][-+]?[0-9]+|[0-9]*\.?[0-9]*[eE][0-9]+)")
_LONGEST_NUMBER = 64

Scalar = str | int | float | bool | None


def resolve(text: str) -> Scalar:
    """What an unquoted scalar means (https://yaml.org/spec/1.2.2/#103-core-schema).

    ``.inf``, ``.nan`` and numbers that no float or 64-digit integer holds stay text: JSON has no such numbers.
    """
    if text and text[0] not in _STARTS:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > _LONGEST_NUMBER:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _RADIX.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text


def resolve_recorded(text: str) -> Scalar:
    """What an unquoted scalar means in a file that PyYAML wrote.

    It follows YAML 1.1, so it leaves a text unquoted that looks like a number in YAML 1.2 only: ``0o17``, or an
    exponent without a dot before it and a sign.
    """
    return text if _ONLY_NEW_NUMBER.fullmatch(text) else resolve(text)


def means_text(text: str) -> bool:
    """Whether the unquoted scalar is read back as this very text."""
    return isinstance(resolve(text), str)
