"""Steps on a grid, first half: which row lies on which level, and which way each edge goes.

Rows lie on levels: level 0 holds the inputs of each step, the highest the outputs. Below each level is a gap
with lanes for horizontal lines. What belongs to no step lies in a region: before the first column of an era
(a stretch of columns), or after the last column. What many steps share comes by a rail that taps each of them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .blocks import Block, box_sizes, shape_alike
from .picture import OUTPUTS, Box, Edge, Picture


class State(NamedTuple):
    """To the same row one step later; from outside (`a` is None) to its first step."""

    edge: Edge
    a: Block | None
    b: Block
    out: int  # position in its block of the box where the edge starts


class Loop(NamedTuple):
    """Back to the next step of the same block."""

    edge: Edge
    a: Block
    out: int
    number: int


class Vertical(NamedTuple):
    """Upwards in one step. Lanes are -1 where the way is straight; `skip` is a line beside a level in between."""

    edge: Edge
    a: Block
    b: Block
    out: int
    lane_a: int
    lane_b: int
    skip: int


class Rail(NamedTuple):
    """From one box along the lane below a level, to its taps."""

    edge: Edge
    level: int
    a: Block | None
    out: int
    lane_a: int


class Tap(NamedTuple):
    """From the rail into a block."""

    edge: Edge
    level: int
    b: Block


class Gather(NamedTuple):
    """From the steps of one level to a box outside, by the lane above them."""

    target: int
    level: int


class Gathered(NamedTuple):
    """One step that a Gather collects."""

    edge: Edge
    a: Block
    out: int


class Far(NamedTuple):
    """From a region to another, below everything."""

    edge: Edge
    region: int


class Arrangement:
    """Blocks, regions, lanes and ways of a picture; no coordinates yet."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.boxes = picture.boxes
        self.opened = picture.level == "op"
        self.levels = self._levels()
        self.outputs = 1 + max([level for row, level in self.levels.items() if not self._is_back(row)], default=0)
        self.top = self.outputs if picture.turn is None else max([*self.levels.values(), self.outputs + 1]) + 1
        self.block_of: dict[int, Block] = {}
        self.blocks: list[Block] = []
        self.in_column: list[list[Block]] = [[] for _ in picture.columns]
        self.region: dict[int, int] = {}  # box -> the column before which it lies; for what comes last their number
        self.back: set[int] = set()  # of the backward pass on its way to the steps: from right to left
        self.lanes: list[dict[Any, int]] = [{} for _ in range(self.top + 2)]
        self.skips: dict[int, dict[Any, int]] = {}  # column -> vertical lines that pass a level
        self.ways: list[Any] = []
        self.taps: dict[tuple[int, int], list[tuple[Block, tuple[int, str]]]] = {}  # (source, level) -> who is tapped
        self.gathers: dict[Gather, list[Gathered]] = {}
        self.between: dict[tuple, set[str]] = {}  # roles of the states from one block, or box outside, to the next
        self.inside: dict[int, list[Edge]] = {}  # region -> its own edges
        self.far: dict[int, tuple] = {}  # box that a far edge leads to -> the lane
        self.far_sources: set[int] = set()
        self._make_blocks()
        self._assign_regions()
        self._position = {i: k for block in self.blocks for k, i in enumerate(block.boxes)}
        for edge in picture.edges:
            self._plan(edge)
        shape_alike(self.blocks)

    def _is_back(self, row: int) -> bool:
        """Whether a row belongs to the backward pass."""
        return self.picture.turn is not None and row >= self.picture.turn

    def _levels(self) -> dict[int, int]:
        """row -> level: above every row that feeds it in the same step; rows never seen together may share.

        The backward pass starts above the outputs and what arrives there.
        """
        columns: dict[int, set[int]] = {}
        above: dict[int, set[int]] = {}
        for box in self.boxes:
            if box.row is not None and box.column is not None:
                columns.setdefault(box.row, set()).add(box.column)
        for edge in self.picture.edges:
            a, b = self.boxes[edge.source], self.boxes[edge.target]
            if None not in (a.row, b.row, a.column) and a.column == b.column and a.row < b.row:  # type: ignore[operator]
                above.setdefault(b.row, set()).add(a.row)  # type: ignore[arg-type]
        depth: dict[int, int] = {}
        for row in sorted(columns):
            depth[row] = 1 + max([depth[r] for r in above.get(row, ()) if r in depth], default=0)
        levels: dict[int, int] = {}
        taken: dict[int, set[int]] = {}
        for row in sorted(columns, key=lambda r: (depth[r], r)):
            level = 1 + max([levels[r] for r in above.get(row, ()) if r in levels], default=0)
            if self._is_back(row):
                level = max(level, 3 + max([levels[r] for r in levels if not self._is_back(r)], default=0))
            while taken.get(level, set()) & columns[row]:
                level += 1
            levels[row] = level
            taken.setdefault(level, set()).update(columns[row])
        return levels

    def _make_blocks(self) -> None:
        at: dict[tuple, Block] = {}
        for i, box in enumerate(self.boxes):
            if box.column is None:
                continue
            if box.row is not None:
                key: tuple = (box.column, box.row)
                level = self.levels[box.row]
            else:
                key, level = (box.column, None, i), self._level_alone(box)
            if key not in at:
                at[key] = Block(box.column, level, box.row)
                self.blocks.append(at[key])
                self.in_column[box.column].append(at[key])
            at[key].boxes.append(i)
            self.block_of[i] = at[key]
        for block in self.blocks:
            plain = all([self.boxes[i].kind in ("fold", "start") for i in block.boxes])
            block.opened = self.opened and block.row is not None and not plain
            box_sizes(block, self.boxes)
        self._find_mirrored()

    def _level_alone(self, box: Box) -> int:
        """Of what a step takes in or gives away, or of its gradient."""
        leaves = lambda each: each.kind == "output" or each.tip == OUTPUTS
        if box.gradient_of is None:
            return self.outputs if leaves(box) else 0
        return self.outputs + 1 if leaves(self.boxes[box.gradient_of]) else self.top

    def _find_mirrored(self) -> None:
        """Rows whose state goes from right to left; rolled up, those of the backward pass."""
        votes: dict[int, int] = {}
        for edge in self.picture.edges:
            a, b = self.block_of.get(edge.source), self.block_of.get(edge.target)
            if a is not None and b is not None and a.row is not None and a.row == b.row:
                votes[a.row] = votes.get(a.row, 0) + (a.column < b.column) - (a.column > b.column)
        for block in self.blocks:
            if block.row is not None:
                block.mirror = votes[block.row] < 0 if votes.get(block.row) else self._is_back(block.row)

    def _assign_regions(self) -> None:
        n, end = len(self.boxes), len(self.picture.columns)
        earliest: list[int] = [end] * n  # the first column that it leads to
        mirror = [False] * n
        after = [-1] * n  # the last column that leads to it
        out: list[list[int]] = [[] for _ in range(n)]
        into: list[list[int]] = [[] for _ in range(n)]
        for edge in self.picture.edges:
            if not edge.delays and self.boxes[edge.target].gradient_of is None:
                out[edge.source].append(edge.target)
                into[edge.target].append(edge.source)
        order = _topological(out, into)
        for i in order:
            for j in into[i]:
                column = self.boxes[j].column
                after[i] = max(after[i], after[j] if column is None else column)
        for i in reversed(order):
            for j in out[i]:
                column = self.boxes[j].column
                if column is not None:
                    mirror[i] |= self.block_of[j].mirror and self.boxes[j].kind != "gradient"
                earliest[i] = min(earliest[i], earliest[j] if column is None else column)
        starts = self._era_starts()
        for i in range(n):
            if self.boxes[i].column is not None or self.boxes[i].gradient_of is not None:
                continue
            if self.boxes[i].kind == "start":
                side = earliest[i]
                self.region[i] = (
                    max([s for s in [*starts, end] if s <= side + mirror[i]], default=0)
                    if not mirror[i]
                    else min([s for s in [*starts, end] if s > side], default=end)
                )
            elif earliest[i] == end or (self.boxes[i].kind == "gradient" and after[i] >= 0):
                self.region[i] = end
                if earliest[i] < end:
                    self.back.add(i)
            else:
                self.region[i] = max([s for s in starts if s <= earliest[i]], default=0)
        for i in reversed(order):  # a parameter lies beside what it feeds
            if i in self.region and not into[i] and self.boxes[i].kind != "start":
                nearest = [self.region[j] for j in out[i] if j in self.region]
                if nearest and all([j in self.region for j in out[i]]):
                    self.region[i] = min(nearest)
        for i, box in enumerate(self.boxes):
            if box.gradient_of in self.region and box.column is None:
                self.region[i] = self.region[box.gradient_of]
                self.back.add(i)

    def _era_starts(self) -> list[int]:
        eras = self.picture.eras or [0]
        return [c for c in range(len(eras)) if c == 0 or eras[c] != eras[c - 1]]

    # --- ways -------------------------------------------------------------------------------------------------

    def lane(self, gap: int, key: Any) -> int:
        return self.lanes[gap].setdefault(key, len(self.lanes[gap]))

    def _plan(self, edge: Edge) -> None:
        """Decide how an edge goes, which makes ports and lanes."""
        s, t = edge.source, edge.target
        a, b = self.block_of.get(s), self.block_of.get(t)
        out = self._position.get(s, 0)
        if a is None and b is None:
            self._plan_outside(edge)
        elif b is None:
            assert a is not None
            self._plan_gather(edge, a, out)
        elif a is b:
            if edge.delays:
                self._plan_loop(edge, b, out)
            else:
                b.inner.append((out, self._position[t]))
                b.inner_edges.append(edge)
        elif self._is_state(s, a, b):
            if a is not None:
                a.state_out[out] = None
                b.ties.append(((s, edge.role), out))
            b.state_in.setdefault((s, edge.role), []).append(self._position[t])
            self.between.setdefault(self.pair(s, a, b), set()).add(edge.role)
            self.ways.append(State(edge, a, b, out))
        else:
            self._plan_below(edge, a, b, out)

    @staticmethod
    def pair(source: int, a: Block | None, b: Block) -> tuple:
        return (-1, source, b.column, b.row) if a is None else (a.column, -1, b.column, b.row)

    def _is_state(self, s: int, a: Block | None, b: Block) -> bool:
        if a is None:
            if self.boxes[s].kind != "start" or self.boxes[s].tip != "initial state":
                return False
            return b.column == (self.region[s] - 1 if b.mirror else self.region[s])
        return a.row is not None and a.row == b.row and b.column - a.column == (-1 if b.mirror else 1)

    def _plan_loop(self, edge: Edge, a: Block, out: int) -> None:
        key = edge.source, edge.role
        a.state_out[out] = None
        a.delays.update(edge.delays)
        if key not in a.state_in:
            a.ties.append((key, out))
            self.lane(a.level + 1, ("loop", a.row, *key))
            self.lane(a.level + 1, ("words", a.row))
            self.ways.append(Loop(edge, a, out, a.loops))
            a.loops += 1
        a.state_in.setdefault(key, []).append(self._position[edge.target])

    def _plan_below(self, edge: Edge, a: Block | None, b: Block, out: int) -> None:
        """Into a block from below: straight up, or by rail."""
        targets = b.below.setdefault((edge.source, edge.role), [])
        targets.append(self._position[edge.target])
        if a is not None:
            a.above[out] = None
        if len(targets) > 1:
            return
        if a is not None and a.column == b.column and b.level > a.level:
            self._plan_vertical(edge, a, b, out)
            return
        b.rails.add(edge.source)
        rail = (edge.source, b.level)
        self.lane(b.level, ("rail", edge.source))
        if rail not in self.taps:
            self.taps[rail] = []
            lane_a = self.lane(a.level + 1, ("exit", edge.source)) if a is not None else -1
            self.ways.append(Rail(edge, b.level, a, out, lane_a))
        self.taps[rail].append((b, (edge.source, edge.role)))
        self.ways.append(Tap(edge, b.level, b))

    def _plan_vertical(self, edge: Edge, a: Block, b: Block, out: int) -> None:
        between = any([a.level < other.level < b.level for other in self.in_column[a.column]])
        which = a.row if a.row is not None else -1 - self.in_column[a.column].index(a)
        straight = a.single and b.single and not between
        lane_b = -1 if straight else self.lane(b.level, ("up", which, out, b.row))
        lane_a = skip = -1
        if between:
            lane_a = self.lane(a.level + 1, ("skip", which, out, b.row))
            mine = self.skips.setdefault(a.column, {})
            skip = mine.setdefault((which, out, b.row), len(mine))
            b.skips.add(edge.source)
        self.ways.append(Vertical(edge, a, b, out, lane_a, lane_b, skip))

    def _plan_gather(self, edge: Edge, a: Block, out: int) -> None:
        a.above[out] = None
        key = Gather(edge.target, a.level)
        self.lane(a.level + 1, key)
        if key not in self.gathers:
            self.gathers[key] = []
            self.ways.append(key)
        self.gathers[key].append(Gathered(edge, a, out))

    def _plan_outside(self, edge: Edge) -> None:
        s, t = self.region[edge.source], self.region[edge.target]
        if s == t:
            self.inside.setdefault(s, []).append(edge)
            return
        lane = ("far", edge.source, t)
        self.lane(0, lane)
        self.far_sources.add(edge.source)
        self.far[edge.target] = lane
        self.ways.append(Far(edge, t))

    def to_left(self, rail: tuple[int, int]) -> bool:
        """Whether a rail starts to the right of the steps that it taps: the gradient of what they were used for."""
        return self.region.get(rail[0]) == len(self.picture.columns)

    def from_left(self, key: Gather) -> bool:
        """Whether what is gathered for a box lies to the left of its region."""
        return min([each.a.column for each in self.gathers[key]]) < self.region[key.target]


def _topological(out: list[list[int]], into: list[list[int]]) -> list[int]:
    waiting = [len(sources) for sources in into]
    ready = [i for i, count in enumerate(waiting) if not count]
    for i in ready:
        for j in out[i]:
            waiting[j] -= 1
            if not waiting[j]:
                ready.append(j)
    left = set(range(len(into))) - set(ready)  # in a circle through delayed edges
    return ready + sorted(left)
