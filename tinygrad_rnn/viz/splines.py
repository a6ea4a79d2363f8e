"""Paths as Graphviz writes them: cubic Bezier points, and where the arrow ends."""

from __future__ import annotations

from itertools import pairwise
from math import hypot

Point = tuple[float, float]
ARROW = 6.0  # length of an arrow head, in points


def pos(points: list[Point], arrow: bool = True) -> str:
    """The `pos` of an edge along Bezier `points` (3n + 1 of them)."""
    end = ""
    if arrow:
        (x0, y0), (x1, y1) = next(p for p in points[-2::-1] if p != points[-1]), points[-1]
        length = hypot(x1 - x0, y1 - y0)
        scale = min(ARROW, 0.9 * length) / length
        points = [*points[:-1], (x1 - (x1 - x0) * scale, y1 - (y1 - y0) * scale)]
        if len(points) >= 4 and points[-2] == (x1, y1):
            points[-2] = points[-1]
        end = f"e,{_show((x1, y1))} "
    return end + " ".join(map(_show, points))


def _show(p: Point) -> str:
    return f"{p[0]:.1f},{p[1]:.1f}"


def corners(points: list[Point], radius: float = 6.0) -> list[Point]:
    """Straight lines through points, with rounded corners."""
    points = [
        p for k, p in enumerate(points) if not k or hypot(p[0] - points[k - 1][0], p[1] - points[k - 1][1]) > 0.01
    ]
    path = [points[0]]
    for before, corner, after in zip(points, points[1:], points[2:]):
        a, b = _toward(corner, before, radius), _toward(corner, after, radius)
        _line(path, a)
        path += [_between(a, corner), _between(b, corner), b]
    _line(path, points[-1])
    return path


def _line(path: list[Point], to: Point) -> None:
    start = path[-1]
    third = lambda k: (start[0] + (to[0] - start[0]) * k / 3, start[1] + (to[1] - start[1]) * k / 3)
    path += [third(1), third(2), to]


def _toward(p: Point, q: Point, distance: float) -> Point:
    length = hypot(q[0] - p[0], q[1] - p[1])
    share = min(distance, length / 2) / length
    return p[0] + (q[0] - p[0]) * share, p[1] + (q[1] - p[1]) * share


def _between(a: Point, b: Point) -> Point:
    return a[0] + (b[0] - a[0]) * 0.55, a[1] + (b[1] - a[1]) * 0.55


def waves(points: list[Point]) -> list[Point]:
    """From point to point with horizontal tangents."""
    path = [points[0]]
    for a, b in pairwise(points):
        middle = (a[0] + b[0]) / 2
        path += [(middle, a[1]), (middle, b[1]), b]
    return path


def climb(a: Point, b: Point) -> list[Point]:
    """From a up to b with vertical tangents; straight where they are one above the other."""
    middle = (a[1] + b[1]) / 2
    return [a, (a[0], middle), (b[0], middle), b]
