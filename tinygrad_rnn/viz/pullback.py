"""A backward pass over what is drawn: it deposits nothing, frees nothing, records nothing and runs no hooks.

Unlike the engine's sweep it walks through opened operations, and tells what every application sends to each input.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ..autograd.backward import Freed, complete, fitted
from ..autograd.graph import Node
from ..autograd.scope import at, frames
from ..autograd.writes import Writes
from .nodes import Result, Trace


class Sent(NamedTuple):
    """What is given to one input: its slot, whose result it is, what is given, and the sum that lies there now."""

    slot: int
    to: Result
    dx: Any
    total: Any


class Pulled(NamedTuple):
    """One application of a gradient rule, or the arrival at a leaf.

    Attributes:
        arrived: for each output of the node the complete gradient, None where nothing arrived.
    """

    node: Any
    arrived: list
    sent: list[Sent]


def pulled_back(trace: Trace) -> Iterator[Pulled]:
    """The gradient of the sum of all that the outputs hold, node by node, newest first; the leaves come last.

    Raises:
        RuntimeError: an earlier backward freed the graph, or what a rule needs was overwritten since.
    """
    _check(trace)
    waiting: dict[Result, Any] = {}

    def add(result: Result, dx: Any) -> Any:
        waiting[result] = waiting[result] + dx if result in waiting else dx  # never in place: others may hold it
        return waiting[result]

    for _, y in trace.outputs:
        add(trace.follow(y.node), 1.0 if y.node.plain_grad else np.ones_like(y.array))
    for node in reversed(trace.nodes):
        count = 1 if node.op.single else len(node.shape)
        arrived = [waiting.pop((node, out), None) for out in range(count)]
        if any([dy is not None for dy in arrived]):
            sent = _sent(trace, node, arrived)
            yield Pulled(node, arrived, [Sent(slot, to, dx, add(to, dx)) for slot, to, dx in sent])
    for (leaf, _), dy in waiting.items():
        yield Pulled(leaf, [dy], [])


def _sent(trace: Trace, node: Node, arrived: list) -> list[tuple[int, Result, Any]]:
    rule = node.rule
    with np.errstate(all="ignore"), at(frames(), record=False):
        dxs = rule.pull(arrived[0] if node.op.single else complete(arrived, node), *node.saved)
        sent = []
        for slot, dx in enumerate(dxs) if rule.only is None else ((rule.only, dxs),):
            link = node.inputs[slot]
            if link is None or dx is None:
                continue
            if not node.plain_grad:
                dx = dx.settle() if hasattr(dx, "settle") else np.asarray(dx)
                dx = dx if dx.shape == link.shape else fitted(dx, link, node, recorded=False)
            sent.append((slot, trace.follow(link), dx))
    return sent


def check_numbers(trace: Trace) -> None:
    """Raises ValueError where an output is not a number, so that its gradient would be that of a sum."""
    for name, y in trace.outputs:
        if getattr(y, "array", np.zeros(())).size != 1:
            raise ValueError(
                f"draw: a gradient is that of a number, but {name or 'x'} has the shape {tuple(y.array.shape)}; "
                f"draw a loss, for example draw(y.sum(), ...)"
            )


def _check(trace: Trace) -> None:
    for node in [*trace.opened, *trace.nodes]:
        if isinstance(node.saved, Freed) or node.saved is None:
            raise RuntimeError(
                f"draw: the gradient cannot be computed, {node.describe()} freed what it had saved in an earlier "
                f"backward. Draw before backward(), or pass retain_graph=True to it; show='grad' needs neither."
            )
        if node.seq < Writes.last:
            Writes.check(node)
