"""Figures without pyplot: made, shown in a notebook, and written as the same bytes each time."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from html import escape
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from kubeslice_sim.errors import BadInput
from kubeslice_sim.view.atomic import write_bytes
from kubeslice_sim.view.palette import INK, LINE, PAPER

P = ParamSpec("P")
T = TypeVar("T")

POINTS_PER_INCH = 72.0
FORMATS = ("svg", "png", "pdf")
_ID = re.compile(r"""(\bid="|href="\#|url\(\#)""")
_STYLE: Any = {
    # Text stays text in an SVG (small, searchable, read aloud); the salt makes its ids the same each time.
    "svg.fonttype": "none",
    "svg.hashsalt": "kubeslice-sim",
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans", "Verdana", "sans-serif"],
    "font.size": 10.0,
    # A name with dollar signs is a name, no formula.
    "text.parse_math": False,
    "text.usetex": False,
    "axes.edgecolor": LINE,
    "axes.facecolor": PAPER,
    "axes.grid": False,
    "lines.markeredgewidth": 1.0,
    "hatch.linewidth": 0.6,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


class Picture(Figure):
    """A figure that a notebook shows by itself, whatever its matplotlib back end."""

    def _repr_svg_(self) -> str:
        return svg_text(self)


def in_house_style(make: Callable[P, T]) -> Callable[P, T]:
    """A function that draws, drawing the same whatever style its caller has set."""

    @wraps(make)
    def styled(*args: P.args, **kwargs: P.kwargs) -> T:
        with mpl.rc_context():
            mpl.rcParams.update({**mpl.rcParamsDefault, "backend": mpl.rcParams["backend"], **_STYLE})
            return make(*args, **kwargs)

    return styled


def new_picture(width_pt: float, height_pt: float) -> Picture:
    """An empty figure of this size in points."""
    made = Picture(figsize=(width_pt / POINTS_PER_INCH, height_pt / POINTS_PER_INCH), facecolor=PAPER)
    FigureCanvasAgg(made)
    return made


def canvas(picture: Picture) -> Axes:
    """Axes over the whole figure whose unit is the point, so that texts and shapes share one measure."""
    axes = picture.add_axes((0.0, 0.0, 1.0, 1.0))
    width, height = picture.get_size_inches() * POINTS_PER_INCH
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    axes.set_axis_off()
    return axes


def text_width(text: str, size_pt: float, *, bold: bool = False) -> float:
    """How wide a text of the house font is, in points."""
    if not text.strip():
        return 0.0
    font = FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal")
    # Hinting and other readers' fonts make a text a little wider than its outline.
    with _unknown_glyphs_allowed():
        return 1.04 * float(TextPath((0, 0), text, size=size_pt, prop=font, usetex=False).get_extents().width)


def svg_text(figure: Figure) -> str:
    """The figure as an SVG document: the same figure gives the same text."""
    return _written(figure, "svg", metadata={"Date": None, "Creator": "kubeslice-sim"}).decode("utf-8")


def inline_svg(figure: Figure, title: str, prefix: str) -> str:
    """The figure as an ``<svg>`` element for a page, with a title for those who do not see it.

    ``prefix`` stands before every id, so that several figures of one page do not share any.
    """
    text = _ID.sub(rf"\g<1>{prefix}", svg_text(figure))
    start = text.index("<svg")
    end = text.index(">", start)
    return f'{text[start:end]} role="img" aria-label="{escape(title)}"{text[end:]}'


def save_figure(figure: Figure, file: str | Path) -> None:
    """Write the figure; the ending (svg, png, pdf) chooses the format. Raises :exc:`BadInput` for another ending."""
    path = Path(file)
    kind = path.suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        raise BadInput(f"{path}: cannot draw a {path.suffix or 'file without an ending'}; use {', '.join(FORMATS)}")
    metadata: dict[str, Any] = {"svg": {"Date": None}, "png": {"Software": None}, "pdf": {"CreationDate": None}}[kind]
    write_bytes(path, _written(figure, kind, metadata=metadata))


@in_house_style
def _written(figure: Figure, kind: str, metadata: dict[str, Any]) -> bytes:
    stream = io.BytesIO()
    with _unknown_glyphs_allowed():
        figure.savefig(stream, format=kind, metadata=metadata, dpi=144)
    return stream.getvalue()


@contextmanager
def _unknown_glyphs_allowed() -> Iterator[None]:
    """Names may hold what our font lacks: who reads an SVG has fonts of their own, and a PNG shows a box."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        yield
