"""Steps on a grid, second half: coordinates for levels, columns and regions."""

from __future__ import annotations

from typing import Any

from . import style
from .arrange import Arrangement, Gather, Rail
from .blocks import STRIP
from .layered import Point, layered
from .measure import size, text_width
from .picture import Edge

LANE = 8.0  # between two horizontal lines in the gap between rows
ELBOW = 6.0  # between two vertical lines beside a region
GAP, COLUMN_GAP, MARGIN = 30.0, 26.0, 12.0


class Places:
    """Where everything of an arrangement lies, in points from the lower left.

    Attributes:
        outside: box outside the steps -> its centre.
        tails: line that arrives in a region from the left, or leaves it to the left -> its way in the region.
        inner: (edge, points) of the edges inside regions.
    """

    def __init__(self, plan: Arrangement) -> None:
        self.plan = plan
        self.boxes = plan.boxes
        self.outside: dict[int, Point] = {}
        self.tails: dict[tuple[int, Any], list[Point]] = {}
        self.inner: list[tuple[Edge, list[Point]]] = []
        self.elbows: dict[tuple[int, Any], int] = {}  # (region, line) -> its vertical line
        self.region_start: dict[int, float] = {}
        self.region_end: dict[int, float] = {}
        self.column_x: list[float] = []
        self.column_end: list[float] = []
        self._place_levels()
        self._place_columns()

    def lane(self, gap: int, key: Any) -> float:
        """Height of a lane, by its key or its number."""
        number = key if isinstance(key, int) else self.plan.lanes[gap][key]
        return self.gap_y[gap] + 14 + LANE * number

    def side(self, i: int, right: bool) -> Point:
        """The middle of the right or left side of a box outside the steps."""
        x, y = self.outside[i]
        return x + (1 if right else -1) * size(self.boxes[i])[0] / 2, y

    def elbow(self, region: int, key: Any, arriving: bool = False) -> float:
        """x of the vertical line by which a line leaves a region, or arrives in it."""
        edge = (self.region_start if arriving else self.region_end)[region]
        return edge + 8 + ELBOW * self.elbows[region, key]

    @property
    def floor(self) -> float:
        """The lower end of the columns; far edges pass below."""
        return LANE * len([key for key in self.plan.lanes[0] if key[0] == "far"])

    # --- levels -----------------------------------------------------------------------------------------------

    def _place_levels(self) -> None:
        plan = self.plan
        levels = range(plan.top + 2)
        heights = [max([b.height for b in plan.blocks if b.level == level], default=0.0) for level in levels]
        crowd = self._crowd()
        self.gap_y: list[float] = []
        bottoms: list[float] = []
        y = 0.0
        for level in levels:
            self.gap_y.append(y)
            lanes = len(plan.lanes[level])
            if level == 0:
                y = LANE * lanes + 20
            else:
                y += (GAP if heights[level] else 0.0) + LANE * max(lanes - 1, 0) + (12 if lanes else 0)
                spare = bottoms[-1] + crowd[level] + (heights[level - 1] - heights[level]) / 2 - y
                if spare > 0:
                    y += spare
                    self.gap_y[level] += spare / 2
            bottoms.append(y)
            y += heights[level]
        self.ceiling = y + 6
        for block in plan.blocks:
            block.y = bottoms[block.level] + (heights[block.level] - block.height) / 2

    def _crowd(self) -> list[float]:
        """For each level, how much height the boxes need that lie beside it."""
        plan = self.plan
        lines = [(level, source) for source, level in plan.taps]
        lines += [(key.level + 1, key.target) for key in plan.gathers if not plan.from_left(key)]
        lines += sorted({(b.level, s) for b in plan.blocks for s, _ in b.state_in})
        beside: dict[tuple[int, int], float] = {}
        for level, i in lines:
            if i in plan.region and level > 1:
                key = plan.region[i], level
                beside[key] = beside.get(key, 0.0) + size(self.boxes[i])[1] + 8
        levels = range(plan.top + 2)
        return [max([h for (_, at), h in beside.items() if at == level], default=0.0) for level in levels]

    # --- columns ----------------------------------------------------------------------------------------------

    def _place_columns(self) -> None:
        plan = self.plan
        left = max([b.shape.strips[0] + b.loops for b in plan.blocks], default=0)
        right = max([b.shape.strips[1] + b.loops for b in plan.blocks], default=0)
        left += max([len(mine) for mine in plan.skips.values()], default=0)
        left_side, right_side = [MARGIN + (STRIP * lines + 4 if lines else 0) for lines in (left, right)]
        regions = set(plan.region.values())
        x = self._place_region(0, 0.0)
        for column, label in enumerate(plan.picture.columns):
            if column:
                x += COLUMN_GAP
                if column in regions:
                    x = self._place_region(column, x)
            width = max([self._row_width(column, level) for level in range(plan.top + 1)])
            width = max(width, text_width(label, style.TITLE) + 16)
            self._place_blocks(column, x + left_side + width / 2)
            self.column_x.append(x)
            x += left_side + width + right_side
            self.column_end.append(x)
        self._place_region(len(plan.picture.columns), x + COLUMN_GAP)

    def _row_width(self, column: int, level: int) -> float:
        mine = [block.width for block in self.plan.in_column[column] if block.level == level]
        return sum(mine) + 14 * (len(mine) - 1) if mine else 0.0

    def _place_blocks(self, column: int, center: float) -> None:
        ends: dict[int, float] = {}
        for block in self.plan.in_column[column]:
            if block.level not in ends:
                ends[block.level] = center - self._row_width(column, block.level) / 2
            block.x = ends[block.level]
            ends[block.level] += block.width + 14

    # --- regions ----------------------------------------------------------------------------------------------

    def _place_region(self, region: int, x: float) -> float:
        """Lay out what lies before a column, from x on; the x where it ends, its lines to the column included."""
        plan = self.plan
        mine = [i for i in plan.region if plan.region[i] == region]
        if not mine:
            return x
        final = region == len(plan.picture.columns)
        inner = plan.inside.get(region, [])
        lines = self._lines(mine)
        self.elbows.update({(region, line): n for n, line in enumerate(lines)})
        strip = 12 + ELBOW * len(lines)
        arriving = [line for line in lines if self._arrives(line)]
        self.region_start[region] = x
        if arriving:
            x += strip
        feeds = {s for s, _ in plan.taps} | {s for _, s, _, _ in plan.between} | plan.far_sources
        feeds -= {edge.source for edge in inner}  # these have boxes of the region to their right
        flush = set() if final else feeds & set(mine)
        number = {i: k for k, i in enumerate(mine)}
        ports = {line: len(mine) + n for n, line in enumerate(arriving)}  # where lines from outside come in
        links = [(number[a], number[b]) for a, b in map(self._rightwards, inner)]
        links += [(port, number[_target(line)]) for line, port in ports.items()]
        wishes = {number[i]: wish for i, wish in self._wishes(mine).items()}
        wishes |= {port: self._arrival(line) for line, port in ports.items()}
        layout = layered(
            [size(self.boxes[i]) for i in mine] + [(0.0, 6.0)] * len(ports), links, first=frozenset(ports.values()),
            last=frozenset([number[i] for i in flush]), wishes=wishes, passing=self._passing(region) if wishes else [],
            apart=8.0,
        )  # fmt: skip
        shift = 0.0 if wishes else self.ceiling / 2 - layout.height / 2
        for i, k in number.items():
            px = layout.width - size(self.boxes[i])[0] / 2 if i in flush else layout.at[k][0]
            self.outside[i] = (x + px, layout.at[k][1] + shift)
        self._untangle(region, [line for line in lines if line in plan.taps])
        routes = [[(x + px, py + shift) for px, py in route] for route in layout.routes]
        for edge, route in zip(inner, routes):
            a, b = self._rightwards(edge)
            points = [self.side(a, right=True), *route[1:-1]]
            if b in flush:  # past the wider boxes above and below it
                widest = max([size(self.boxes[i])[0] for i in flush])
                points.append((x + layout.width - widest, self.outside[b][1]))
            points.append(self.side(b, right=False))
            self.inner.append((edge, points if a == edge.source else points[::-1]))
        for line, route in zip(ports, routes[len(inner) :]):
            end = self.side(_target(line), right=False)
            self.tails[region, line] = [*route[:-1], (route[-1][0], end[1]), end]
        self.region_end[region] = x + layout.width
        return x + layout.width + (0.0 if final else strip)

    def _rightwards(self, edge: Edge) -> tuple[int, int]:
        """The ends of an edge from left to right: the backward pass goes back to the left."""
        back = edge.source in self.plan.back and edge.target in self.plan.back
        return (edge.target, edge.source) if back else (edge.source, edge.target)

    def _untangle(self, region: int, rails: list[Any]) -> None:
        """Of lines that go down the highest turns last, of lines that go up the lowest: so none crosses another."""
        def turn(rail: tuple[int, int]) -> float:
            y = self.outside[rail[0]][1]
            return y if y > self.lane(rail[1], ("rail", rail[0])) else -y

        self.elbows.update({(region, rail): n for n, rail in enumerate(sorted(rails, key=turn))})

    def _passing(self, region: int) -> list[float]:
        """Heights of the lines that come from one side of a region and go on at the other."""
        plan, found = self.plan, []
        for way in plan.ways:
            if isinstance(way, Rail):
                ends = [b.column for b, _ in plan.taps[way.edge.source, way.level]]
                ends.append(way.a.column if way.a is not None else plan.region[way.edge.source] - 1)
                if min(ends) < region <= max(ends) and plan.region.get(way.edge.source) != region:
                    found.append(self.lane(way.level, ("rail", way.edge.source)))
            elif isinstance(way, Gather):
                columns, end = [each.a.column for each in plan.gathers[way]], plan.region[way.target]
                if min(columns) < region < end or end < region <= max(columns):
                    found.append(self.lane(way.level + 1, way))
        return found

    def _lines(self, mine: list[int]) -> list[Any]:
        """The lines that leave or enter a region."""
        known = set(mine)
        lines: list[Any] = sorted([rail for rail in self.plan.taps if rail[0] in known])
        lines += sorted([key for key in self.plan.gathers if key.target in known])
        return lines + [("far", i) for i in mine if i in self.plan.far or i in self.plan.far_sources]

    def _arrives(self, line: Any) -> bool:
        if isinstance(line, Gather):
            return self.plan.from_left(line)
        return line[1] in self.plan.far if line[0] == "far" else self.plan.to_left(line)

    def _arrival(self, line: Any) -> float:
        if isinstance(line, Gather):
            return self.lane(line.level + 1, line)
        return self.lane(0, self.plan.far[line[1]]) if line[0] == "far" else self.lane(line[1], ("rail", line[0]))

    def _wishes(self, mine: list[int]) -> dict[int, float]:
        """Each box that feeds or is fed by steps would like to lie at the height of its line."""
        wanted: dict[int, list[float]] = {}
        for source, level in self.plan.taps:
            wanted.setdefault(source, []).append(self.lane(level, ("rail", source)))
        for key in self.plan.gathers:
            wanted.setdefault(key.target, []).append(self.lane(key.level + 1, key))
        for block in self.plan.blocks:
            for source, role in block.state_in:
                if source in self.plan.region:
                    wanted.setdefault(source, []).append(block.port("state", (source, role))[0][1])
        return {i: sum(wanted[i]) / len(wanted[i]) for i in mine if i in wanted}


def _target(line: Any) -> int:
    """The box at which a line ends, or a rail starts."""
    return line.target if isinstance(line, Gather) else line[1] if line[0] == "far" else line[0]
