"""Steps on a grid: time to the right, layers upwards, every position computed.

Cost is linear in the number of steps, and a step looks the same wherever it is. Graphviz only renders (engine
`nop2`): with thousands of curved edges its own layouts do not finish.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import style
from .arrange import Arrangement, Far, Gather, Loop, Rail, State, Tap, Vertical
from .blocks import HEAD, STRIP, Block
from .dot import attributes, cluster, edge_attributes, new_graph
from .layered import Point
from .measure import size, text_width
from .picture import Edge, Picture
from .place import COLUMN_GAP, Places
from .splines import climb, corners, pos, waves

LABEL = 22.0  # height of a column's label
MEMORY = ("memory", "memory gradient")  # the cell state runs above the hidden state


def arranged_as_grid(picture: Picture) -> str:
    """DOT text with the position of everything."""
    return Grid(picture).source()


class Grid:
    """Draws the ways of an arrangement."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.boxes = picture.boxes
        self.plan = Arrangement(picture)
        self.at = Places(self.plan)
        self.lines: list[tuple[str, str, dict[str, str]]] = []
        self.points: dict[int, list[tuple[str, Point, str]]] = {}  # column -> taps: name, place, colour
        self.words: dict[int, list[tuple[str, str, Point]]] = {}  # column -> name, what it says, place
        draw: dict[type, Callable[[Any], None]] = {
            State: self._state, Loop: self._loop, Vertical: self._vertical, Rail: self._rail,
            Tap: self._tap, Gather: self._gather, Far: self._far,
        }  # fmt: skip
        for way in self.plan.ways:
            draw[type(way)](way)
        for edge, points in self.at.inner:
            self._edge(edge, waves(points))
        for block in self.plan.blocks:
            for number, edge in enumerate(block.inner_edges):
                self._edge(edge, waves(block.route(number)))

    # --- ways -------------------------------------------------------------------------------------------------

    def _line(self, a: str, b: str, edge: Edge, path: list[Point], arrow: bool = True) -> None:
        options = edge_attributes(edge) | {"pos": pos(path, arrow)}
        if not arrow:
            options["arrowhead"] = "none"
        self.lines.append((a, b, options))

    def _edge(self, edge: Edge, path: list[Point]) -> None:
        self._line(f"n{edge.source}", f"n{edge.target}", edge, path, arrow=edge.role != "pair")

    def _entry(self, block: Block, source: tuple[int, str]) -> tuple[float, list[Point]]:
        """(x of the vertical line that leads in, what follows it)."""
        spot, _ = block.port("below", source)
        if block.single:
            return spot[0], [spot]
        x = block.shape.strip(block, block.keys["below", source])
        return x, [(x, spot[1]), spot]

    def _exit(self, block: Block, out: int) -> tuple[list[Point], float]:
        """(the way out of a block, x of the vertical line that leads up from there)."""
        spot, tails = block.port("above", out)
        if block.single:
            return [spot], spot[0]
        x = block.shape.strip(block, block.keys["above", out])
        return [*tails[0], (x, spot[1])], x

    def _into(self, edge: Edge, block: Block, start: str, path: list[Point]) -> None:
        """The end of an edge: at a box alone, or through a port to the boxes inside."""
        if block.single:
            self._line(start, f"n{edge.target}", edge, corners(path))
            return
        _, tails = block.port("below", (edge.source, edge.role))
        for position, tail in zip(block.below[edge.source, edge.role], tails):
            end = waves([path[-1], *tail[1:]])
            self._line(start, f"n{block.boxes[position]}", edge, corners(path)[:-1] + end)

    def _state(self, way: State) -> None:
        edge, a, b, out = way
        key = edge.source, edge.role
        spot, tails = b.port("state", key)
        if a is None:
            points = [self.at.side(edge.source, right=not b.mirror), spot]
        else:
            begin, outs = a.port("state_out", out)
            points = [*(outs[0] if outs else [begin]), spot]
        if not b.single:
            points += tails[b.state_in[key].index(b.boxes.index(edge.target))][1:]
        if len(self.plan.between[self.plan.pair(edge.source, a, b)]) > 1:
            # two states between two boxes run side by side, the cell state above
            side = 5.0 if edge.role in MEMORY else -5.0
            if a is None or a.single:
                points[0] = (points[0][0], points[0][1] + side)
            if b.single:
                points[-1] = (points[-1][0], points[-1][1] + side)
        self._edge(edge, waves(points))

    def _loop(self, way: Loop) -> None:
        """Out at one side, over the top, in at the other."""
        edge, a, out, number = way
        key, away = (edge.source, edge.role), 8 + STRIP * (a.loops - 1 - number)
        begin, outs = a.port("state_out", out)
        end, tails = a.port("state", key)
        before, after = a.shape.strips[::-1] if a.mirror else a.shape.strips
        side = -1 if a.mirror else 1
        right = begin[0] + side * (away + (STRIP * after + 4 if after else 0))
        left = end[0] - side * (away + (STRIP * before + 4 if before else 0))
        shift = (5.0 if edge.role in MEMORY else -5.0) if a.single and a.loops > 1 else 0.0
        y = self.at.lane(a.level + 1, ("loop", a.row, *key))
        begin, end = (begin[0], begin[1] + shift), (end[0], end[1] + shift)
        over = corners([begin, (right, begin[1]), (right, y), (left, y), (left, end[1]), end])
        start = waves(outs[0])[:-1] if outs else []
        for position, tail in zip(a.state_in[key], [[end]] if a.single else tails):
            path = start + over[:-1] + waves([end, *tail[1:]])
            self._line(f"n{edge.source}", f"n{a.boxes[position]}", edge, path)
        if not number:
            where = left + (right - left) * 0.8, self.at.lane(a.level + 1, ("words", a.row))
            words = ", ".join([f"t {'−' if d > 0 else '+'} {abs(d)}" for d in sorted(a.delays)])
            self.words.setdefault(a.column, []).append((f"back{edge.source}", words, where))

    def _vertical(self, way: Vertical) -> None:
        edge, a, b, out, lane_a, lane_b, skip = way
        begin, x = self._exit(a, out)
        enter, end = self._entry(b, (edge.source, edge.role))
        if lane_b < 0:
            self._edge(edge, climb(begin[-1], end[-1]))
            return
        y = self.at.lane(b.level, lane_b)
        middle = [(x, y), (enter, y)]
        if skip >= 0:
            side, low = self.at.column_x[a.column] + 8 + STRIP * skip, self.at.lane(a.level + 1, lane_a)
            middle = [(x, low), (side, low), (side, y), (enter, y)]
        self._into(edge, b, f"n{edge.source}", [*begin, *middle, *end])

    def _rail(self, way: Rail) -> None:
        """From the source along a lane, from tap to tap."""
        edge, level, a, out, lane_a = way
        rail = (edge.source, level)
        y = self.at.lane(level, ("rail", edge.source))
        spots = sorted([(self._entry(b, key)[0], b.column) for b, key in self.plan.taps[rail]])
        for x, column in spots:
            self._point(column, _tap_name(rail, column), (x, y), edge)
        lead: list[Point] = []  # from the source to the edge of its region
        if a is None:
            region = self.plan.region[edge.source]
            to_left = self.plan.to_left(rail)
            tail = self.at.tails[region, rail] if to_left else [self.at.side(edge.source, right=True)]
            lead, begin = waves(tail[::-1])[:-1], tail[0]
            elbow = self.at.elbow(region, rail, arriving=to_left)
            start = [begin, (elbow, begin[1]), (elbow, y)]
        else:
            begins, x = self._exit(a, out)
            low = self.at.lane(a.level + 1, lane_a)
            forward = spots[-1][1] > a.column
            side = self.at.column_end[a.column] if forward else self.at.column_x[a.column]
            side += COLUMN_GAP / 2 if forward else -COLUMN_GAP / 2
            start = [*begins, (x, low), (side, low), (side, y)]
        here = start[-1][0]
        for chain in ([s for s in spots if s[0] >= here], [s for s in spots if s[0] < here][::-1]):
            name, points = f"n{edge.source}", start
            for x, column in chain:
                path = [*lead, *corners([*points, (x, y)])]
                self._line(name, _tap_name(rail, column), edge.rail, path, arrow=False)
                name, points, lead = _tap_name(rail, column), [(x, y)], []

    def _point(self, column: int, name: str, at: Point, edge: Edge) -> None:
        self.points.setdefault(column, []).append((name, at, edge_attributes(edge.rail)["color"]))

    def _tap(self, way: Tap) -> None:
        edge, level, b = way
        x, end = self._entry(b, (edge.source, edge.role))
        y = self.at.lane(level, ("rail", edge.source))
        self._into(edge, b, _tap_name((edge.source, level), b.column), [(x, y), *end])

    def _gather(self, way: Gather) -> None:
        """From every step up to a lane, and along it to the target."""
        y, region = self.at.lane(way.level + 1, way), self.plan.region[way.target]
        onward = (region, way) in self.at.tails
        items = [(self._exit(a, out), edge, a) for edge, a, out in self.plan.gathers[way]]
        items.sort(key=lambda item: (item[0][1], item[1].source), reverse=not onward)
        name, start = "", []
        for (begin, x), edge, a in items:
            here = (x, y)
            if len(items) == 1:
                name, start = f"n{edge.source}", [*begin, here]
                break
            point = f"g{way.target}_{way.level}_{edge.source}"
            self._point(a.column, point, here, edge)
            self._line(f"n{edge.source}", point, edge, corners([*begin, here]), arrow=False)
            if name:
                self._line(name, point, edge.rail, corners([*start, here]), arrow=False)
            name, start = point, [here]
        elbow = self.at.elbow(region, way, arriving=onward)
        tail = self.at.tails[region, way] if onward else [self.at.side(way.target, right=True)]
        path = corners([*start, (elbow, y), (elbow, tail[0][1]), tail[0]])
        last = items[-1][1] if len(items) == 1 else items[-1][1].rail
        self._line(name, f"n{way.target}", last, path[:-1] + waves(tail))

    def _far(self, way: Far) -> None:
        edge, region = way
        mine, begin = self.plan.region[edge.source], self.at.side(edge.source, right=True)
        tail = self.at.tails[region, ("far", edge.target)]
        a = self.at.elbow(mine, ("far", edge.source))
        b = self.at.elbow(region, ("far", edge.target), arriving=True)
        y = self.at.lane(0, ("far", edge.source, region))
        path = corners([begin, (a, begin[1]), (a, y), (b, y), (b, tail[0][1]), tail[0]])
        self._edge(edge, path[:-1] + waves(tail))

    # --- DOT --------------------------------------------------------------------------------------------------

    def source(self) -> str:
        graph = new_graph(self.picture, splines="line", outputorder="edgesfirst")
        for i in self.plan.region:
            self._node(graph, i, self.at.outside[i], size(self.boxes[i]))
        for column, label in enumerate(self.picture.columns):
            with graph.subgraph(name=f"cluster_t{column}") as step:
                left, right, top = self.at.column_x[column], self.at.column_end[column], self.at.ceiling + LABEL
                where = {"bb": _points(left, self.at.floor, right, top), "lp": _points((left + right) / 2, top - 12)}
                cluster(step, label, inner=False, **where)
                for block in self.plan.in_column[column]:
                    self._block(step, block)
                for name, words, at in self.words.get(column, []):
                    look = {"shape": "plaintext", "style": "", "fontsize": str(style.SMALL), "fontcolor": style.FAINT}
                    step.node(name, label=words, pos=_points(*at), **look)
                for name, at, color in self.points.get(column, []):
                    look = {"shape": "point", "width": "0.05", "height": "0.05", "color": color, "fillcolor": color}
                    step.node(name, label="", pos=_points(*at), **look)
        for a, b, options in self.lines:
            graph.edge(a, b, **options)
        return graph.source

    def _block(self, graph: Any, block: Block) -> None:
        if block.single:
            self._node(graph, block.boxes[0], block.center(0), (block.width, block.height))
            return
        if not block.opened:
            for position, i in enumerate(block.boxes):
                self._node(graph, i, block.center(position), block.sizes[position])
            return
        right, top = block.x + block.width, block.y + block.height
        label = self.picture.rows[block.row] if block.row is not None else ""
        middle = block.x + 8 + text_width(label, style.SMALL) / 2
        with graph.subgraph(name=f"cluster_t{block.column}_{block.row}") as cell:
            where = {"bb": _points(block.x, block.y, right, top), "lp": _points(middle, top - HEAD + 3)}
            cluster(cell, label, inner=True, **where)
            for position, i in enumerate(block.boxes):
                self._node(cell, i, block.center(position), block.sizes[position])

    def _node(self, graph: Any, i: int, at: Point, extent: Point) -> None:
        width, height = [f"{side / 72:.3f}" for side in extent]
        look = attributes(self.boxes[i])
        graph.node(f"n{i}", **look, fixedsize="true", pos=_points(*at), width=width, height=height)


def _tap_name(rail: tuple[int, int], column: int) -> str:
    return f"r{rail[0]}_{rail[1]}_{column}"


def _points(*numbers: float) -> str:
    return ",".join([f"{number:.1f}" for number in numbers])
