"""Levels of detail: which nodes share a box.

A group is an unbroken run, in creation order, of nodes from one place (a module call, a layer, a step), so
that no two groups can depend on each other in a circle.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..autograd.scope import Frame, Scope
from .nodes import Trace
from .steps import Timeline, without_time

LEVELS = ("module", "layer", "step", "op")
KINDS = {"module": ("module",), "layer": ("module", "layer"), "step": ("module", "layer", "step")}
UNBINDS, STACKS, JOINS = ("unbind", "unstack"), ("stack",), ("cat", "concat")


class Group(NamedTuple):
    """Nodes start..stop of the trace, less those that are not drawn.

    They share a box; but without frames and column they only lie next to each other, each in its own box.
    """

    start: int
    stop: int
    frames: Scope  # the place they share; empty for an operation that stands alone
    column: int | None
    row: tuple  # what is the same at every step: the place, and how many-th run of it this is
    named: bool  # whether the place has a name of its own; else the box is called by its operations

    @property
    def apart(self) -> bool:
        return not self.frames and self.column is None


def place_of(scope: Scope, level: str) -> Scope:
    """The part of a scope that tells boxes of this level apart; a gradient rule is not in its node's box."""
    kinds, last, rule = KINDS.get(level, KINDS["step"]), 0, None
    for i, frame in enumerate(scope):
        if frame.kind in kinds:
            last = i + 1
        elif frame.kind == "vjp":
            rule = i
    if rule is None or rule < last:
        return scope[:last]
    return (*scope[:last], Frame("vjp", ""))


def grouped(trace: Trace, timeline: Timeline, level: str, longest: int) -> list[Group]:
    """The groups, oldest first; at level "op" they are what becomes clusters.

    Args:
        longest: how many nodes a group holds at most whose nodes are drawn apart.
    """
    parents = _parents(trace, level)
    longest = max(1, longest)
    groups: list[Group] = []
    ordinals: dict[tuple, int] = {}
    scope, start = None, 0
    key: tuple[Any, int | None, bool, int | None] | None = None
    together, named, fixed = False, False, False
    frames: Scope = ()

    def close(stop: int) -> None:
        if stop > start and key is not None:
            column = key[1]
            row = without_time(frames) if together else ()
            seen = ordinals[column, row] = ordinals.get((column, row), -1) + 1
            groups.append(Group(start, stop, frames if together else (), column, (row, seen), named))

    for position, node in enumerate(trace.nodes):
        if node.scope is not scope:
            scope = node.scope
            inner = place_of(scope, level)
            fixed = timeline.place(scope) is not None and timeline.place(inner) is None  # the step is inside the box
        column = None if fixed else timeline.of[position]
        stacked = column is None and node.op.name in STACKS
        track = None if column is None else timeline.when[position][0]  # type: ignore[index]
        now = (inner, column, stacked, track)
        if now != key or (not together and position - start >= longest):
            close(position)
            key, start, frames = now, position, inner
            named = _is_named(inner, parents) and not stacked
            together = column is not None or named
    close(len(trace.nodes))
    return groups


def _is_named(frames: Scope, parents: set) -> bool:
    """Whether a place is a layer, or a module that calls no others: their operations make one box."""
    places = [frame for frame in frames if frame.kind in ("module", "layer")]
    return bool(places) and (places[-1].kind == "layer" or places[-1].owner not in parents)


def _parents(trace: Trace, level: str) -> set:
    """Serial numbers of the modules that called others, or consist of layers."""
    found, scope = set(), None
    kinds = ("module",) if level == "module" else ("module", "layer")
    for node in trace.nodes:
        if node.scope is not scope:
            scope = node.scope
            found.update([frame.owner for frame in [f for f in scope if f.kind in kinds][:-1]])
    return found


def has_layers(trace: Trace) -> bool:
    """Whether any node was made inside a recurrent layer or a step."""
    scope = None
    for node in trace.nodes:
        if node.scope is not scope:
            scope = node.scope
            if any([frame.kind in ("layer", "step") for frame in scope]):
                return True
    return False


def name_of(frames: Scope, lone_root: bool = True) -> str:
    """A place in a word or two: the modules below the root, and the layer."""
    modules = [frame.name for frame in frames if frame.kind == "module"]
    layer = [f"layer {frame.name}" for frame in frames if frame.kind == "layer"]
    return " ".join([".".join(modules[1:] if lone_root else modules), *layer]).strip()
