"""One box for what always goes together: the parameters of a layer, the initial states of a row."""

from __future__ import annotations

from typing import Any

from .picture import Box, Edge, Picture


def gather(picture: Picture) -> None:
    """Join parameters that serve the same boxes, and initial states that start the same row."""
    serves: dict[int, dict] = {}
    for edge in picture.edges:
        kind = picture.boxes[edge.source].kind
        if kind == "parameter" or (kind == "start" and picture.boxes[edge.source].tip):
            target = picture.boxes[edge.target]
            what = ("row", target.row) if target.row is not None else ("box", edge.target)
            serves.setdefault(edge.source, {})[what] = edge.target
    together: dict[tuple, list[int]] = {}
    for source, whom in serves.items():
        together.setdefault((picture.boxes[source].kind, *sorted(whom)), []).append(source)
    stands_for = list(range(len(picture.boxes)))
    for (kind, *_), members in together.items():
        if len(members) > 1:
            boxes = [picture.boxes[i] for i in members]
            target = picture.boxes[next(iter(serves[members[0]].values()))]
            title = picture.rows[target.row] if target.row is not None else target.title
            picture.boxes[members[0]] = _parameters(boxes, title) if kind == "parameter" else _states(boxes)
            picture.boxes[members[0]].results = dict.fromkeys([each for box in boxes for each in box.results])
            for i in members:
                stands_for[i] = members[0]
    joined = {j for i, j in enumerate(stands_for) if i != j}
    edges: dict[tuple, Edge] = {}
    for edge in picture.edges:
        new = Edge(stands_for[edge.source], edge.target, edge.role, edge.delays, edge.links)
        if new.source in joined:
            first = edges.setdefault((new.source, new.target, new.role), new)
            if first is not new:
                first.links = [*first.links, *new.links]
        else:
            edges[len(edges),] = new
    picture.edges = list(edges.values())
    picture.keep([i for i, j in enumerate(stands_for) if i == j])


def _parameters(boxes: list[Box], title: str) -> Box:
    notes = [f"{box.title}  {' '.join(box.notes)}" for box in boxes]
    return Box("parameter", title or "parameters", notes, boxes[0].tip, parts=_parts(boxes))


def _states(boxes: list[Box]) -> Box:
    boxes = sorted(boxes, key=lambda box: not box.title.startswith("h"))
    names = [box.title.removesuffix(" = 0") for box in boxes]
    zero = " = 0" if all([box.title.endswith(" = 0") for box in boxes]) else ""
    return Box(
        "start",
        ", ".join(names) + zero,
        [", ".join(dict.fromkeys([note for box in boxes for note in box.notes]))],
        boxes[0].tip,
        parts=_parts(boxes),
    )


def _parts(boxes: list[Box]) -> list[Any]:
    return [part for box in boxes for part in box.parts]
