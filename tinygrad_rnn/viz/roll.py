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
    _make_alike(picture, middle)
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
    delays: dict[tuple, set[int]] = {}
    for edge in picture.edges:
        a, b = picture.boxes[edge.source], picture.boxes[edge.target]
        if edge.source not in kept or edge.target not in kept or a.kind == "start":
            continue
        delay = b.column - a.column if a.column is not None and b.column is not None else 0
        key = kept[edge.source], kept[edge.target], bool(delay), edge.role if delay else ""
        delays.setdefault(key, set()).add(delay)
        if key not in edges or edges[key].role == "data":
            edges[key] = Edge(*key[:2], edge.role)
    for key, edge in edges.items():
        edge.delays = tuple(sorted(delays[key] - {0}))
    joined = {i for edge in edges.values() for i in (edge.source, edge.target)}
    shows = lambda i: picture.boxes[i].kind != "start" and (picture.boxes[i].column is not None or i in joined)
    drawn = sorted({i for i in kept.values() if shows(i)})
    first, *_, last = [time for time, era in zip(picture.times, picture.eras) if era == picture.eras[middle]] * 2
    one = Picture(
        picture.level,
        picture.boxes,
        list(edges.values()),
        [f"t = {first} … {last}" if first != last else f"t = {first}"],
        picture.rows,
        picture.folded,
    )
    one.keep(drawn)
    for box in one.boxes:
        if box.column is not None:
            box.column, box.subscript = 0, "t" if box.subscript else ""
            _forget_numbers(box)
    return one


def _make_alike(picture: Picture, middle: int) -> None:
    """Cells that are not shared take turns: one that looks like a row of the middle step is made part of that row."""
    looks: dict[int, dict[int, list[str]]] = {}  # row -> column -> titles
    for box in picture.boxes:
        if box.row is not None and box.column is not None:
            looks.setdefault(box.row, {}).setdefault(box.column, []).append(box.title)
    taken = {row: {*columns} for row, columns in looks.items() if middle in columns}
    turns = {row: [row] for row in taken}
    for row in sorted(looks.keys() - taken):
        for other, columns in taken.items():
            if looks[other][middle] in looks[row].values() and not columns & looks[row].keys():
                turns[other].append(row)
                columns |= looks[row].keys()
                break
    first = {row: min(rows) for rows in turns.values() for row in rows}  # the order of rows says what lies below what
    for box in picture.boxes:
        box.row = first.get(box.row, box.row)  # type: ignore[arg-type]
    for row in turns:
        picture.rows[first[row]] = picture.rows[row]


def _forget_numbers(box: Box) -> None:
    """Values show their numbers, but one step stands for all of them here."""
    found = {note for part in box.parts if isinstance(part, Node) and part.plain_grad for note in value_notes(part)}
    if found:
        box.notes = [note for note in box.notes if note not in found]
        if not box.title and not box.notes:
            box.notes = ["number"]
