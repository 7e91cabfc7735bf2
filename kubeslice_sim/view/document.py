"""A whole HTML page that stands alone: no scripts, nothing fetched."""

from __future__ import annotations

from kubeslice_sim.view.markup import Markup, el


def document(title: str, style: str, *content: Markup) -> str:
    """The text of a page of ``content`` under ``style`` (CSS); the same content gives the same bytes."""
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        # Said to the browser, too: this page has no scripts and fetches nothing.
        el("meta", http_equiv="Content-Security-Policy",
           content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"),
        el("title", f"{title} – kubeslice-sim"),
        el("style", Markup(style)),
    )  # fmt: skip
    body = el("body", el("main", *content), class_="ks")
    return f'<!doctype html>\n<html lang="en">{head}{body}</html>\n'
