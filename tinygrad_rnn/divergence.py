"""Where numbers end: a loss or a gradient that is not finite, and which operation and step made it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .autograd.graph import Tensor
from .autograd.nonfinite import place
from .nn.utils import clip_grad_norm_


class Diverged(ArithmeticError):
    """The loss or its gradient is no longer a number; the parameters are still those before it happened."""


def backward(loss: Tensor, net: Any, clip: float, again: Callable[[], Tensor]) -> float:
    """The backward pass of a loss that must be finite, and so must be its gradient, which is clipped by its norm.

    Args:
        loss: 0-d.
        net: the module whose parameters get their gradients.
        clip: the largest norm of the gradient.
        again: computes that loss once more: a backward pass that is searched needs a graph that none has freed.

    Returns:
        The norm before clipping.

    Raises:
        Diverged: the loss or the norm is not finite; it names the operation and step that made it.
    """
    if not math.isfinite(number := loss.item()):
        raise Diverged(f"the loss became {number}: {origin(loss, net)}")
    loss.backward()
    norm = clip_grad_norm_(net.parameters(), clip).item()
    if not math.isfinite(norm):
        raise Diverged(f"the loss is {number:.4g}, but the norm of its gradient became {norm}: {back_origin(again())}")
    return norm


def origin(loss: Tensor, net: Any = None) -> str:
    """Which operation, at which step, was the first to make something that is not finite, in words.

    Layers are opened down to their primitives, at whatever granularity they were recorded. Call it before `backward()`,
    which frees what is read here.

    Args:
        loss: with its graph.
        net: the module that computed it. Most rules save no biases, so they are looked up there.

    Example:
        >>> import tinygrad_rnn as tg
        >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
        >>> with tg.step(3):
        ...     y = x * tg.inf
        >>> origin(y.sum())
        'the first is the input `b` (inf) of `mul` in t=3'
    """
    from .viz.faults import odd_values

    leaves = {} if net is None else {p.node: p.array for p in net.parameters() if p.node is not None}
    for node, (source, _), slot, bad, _ in odd_values(opened(loss), leaves):
        if slot is None:
            return f"the first is the result of {place(node)} ({bad})"
        called = getattr(source, "name", None) or node.op.inputs[0 if node.op.variadic else slot]
        return f"the first is the input `{called}` ({bad}) of {place(node)}"
    return "nothing in its graph that is known is infinite or nan"


def back_origin(loss: Tensor) -> str:
    """The same for the backward pass of a finite loss: whose gradient rule made the first such gradient, in words."""
    from .viz.faults import odd_gradients

    for node, _, _, bad, summed in odd_gradients(opened(loss)):
        if summed:
            return f"the first is a sum of gradients ({bad}), to which that of {place(node)} was added last"
        return f"the first is what the gradient rule of {place(node)} makes ({bad})"
    return "nothing in its backward pass is infinite or nan"


def opened(loss: Tensor) -> Any:
    """The graph of a loss, every fused operation opened down to its primitives."""
    from .viz.nodes import Trace, roots

    with np.errstate(all="ignore"):
        return Trace(roots(loss), opens="all")

