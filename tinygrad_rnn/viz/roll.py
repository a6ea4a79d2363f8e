"""Rolled up: one step with delayed edges back to itself, as textbooks draw a recurrent network."""

from __future__ import annotations

from ..autograd.graph import Node
from .collapse import value_notes
from .picture import Box, Edge, Picture


def rolled(picture: Picture) -> Picture:
    """Keep one step in the middle; what goes from one step to the next becomes a delayed edge."""
    if not picture.columns:
        return picture
    middle = len(picture.columns) // 2
    at: dict[tuple, list[int]] = {}
    for i, box in enumerate(picture.boxes):
        if box.column is not None:
            at.setdefault((box.column, box.row, box.kind if box.row is None else ""), []).append(i)
    kept: dict[int, int] = {}  # box -> the one of the middle step that stands for it
    for (_, row, kind), boxes in at.items():
        kept.update(zip(boxes, at.get((middle, row, kind), [])))
    for i, j in kept.items():
        if i != j:
            picture.boxes[j].parts += picture.boxes[i].parts
    for i, box in enumerate(picture.boxes):
        if box.column is None:
            kept[i] = i
    edges: dict[tuple, Edge] = {}
    for edge in picture.edges:
        a, b = picture.boxes[edge.source], picture.boxes[edge.target]
        if edge.source not in kept or edge.target not in kept or a.kind == "start":
            continue
        delayed = a.column is not None and b.column is not None and a.column != b.column
        new = Edge(kept[edge.source], kept[edge.target], edge.role, delayed)
        key = new.source, new.target, delayed, edge.role if delayed else ""
        if key not in edges or edges[key].role == "data":
            edges[key] = new
    steps = len(picture.columns)
    drawn = sorted({i for i in set(kept.values()) if picture.boxes[i].kind != "start"})
    one = Picture(
        picture.level,
        picture.boxes,
        list(edges.values()),
        [f"t = 0 … {steps - 1}" if steps > 1 else "t = 0"],
        picture.rows,
        picture.folded,
    )
    one.keep(drawn)
    for box in one.boxes:
        if box.column is not None:
            box.column, box.subscript = 0, "t" if box.subscript else ""
            _forget_numbers(box)
    return one


def _forget_numbers(box: Box) -> None:
    """Values show their numbers, but one step stands for all of them here."""
    found = {note for part in box.parts if isinstance(part, Node) and part.plain_grad for note in value_notes(part)}
    if found:
        box.notes = [note for note in box.notes if note not in found]
        if not box.title and not box.notes:
            box.notes = ["number"]
