"""A picture without time steps, placed by its own layout: no engine is asked, so a page can always be written."""

from __future__ import annotations

from dataclasses import dataclass

from .dot import MANY
from .layered import Point, layered
from .measure import size
from .picture import Edge, Picture, Pin
from .splines import waves

POINT = (4.0, 4.0)  # the room of a point of a rail


@dataclass
class Strand:
    """A line between two vertices; those are the boxes, then the points of rails."""

    source: int
    target: int
    edge: Edge
    tip: bool = True


class Ranks:
    """Operations from left to right; what is coarser, upwards.

    Attributes:
        at: centres of the boxes, then of the points.
        paths: Bezier points of each strand.
    """

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.count = len(picture.boxes)
        self.strands: list[Strand] = []
        self._make_strands()
        upwards = picture.level != "op"
        turned = lambda p: (p[1], p[0]) if upwards else p
        sizes = [turned(size(box)) for box in picture.boxes] + [POINT] * (self.count - len(picture.boxes))
        pins = [(i, box) for i, box in enumerate(picture.boxes) if isinstance(box, Pin)]
        layout = layered(
            sizes,
            [(strand.source, strand.target) for strand in self.strands],
            first=frozenset([i for i, pin in pins if pin.enters]),
            last=frozenset([i for i, pin in pins if not pin.enters]),
            gap=32.0,
            apart=16.0 if upwards else 12.0,
        )
        routes = [[*route] for route in layout.routes]
        self._spread(routes, sizes, layout.at)
        self.at: list[Point] = [turned(point) for point in layout.at]
        self.paths = [[turned(point) for point in waves(route)] for route in routes]

    def _make_strands(self) -> None:
        """One for each edge; a box that feeds many does it by a rail, a row of points that hands on."""
        leaving: dict[int, list[Edge]] = {}
        for edge in self.picture.edges:
            leaving.setdefault(edge.source, []).append(edge)
        for source, edges in leaving.items():
            if len(edges) <= MANY:
                self.strands += [Strand(source, edge.target, edge) for edge in edges]
                continue
            before = source
            for edge in sorted(edges, key=lambda edge: edge.target):
                self.strands += [Strand(before, self.count, edge, False), Strand(self.count, edge.target, edge)]
                before = self.count
                self.count += 1

    def _spread(self, routes: list[list[Point]], sizes: list[Point], at: list[Point]) -> None:
        """Lines that end at one side of a box, side by side in the order in which they come."""
        for end, near, vertex in ((-1, -2, "target"), (0, 1, "source")):
            sides: dict[int, list[int]] = {}
            for number, strand in enumerate(self.strands):
                sides.setdefault(getattr(strand, vertex), []).append(number)
            for box, numbers in sides.items():
                room = sizes[box][1] - 10
                if len(numbers) < 2 or room <= 0:
                    continue
                numbers.sort(key=lambda number: (routes[number][near][1], number))
                step = min(10.0, room / len(numbers))
                for k, number in enumerate(numbers):
                    x, _ = routes[number][end]
                    routes[number][end] = x, at[box][1] + (k - (len(numbers) - 1) / 2) * step
