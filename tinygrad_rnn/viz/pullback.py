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


class Pulled(NamedTuple):
    """One application of a gradient rule, or the arrival at a leaf.

    Attributes:
        arrived: for each output of the node the complete gradient, None where nothing arrived.
        sent: (input slot, whose result that input is, what is sent to it).
    """

    node: Any
    arrived: list
    sent: list[tuple[int, Result, Any]]


def pulled_back(trace: Trace) -> Iterator[Pulled]:
    """The gradient of the sum of the outputs, node by node, newest first; the leaves come last.

    Raises:
        ValueError: an output is not a scalar.
        RuntimeError: an earlier backward freed the graph, or what a rule needs was overwritten since.
    """
    _check(trace)
    waiting: dict[Result, Any] = {}
    for _, y in trace.outputs:
        _add(waiting, trace.follow(y.node), 1.0 if y.node.plain_grad else np.ones_like(y.array))
    for node in reversed(trace.nodes):
        count = 1 if node.op.single else len(node.shape)
        arrived = [waiting.pop((node, out), None) for out in range(count)]
        if any([dy is not None for dy in arrived]):
            sent = _sent(trace, node, arrived)
            for _, result, dx in sent:
                _add(waiting, result, dx)
            yield Pulled(node, arrived, sent)
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


def _add(waiting: dict[Result, Any], result: Result, dx: Any) -> None:
    waiting[result] = waiting[result] + dx if result in waiting else dx  # never in place: others may hold it


def _check(trace: Trace) -> None:
    for name, y in trace.outputs:
        if getattr(y, "array", np.zeros(())).size != 1:
            raise ValueError(
                f"draw: a gradient is that of a number, but {name or 'x'} has the shape {tuple(y.array.shape)}; "
                f"draw a loss, for example draw(y.sum(), ...)"
            )
    for node in [*trace.opened, *trace.nodes]:
        if isinstance(node.saved, Freed) or node.saved is None:
            raise RuntimeError(
                f"draw: the gradient cannot be computed, {node.describe()} freed what it had saved in an earlier "
                f"backward. Draw before backward(), or pass retain_graph=True to it; show='grad' needs neither."
            )
        if node.seq < Writes.last:
            Writes.check(node)
