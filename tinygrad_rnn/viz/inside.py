"""What is inside a box: the part of a finer picture that it stands for, with pins where lines enter and leave it."""

from __future__ import annotations

from typing import NamedTuple

from .picture import Box, Edge, Picture, Pin

STATES = {"state": "h", "memory": "c"}
NAMED = ("parameter", "input", "start", "output")


class Detailed(NamedTuple):
    """A picture, and the items that each of its boxes stands for."""

    picture: Picture
    items: list[list[int]]


class Inside(NamedTuple):
    """A picture of what is inside a box; for each of its boxes that of the finer picture, or -1."""

    picture: Picture
    origin: list[int]


class Magnifier:
    """Looks from one picture into a finer one of the same graph."""

    def __init__(self, coarse: Detailed, fine: Detailed) -> None:
        self.coarse, self.fine = coarse, fine
        holder = {item: b for b, items in enumerate(coarse.items) for item in items}
        self.home: list[int | None] = []  # the coarse box around each fine one; None where there is no single one
        self.members: list[list[int]] = [[] for _ in coarse.items]
        for f, items in enumerate(fine.items):
            around = {holder.get(item) for item in items}
            self.home.append(around.pop() if len(around) == 1 else None)
            if (home := self.home[-1]) is not None:
                self.members[home].append(f)
        self.touching: list[list[int]] = [[] for _ in fine.items]  # fine box -> its edges
        for e, edge in enumerate(fine.picture.edges):
            self.touching[edge.source].append(e)
            if edge.target != edge.source:
                self.touching[edge.target].append(e)

    def inside(self, box: int) -> Inside | None:
        """The picture inside a coarse box; None where there is nothing more to see than the box."""
        members = self.members[box]
        if len(members) < 2:
            return None
        return _Cut(self, members, self.coarse.picture.boxes[box].column).result()


class _Cut:
    """A finer picture, cut out along the border of a box.

    What belongs to no coarse box, such as the input of a single step of a layer, is drawn with what it feeds.
    """

    def __init__(self, view: Magnifier, members: list[int], column: int | None) -> None:
        self.fine, self.items = view.fine.picture, view.fine.items
        edges = [self.fine.edges[e] for e in sorted({e for f in members for e in view.touching[f]})]
        around = {f for edge in edges for f in (edge.source, edge.target) if view.home[f] is None}
        near = {f for f in around if column is None or self.items[f]}  # else the coarse picture has it as well
        self.origin = sorted({*members, *near})
        self.place = {f: i for i, f in enumerate(self.origin)}
        columns = {c for f in self.origin if (c := self.fine.boxes[f].column) is not None and column is None}
        self.columns: dict[int | None, int] = {old: new for new, old in enumerate(sorted(columns))}
        self.boxes = [self._copy(self.fine.boxes[f]) for f in self.origin]
        self.edges: list[Edge] = []
        self.pins: dict[tuple, Pin] = {}
        for edge in edges:
            self._cut(edge)

    def _copy(self, box: Box) -> Box:
        column, row = self.columns.get(box.column), box.row if self.columns else None
        return Box(box.kind, box.title, box.notes, box.tip, column, row, box.subscript, box.symbol)

    def _cut(self, edge: Edge) -> None:
        source, target = self.place.get(edge.source), self.place.get(edge.target)
        if source is not None and target is not None and (self.columns or not edge.delays):
            self.edges.append(Edge(source, target, edge.role, edge.delays))
            return
        if target is not None:
            self._connect(Edge(self._pin(edge, enters=True), target, edge.role))
        if source is not None:
            self._connect(Edge(source, self._pin(edge, enters=False), edge.role))

    def _connect(self, edge: Edge) -> None:
        if edge not in self.edges[-8:]:
            self.edges.append(edge)

    def _pin(self, edge: Edge, enters: bool) -> int:
        """The pin for an edge, by its index; one for all that carry the same, at its step if it is of that alone."""
        key = enters, edge.source, edge.role
        box, reader = self.fine.boxes[edge.source], self.fine.boxes[edge.target]
        if (pin := self.pins.get(key)) is None:
            title = STATES.get(edge.role, box.title if enters and box.kind in NAMED else "")
            pin = self.pins[key] = Pin(
                "start" if enters else "output", title, enters=enters, of=(box if enters else reader).kind
            )
            pin.tip = "initial state" if enters and edge.role in STATES else ""
            pin.column, pin.sources, pin.index = self.columns.get(box.column), self.items[edge.source], len(self.boxes)
            self.boxes.append(pin)
            self.origin.append(-1)
        if enters and reader.column != box.column:
            pin.column = None
        pin.readers = sorted({*pin.readers, *self.items[edge.target]})
        return pin.index

    def result(self) -> Inside:
        labels = [self.fine.columns[column] for column in self.columns if column is not None]
        return Inside(Picture(self.fine.level, self.boxes, self.edges, labels, self.fine.rows), self.origin)
