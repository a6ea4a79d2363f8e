"""A graph at every level and in every view, and what each box shows when it is opened in place."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from .collapse import Collapse, collapse
from .draw import VIEWS
from .groups import LEVELS
from .inside import Detailed, Inside, Magnifier
from .items import Items
from .nodes import Root, Trace, fetch_all
from .picture import Pin
from .roll import rolled
from .scene import scene

BUDGET, BUDGET_WITHOUT_STEPS = 4_000, 400  # boxes that a browser moves without effort, that are placed at once


class Levels:
    """The pictures of a graph as data for a page.

    Attributes:
        items: what the boxes stand for.
        scenes: level -> view -> scene; each box has `items`, and `inside`, the number of an opening, or None.
        rooms: scenes of what is inside boxes.
        openings: (number of a room, what stands for what in it); for a box its items and its own opening, for a pin
            the items that it carries and those that read them outside.
    """

    def __init__(self, outputs: list[Root], names: dict[Any, str], budget: int | None) -> None:
        fetch_all(outputs)
        self.trace, self.unopened, self.names = Trace(outputs, "all"), Trace(outputs), names
        self.budgets = budget or BUDGET, budget or BUDGET_WITHOUT_STEPS
        self.finest = Collapse(self.trace, "op", "unrolled", names, *self.budgets)
        self.items = Items(self.trace, self.finest)
        self._pictures: dict[str, dict[str, Detailed]] = {}  # finest level first
        self._instead: dict[str, str] = {}  # level that is left out -> where to look
        self._collapse()
        self._magnifiers: dict[tuple[str, str, str], Magnifier] = {}
        self._rooms: dict[str, int] = {}  # as text -> number
        self._openings: dict[str, int] = {}
        self._opening_of: dict[tuple[str, str, int], int | None] = {}
        self.scenes = self._scenes()
        self.rooms = [*map(json.loads, self._rooms)]
        self.openings = [*map(json.loads, self._openings)]

    def start(self, level: str, view: str) -> list[str]:
        """The level and view that are the nearest to those wanted."""
        while level in self._instead:
            level = self._instead[level]
        return [level, view if view in self.scenes[level] else "unrolled"]

    def _collapse(self) -> None:
        """Level -> view -> picture, without the levels that the graph does not have, or that look like a finer one."""
        kinds = {frame.kind for node in self.trace.nodes for frame in node.scope}
        for coarser, level in reversed([*pairwise(("", *LEVELS))]):
            if (level == "layer" and "layer" not in kinds) or (level == "step" and not self.finest.timeline.columns):
                self._instead[level] = coarser
                continue
            views = {}
            trace = self.trace if level in ("step", "op") else self.unopened
            for view in VIEWS:
                picture = collapse(trace, level, view, self.names, *self.budgets)
                if view != "unrolled" and not picture.columns:
                    break
                picture = rolled(picture) if view == "rolled" else picture
                views[view] = Detailed(picture, [self.items.of_box(box) for box in picture.boxes])
            finer = next(reversed(self._pictures.values()), None)
            if finer is None or views["unrolled"].items != finer["unrolled"].items:
                self._pictures[level] = views
            else:
                self._instead[level] = next(reversed(self._pictures))

    def _scenes(self) -> dict[str, dict]:
        found: dict[str, dict] = {}
        for level in reversed(self._pictures):
            scenes = found[level] = {}
            for view, (picture, items) in self._pictures[level].items():
                made = scene(picture) | {"folded": picture.folded}
                for b, drawn in enumerate(made["boxes"]):
                    drawn |= {"items": items[b], "inside": self._opening(level, view, b)}
                if made not in scenes.values():
                    scenes[view] = made
        return found

    def _opening(self, level: str, view: str, box: int) -> int | None:
        """The number of what is seen when a box is opened; None for what cannot be opened."""
        key = level, view, box
        if key not in self._opening_of:
            self._opening_of[key] = self._open(*key)
        return self._opening_of[key]

    def _open(self, level: str, view: str, box: int) -> int | None:
        coarse = self._pictures[level][view]
        if coarse.picture.boxes[box].kind in ("fold", "start"):
            return None
        levels = list(self._pictures)
        for finer in reversed(levels[: levels.index(level)]):
            if view not in self._pictures[finer]:
                continue
            key = level, finer, view
            if key not in self._magnifiers:
                self._magnifiers[key] = Magnifier(coarse, self._pictures[finer][view])
            if (inside := self._magnifiers[key].inside(box)) is not None:
                return self._make_opening(inside, finer, view)
        return None

    def _make_opening(self, inside: Inside, level: str, view: str) -> int:
        """Like boxes share one scene; each says which items are where in it, and what opens further."""
        content: list[list[Any]] = []
        fine = self._pictures[level][view].items
        for box, origin in zip(inside.picture.boxes, inside.origin):
            if isinstance(box, Pin):
                content.append([box.sources, box.readers])
            else:
                content.append([fine[origin], self._opening(level, view, origin)])
        room = _numbered(self._rooms, scene(inside.picture))
        return _numbered(self._openings, [room, content])


def _numbered(known: dict[str, int], thing: Any) -> int:
    """The number of a thing among those that are alike."""
    return known.setdefault(json.dumps(thing, separators=(",", ":"), allow_nan=False), len(known))
