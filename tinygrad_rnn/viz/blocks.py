"""A block: what one row has in one column, with the ports through which edges enter and leave it.

    state   from and to the same row one step before and after: left and right side
    below   from below: parameters, x_t, the row beneath; with one box at its bottom, else at its left side
    above   upwards: with one box at its top, else at its right side

Blocks of a row that hold the same thing are laid out once, so every step looks the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .layered import Layout, Point, layered
from .measure import size
from .picture import Box, Edge

PORT = (0.0, 6.0)  # size of a port in the layout of a block
STRIP = 7.0  # between two vertical lines beside a block
ASIDE = 11.0  # from the middle of a box to a line that came past the level below it
PADDING, HEAD = 8.0, 12.0  # of an opened cell, and the line its label takes


@dataclass
class Block:
    """Boxes of one row in one column.

    Attributes:
        boxes: indices of the boxes; `inner`: the edges among them, by position in `boxes`.
        state_in, below: for each source outside (and role of the edge), the positions of the boxes that it feeds.
        state_out, above: positions of the boxes whose output leaves.
    """

    column: int
    level: int
    row: int | None
    boxes: list[int] = field(default_factory=list)
    inner: list[tuple[int, int]] = field(default_factory=list)
    inner_edges: list[Edge] = field(default_factory=list)
    state_in: dict[tuple[int, str], list[int]] = field(default_factory=dict)
    below: dict[tuple[int, str], list[int]] = field(default_factory=dict)
    rails: set[int] = field(default_factory=set)  # those sources of `below` that come by rail
    skips: set[int] = field(default_factory=set)  # those that come past a level in between
    ties: list[tuple[tuple, int]] = field(default_factory=list)  # a state that arrives, the box that makes the next
    state_out: dict[int, None] = field(default_factory=dict)
    above: dict[int, None] = field(default_factory=dict)
    loops: int = 0  # delayed edges back to itself
    delays: set[int] = field(default_factory=set)  # by how many steps
    x: float = 0.0  # of the left side
    y: float = 0.0  # of the bottom
    mirror: bool = False
    opened: bool = False  # drawn as a cluster of its own
    sizes: list[Point] = field(default_factory=list)
    shape: Shape = None  # type: ignore[assignment]
    keys: dict[tuple[str, Any], Any] = field(default_factory=dict)

    @property
    def single(self) -> bool:
        return len(self.boxes) == 1 and not self.opened

    def name_ports(self) -> None:
        """Give each port a key that is the same at every step."""
        for kind, sources in (("state", self.state_in), ("below", self.below)):
            seen: dict[tuple, int] = {}
            for source, targets in sources.items():
                key = (kind, tuple(targets), self._comes_by(source[0]), source[1] if kind == "state" else "")
                seen[key] = seen.get(key, -1) + 1
                self.keys[kind, source] = (*key, seen[key])
        for kind, outs in (("state_out", self.state_out), ("above", self.above)):
            for out in outs:
                self.keys[kind, out] = (kind, (out,), "", "", 0)

    def _comes_by(self, source: int) -> str:
        return "rail" if source in self.rails else "skip" if source in self.skips else ""

    @property
    def likeness(self) -> tuple:
        return self.row, self.mirror, tuple(self.sizes), tuple(self.inner)

    # --- where things are, once the block has its place -----------------------------------------------------

    @property
    def width(self) -> float:
        return self.shape.width

    @property
    def height(self) -> float:
        return self.shape.height

    def center(self, position: int) -> Point:
        x, y = self.shape.layout.at[position]
        return self.x + self.shape.dx + x, self.y + self.shape.dy + y

    def route(self, number: int) -> list[Point]:
        """Points of the inner edge with this number; then come those between boxes and ports."""
        return [(self.x + self.shape.dx + x, self.y + self.shape.dy + y) for x, y in self.shape.layout.routes[number]]

    def port(self, kind: str, end: Any) -> tuple[Any, list[list[Point]]]:
        """(the port's place, the routes between it and its boxes), at absolute coordinates."""
        key = self.keys[kind, end]
        return self.shape.place(self, key), [self.route(n) for n in self.shape.tails.get(key, [])]


@dataclass
class Shape:
    """The layout that like blocks share: their boxes, and all ports that any of them has."""

    layout: Layout
    width: float
    height: float
    dx: float
    dy: float
    spots: dict[Any, int]  # port -> its index in the layout (several boxes) or its rank among its kind
    tails: dict[Any, list[int]]  # port -> the numbers of its routes
    counts: dict[str, int]
    single: bool
    mirror: bool
    aside: int = 0  # vertical lines at the side of entry that are left to blocks of the other direction

    @property
    def strips(self) -> tuple[int, int]:
        """Vertical lines to the left and to the right of the block."""
        if self.single:
            return 0, 0
        left, right = self.counts.get("below", 0) + self.aside, self.counts.get("above", 0)
        return (right, left) if self.mirror else (left, right)

    def place(self, block: Block, key: Any) -> Point:
        kind, _, by, *_ = key
        left, right = block.x, block.x + self.width
        if not self.single:
            _, y = self.layout.at[self.spots[key]]
            at_left = kind in ("state", "below")
            return (left if at_left != self.mirror else right), block.y + self.dy + y
        k, n = self.spots[key], self.counts[f"{kind}{by}"]
        cx, cy = block.x + self.width / 2, block.y + self.height / 2
        if kind in ("state", "state_out"):
            return (left if (kind == "state") != self.mirror else right), cy
        if kind == "above":
            return cx, block.y + self.height
        if by == "skip":  # beside the middle, where the box in between has its own line upwards
            return cx - ASIDE * (k + 1), block.y
        return (left + 9 + 7 * k if by else cx + (k - (n - 1) / 2) * 14), block.y

    def strip(self, block: Block, key: Any) -> float:
        """x of the vertical line that leads to a port at the side of a block of several boxes."""
        kind = key[0]
        mine = sorted([k for k in self.spots if k[0] == kind], key=lambda k: self.layout.at[self.spots[k]][1])
        distance = 9 + STRIP * (self.aside + mine.index(key) if kind == "below" else len(mine) - 1 - mine.index(key))
        at_left = (kind == "below") != self.mirror
        return block.x - distance if at_left else block.x + self.width + distance


def shape_alike(blocks: list[Block]) -> None:
    """Give each block its shape."""
    families: dict[tuple, list[Block]] = {}
    for block in blocks:
        block.name_ports()
        families.setdefault(block.likeness, []).append(block)
    for family in families.values():
        ports: dict[Any, None] = {}
        for block in family:
            ports.update(dict.fromkeys(block.keys.values()))
        model = max(family, key=lambda block: len(block.ties))
        shape = _single(model, ports) if model.single else _several(model, ports)
        for block in family:
            block.shape = shape
    for mirror in (False, True):  # lines that leave blocks of one direction lie where lines enter the others
        leaving = [b.shape.counts.get("above", 0) for b in blocks if b.mirror == mirror and not b.single]
        for block in blocks:
            if block.mirror != mirror and not block.single:
                block.shape.aside = max(leaving, default=0)


def _single(block: Block, ports: dict) -> Shape:
    counts: dict[str, int] = {}
    spots = {}
    for key in ports:
        kind = f"{key[0]}{key[2]}"
        spots[key] = counts.get(kind, 0)
        counts[kind] = spots[key] + 1
    width, height = block.sizes[0]
    rails, skips = counts.get("belowrail", 0), counts.get("belowskip", 0)
    width = max(width, 2 * (9 + 7 * rails + ASIDE * skips))  # all of them left of the middle
    return Shape(
        Layout([(width / 2, height / 2)], [], width, height),
        width,
        height,
        0,
        0,
        spots,
        {},
        counts,
        True,
        block.mirror,
    )


def _several(block: Block, ports: dict) -> Shape:
    sizes, edges = list(block.sizes), list(block.inner)
    spots: dict[Any, int] = {}
    tails: dict[Any, list[int]] = {}
    counts: dict[str, int] = {}
    for key in ports:
        kind, inside = key[0], key[1]
        counts[kind] = counts.get(kind, 0) + 1
        spots[key] = len(sizes)
        sizes.append(PORT)
        tails[key] = []
        for position in inside:
            tails[key].append(len(edges))
            edges.append((spots[key], position) if kind in ("state", "below") else (position, spots[key]))
    first = frozenset([i for key, i in spots.items() if key[0] in ("state", "below")])
    last = frozenset([i for key, i in spots.items() if key[0] not in ("state", "below")])
    ties = [
        (spots[block.keys["state", a]], spots[key])
        for a, b in block.ties
        if (key := ("state_out", (b,), "", "", 0)) in spots
    ]
    layout = layered(sizes, edges, first=first, last=last, ties=ties)
    where = {kind: [layout.at[i][1] for key, i in spots.items() if key[0] == kind] for kind in ("state", "below")}
    if all(where.values()) and sum(where["state"]) / len(where["state"]) < sum(where["below"]) / len(where["below"]):
        layout = layout.upside_down()  # lines from below then do not cross the states
    if block.mirror:
        layout = layout.mirrored()
    pad, head = (PADDING, HEAD) if block.opened else (0.0, 0.0)
    return Shape(
        layout,
        layout.width,
        layout.height + 2 * pad + head,
        0,
        pad,
        spots,
        tails,
        counts,
        False,
        block.mirror,
    )


def box_sizes(block: Block, boxes: list[Box]) -> None:
    block.sizes = [size(boxes[i]) for i in block.boxes]
