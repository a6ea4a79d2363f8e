"""Where everything of a picture lies, as plain data for a page: boxes, lines, and the frames around steps and cells.

Points in points, y downwards. A line leads from vertex to vertex; the vertices are the boxes, then the points
through which a rail taps its steps.
"""

from __future__ import annotations

import json
from typing import Any

from . import style
from .dot import arranged_by_dot
from .grid import LABEL, Grid
from .layered import Point
from .layout import render
from .measure import size
from .picture import Edge, Picture

Numbers = list[float]


def scene(picture: Picture, timeout: float) -> dict[str, Any]:
    """The places of a picture: computed if it has time steps, else asked of the dot engine."""
    return _GridScene(picture).data() if picture.columns else _dot_scene(picture, timeout)


def _box(picture: Picture, i: int, center: Point, extent: Point, cell: int | None) -> dict[str, Any]:
    box = picture.boxes[i]
    return {
        "kind": box.kind, "title": box.title, "sub": box.subscript, "notes": [note[:60] for note in box.notes if note],
        "symbol": box.symbol, "step": box.column, "cell": cell,
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
            _line(vertex[a], vertex[b], edge.role, path, tip=arrow, dashed=edge.delayed)
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


def _dot_scene(picture: Picture, timeout: float) -> dict[str, Any]:
    graph = json.loads(render(arranged_by_dot(picture), "dot", "json", timeout))
    frames = [each for each in graph.get("objects", []) if "nodes" in each]
    nodes = [each for each in graph.get("objects", []) if "nodes" not in each]
    cells: list[dict[str, Any]] = []
    cell_of: dict[int, int] = {}
    for frame in frames:
        row = int(frame["name"].removeprefix("cluster_m"))
        cell_of.update(dict.fromkeys(frame["nodes"], len(cells)))
        cells.append(_frame(picture.rows[row], *_numbers(frame["bb"]), step=None, row=row))
    found: dict[int, dict[str, Any]] = {}
    vertex: dict[int, int] = {}
    points: list[Numbers] = []
    for node in nodes:
        at, number = _numbers(node["pos"]), node["_gvid"]
        if "_" in node["name"]:
            vertex[number] = len(picture.boxes) + len(points)
            points.append([_round(at[0]), _round(-at[1])])
            continue
        i = vertex[number] = int(node["name"][1:])
        extent = 72 * float(node["width"]), 72 * float(node["height"])
        found[i] = _box(picture, i, (at[0], at[1]), extent, cell_of.get(number))
    role_of = {color: role for role, (color, _) in style.EDGES.items()}
    lines = []
    for edge in graph.get("edges", []):
        path, tip = _spline(edge["pos"])
        ends = vertex[edge["tail"]], vertex[edge["head"]]
        dashed = edge.get("style") == "dashed"
        lines.append(_line(*ends, role_of.get(edge["color"], "data"), path, tip=tip, dashed=dashed))
    boxes = [found[i] for i in range(len(picture.boxes))]
    return {"boxes": boxes, "cells": cells, "steps": [], "lines": lines, "points": points, "words": []}


def _spline(pos: str) -> tuple[list[Point], bool]:
    """(Bezier points up to the arrow's tip, whether there is an arrow), of Graphviz's `pos`."""
    words = pos.split()
    tip = [word[2:] for word in words if word.startswith("e,")]
    path = [(x, y) for x, y in map(_numbers, [word for word in words if not word.startswith(("e,", "s,"))])]
    if tip:
        x, y = _numbers(tip[0])
        path[-1] = (x, y)
    return path, bool(tip)


def _numbers(text: str) -> Numbers:
    return [float(word) for word in text.split(",")]
