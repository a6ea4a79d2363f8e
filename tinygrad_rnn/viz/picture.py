"""What is to be drawn: boxes and edges, each box in a column (its time step) and a row (its layer)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..autograd.graph import LEAF, Node
from .scale import Scale
from .strip import Strip

INPUTS, OUTPUTS = "inputs of the folded steps", "outputs of the folded steps"


class Link(NamedTuple):
    """One use of a result: which input of which node reads it."""

    result: tuple[Any, int]  # a node and which of its outputs
    reader: Any
    slot: int


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
    results: dict[tuple[Any, int], None] = field(default_factory=dict)  # of those, what is used outside
    shown: list[tuple[int, str | Strip]] = field(default_factory=list)  # lines on request, below so many notes
    tone: str = ""  # a key of style.TONES, where colour tells the gradient
    gradient_of: int | None = None  # of a gradient in the mirrored half: the box whose gradient it is

    @property
    def nodes(self) -> list[Node]:
        """The applications among its parts."""
        return [part for part in self.parts if isinstance(part, Node) and part.rule is not LEAF]

    @property
    def lines(self) -> list[str | Strip]:
        """All that is written below the title."""
        found: list[str | Strip] = []
        for k in range(len(self.notes) + 1):
            found += [*self.notes[k - 1 : k]] if k else []
            found += [line for place, line in self.shown if place == k]
        return found


@dataclass
class Pin(Box):
    """Where lines enter or leave what is inside a box.

    Attributes:
        of: the kind of box at the other end.
        sources: items of what it brings, or carries away; `readers`: of what reads that outside.
    """

    enters: bool = True
    of: str = ""
    index: int = 0  # which box it is
    sources: list[int] = field(default_factory=list)
    readers: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Edge:
    """From box to box, by index."""

    source: int
    target: int
    role: str = "data"  # a key of style.EDGES
    delays: tuple[int, ...] = ()  # rolled up: it comes from so many steps before t; from after t, if negative
    links: list[Link] = field(default_factory=list)  # what it stands for
    tone: str = ""
    tip: str = ""

    @property
    def rail(self) -> Edge:
        """The part that it shares with other edges: no tone of its own."""
        return Edge(self.source, self.target, self.role, self.delays, tone=self.tone and "rail")


@dataclass
class Picture:
    """Boxes oldest first, edges from older to newer ones (delayed ones apart)."""

    level: str
    boxes: list[Box] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)  # their labels
    rows: list[str] = field(default_factory=list)  # their labels
    folded: str = ""  # what was left out, in words
    times: list[str] = field(default_factory=list)  # of each column: which step it is
    eras: list[int] = field(default_factory=list)  # of each column: loops that follow each other are different eras
    scale: Scale | None = None  # of the tones
    strips: bool = False  # whether boxes show strips
    words: list[str] = field(default_factory=list)  # below the picture
    turn: int | None = None  # the first row of the backward pass, if it is drawn

    @property
    def legend(self) -> bool:
        """Whether what it shows has to be explained."""
        return bool(self.scale or self.strips or self.words)

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
            Edge(new[e.source], new[e.target], e.role, e.delays, e.links)
            for e in self.edges
            if e.source in new and e.target in new
        ]
