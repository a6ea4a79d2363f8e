"""What the explorer knows of everything that is drawn: items, which boxes and steps refer to by number."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.graph import Leaf, Node
from ..autograd.scope import path
from ..autograd.source import Source as Line
from .collapse import Collapse, shape_of, shape_text
from .facts import dtype_name, numbers, operation, statistics
from .known import known_values
from .nodes import Given, Source, Trace
from .picture import Box


class Items:
    """An item is what one box stands for at the finest level; what that leaves out has items too, without a box.

    Attributes:
        items: what is said of each.
        operations, sources: what is said of each kind of operation, and the lines of the user's code; items refer
            to these by number.
    """

    def __init__(self, trace: Trace, finest: Collapse) -> None:
        self.trace, self.finest = trace, finest
        self.items: list[dict[str, Any]] = []
        self.operations: list[dict[str, str]] = []
        self.sources: dict[Line, int] = {}
        self._number: dict[Any, int] = {}  # application, leaf or input -> item
        self._operation_number: dict[str, int] = {}
        self._known = known_values(trace, {}) | numbers(trace)
        self._make_items()

    def _make_items(self) -> None:
        for i, box in enumerate(self.finest.picture.boxes):
            self._number.update(dict.fromkeys(box.parts, i))
            one = box.parts[0] if len(box.parts) == 1 else None
            self.items.append(self._item(one) if one is not None else {"name": box.title, "shape": ""})
            if not isinstance(one, Node) or isinstance(one, Leaf) or one.op is None:
                self.items[-1]["name"] = box.title + box.subscript
        self._drawn = len(self.items)

    def of(self, part: Any) -> int:
        """The number of what stands for an application or a leaf; what is not drawn gets one of its own."""
        if part not in self._number:
            self._number[part] = len(self.items)
            self.items.append(self._item(part))
        return self._number[part]

    def _item(self, part: Any) -> dict[str, Any]:
        if isinstance(part, Given):
            value = None if part.traced or self.trace.freed else part.array
            return self._facts(part.name, part.shape, part, value)
        if part.op is None:
            return self._facts(part.name or "x", part.shape, part, self._known.get((part, 0))) | {"leaf": True}
        op, several = part.op, not part.op.single
        found = self._facts(op.name, shape_of(part, 0), part, None if several else self._known.get((part, 0)))
        found |= {"op": self._operation(part), "where": path(part.scope)}
        if several:
            shapes = dict.fromkeys([shape_text(shape) for shape in part.shape])
            found["shape"] = f"{len(part.shape)} of {', '.join(shapes)}"
        return found

    def _facts(self, name: str, shape: tuple, part: Any, value: Any) -> dict[str, Any]:
        found: dict[str, Any] = {"name": name, "shape": shape_text(shape), "dtype": dtype_name(part, value)}
        if value is not None and np.asarray(value).dtype.kind in "iuf":
            found["value"] = statistics(value)
        if getattr(part, "plain_grad", False):  # a Value
            found["number"] = True
        if (line := getattr(part, "source", None)) is not None:
            found["source"] = self.sources.setdefault(line, len(self.sources))
        return found

    def _operation(self, node: Node) -> int:
        key = node.op.name
        if key not in self._operation_number:
            self._operation_number[key] = len(self.operations)
            self.operations.append(operation(node))
        return self._operation_number[key]

    def drawn(self, end: tuple[Any, int]) -> list[int]:
        """The items at the other end of the lines, where an operation is drawn as lines alone."""
        node, out = end
        if self.of(node) < self._drawn or node.op is None:
            return []
        origins = self.finest.origins(Source(node, out, 0))
        return sorted({i for origin in origins if (i := self.of(origin.node)) < self._drawn})

    def of_box(self, box: Box) -> list[int]:
        """What a box of any level stands for."""
        parts = [each for part in box.parts for each in self._inside(part)]
        return [*dict.fromkeys(map(self.of, parts))]

    def _inside(self, part: Any) -> list[Any]:
        return self.trace.nodes[self.trace.inside[part]] if part in self.trace.inside else [part]
