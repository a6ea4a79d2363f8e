"""What an operation must do when it is used wrongly: an error in words, and nothing changed."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from tests.ops.sampling import Sample
from tests.ops.test_registry import directions, leaves
from tinygrad_rnn.autograd.backward import backward
from tinygrad_rnn.autograd.graph import Leaf, Tensor
from tinygrad_rnn.autograd.op import registry
from tinygrad_rnn.autograd.scope import no_grad

from .checking import called

REFUSED: Counter[str] = Counter()  # errors that came as they should, by kind
KINDS = TypeError, RuntimeError, ValueError, IndexError  # PyTorch's


def refused(kind: str, call, *words: str) -> None:
    """The call is an error that says all these words."""
    with pytest.raises(KINDS) as found:
        call()
    said = str(found.value)
    assert all(word in said for word in words), f"{kind}: {words} expected in {said!r}"
    REFUSED[kind] += 1


def misuse(sample: Sample) -> None:
    """Arguments that no operation takes, each in place of a right one."""
    op, xs, name = registry[sample.op], leaves(sample), sample.op
    refused("an unknown keyword", lambda: op(*xs, **sample.attrs, colour="red"), name, "colour")
    if not op.variadic and None not in xs:
        refused("an input too many", lambda: op(*xs, *[*sample.attrs.values(), 1, 2, 3, 4]), name)
    if isinstance(sample.attrs.get("dim"), int):
        for dim in (7, -8):
            refused("a dimension out of range", lambda dim=dim: op(*xs, **sample.attrs | {"dim": dim}), name, f"{dim}")
    if len(xs) > 1:
        for i in sample.differentiable()[1:]:
            others = [*xs[:i], np.zeros(2, np.float16), *xs[i + 1 :]]
            refused("float16", lambda others=others: op(*others, **sample.attrs), name, "float16")
            others[i] = "text"
            refused("a text", lambda others=others: op(*others, **sample.attrs), name, "got str: 'text'")


def history(sample: Sample) -> None:
    """A graph that was freed or written over since is refused, or what it gives is right."""
    before, again, over = [gradients(sample, how) for how in ("once", "twice", "overwritten")]
    for dx, double, same in zip(before, again or before, over or before, strict=True):
        np.testing.assert_array_equal(double, dx if again is None else 2 * dx)
        np.testing.assert_array_equal(same, dx)


def gradients(sample: Sample, how: str) -> list[np.ndarray] | None:
    """Of the leaves after one backward, after two, or after one in front of which the inputs were written over."""
    xs = leaves(sample, [x if x is None else np.array(x) for x in sample.inputs])
    ys = called(sample, xs)
    us = [Tensor(u) for u in directions([y.array for y in ys], 1)]
    roots = [(y, u) for y, u in zip(ys, us, strict=True) if y.node is not None]
    run = lambda: backward([y for y, _ in roots], [u for _, u in roots])
    wanted = [x for x in xs if x is not None and isinstance(x.node, Leaf)]
    if how == "overwritten":
        with no_grad():
            for x in wanted:
                x.fill_(0.25)
    else:
        run()
    found = [None if x.grad is None else x.grad.array.copy() for x in wanted]
    if how != "once":
        try:
            run()
        except RuntimeError:
            words = ("second time", sample.op, "retain_graph=True") if how == "twice" else (sample.op, "fill_ at")
            refused("a second backward" if how == "twice" else "a write since", run, *words)
            for x, dx in zip(wanted, found, strict=True):
                np.testing.assert_array_equal(None if x.grad is None else x.grad.array, dx)
            return None
    return [np.zeros(x.shape) if x.grad is None else x.grad.array for x in wanted]
