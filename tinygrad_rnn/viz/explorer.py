"""The explorer: one file that shows a graph at every level and steps through its backward pass, offline.

What is drawn is data (JSON in a block that no browser executes); the code that shows it is the same in every file,
and the page's own policy allows nothing but that code.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files
from itertools import pairwise
from string import Template
from typing import Any

import numpy as np

from ..autograd.graph import Leaf, Node
from ..autograd.scope import path
from . import style
from .collapse import Collapse, collapse, shape_of, shape_text
from .draw import VIEWS
from .facts import brief, dtype_name, numbers, operation, statistics
from .groups import LEVELS
from .inside import Detailed, Inside, Magnifier
from .known import known_values
from .nodes import Given, Root, Source, Trace
from .picture import Box, Pin
from .replay import replay
from .roll import rolled
from .scene import scene

SCRIPTS = ("graph.js", "room.js", "canvas.js", "details.js", "backward.js", "main.js")
BUDGET, BUDGET_WITHOUT_STEPS = 4_000, 400  # boxes that a browser moves without effort, that are placed at once


def explorer(outputs: list[Root], level: str, view: str, names: Mapping[Any, str], budget: int | None) -> str:
    """The page for a graph, which opens at one level and view and holds the others.

    Args: as for `draw`; `names` by leaf or by the id of an array.
    """
    return page(Contents(outputs, level, view, dict(names), budget).data)


def page(data: dict[str, Any]) -> str:
    """The whole file: markup, style and scripts that are always the same, and the data."""
    folder = files(__package__) / "page"
    text = {name: (folder / name).read_text(encoding="utf-8") for name in ("page.html", "page.css", *SCRIPTS)}
    css = text["page.css"] + colors()
    scripts = [text[name] for name in SCRIPTS]
    policy = (
        f"default-src 'none'; script-src {' '.join(map(_hash, scripts))}; style-src {_hash(css)}; base-uri 'none'; "
        "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    content = json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return Template(text["page.html"]).substitute(
        policy=policy, css=css, data=content, scripts="\n".join(f"<script>{script}</script>" for script in scripts)
    )


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def colors() -> str:
    """The palette of every picture, as style rules."""
    boxes = [f".k-{kind.replace(' ', '-')} {{ --fill: {look.fill}; --edge: {look.line}; --thick: {look.width} }}"
             for kind, look in style.LOOKS.items()]  # fmt: skip
    lines = [f".r-{role} {{ --edge: {color}; --thick: {width} }}" for role, (color, width) in style.EDGES.items()]
    return "\n".join(["", *boxes, *lines, ""]).replace("none;", "transparent;")


class Contents:
    """All that the page shows.

    An *item* is what one box stands for at level "op"; boxes of other levels and views, and the steps of the
    backward pass, refer to items by number.
    """

    def __init__(self, outputs: list[Root], level: str, view: str, names: dict[Any, str], budget: int | None) -> None:
        self.trace, self.unopened = Trace(outputs, "all"), Trace(outputs)
        self.names = names
        self.budgets = budget or BUDGET, budget or BUDGET_WITHOUT_STEPS
        self.finest = Collapse(self.trace, "op", "unrolled", names, *self.budgets)
        self.number: dict[Any, int] = {}  # application, leaf or input -> item
        self.items: list[dict[str, Any]] = []
        self.operations: dict[Any, int] = {}
        self.described: list[dict[str, str]] = []
        self.known = known_values(self.trace, {}) | numbers(self.trace)
        self._make_items()
        self.pictures: dict[str, dict[str, Detailed]] = {}  # finest level first
        self.instead: dict[str, str] = {}  # level that is left out -> where to look
        self._collapse_all()
        self.magnifiers: dict[tuple[str, str, str], Magnifier] = {}
        self.rooms: dict[str, int] = {}  # the scene inside a box, as text -> its number
        self.openings: dict[str, int] = {}
        self.opening_of: dict[tuple[str, str, int], int | None] = {}
        scenes = self._scenes()
        while level in self.instead:
            level = self.instead[level]
        steps, problem = replay(self.trace, self.item, brief)
        self.data = {
            "start": [level, view if view in scenes[level] else "unrolled"], "scenes": scenes,
            "rooms": [*map(json.loads, self.rooms)], "openings": [*map(json.loads, self.openings)],
            "items": self.items, "operations": self.described, "seed": self._seed(), "problem": problem,
            "steps": [
                {
                    "item": step.item, "arrives": step.arrives,
                    "sends": [[self.item(s.to[0]), s.slot, s.dx, s.total, self._drawn(s.to)] for s in step.sends],
                }
                for step in steps
            ],
        }  # fmt: skip

    # --- items --------------------------------------------------------------------------------------------------

    def _make_items(self) -> None:
        for i, box in enumerate(self.finest.picture.boxes):
            self.number.update(dict.fromkeys(box.parts, i))
            one = box.parts[0] if len(box.parts) == 1 else None
            self.items.append(self._item(one) if one is not None else {"name": box.title, "shape": ""})
            if not isinstance(one, Node) or isinstance(one, Leaf) or one.op is None:
                self.items[-1]["name"] = box.title + box.subscript
        self.drawn = len(self.items)

    def item(self, part: Any) -> int:
        """The number of what stands for an application or a leaf; what is not drawn gets one of its own."""
        if part not in self.number:
            self.number[part] = len(self.items)
            self.items.append(self._item(part))
        return self.number[part]

    def _item(self, part: Any) -> dict[str, Any]:
        if isinstance(part, Given):
            value = None if part.traced or self.trace.freed else part.array
            return self._facts(part.name, part.shape, part, value)
        if part.op is None:
            leaf = {"leaf": True, "number": True} if part.plain_grad else {"leaf": True}
            return self._facts(part.name or "x", part.shape, part, self.known.get((part, 0))) | leaf
        op, several = part.op, not part.op.single
        found = self._facts(op.name, shape_of(part, 0), part, None if several else self.known.get((part, 0)))
        found |= {"op": self._operation(part), "where": path(part.scope)}
        if part.plain_grad:
            found["number"] = True
        if several:
            shapes = dict.fromkeys([shape_text(shape) for shape in part.shape])
            found["shape"] = f"{len(part.shape)} of {', '.join(shapes)}"
        return found

    def _facts(self, name: str, shape: tuple, part: Any, value: Any) -> dict[str, Any]:
        found: dict[str, Any] = {"name": name, "shape": shape_text(shape), "dtype": dtype_name(part, value)}
        if value is not None and np.asarray(value).dtype.kind in "iuf":
            found["value"] = statistics(value)
        return found

    def _operation(self, node: Node) -> int:
        key = node.op.name
        if key not in self.operations:
            self.operations[key] = len(self.described)
            self.described.append(operation(node))
        return self.operations[key]

    def _drawn(self, end: tuple[Any, int]) -> list[int]:
        """The items at the other end of the lines, where an operation is drawn as lines alone."""
        node, out = end
        if self.item(node) < self.drawn or node.op is None:
            return []
        origins = self.finest.origins(Source(node, out, 0))
        return sorted({i for origin in origins if (i := self.item(origin.node)) < self.drawn})

    # --- scenes -------------------------------------------------------------------------------------------------

    def _collapse_all(self) -> None:
        """Level -> view -> picture, without the levels that the graph does not have, or that look like a finer one."""
        kinds = {frame.kind for node in self.trace.nodes for frame in node.scope}
        for coarser, level in reversed([*pairwise(("", *LEVELS))]):
            if (level == "layer" and "layer" not in kinds) or (level == "step" and not self.finest.timeline.columns):
                self.instead[level] = coarser
                continue
            views = {}
            trace = self.trace if level in ("step", "op") else self.unopened
            for view in VIEWS:
                picture = collapse(trace, level, view, self.names, *self.budgets)
                if view != "unrolled" and not picture.columns:
                    break
                picture = rolled(picture) if view == "rolled" else picture
                views[view] = Detailed(picture, [self._items_of(box) for box in picture.boxes])
            finer = next(reversed(self.pictures.values()), None)
            if finer is None or views["unrolled"].items != finer["unrolled"].items:
                self.pictures[level] = views
            else:
                self.instead[level] = next(reversed(self.pictures))

    def _scenes(self) -> dict[str, dict]:
        found: dict[str, dict] = {}
        for level in reversed(self.pictures):
            scenes = found[level] = {}
            for view, (picture, items) in self.pictures[level].items():
                made = scene(picture) | {"folded": picture.folded}
                for b, drawn in enumerate(made["boxes"]):
                    drawn |= {"items": items[b], "inside": self._opening(level, view, b)}
                if made not in scenes.values():
                    scenes[view] = made
        return found

    def _opening(self, level: str, view: str, box: int) -> int | None:
        """The number of what is seen when a box is opened; None for what cannot be opened."""
        key = level, view, box
        if key not in self.opening_of:
            self.opening_of[key] = self._open(*key)
        return self.opening_of[key]

    def _open(self, level: str, view: str, box: int) -> int | None:
        coarse = self.pictures[level][view]
        if coarse.picture.boxes[box].kind in ("fold", "start"):
            return None
        levels = list(self.pictures)
        for finer in reversed(levels[: levels.index(level)]):
            if view not in self.pictures[finer]:
                continue
            key = level, finer, view
            if key not in self.magnifiers:
                self.magnifiers[key] = Magnifier(coarse, self.pictures[finer][view])
            if (inside := self.magnifiers[key].inside(box)) is not None:
                return self._make_opening(inside, finer, view)
        return None

    def _make_opening(self, inside: Inside, level: str, view: str) -> int:
        """Like boxes share one scene; each says which items are where in it, and what opens further."""
        content: list[list[Any]] = []
        fine = self.pictures[level][view].items
        for box, origin in zip(inside.picture.boxes, inside.origin):
            if isinstance(box, Pin):
                content.append([box.sources, box.readers])
            else:
                content.append([fine[origin], self._opening(level, view, origin)])
        room = _numbered(self.rooms, scene(inside.picture))
        return _numbered(self.openings, [room, content])

    def _items_of(self, box: Box) -> list[int]:
        parts = [each for part in box.parts for each in self._inside(part)]
        return [*dict.fromkeys(map(self.item, parts))]

    def _inside(self, part: Any) -> list[Any]:
        return self.trace.nodes[self.trace.inside[part]] if part in self.trace.inside else [part]

    def _seed(self) -> str:
        handles = [y for _, y in self.trace.outputs]
        what = "the output" if len(handles) == 1 else f"the sum of {len(handles)} outputs"
        if len(handles) == 1 and handles[0].node.shape != ():
            what = "the sum of the output"
        return f"gradient of {what}"


def _numbered(known: dict[str, int], thing: Any) -> int:
    """The number of a thing among those that are alike."""
    return known.setdefault(json.dumps(thing, separators=(",", ":"), allow_nan=False), len(known))
