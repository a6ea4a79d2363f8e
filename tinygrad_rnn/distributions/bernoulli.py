"""Yes or no."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from ..creation import bernoulli
from ..ops import binary_cross_entropy_with_logits, softplus, where
from ..tensor import Tensor
from .distribution import Distribution, clamped, one_of, tensors


class Bernoulli(Distribution):
    """P(1) = probs, P(0) = 1 - probs.

    Args:
        probs: [*batch], from 0 to 1.
        logits: instead, log(p / (1 - p)).
        validate_args: False to check neither these nor values.

    Raises:
        ValueError: both or none, or numbers outside of their range.

    Source: `torch.distributions.Bernoulli`.
    """

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        one_of(probs, logits)
        (given,) = tensors(probs if logits is None else logits)
        super().__init__(given.shape, {"probs" if logits is None else "logits": given}, validate_args)
        if logits is None:
            self._check("probs", (given >= 0) & (given <= 1), "from 0 to 1", given)
            self.probs = given
        else:
            self._check("logits", given == given, "numbers, not nan", given)
            self.logits = given

    @cached_property
    def probs(self) -> Any:
        return self.logits.sigmoid()

    @cached_property
    def logits(self) -> Any:
        p = clamped(self.probs)
        return p.log() - (-p).log1p()

    def sample(self, sample_shape: tuple[int, ...] = ()) -> Tensor:
        """0 or 1, in the dtype of the parameter."""
        return bernoulli(self.probs.detach().expand(self._shape(sample_shape)))

    def log_prob(self, value: Any) -> Tensor:
        self._check("value", (value == 0) | (value == 1), "0 or 1", value)
        shape = (value + self.logits.detach()).shape
        return -binary_cross_entropy_with_logits(self.logits.expand(shape), value.expand(shape), reduction="none")

    def entropy(self) -> Tensor:
        return softplus(self.logits) - self.probs * self.logits

    @property
    def mode(self) -> Tensor:
        """The more probable of both, nan where there is none."""
        return where(self.probs == 0.5, float("nan"), (self.probs >= 0.5).to(self.probs.dtype))

    @property
    def mean(self) -> Tensor:
        """p."""
        return self.probs

    @property
    def variance(self) -> Tensor:
        """p (1 - p)."""
        return self.probs * (1 - self.probs)
