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
    """One Elman cell at one time step: x [N, I], h [N, H] -> h_next [N, H]."""
    return NONLINEARITIES[nonlinearity](linear(x, w_ih, b_ih) + linear(h, w_hh, b_hh))


@fused(forward=KERNELS + "sequence", vjp=KERNELS + "sequence_vjp", outputs="y h_n", fresh=True)
def rnn_sequence(
    x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None = None, b_hh: Array | None = None,
    *, nonlinearity: str = "tanh", reverse: bool = False, lengths=None,
):  # fmt: skip
    """One Elman layer over all steps: x [T, N, I] -> y [T, N, H], h_n [N, H]; packed [R, I] -> [R, H]."""
    weights = w_ih, w_hh, b_ih, b_hh
    step = lambda x_t, states: (rnn_step(x_t, *states, *weights, nonlinearity=nonlinearity),)
    return unroll(step, x, (h,), reverse, lengths)
