"""The property of the IRNN: its state's gradient neither vanishes nor explodes before it has learnt anything."""

from __future__ import annotations

import numpy as np

from ..autograd.backward import grad
from ..autograd.graph import Tensor
from ..nn.rnn import RNNBase


def state_jacobian(rnn: RNNBase, steps: int) -> np.ndarray:
    """d h_T / d h_0 of `rnn`, a simple network of one layer, from a state of ones, over steps of zero input.

    The batch is one sequence for each unit, all alike, and each pulls back the gradient of one unit of h_T: one
    backward pass gives the whole Jacobian.

    A ReLU network that begins as the identity has exactly I, at any T; a tanh network's shrinks to nothing.

    Returns:
        [H, H] in the dtype of the parameters; row i is the gradient of unit i.

    Source: Le, Jaitly & Hinton 2015.
    """
    H, dtype = rnn.hidden_size, rnn.weight_hh_l0.dtype
    h0 = Tensor(np.ones((1, H, H), dtype)).requires_grad_()
    _, h = rnn(Tensor(np.zeros((steps, H, rnn.input_size), dtype)), h0)
    (dh0,) = grad(h, h0, Tensor(np.eye(H, dtype=dtype)[None]))
    return dh0.array[0]
