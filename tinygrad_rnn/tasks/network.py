"""The networks that are compared: one recurrent layer of four kinds, and a linear readout."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import nn
from ..autograd.graph import Tensor

CELLS = {"tanh": "tanh", "relu": "ReLU, identity", "gru": "GRU", "lstm": "LSTM"}


def recurrent(
    cell: str,
    inputs: int,
    hidden: int,
    layers: int = 1,
    forget_bias: float | None = None,
    input_std: float = 0.001,
) -> nn.RNN | nn.GRU | nn.LSTM:
    """A recurrent module as it begins training.

    Args:
        cell: one of CELLS. "relu" begins as the identity, W_hh = I, with biases of 0 and inputs' weights from
            N(0, input_std^2); the others as they are by default.
        forget_bias: of an LSTM's forget gates; None leaves it as it is.
        input_std: 0.001 as published.

    Source: Le, Jaitly & Hinton 2015; Jozefowicz et al. 2015.
    """
    if cell not in CELLS:
        raise ValueError(f"recurrent: expected a cell of {', '.join(CELLS)}, got {cell!r}")
    if cell == "gru":
        return nn.GRU(inputs, hidden, layers)
    if cell == "lstm":
        lstm = nn.LSTM(inputs, hidden, layers)
        return lstm if forget_bias is None else nn.init.forget_bias_(lstm, forget_bias)
    rnn = nn.RNN(inputs, hidden, layers, nonlinearity=cell)
    for name, parameter in rnn.named_parameters() if cell == "relu" else ():
        if name.startswith("weight_hh"):
            nn.init.identity_(parameter)
        elif name.startswith("weight_ih"):
            nn.init.normal_(parameter, std=input_std)
        else:
            nn.init.zeros_(parameter)
    return rnn


class Network(nn.Module):
    """A recurrent layer and a linear readout: of its output at every step, or of its state after the last one.

    Args:
        cell: one of CELLS.
        inputs, hidden, outputs: sizes.
        each_step: whether every step has a prediction.
        begins: `forget_bias` and `input_std` of `recurrent`.
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
