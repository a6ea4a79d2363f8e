"""Numbers that are not finite, in the graph and in its backward pass, and the boxes of a picture that hold them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ..autograd.backward import Freed
from ..autograd.graph import LEAF, Leaf
from ..autograd.nonfinite import odd
from .known import known_values
from .nodes import Given, Result, Trace
from .picture import Picture
from .pullback import pulled_back


class Fault(NamedTuple):
    """Something that is not finite.

    Attributes:
        node: the application that made it, or is the first to read it.
        of: whose value or gradient it is; of a value that nobody made a leaf or an input.
        slot: which input of the node that is; None where the node made it.
        bad: nan, inf or -inf.
        summed: whether it is a sum of gradients that are all finite.
    """

    node: Any
    of: Result
    slot: int | None
    bad: str
    summed: bool = False


def odd_values(trace: Trace, named: dict[Leaf, np.ndarray]) -> Iterator[Fault]:
    """What is not finite of all that is known of a graph, oldest first.

    Args:
        named: leaf -> its array, of tensors whose values few rules save.
    """
    values = known_values(trace, named)
    for node in trace.nodes:
        for source in trace.sources(node):
            given = isinstance(source.node, Given)
            x = _given(source.node) if given else values.get((source.node, source.out))
            if (given or source.node.rule is LEAF) and (bad := odd(x)):
                yield Fault(node, (source.node, source.out), source.slot, bad)
        for out in range(1 if node.op.single else len(node.shape)):
            x = getattr(node, "data", None) if node.plain_grad else values.get((node, out))  # a Value knows it
            if bad := odd(x):
                yield Fault(node, (node, out), None, bad)


def odd_gradients(trace: Trace) -> Iterator[Fault]:
    """What is not finite of the gradients in the backward pass of what is drawn, newest first."""
    for node, _, sent in pulled_back(trace):
        for each in sent:
            if bad := odd(each.dx):
                yield Fault(node, each.to, each.slot, bad)
            elif bad := odd(each.total):
                yield Fault(node, each.to, each.slot, bad, summed=True)


def _given(source: Given) -> Any:
    return None if source.traced else source.array


def mark(picture: Picture, trace: Trace, named: dict[Leaf, np.ndarray]) -> None:
    """Paint the boxes black that hold, or whose gradient holds, what is not finite, and say where that is first so."""
    back = picture.turn is not None
    found = _write(
        picture, odd_values(trace, named), "value", [box for box in picture.boxes if box.gradient_of is None]
    )
    if why := _no_gradients(trace):
        picture.words.append(f"gradients are not known: {why}")
    else:
        boxes = [box for box in picture.boxes if (box.gradient_of is not None) == back]
        found = _write(picture, odd_gradients(trace), "gradient", boxes) or found
    black = "in a black box something is nan or infinite, or its gradient is"
    picture.words.append(black if found else "nothing that is known is nan or infinite")


def _write(picture: Picture, faults: Iterable[Fault], what: str, boxes: list) -> bool:
    """Say so in the boxes; whether there is anything to say."""
    said: dict[Result, str] = {}
    makers: dict[Any, str] = {}  # the application to blame for the first -> how
    for fault in faults:
        if not said and what == "gradient" and not fault.summed:
            makers[fault.node] = f"its rule gives {fault.bad}, the first"
        first = not said and not makers
        said.setdefault(fault.of, f"{what} {fault.bad}" + (", the first" if first else ""))
    for box in boxes:
        parts = (box if box.gradient_of is None else picture.boxes[box.gradient_of]).parts
        results = {result: None for result in [*box.results, *[(part, 0) for part in box.parts]]}
        words = [makers[part] for part in parts if part in makers]
        words += sorted([said[result] for result in results if result in said], key=len)[-1:]
        if words and box.kind != "fold":
            box.tone = "not finite"
            box.shown += [(len(box.notes), line) for line in words]
    return bool(said)


def _no_gradients(trace: Trace) -> str:
    """Why there is no backward pass to look at; "" if there is."""
    if any([np.size(getattr(y, "array", 0.0)) != 1 for _, y in trace.outputs]):
        return "this is no loss, one number"
    if any([isinstance(node.saved, Freed) or node.saved is None for node in [*trace.opened, *trace.nodes]]):
        return "an earlier backward has freed the graph"
    return ""
