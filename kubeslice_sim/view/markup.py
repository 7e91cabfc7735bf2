"""HTML by construction: every text is escaped unless it was made here."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Child = str | Iterable[str]
_EMPTY = frozenset({"meta", "br", "hr", "img"})


def el(tag: str, /, *children: Child, **attributes: str) -> Markup:
    """An element. Texts are escaped, :class:`Markup` stands as it is; ``class_`` writes ``class``."""
    written = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items())
    if tag in _EMPTY:
        return Markup(f"<{tag}{written}>")
    return Markup(f"<{tag}{written}>{joined(*children)}</{tag}>")


def joined(*children: Child) -> Markup:
    """The children beside each other."""
    parts: list[str] = []
    for child in children:
        if isinstance(child, Markup):
            parts.append(child)
        elif isinstance(child, str):
            parts.append(escape(child))
        else:
            parts.extend(joined(item) for item in child)
    return Markup("".join(parts))


def table(headings: Iterable[Child], rows: Iterable[Iterable[Child]], **attributes: str) -> Markup:
    """A table; a row's cells may be texts, Markup or several of them."""
    return el(
        "table",
        el("thead", el("tr", (el("th", heading, scope="col") for heading in headings))),
        el("tbody", (el("tr", (el("td", cell) for cell in row)) for row in rows)),
        **attributes,
    )
