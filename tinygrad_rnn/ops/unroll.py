"""The loop that makes a network recurrent: (h_t, ...) = step(x_t, (h_{t-1}, ...)) for every time step.

One loop for every cell, built in or written by a user, forwards or backwards in time, with or without lengths.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..autograd.op import Array
from ..autograd.scope import Frame, pop, push
from .rearrange import stack
from .selection import where
from .shape import unbind


def unroll(step: Callable, x: Array, states: tuple | None, reverse: bool = False, lengths=None) -> tuple:
    """Apply `step` along time.

    Args:
        step: step(x_t [N, I], states) -> states of the next step, a tuple whose first is the output [N, H].
        x: [T, N, I].
        states: the initial states, or None if the step makes its own from None.
        reverse: walk from the last step to the first; y keeps its positions.
        lengths: int64 [N] or None. Where t >= lengths[n] row n keeps its state and y[t, n] = 0; what x holds
            there, even nan, has no influence.

    Returns:
        (y [T, N, H], *final states).
    """
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
