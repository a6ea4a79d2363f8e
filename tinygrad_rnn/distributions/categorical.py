"""One of K things, each with its own probability."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np

from ..creation import arange, full, multinomial
from ..ops import broadcast_tensors
from ..tensor import Tensor
from .distribution import Distribution, clamped, one_of


class Categorical(Distribution):
    """P(k) = probs[..., k], k from 0 to K - 1.

    Args:
        probs: [*batch, K], not negative; divided by their sum.
        logits: instead, [*batch, K]: log-probabilities up to a constant.
        validate_args: False to check neither these nor values.

    Raises:
        ValueError: both or none, no last dimension, negative probabilities, logits that are nan.

    Example:
        >>> import tinygrad_rnn as tg
        >>> policy = tg.distributions.Categorical(logits=tg.zeros(2, 3))
        >>> action = policy.sample()
        >>> policy.log_prob(action)
        tensor([-1.0986, -1.0986])

    Source: `torch.distributions.Categorical`.
    """

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        one_of(probs, logits)
        name, given = ("probs", probs) if logits is None else ("logits", logits)
        if given.ndim < 1:
            raise ValueError(f"`{name}` parameter must be at least one-dimensional.")
        super().__init__(given.shape[:-1], {name: given}, validate_args)
        if logits is None:
            total = probs.sum(-1, keepdim=True)
            self._check("probs", (probs >= 0) & (total > 0), "not negative, not all zero", probs)
            self.probs = probs / total
        else:
            self._check("logits", logits == logits, "numbers, not nan", logits)
            self.logits = logits - logits.logsumexp(-1, keepdim=True)

    @cached_property
    def probs(self) -> Tensor:
        """[*batch, K], of sum 1."""
        return self.logits.softmax(-1)

    @cached_property
    def logits(self) -> Tensor:
        """log(probs); zero counts as the smallest step from 1."""
        return clamped(self.probs).log()

    @property
    def _given(self) -> Tensor:
        """What was given."""
        return next(iter(self._parameters.values()))

    @property
    def param_shape(self) -> tuple[int, ...]:
        """The shape of `probs` or `logits`, as given."""
        return self._given.shape

    def sample(self, sample_shape: tuple[int, ...] = ()) -> Tensor:
        """int64 [*sample_shape, *batch]."""
        rows = self.probs.detach().reshape(-1, self.param_shape[-1])
        return multinomial(rows, math.prod(sample_shape), True).t().reshape(self._shape(sample_shape))

    def log_prob(self, value: Any) -> Tensor:
        K, k = self.param_shape[-1], value.long()
        self._check("value", (k >= 0) & (k < K) & (k == value), f"integers from 0 to {K - 1}", value)
        k, logits = broadcast_tensors(k.unsqueeze(-1), self.logits)
        return logits.gather(-1, k[..., :1]).squeeze(-1)

    def entropy(self) -> Tensor:
        finite = self.logits.clamp(min=float(np.finfo(self.logits.dtype).min))  # 0 log 0 = 0
        return -(finite * self.probs).sum(-1)

    @property
    def mode(self) -> Tensor:
        """The most probable k."""
        return self.probs.argmax(-1)

    @property
    def mean(self) -> Tensor:
        """nan: categories have no mean."""
        return full(tuple(self.batch_shape), float("nan"), dtype=self._given.dtype)

    variance = mean

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """Every k, [K, *batch]."""
        values = arange(self.param_shape[-1]).reshape(-1, *[1] * len(self.batch_shape))
        return values.expand(-1, *self.batch_shape) if expand else values
