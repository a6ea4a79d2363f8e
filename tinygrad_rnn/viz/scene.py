"""Where everything of a picture lies, as plain data for a page: boxes, lines, and the frames around steps and cells.

Points in points, y downwards. A line leads from vertex to vertex; the vertices are the boxes, then the points
through which a rail taps its steps.
"""

from __future__ import annotations

from typing import Any

from .blocks import HEAD, PADDING
from .grid import LABEL, Grid
from .layered import Point
from .measure import size
from .picture import Edge, Picture, Pin
from .ranks import Ranks


def scene(picture: Picture) -> dict[str, Any]:
    """The places of a picture: on the grid of its time steps, else in ranks."""
    return _GridScene(picture).data() if picture.columns else _ranked_scene(picture)


def _box(picture: Picture, i: int, center: Point, extent: Point, cell: int | None) -> dict[str, Any]:
    box = picture.boxes[i]
    more = {"of": box.of} if isinstance(box, Pin) else {}
    return more | {
        "kind": "pin" if isinstance(box, Pin) else box.kind, "title": box.title, "sub": box.subscript,
        "notes": [note[:60] for note in box.notes if note], "symbol": box.symbol,
        "step": box.column, "row": box.row, "cell": cell,
        "x": _round(center[0]), "y": _round(-center[1]), "w": _round(extent[0]), "h": _round(extent[1]),
    }  # fmt: skip


def _frame(label: str, left: float, bottom: float, right: float, top: float, **more: Any) -> dict[str, Any]:
    sides = {"x": left, "y": -top, "w": right - left, "h": top - bottom}
    return {"label": label, **{side: _round(length) for side, length in sides.items()}, **more}


def _line(source: int, target: int, role: str, path: list[Point], *, tip: bool, dashed: bool) -> dict[str, Any]:
    points = [_round(number) for x, y in path for number in (x, -y)]
    return {"from": source, "to": target, "role": role, "tip": tip, "dashed": dashed, "path": points}


def _round(number: float) -> float:
    return round(number, 1) + 0.0  # never -0.0


class _GridScene(Grid):
    """A grid that keeps its lines as points instead of writing DOT."""

    def __init__(self, picture: Picture) -> None:
        self.strokes: list[tuple[str, str, Edge, list[Point], bool]] = []
        super().__init__(picture)

    def _line(self, a: str, b: str, edge: Edge, path: list[Point], arrow: bool = True) -> None:
        self.strokes.append((a, b, edge, path, arrow))

    def data(self) -> dict[str, Any]:
        cells, boxes = self._cells()
        points = [point for column in sorted(self.points) for point in self.points[column]]
        vertex = {f"n{i}": i for i in range(len(boxes))} | {p[0]: len(boxes) + k for k, p in enumerate(points)}
        lines = [
            _line(vertex[a], vertex[b], edge.role, path, tip=arrow, dashed=bool(edge.delays))
            for a, b, edge, path, arrow in self.strokes
        ]
        top = self.at.ceiling + LABEL
        steps = [
            _frame(label, self.at.column_x[k], self.at.floor, self.at.column_end[k], top)
            for k, label in enumerate(self.picture.columns)
        ]
        words = [(text, at) for each in self.words.values() for _, text, at in each]
        return {
            "boxes": boxes, "cells": cells, "steps": steps, "lines": lines,
            "points": [[_round(x), _round(-y)] for _, (x, y), _ in points],
            "words": [{"text": text, "x": _round(x), "y": _round(-y)} for text, (x, y) in words],
        }  # fmt: skip

    def _cells(self) -> tuple[list[dict], list[dict]]:
        cells: list[dict[str, Any]] = []
        boxes: dict[int, dict[str, Any]] = {
            i: _box(self.picture, i, at, size(self.boxes[i]), None) for i, at in self.at.outside.items()
        }
        for block in self.plan.blocks:
            cell = None
            if block.opened and block.row is not None:
                cell = len(cells)
                sides = block.x, block.y, block.x + block.width, block.y + block.height
                cells.append(_frame(self.picture.rows[block.row], *sides, step=block.column, row=block.row))
            for position, i in enumerate(block.boxes):
                extent = (block.width, block.height) if block.single else block.sizes[position]
                boxes[i] = _box(self.picture, i, block.center(position), extent, cell)
        return cells, [boxes[i] for i in range(len(boxes))]


def _ranked_scene(picture: Picture) -> dict[str, Any]:
    ranks = Ranks(picture)
    extents = [size(box) for box in picture.boxes]
    cells, cell_of = _cells(picture, ranks.at, extents)
    boxes = [_box(picture, i, ranks.at[i], extent, cell_of.get(i)) for i, extent in enumerate(extents)]
    lines = [
        _line(strand.source, strand.target, strand.edge.role, path, tip=strand.tip, dashed=bool(strand.edge.delays))
        for strand, path in zip(ranks.strands, ranks.paths)
    ]
    points = [[_round(x), _round(-y)] for x, y in ranks.at[len(boxes) :]]
    return {"boxes": boxes, "cells": cells, "steps": [], "lines": lines, "points": points, "words": []}


def _cells(picture: Picture, at: list[Point], extents: list[Point]) -> tuple[list[dict], dict[int, int]]:
    """Frames around the operations of one module call, where nothing else lies among them; and who is in which."""
    rows: dict[int, list[int]] = {}
    for i, box in enumerate(picture.boxes):
        if box.row is not None and picture.level == "op":
            rows.setdefault(box.row, []).append(i)
    sides = [(x - w / 2, y - h / 2, x + w / 2, y + h / 2) for (x, y), (w, h) in zip(at, extents)]
    cells: list[dict[str, Any]] = []
    cell_of: dict[int, int] = {}
    for row, members in rows.items():
        left, bottom = (min([sides[i][k] for i in members]) - PADDING for k in (0, 1))
        right, top = (max([sides[i][k] for i in members]) + PADDING for k in (2, 3))
        mine = set(members)
        inside = [a < right and c > left and b < top and d > bottom for a, b, c, d in sides]
        if len(members) > 1 and not any([hit and i not in mine for i, hit in enumerate(inside)]):
            cell_of.update(dict.fromkeys(members, len(cells)))
            cells.append(_frame(picture.rows[row], left, bottom, right, top + HEAD, step=None, row=row))
    return cells, cell_of
