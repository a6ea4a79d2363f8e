"""The normal distribution."""

from __future__ import annotations

import math
from typing import Any

from ..creation import randn
from ..ops import broadcast_tensors
from ..tensor import Tensor
from .distribution import Distribution, tensors


class Normal(Distribution):
    """p(x) = exp(-((x - loc) / scale)^2 / 2) / (scale sqrt(2 pi)).

    Args:
        loc, scale: mean and standard deviation, numbers or tensors that broadcast to [*batch].
        validate_args: False to check neither these nor values.

    Raises:
        ValueError: a scale that is not above 0, a mean that is nan.

    Source: `torch.distributions.Normal`.
    """

    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_tensors(*tensors(loc, scale))
        super().__init__(self.loc.shape, {"loc": self.loc, "scale": self.scale}, validate_args)
        self._check("scale", self.scale > 0, "above 0", self.scale)
        self._check("loc", self.loc == self.loc, "numbers, not nan", self.loc)

    def rsample(self, sample_shape: tuple[int, ...] = ()) -> Tensor:
        return self.loc + randn(self._shape(sample_shape), dtype=self.loc.dtype) * self.scale

    def log_prob(self, value: Any) -> Tensor:
        self._check("value", value == value, "numbers, not nan", value)
        deviation = (value - self.loc) / self.scale
        return -(deviation * deviation) / 2 - self.scale.log() - math.log(math.sqrt(2 * math.pi))

    def cdf(self, value: Tensor) -> Tensor:
        """P(X <= value)."""
        return 0.5 * (1 + ((value - self.loc) / (self.scale * math.sqrt(2))).erf())

    def entropy(self) -> Tensor:
        return 0.5 + 0.5 * math.log(2 * math.pi) + self.scale.log()

    @property
    def mean(self) -> Tensor:
        """`loc`, which is also the mode."""
        return self.loc

    mode = mean

    @property
    def stddev(self) -> Tensor:
        """`scale`."""
        return self.scale

    @property
    def variance(self) -> Tensor:
        """`scale` squared."""
        return self.scale * self.scale
