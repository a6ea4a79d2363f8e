"""The simple recurrent network (Elman) at three granularities, each one's body written in the next.

    h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh)          or relu in place of tanh

Source: Elman 1990; layouts of PyTorch.
"""

from __future__ import annotations

from ..autograd.op import Array, fused
from .activation import relu, tanh
from .linalg import linear
from .unroll import unroll

KERNELS = "tinygrad_rnn.kernels.rnn:"
NONLINEARITIES = {"tanh": tanh, "relu": relu}


@fused(forward=KERNELS + "step", vjp=KERNELS + "step_vjp", outputs="h_next", fresh=True)
def rnn_step(
    x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None = None, b_hh: Array | None = None,
    *, nonlinearity: str = "tanh",
):  # fmt: skip
    """One Elman cell at one time step: h_next = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu.

    Args:
        x: [N, I], the input of the step, for N sequences side by side.
        h: [N, H], the state before it.
        w_ih: [H, I].
        w_hh: [H, H].
        b_ih, b_hh: [H], or None for zeros.
        nonlinearity: "tanh" or "relu".

    Returns:
        h_next [N, H], the state after the step, which is also its output.

    Raises:
        RuntimeError: a shape does not fit the others.

    Source: Elman 1990; layouts of PyTorch.
    """
    return NONLINEARITIES[nonlinearity](linear(x, w_ih, b_ih) + linear(h, w_hh, b_hh))


@fused(forward=KERNELS + "sequence", vjp=KERNELS + "sequence_vjp", outputs="y h_n", fresh=True)
def rnn_sequence(
    x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None = None, b_hh: Array | None = None,
    *, nonlinearity: str = "tanh", reverse: bool = False, lengths=None,
):  # fmt: skip
    """One Elman layer over all steps: x [T, N, I] -> y [T, N, H], h_n [N, H]; packed [R, I] -> [R, H].

    Args:
        x: [T, N, I]; or packed, [R, I]: the rows of step 0, then those of step 1, and so on.
        h: [N, H], the state before the first step.
        reverse: walk from the last step to the first; y keeps its positions.
        lengths: None where every sequence has T steps; otherwise an int64 array [N]. Where t >= lengths[n] the state
            of row n stays, and y[t, n] is 0. With packed x it is needed, the longest first.

    Returns:
        y, the output of every step, and h_n, the state after the last one.

    Other arguments as for `rnn_step`, of which it is a loop.
    """
    weights = w_ih, w_hh, b_ih, b_hh
    step = lambda x_t, states: (rnn_step(x_t, *states, *weights, nonlinearity=nonlinearity),)
    return unroll(step, x, (h,), reverse, lengths)
