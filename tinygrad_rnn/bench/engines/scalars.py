"""Chains of alternating products and sums, and micrograd, whose numbers have a graph of their own."""

from __future__ import annotations

from collections.abc import Callable

from ..work import Work


def chain(leaves: Callable, backward: Callable, pairs: int) -> Callable:
    """Build x * w + x, times w, plus x and so on, and differentiate it; the call returns x."""

    def repetition():
        x, w = leaves()
        y = x
        for _ in range(pairs):
            y = y * w
            y = y + x
        backward(y)
        return x

    return repetition


def scalar_chain(Value: type, pairs: int) -> Work:
    """The chain for a class of numbers."""
    call = chain(lambda: (Value(1.0), Value(0.5)), lambda y: y.backward(), pairs)
    return Work(call, lambda x: {"dx": float(x.grad)})


class Micrograd:
    """A. Karpathy's scalar engine."""

    def __init__(self, threads: int) -> None:
        from micrograd.engine import Value

        self.Value = Value

    def scalar(self, pairs: int) -> Work:
        return scalar_chain(self.Value, pairs)
