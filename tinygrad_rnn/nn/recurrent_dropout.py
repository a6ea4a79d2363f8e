"""Noise that a recurrent network can bear: the same units dropped at every step, or units that keep their state."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..creation import bernoulli, full, rand, zeros_like
from ..tensor import Tensor
from .module import Module


def check_probability(name: str, p: float) -> float:
    """A probability.

    Raises:
        ValueError: p is not in [0, 1].
    """
    if not 0 <= p <= 1:
        raise ValueError(f"{name}: probability has to be between 0 and 1, but got {p}")
    return float(p)


def mask_like(x: Tensor, shape: tuple[int, ...], p: float) -> Tensor:
    """0 with probability p, else 1 / (1 - p)."""
    kept = full(shape, 1 - p, dtype=x.dtype)
    return bernoulli(kept) / (1 - p) if p < 1 else kept * 0


class VariationalDropout(Module):
    """While training, drop the same features at every step of a sequence, and scale the others by 1 / (1 - p).

    Args:
        p: the probability of a feature to be zero.
        batch_first: whether the input is [N, T, H] instead of [T, N, H].

    Source: Gal & Ghahramani 2016.
    """

    def __init__(self, p: float = 0.5, batch_first: bool = False) -> None:
        super().__init__()
        self.p, self.batch_first = check_probability("VariationalDropout", p), batch_first

    def forward(self, input: Tensor) -> Tensor:
        """A sequence [T, N, H] -> the same shape."""
        if input.ndim != 3:
            raise ValueError(f"VariationalDropout: expected input [T, N, H], got shape {tuple(input.shape)}")
        if not self.training or not self.p:
            return input
        first, second, H = input.shape
        return input * mask_like(input, (first, 1, H) if self.batch_first else (1, second, H), self.p)

    def extra_repr(self) -> str:
        return f"p={self.p}" + (", batch_first=True" if self.batch_first else "")


class RecurrentDropout(Module):
    """A cell that sees, while training, its last output with the same features dropped at every step of a sequence.

    Args:
        cell: a module (x_t, state) -> state, a Tensor or a tuple of them, of which the first is the output.
        p: the probability of a feature to be zero; of an LSTM's state it is h that is masked, not c.

    A new mask is drawn when a sequence begins: in `Recurrent`, where the state is None, or when `begin()` is called.

    Example:
        >>> import tinygrad_rnn as tg
        >>> layer = tg.nn.Recurrent(tg.nn.RecurrentDropout(tg.nn.LSTMCell(3, 4), p=0.2))

    Source: Gal & Ghahramani 2016.
    """

    def __init__(self, cell: Module, p: float = 0.5) -> None:
        super().__init__()
        self.cell, self.p = cell, check_probability("RecurrentDropout", p)
        self.begin()

    def begin(self) -> None:
        """A sequence begins."""
        self._mask: Tensor | None = None

    def forward(self, input: Tensor, state: Any = None) -> Any:
        if state is None:
            self.begin()
        elif self.training and self.p:
            h, *others = state if isinstance(state, (tuple, list)) else (state,)
            if self._mask is None or self._mask.shape != h.shape:
                self._mask = mask_like(h, tuple(h.shape), self.p)
            h = h * self._mask
            state = (h, *others) if others else h
        return self.cell(input, state)

    def extra_repr(self) -> str:
        return f"p={self.p}"


class Zoneout(Module):
    """A cell whose units keep, while training, their last value with probability p; else the mean of both is taken.

        h_t = m * h_{t-1} + (1 - m) * cell(x_t, h_{t-1})        m = 1 with probability p, anew for each unit and step

    Args:
        cell: a module (x_t, state) -> state, a Tensor or a tuple of them.
        p: the probability; or one for each part of the state, for an LSTM (of h, of c).

    Example:
        >>> import tinygrad_rnn as tg
        >>> layer = tg.nn.Recurrent(tg.nn.Zoneout(tg.nn.LSTMCell(3, 4), p=(0.05, 0.5)))

    Source: Krueger et al. 2017.
    """

    def __init__(self, cell: Module, p: float | tuple[float, ...] = 0.1) -> None:
        super().__init__()
        self.cell = cell
        self.p = tuple([check_probability("Zoneout", each) for each in p]) if isinstance(p, (tuple, list)) else (
            check_probability("Zoneout", p)
        )  # fmt: skip

    def forward(self, input: Tensor, state: Any = None) -> Any:
        new = self.cell(input, state)
        several = isinstance(new, (tuple, list))
        after = new if several else (new,)
        before = [None] * len(after) if state is None else state if several else (state,)
        rates = self.p if isinstance(self.p, tuple) else (self.p,) * len(after)
        if len(rates) != len(after):
            raise ValueError(f"Zoneout: {len(rates)} probabilities for a state of {len(after)} parts")
        mixed = [self._mixed(h, h_next, p) for h, h_next, p in zip(before, after, rates)]
        return tuple(mixed) if several else mixed[0]

    def _mixed(self, h: Tensor | None, h_next: Tensor, p: float) -> Tensor:
        if not p:
            return h_next
        h = zeros_like(h_next) if h is None else h
        if not self.training:
            return p * h + (1 - p) * h_next
        keep: Any = rand(tuple(h_next.shape))
        return ops.where(keep < p, h, h_next)

    def extra_repr(self) -> str:
        return f"p={self.p}"
