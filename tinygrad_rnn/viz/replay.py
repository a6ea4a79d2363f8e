"""The backward pass again, application by application, with everything written down: what a debugger would show.

A sweep of its own over the opened graph: no `.grad` is touched, nothing is freed, nothing is recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from ..autograd.backward import complete, fitted
from ..autograd.graph import Node
from ..autograd.scope import at
from ..autograd.writes import Writes
from .nodes import Trace

End = tuple[Any, int]  # an application or a leaf, and which of its outputs


class Sent(NamedTuple):
    """What one step gives to an input: for which, from which slot, what, and the sum that lies there now."""

    to: End
    slot: str
    dx: Any
    total: Any


class Step(NamedTuple):
    """One application pulled back, or a run of them that one box stands for."""

    item: int
    arrives: list[tuple[str, Any]]  # name of the output, its complete gradient
    sends: list[Sent]


def replay(trace: Trace, item_of: Callable[[Node], int], write: Callable[[Any], Any]) -> tuple[list[Step], str]:
    """Pull ones back from every output: the gradient of their sum.

    Args:
        item_of: what stands for an application in the picture; a run of nodes with the same is one step.
        write: what is kept of a gradient; called at once, so that no step keeps an array alive.

    Returns:
        (the steps, newest application first; why they end early, or "").
    """
    if trace.freed:
        return [], "The graph was freed by a backward pass: draw before it, or call backward(retain_graph=True)."
    sweep = _Sweep(trace, item_of, write)
    try:
        with np.errstate(all="ignore"), at((), record=False):
            for item, nodes in groupby(reversed(trace.nodes), item_of):
                sweep.step(item, nodes)
    except Exception as error:  # a rule of the user's, an overwritten array: the page says so and shows the rest
        return sweep.steps, f"The numbers end here: {error}"
    return sweep.steps, ""


class _Sweep:
    def __init__(self, trace: Trace, item_of: Callable[[Node], int], write: Callable[[Any], Any]) -> None:
        self.trace, self.item_of, self.write = trace, item_of, write
        self.steps: list[Step] = []
        self.total: dict[End, Any] = {}  # the gradient so far; of a leaf it stays
        self.outside: set[End] = set()  # ends that another step, or the start, gave something to
        for _, y in trace.outputs:
            end = trace.follow(y.node)
            one = 1.0 if y.node.plain_grad else np.ones(y.array.shape, y.array.dtype)
            self.total[end] = self.total[end] + one if end in self.total else one
            self.outside.add(end)

    def step(self, item: int, nodes: Any) -> None:
        arrives: list[tuple[str, Any]] = []
        sent: dict[tuple[End, str], Any] = {}
        for node in nodes:
            ends = [(node, out) for out in range(1 if node.op.single else len(node.shape))]
            dys = [self.total.pop(end, None) for end in ends]
            if all([dy is None for dy in dys]):
                continue
            for end, dy in zip(ends, dys):
                if dy is not None and end in self.outside:
                    arrives.append((self.name_of(end), self.write(dy)))
            for end, slot, dx in self.pull(node, dys):
                self.total[end] = self.total[end] + dx if end in self.total else dx
                maker = end[0]
                if maker.op is None or self.item_of(maker) != item:
                    self.outside.add(end)
                    key = end, slot
                    sent[key] = sent[key] + dx if key in sent else dx
        if arrives:
            sends = [Sent(end, slot, self.write(dx), self.write(self.total[end])) for (end, slot), dx in sent.items()]
            self.steps.append(Step(item, arrives, sends))

    def pull(self, node: Node, dys: list) -> list[tuple[End, str, Any]]:
        """What the node's rule makes of the gradients of its outputs, one for each input that wants it."""
        op, rule = node.op, node.rule
        if node.saved.__class__ is not tuple:
            raise RuntimeError(f"{node.describe()} freed what it had saved in an earlier backward")
        if node.seq < Writes.last:
            Writes.check(node)
        dxs = rule.pull(dys[0] if op.single else complete(dys, node), *node.saved)
        found = []
        pairs = enumerate(dxs) if rule.only is None else [(rule.only, dxs)]
        for slot, dx in pairs:
            link = node.inputs[slot]
            if link is None or dx is None:
                continue
            if hasattr(dx, "settle"):  # a sum whose terms were left to be added up together
                dx = dx.settle()
            if not node.plain_grad and np.shape(dx) != link.shape:
                dx = fitted(dx, link, node, False)
            name = f"{op.inputs[0].lstrip('*')}[{slot}]" if op.variadic else op.inputs[slot]
            found.append((self.trace.follow(link), f"d{name}", dx))
        return found

    def name_of(self, end: End) -> str:
        node, out = end
        if (name := self.trace.names.get(end)) is None:
            outputs = node.op.outputs
            name = f"{outputs[0][1:]}[{out}]" if outputs[0].startswith("*") else outputs[out]
        return f"d{name}"
