"""The loop over layers and directions that every recurrent module shares."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .. import ops
from ..autograd.op import cast
from ..autograd.scope import Frame, pop, push
from ..tensor import Tensor


def run_layers(
    run: Callable, x: Tensor, num_layers: int, directions: int, dropout: float = 0.0, training: bool = False
) -> tuple[Tensor, list[tuple]]:
    """Feed x through stacked layers, each in one or two directions.

    Args:
        run: run(layer, direction, x) -> (y [T, N, H], *final states) of one layer in one direction.
        x: [T, N, I].
        dropout: probability of dropping an element between layers, while training.

    Returns:
        (y [T, N, D * H] of the last layer, final states in the order layer 0, layer 0 reverse, layer 1, ...).
    """
    finals = []
    for layer in range(num_layers):
        outputs = []
        for direction in range(directions):
            tokens = push(Frame("layer", f"{layer} reverse" if direction else f"{layer}", layer))
            try:
                y, *states = run(layer, direction, x)
            finally:
                pop(tokens)
            outputs.append(y)
            finals.append(tuple(states))
        x = outputs[0] if directions == 1 else ops.cat(outputs, -1)
        if dropout and training and layer < num_layers - 1:
            x = ops.dropout(x, dropout, True)
    return x, finals


def check_lengths(lengths, T: int, N: int, module: str) -> np.ndarray | None:
    """Lengths as int64 [N], each from 1 to T.

    Raises:
        ValueError: they are something else.
    """
    if lengths is None:
        return None
    try:
        found = np.asarray(lengths.array if isinstance(lengths, Tensor) else lengths)
        what = f"{found.dtype} {found.shape}"
    except (ValueError, TypeError):  # lists in a list, say
        found, what = np.empty(0, object), f"{lengths!s:.80}"
    if found.shape != (N,) or (N and found.dtype.kind not in "iu"):
        raise ValueError(f"{module}: lengths must be {N} integers (one a sequence), got {what}")
    wrong = np.flatnonzero((found < 1) | (found > T))
    if wrong.size:
        raise ValueError(
            f"{module}: each length must be from 1 to {T} (the time steps of the input), got {found[wrong[0]]} for "
            f"sequence {wrong[0]}"
        )
    if isinstance(lengths, Tensor):
        return cast(lengths, dtype=np.dtype("i8")).array  # an operation, so that whoever listens hears of it
    return found.astype(np.int64)
