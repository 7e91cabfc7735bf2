"""Where things stand in a drawing: boxes on a ring, lines between their borders, labels where there is room."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

FEW = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle by its centre, in points."""

    x: float
    y: float
    width: float
    height: float

    def overlaps(self, other: Box, gap_x: float, gap_y: float) -> bool:
        """Whether they are closer than ``gap_x`` sideways and than ``gap_y`` up and down."""
        return (
            abs(self.x - other.x) < (self.width + other.width) / 2 + gap_x
            and abs(self.y - other.y) < (self.height + other.height) / 2 + gap_y
        )

    def border(self, dx: float, dy: float, aside: float = 0.0) -> tuple[float, float]:
        """Where a line from the centre towards (dx, dy), shifted ``aside`` to its left, leaves the box."""
        length = math.hypot(dx, dy) or 1.0
        ux, uy = dx / length, dy / length
        px, py = -uy * aside, ux * aside
        reach_x = ((self.width / 2) - math.copysign(px, px * ux if ux else 1.0)) / abs(ux) if ux else math.inf
        reach_y = ((self.height / 2) - math.copysign(py, py * uy if uy else 1.0)) / abs(uy) if uy else math.inf
        reach = max(0.0, min(reach_x, reach_y))
        return self.x + px + ux * reach, self.y + py + uy * reach


def ring(sizes: Sequence[tuple[float, float]], gap_x: float, gap_y: float) -> tuple[Box, ...]:
    """Boxes of these sizes on an ellipse, the first on top (two: left and right), clockwise, with gaps.

    Neighbours are ``gap_x`` apart sideways or ``gap_y`` up and down; of a few boxes none stands in the way of a line
    between two others. The ellipse is as wide and as high as that needs; its lower left corner is (0, 0).
    """
    count = len(sizes)
    if not count:
        return ()
    if count == 1:
        return _moved([Box(x=0.0, y=0.0, width=sizes[0][0], height=sizes[0][1])])
    first = math.pi if count == 2 else math.pi / 2
    angles = [first - 2 * math.pi * index / count for index in range(count)]
    # Wide boxes want a wide ring; not wider than 1.6 : 1, so that it fits a page.
    aspect = min(1.6, max(1.15, sum(size[0] for size in sizes) / sum(size[1] for size in sizes)))
    radius = 40.0
    while True:
        boxes = [
            Box(x=radius * aspect * math.cos(angle), y=radius * math.sin(angle), width=width, height=height)
            for angle, (width, height) in zip(angles, sizes, strict=True)
        ]
        clear = not any(a.overlaps(b, gap_x, gap_y) for a, b in combinations(boxes, 2))
        if clear and not (count <= FEW and _in_the_way(boxes)):
            return _moved(boxes)
        radius *= 1.03


def _in_the_way(boxes: Sequence[Box]) -> bool:
    """Whether a box touches the line between its two neighbours; lines between others lie further inside."""
    count = len(boxes)
    return count > 3 and any(
        box.width / 2 * abs(dy) + box.height / 2 * abs(dx) > abs((box.x - a.x) * dy - (box.y - a.y) * dx)
        for index, box in enumerate(boxes)
        for a, b in [(boxes[index - 1], boxes[(index + 1) % count])]
        for dx, dy in [(b.x - a.x, b.y - a.y)]
    )


def place_label(
    start: tuple[float, float], end: tuple[float, float], size: tuple[float, float], taken: Sequence[Box]
) -> Box | None:
    """A place for a label of this size on the line, near its middle, clear of what is ``taken``; None: no room."""
    for share in (0.5, 0.44, 0.56, 0.38, 0.62, 0.32, 0.68, 0.26, 0.74, 0.2, 0.8):
        box = Box(
            x=start[0] + (end[0] - start[0]) * share, y=start[1] + (end[1] - start[1]) * share,
            width=size[0], height=size[1],
        )  # fmt: skip
        if not any(box.overlaps(other, 3.0, 3.0) for other in taken):
            return box
    return None


def extent(boxes: Sequence[Box]) -> tuple[float, float]:
    """Width and height of what begins at (0, 0) and holds all boxes."""
    right = max((box.x + box.width / 2 for box in boxes), default=0.0)
    return right, max((box.y + box.height / 2 for box in boxes), default=0.0)


def _moved(boxes: Sequence[Box]) -> tuple[Box, ...]:
    left = min(box.x - box.width / 2 for box in boxes)
    low = min(box.y - box.height / 2 for box in boxes)
    return tuple(Box(x=box.x - left, y=box.y - low, width=box.width, height=box.height) for box in boxes)
