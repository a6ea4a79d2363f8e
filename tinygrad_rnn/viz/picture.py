"""What is to be drawn: boxes and edges, each box in a column (its time step) and a row (its layer)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

INPUTS, OUTPUTS = "inputs of the folded steps", "outputs of the folded steps"


@dataclass(slots=True)
class Box:
    """One box of the picture."""

    kind: str  # a key of style.LOOKS
    title: str
    notes: list[str] = field(default_factory=list)  # small lines below the title
    tip: str = ""  # what a pointer that rests on it is told
    column: int | None = None
    row: int | None = None  # which layer or module, the same at every step
    subscript: str = ""
    symbol: bool = False  # the title is a sign like +
    parts: list[Any] = field(default_factory=list)  # the applications, leaves and inputs that it stands for


@dataclass(slots=True)
class Edge:
    """From box to box, by index."""

    source: int
    target: int
    role: str = "data"  # a key of style.EDGES
    delayed: bool = False  # back to the next step of the same box


@dataclass
class Picture:
    """Boxes oldest first, edges from older to newer ones (delayed ones apart)."""

    level: str
    boxes: list[Box] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)  # their labels
    rows: list[str] = field(default_factory=list)  # their labels
    folded: str = ""  # what was left out, in words

    def prune(self, wanted: set[int]) -> None:
        """Keep what leads to a wanted box."""
        into: list[list[int]] = [[] for _ in self.boxes]
        for edge in self.edges:
            into[edge.target].append(edge.source)
        seen, waiting = set(wanted), list(wanted)
        while waiting:
            for source in into[waiting.pop()]:
                if source not in seen:
                    seen.add(source)
                    waiting.append(source)
        self.keep(sorted(seen))

    def keep(self, boxes: list[int]) -> None:
        """Only these boxes, in this order."""
        new = {old: i for i, old in enumerate(boxes)}
        self.boxes = [self.boxes[i] for i in boxes]
        self.edges = [
            Edge(new[e.source], new[e.target], e.role, e.delayed)
            for e in self.edges
            if e.source in new and e.target in new
        ]
