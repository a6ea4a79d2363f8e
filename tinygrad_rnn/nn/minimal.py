"""MinGRU and MinLSTM: recurrent layers whose gates do not see the state, so that steps need not wait for each other."""

from __future__ import annotations

from .. import ops
from .rnn import RNNBase


class Minimal(RNNBase):
    """What MinGRU and MinLSTM share: one weight, for the input. A subclass says how many gates there are."""

    sequence_op, step_op = staticmethod(ops.minimal_sequence), staticmethod(ops.minimal_step)
    shared_out: bool

    def _shapes(self, layer: int) -> dict[str, tuple[int, ...]]:
        return {name: shape for name, shape in super()._shapes(layer).items() if name.endswith("_ih")}

    def _weights(self, layer: int, direction: int) -> list:
        return [self._parameters.get(part + self._suffix(layer, direction)) for part in ("weight_ih", "bias_ih")]

    def _options(self) -> dict:
        return {"shared_out": self.shared_out}


class MinGRU(Minimal):
    """Minimal gated recurrent unit.

        z = sigmoid(W_z x_t + b_z)
        n = W_n x_t + b_n
        h_t = (1 - z) * h_{t-1} + z * n

    Arguments, inputs and outputs as for `GRU`. The products of all steps are one, and the rest is a scan, which makes
    training faster. The price is that a gate knows the past only from the layer below.

    Parameters `weight_ih_l0` [2H, I] and `bias_ih_l0` [2H] in the order z, n, drawn from U(-k, k), k = 1 / sqrt(H).

    Source: Feng et al. 2024.
    """

    gates, shared_out = 2, False


class MinLSTM(Minimal):
    """Minimal LSTM: two gates that share out what is kept and what is new. Its only state is h.

        f = sigmoid(W_f x_t + b_f)
        i = sigmoid(W_i x_t + b_i)
        n = W_n x_t + b_n
        h_t = f / (f + i) * h_{t-1} + i / (f + i) * n

    Arguments as for `MinGRU`. Parameters `weight_ih_l0` [3H, I] and `bias_ih_l0` [3H] in the order f, i, n.

    Source: Feng et al. 2024.
    """

    gates, shared_out = 3, True
