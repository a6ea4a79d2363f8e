"""What the boxes and edges of a picture show on request: values, gradients, memory, lines; and gradients as colour."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import hypot
from typing import Any

import numpy as np

from ..autograd.backward import Freed
from ..autograd.graph import LEAF, Leaf
from ..autograd.source import Source
from .dot import shortened
from .faults import mark
from .known import known_values
from .nodes import Given, Result, Trace, below
from .picture import Box, Edge, Picture
from .pullback import check_numbers, pulled_back
from .scale import Scale
from .strip import Strip, number_text, shown

SHOWN = ("value", "grad", "gradient", "saved", "source")
COLORS = ("kind", "gradient", "finite")
LONG, WHOLE = 36, 200  # letters of a line of code at most: in a box, and where a pointer rests on it


def checked(show: str | Iterable[str], color: str, view: str) -> set[str]:
    """The words of `show`; an error that says which there are."""
    words = {show} if isinstance(show, str) else set(show)
    if unknown := sorted(map(repr, words - set(SHOWN))):
        raise ValueError(f"draw: show must be of {', '.join(SHOWN)}, got {', '.join(unknown)}")
    if color not in COLORS:
        raise ValueError(f"draw: color must be one of {', '.join(COLORS)}, got {color!r}")
    if view == "rolled" and (words - {"source"} or color != "kind"):
        raise ValueError(
            "draw: the one step of a rolled picture stands for all of them, so it has neither values nor gradients; "
            "pass view='unrolled' or 'folded'"
        )
    return words


def annotate(picture: Picture, trace: Trace, show: Iterable[str], color: str, named: dict[Leaf, np.ndarray]) -> None:
    """Add to a picture what was asked for.

    Args:
        show: words of SHOWN.
        color: one of COLORS.
        named: leaf -> its array, of tensors that the user named.
    """
    lines: dict[str, Callable[[Result, str], str | Strip | None]] = {}
    if "value" in show:
        values = known_values(trace, named)
        lines["value"] = lambda result, name: _line(name or "value", _value(result, values))
    if "grad" in show:
        kept = kept_gradients(trace)
        lines["grad"] = lambda result, name: _line(f"{name}.grad", kept.get(result))
    if "gradient" in show or color == "gradient":
        flow = Flow(picture, trace, "gradient" in show)
        if "gradient" in show:
            lines["gradient"] = lambda result, name: flow.line(result, f"d{name}" if name else "gradient")
        if color == "gradient":
            flow.paint()
    if color == "finite":
        mark(picture, trace, named)
    for box in picture.boxes:
        if box.kind != "fold" and not box.title.endswith("= 0"):
            told = [word for word in lines if picture.turn is None or (box.gradient_of is None) == (word == "value")]
            _describe(box, trace, [lines[word] for word in told])
            if "saved" in show and box.gradient_of is None and (size := saved_bytes(box.nodes)):
                box.shown.append((len(box.notes), f"saves {bytes_text(size)}"))
    if "saved" in show:
        real = [node for node in below([y.node for _, y in trace.outputs]) if node.rule.op is not None]
        picture.words.append(f"{bytes_text(saved_bytes(real))} are saved for the backward pass")
    if "source" in show:
        show_lines(picture, trace)
    picture.strips = any([isinstance(line, Strip) for box in picture.boxes for _, line in box.shown])


def _describe(box: Box, trace: Trace, lines: list[Callable]) -> None:
    """One line after the other for each result; under its own name where parameters share a box."""
    several = len(box.results) > 1
    for k, result in enumerate(box.results):
        place = k + 1 if several and box.kind == "parameter" else len(box.notes)
        name = trace.result_name(*result) if _has_name(box, *result) else ""
        found = [line(result, name) for line in lines]
        box.shown += [(place, line) for line in found if line is not None]


def _has_name(box: Box, node: Any, _: int) -> bool:
    """Whether a box has to say which of its results a line is about."""
    if isinstance(node, Given) or node.rule is LEAF:
        return len(box.results) > 1 and box.kind != "parameter"
    return box.kind != "output" and (len(box.results) > 1 or not node.op.single)


def _line(caption: str, x: Any) -> str | Strip | None:
    return None if x is None else shown(caption, x)


def _value(result: Result, values: dict[Result, Any]) -> Any:
    node, _ = result
    if isinstance(node, Given):
        return None if node.traced else node.array
    return None if node.plain_grad else values.get(result)  # a Value shows its number anyway


# --- gradients that are there ---------------------------------------------------------------------------------------


def kept_gradients(trace: Trace) -> dict[Result, np.ndarray]:
    """What `.grad` holds: of leaves, and of results that retain it. (A Value shows its own anyway.)"""
    found: dict[Result, np.ndarray] = {}
    for node in below([y.node for _, y in trace.outputs]):
        if node.plain_grad or not node.observed:
            continue
        grad = node.grad if isinstance(node, Leaf) else node.watch.grad
        if grad is not None:
            found[trace.follow(node)] = grad.array
    return found


# --- gradients that are computed ------------------------------------------------------------------------------------


class Flow:
    """The gradients of a picture's boxes, and what flows back along its edges.

    Along an edge flows what the box at its end sends back to the box at its start, in all: the contributions of
    one result are added, before the norm is taken. They are added up as they come and not kept.
    """

    def __init__(self, picture: Picture, trace: Trace, draws: bool) -> None:
        self.picture = picture
        self.norms: dict[Result, float] = {}
        self.arrays: dict[Result, Any] = {}  # only if they are to be shown
        self._parts: dict[int, list[float]] = {}  # edge -> norms of the results that it carries
        self._sums: dict[tuple[int, Result], Any] = {}
        self._missing: dict[tuple[int, Result], int] = {}  # how many contributions are still to come
        self._edges: dict[tuple[Any, int], list[tuple[int, Result]]] = {}  # (reader, slot) -> edges
        for i, edge in enumerate(picture.edges):
            for link in edge.links:
                key = i, link.result
                self._missing[key] = self._missing.get(key, 0) + 1
                self._edges.setdefault((link.reader, link.slot), []).append(key)
        wanted = {result for box in picture.boxes for result in box.results}
        check_numbers(trace)
        for node, arrived, sent in pulled_back(trace):
            for out, dy in enumerate(arrived):
                if dy is not None and (node, out) in wanted:
                    self.norms[node, out] = norm(dy)
                    if draws:
                        self.arrays[node, out] = dy
            for slot, _, dx, _ in sent:
                for key in self._edges.get((node, slot), ()):
                    self._receive(key, dx)
        for (i, _), dx in self._sums.items():
            self._parts.setdefault(i, []).append(norm(dx))

    def _receive(self, key: tuple[int, Result], dx: Any) -> None:
        total = self._sums[key] + dx if key in self._sums else dx
        self._missing[key] -= 1
        if self._missing[key]:
            self._sums[key] = total
            return
        self._sums.pop(key, None)
        self._parts.setdefault(key[0], []).append(norm(total))

    def line(self, result: Result, caption: str) -> str | Strip | None:
        """The gradient of a result."""
        return _line(caption, self.arrays.get(result))

    def of_box(self, box: Box) -> float | None:
        """The norm of the gradients of all its results together; None if there is none."""
        found = [self.norms[result] for result in box.results if result in self.norms]
        return hypot(*found) if found else None

    def of_edge(self, i: int, edge: Edge) -> float | None:
        if not edge.links and (self._is_output(edge.target) or self._is_output(edge.source)):
            return 1.0  # of what is drawn by itself
        return hypot(*self._parts[i]) if i in self._parts else None

    def _is_output(self, i: int) -> bool:
        """Whether a box is an output, or the gradient of one."""
        of = self.picture.boxes[i].gradient_of
        return self.picture.boxes[i if of is None else of].kind == "output"

    def paint(self) -> None:
        """Give every box and edge the tone of its norm."""
        picture = self.picture
        back = picture.turn is not None  # then the backward pass has the tones
        mine = lambda box: (box.gradient_of is not None) == back
        sizes: list[tuple[Box | Edge, float | None]] = []
        sizes += [(b, self.of_box(b)) for b in picture.boxes if mine(b) and b.kind not in ("fold", "start")]
        sizes += [(e, self.of_edge(i, e)) for i, e in enumerate(picture.edges) if mine(picture.boxes[e.source])]
        scale = picture.scale = Scale.over([size for _, size in sizes])
        for item, size in sizes:
            item.tone = scale.tone(size)
            said = "no gradient flows here" if size is None else f"norm of the gradient {number_text(size)}"
            item.tip = f"{item.tip}\n{said}".strip()
        for box in picture.boxes:
            if box.tone == "not finite":
                box.shown.append((len(box.notes), "gradient not finite"))


def norm(x: Any) -> float:
    """The Euclidean norm; scaled, so that no square overflows or vanishes."""
    if x.__class__ is float:
        return abs(x)
    x = np.asarray(x, np.float64)
    most = float(np.abs(x).max(initial=0.0))
    return most * float(np.linalg.norm(x / most)) if 0 < most < np.inf else most


# --- memory ---------------------------------------------------------------------------------------------------------


def saved_bytes(nodes: Iterable[Any]) -> int:
    """How much memory these nodes keep for the backward pass; an array that several keep counts once."""
    found: dict[int, int] = {}
    waiting = [node.saved for node in nodes if node.rule is not LEAF and not isinstance(node.saved, Freed)]
    while waiting:
        part = waiting.pop()
        if isinstance(part, (tuple, list)):
            waiting += part
        elif isinstance(part, np.ndarray):
            found[part.__array_interface__["data"][0]] = part.nbytes
    return sum(found.values())


def bytes_text(size: float) -> str:
    """1,234 -> 1.23 kB."""
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:,.3g} GB"


# --- source lines ---------------------------------------------------------------------------------------------------


def show_lines(picture: Picture, trace: Trace) -> None:
    """Name in each box the line of the user's code that made it; of several the first, which is where a call begins.

    Raises:
        ValueError: no line was recorded.
    """
    unknown = sum([node.source is None for node in trace.nodes])
    if unknown == len(trace.nodes):
        raise ValueError(
            "draw: show='source' finds no source lines, because they are recorded on request only: compute what is to "
            "be drawn within `with tinygrad_rnn.autograd.record_source():`"
        )
    if unknown:
        without = f"{unknown:,} of {len(trace.nodes):,} operations have no source line"
        picture.words.append(f"{without}: they were made without record_source()")
    for box in picture.boxes:
        if box.kind != "fold" and (source := first_line_of(box.parts)) is not None:
            box.shown += [(len(box.notes), line) for line in (source.short, shortened(source.text, LONG))]
            box.tip = f"{box.tip}\n{source.short}  {shortened(source.text, WHOLE)}".strip()


def first_line_of(parts: Iterable[Any]) -> Source | None:
    """The source line of the first of these applications, leaves and inputs that has one."""
    return next((source for part in parts if (source := getattr(part, "source", None)) is not None), None)
