"""The loop that makes a network recurrent: (h_t, ...) = step(x_t, (h_{t-1}, ...)) for every time step.

One loop for every cell, built in or written by a user, forwards or backwards in time, with or without lengths.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..autograd.op import Array
from ..autograd.scope import Frame, pop, push
from .rearrange import cat, stack
from .selection import where
from .shape import split, unbind


def unroll(step: Callable, x: Array, states: tuple | None, reverse: bool = False, lengths=None) -> tuple:
    """Apply `step` along time.

    Args:
        step: step(x_t [N, I], states) -> states of the next step, a tuple whose first is the output [N, H].
        x: [T, N, I]; or packed, [R, I]: see `unroll_packed`.
        states: the initial states, or None if the step makes its own from None.
        reverse: walk from the last step to the first; y keeps its positions.
        lengths: int64 [N] or None. Where t >= lengths[n] row n keeps its state and y[t, n] = 0; what x holds
            there, even nan, has no influence.

    Returns:
        (y [T, N, H], *final states).
    """
    if x.ndim == 2 and states is not None and lengths is not None:
        return unroll_packed(step, x, states, reverse, lengths)
    T = x.shape[0]
    valid = None
    if lengths is not None:
        valid = np.arange(T)[:, None, None] < np.asarray(lengths)[:, None]
        x = where(valid, x, 0.0)  # before the step: 0 * nan in a weight gradient would be nan
    xs, ys = unbind(x), [None] * T
    for t in range(T - 1, -1, -1) if reverse else range(T):
        tokens = push(Frame("step", "t", t))
        try:
            new = step(xs[t], states)
            ys[t] = new[0]
            if valid is not None:
                ys[t] = where(valid[t], new[0], 0.0)
                old = states if states is not None else (0.0,) * len(new)
                new = tuple([where(valid[t], after, before) for after, before in zip(new, old)])
            states = new
        finally:
            pop(tokens)
    return stack(ys), *states  # type: ignore[misc]


def unroll_packed(step: Callable, x: Array, states: tuple, reverse: bool, lengths: np.ndarray) -> tuple:
    """`unroll` over packed sequences: a step sees the rows that still take part in it, and no others.

    Args:
        x: [R, I], the rows of step 0, then those of step 1, ...; within a step from the longest sequence on.
        states: [N, H] each, in the same order.
        lengths: int64 [N], the longest first, the shortest at least 1.

    Returns:
        (y [R, H], *final states [N, H]).
    """
    sizes = (lengths > np.arange(lengths[0])[:, None]).sum(1).tolist()
    T, initial = len(sizes), states
    order = range(T - 1, -1, -1) if reverse else range(T)
    xs, ys = split(x, sizes), [None] * T
    ended: list[tuple] = []  # the last states of the shortest sequences, of the next longer ones, ...
    if reverse:
        states = _rows(initial, 0, sizes[-1])
    for t, following in zip(order, [*order[1:], order[-1]]):
        tokens = push(Frame("step", "t", t))
        try:
            states = step(xs[t], states)
            ys[t] = states[0]
            now, then = sizes[t], sizes[following]
            if then > now:
                states = _joined([states, _rows(initial, now, then)])
            elif then < now:
                ended.append(_rows(states, then, now))
                states = _rows(states, 0, then)
        finally:
            pop(tokens)
    return cat(ys), *_joined([states, *reversed(ended)])


def _rows(states: tuple, first: int, last: int) -> tuple:
    return tuple([state[first:last] for state in states])


def _joined(parts: list[tuple]) -> tuple:
    return tuple([cat(each) for each in zip(*parts)]) if len(parts) > 1 else parts[0]
