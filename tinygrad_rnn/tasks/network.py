"""The networks that are compared: one recurrent layer of four kinds, and a linear readout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import nn
from ..autograd.graph import Tensor
from ..nn.rnn import RNNBase

CELLS = {"tanh": "tanh", "relu": "ReLU, identity", "gru": "GRU", "lstm": "LSTM"}


def recurrent(
    cell: str,
    inputs: int,
    hidden: int,
    layers: int = 1,
    forget_bias: float | None = None,
    input_std: float = 0.001,
    orthogonal: bool = False,
) -> RNNBase:
    """A recurrent module as it begins training.

    Args:
        cell: one of CELLS. "relu" begins as the identity, W_hh = I, with biases of 0 and inputs' weights from
            N(0, input_std^2); the others as they are by default.
        inputs, hidden: features of x_t and h_t.
        layers: how many, one above the other.
        forget_bias: of an LSTM's forget gates; None leaves it as it is.
        input_std: 0.001 as published.
        orthogonal: tanh, GRU and LSTM begin with orthogonal recurrent weights, inputs' weights as by Glorot, gate by
            gate, and biases of 0.

    Source: Le, Jaitly & Hinton 2015; Jozefowicz et al. 2015; Saxe et al. 2014; Glorot & Bengio 2010.
    """
    if cell not in CELLS:
        raise ValueError(f"recurrent: expected a cell of {', '.join(CELLS)}, got {cell!r}")
    rnn: RNNBase
    if cell in ("gru", "lstm"):
        rnn = getattr(nn, cell.upper())(inputs, hidden, layers)
    else:
        rnn = nn.RNN(inputs, hidden, layers, nonlinearity=cell)
    if cell == "relu":
        begin(rnn, nn.init.identity_, lambda weight: nn.init.normal_(weight, std=input_std))
    elif orthogonal:
        begin(rnn, nn.init.orthogonal_, nn.init.xavier_uniform_)
    return nn.init.forget_bias_(rnn, forget_bias) if cell == "lstm" and forget_bias is not None else rnn


def begin(rnn: RNNBase, recurrent: Callable, inputs: Callable) -> None:
    """Give each gate's weights these initial values, and biases 0."""
    for name, parameter in rnn.named_parameters():
        if name.startswith("bias"):
            nn.init.zeros_(parameter)
        else:
            for gate in parameter.detach().split(rnn.hidden_size):  # views
                (recurrent if name.startswith("weight_hh") else inputs)(gate)


class Network(nn.Module):
    """A recurrent layer and a linear readout: of its output at every step, or of its state after the last one.

    Args:
        cell: one of CELLS.
        inputs, hidden, outputs: sizes.
        each_step: whether every step has a prediction.
        begins: `forget_bias`, `input_std` and `orthogonal` of `recurrent`.
    """

    def __init__(self, cell: str, inputs: int, hidden: int, outputs: int, each_step: bool, **begins: Any) -> None:
        super().__init__()
        self.rnn = recurrent(cell, inputs, hidden, **begins)
        self.readout = nn.Linear(hidden, outputs)
        self.each_step = each_step

    def forward(self, x: Tensor, lengths: np.ndarray | None = None) -> Tensor:
        """Predictions for x [T, N, I]: [T, N, outputs] or [N, outputs]."""
        y, state = self.rnn(x, lengths=lengths)
        last = state[0] if isinstance(state, tuple) else state
        return self.readout(y if self.each_step else last[-1])
