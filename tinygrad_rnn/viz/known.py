"""What the arrays in a graph hold, as far as anything has kept them or they follow from what was kept."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.graph import Leaf, Node
from ..autograd.op import Op
from .nodes import Given, Result, Trace, overwritten, shape_of


def known_values(trace: Trace, named: dict[Leaf, np.ndarray]) -> dict[Result, Any]:
    """The value of each result: kept by a handle, saved for the backward pass, or computed again from such.

    Only operations of this package are computed again, on arrays, so that no user code runs. Where a graph was
    freed or memory overwritten, what nothing holds any more is not in the answer.

    Args:
        named: leaf -> its array, of tensors that the user named.
    """
    tensors = [node for node in trace.nodes if not node.plain_grad]  # a Value knows its own number
    known: dict[Result, Any] = {(leaf, 0): x for leaf, x in named.items()}
    handles = [(y.node, y.array) for _, y in trace.outputs if not y.node.plain_grad]
    for link, x in [*handles, *trace.arrays]:
        known.setdefault(trace.follow(link), x)
    for node in tensors:
        for result, x in _kept(trace, node):
            if np.shape(x) == shape_of(*result):
                known.setdefault(result, x)
    for node in tensors:
        if (node, 0) not in known:
            known.update(_computed(trace, node, known))
    return known


def _kept(trace: Trace, node: Node) -> list[tuple[Result, Any]]:
    """What a node, or what was saved in it, says of its own results and of its inputs."""
    saved = _saved(trace, node)
    op: Any = node.op
    names = op.inputs
    if op.variadic and op.inputs[0] in saved:
        names, saved = range(len(node.inputs)), saved | dict(enumerate(saved[op.inputs[0]]))
    linked = [(link, name) for link, name in zip(node.inputs, names) if link is not None and name in saved]
    found = [(trace.follow(link), saved[name]) for link, name in linked]
    return found + [((node, out), saved[name]) for out, name in enumerate(op.outputs) if name in saved]


def _saved(trace: Trace, node: Node) -> dict[Any, Any]:
    """Name -> what is saved under it; nothing if that is gone, or not what it was."""
    if node in trace.hollow or node.saved.__class__ is not tuple or overwritten(node):
        return {}
    return dict(zip(node.rule.saves, node.saved))


def _computed(trace: Trace, node: Node, known: dict[Result, Any]) -> dict[Result, Any]:
    """The results of a node whose inputs and attributes are all known."""
    op, saved = node.op, _saved(trace, node)
    if not isinstance(op, Op) or op.body or op.hidden or op.variadic or node in trace.hollow:
        return {}
    if not op.forward.__module__.startswith(f"{__package__.partition('.')[0]}.") or not set(op.attrs) <= set(saved):
        return {}
    arrays = [_input(trace, node, slot, known) for slot in range(len(node.inputs))]
    if any([x is None for x in arrays]):
        return {}
    with np.errstate(all="ignore"):
        y = op.forward(*arrays, **{name: saved[name] for name in op.attrs})
    ys = [y] if op.single else y
    return {(node, out): y for out, y in enumerate(ys) if np.shape(y) == shape_of(node, out)}


def _input(trace: Trace, node: Node, slot: int, known: dict[Result, Any]) -> Any:
    if (link := node.inputs[slot]) is not None:
        return known.get(trace.follow(link))
    given: Given | None = trace.given(node, slot)
    return None if given is None or given.traced else given.array
