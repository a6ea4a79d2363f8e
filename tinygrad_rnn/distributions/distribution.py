"""What distributions share: shapes of samples, and checks of parameters and values."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.scope import no_grad
from ..creation import as_tensor
from ..legacy import Size
from ..tensor import Tensor


class Distribution:
    """A batch of random variables. A subclass gives `rsample` or `sample`, and `log_prob`.

    Args:
        batch_shape: of independent variables.
        parameters: what they depend on, by name, to be shown.
        validate_args: whether parameters and values are checked.

    Source: `torch.distributions.Distribution`.
    """

    has_rsample = False
    event_shape = Size(())

    def __init__(self, batch_shape: tuple[int, ...], parameters: dict[str, Tensor], validate_args: bool | None) -> None:
        self.batch_shape = Size(batch_shape)
        self._parameters = parameters
        self._validate_args = validate_args is not False

    def _shape(self, sample_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Of samples: sample_shape, then batch_shape."""
        return (*sample_shape, *self.batch_shape)

    def sample(self, sample_shape: tuple[int, ...] = ()) -> Tensor:
        """Random values [*sample_shape, *batch_shape], without a gradient."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: tuple[int, ...] = ()) -> Tensor:
        """Random values that are differentiable by the parameters.

        Raises:
            NotImplementedError: there is no such formula for this distribution; use `sample` and `log_prob`.
        """
        raise NotImplementedError(f"{type(self).__name__}.rsample: its samples have no gradient; use sample()")

    def log_prob(self, value: Any) -> Tensor:
        """The logarithm of the probability (density) of `value`, whose shape broadcasts with batch_shape."""
        raise NotImplementedError(f"{type(self).__name__}.log_prob")

    def entropy(self) -> Tensor:
        """-E[log p], in nats, [*batch_shape]."""
        raise NotImplementedError(f"{type(self).__name__}.entropy")

    @property
    def mean(self) -> Tensor:
        """The expected value."""
        raise NotImplementedError(f"{type(self).__name__}.mean")

    @property
    def variance(self) -> Tensor:
        """The expected square of the distance from the mean."""
        raise NotImplementedError(f"{type(self).__name__}.variance")

    @property
    def stddev(self) -> Tensor:
        """The square root of the variance."""
        return self.variance.sqrt()

    def _check(self, what: str, holds: Any, wanted: str, found: Tensor) -> None:
        """Refuse a parameter or value of which `holds` is not True everywhere."""
        if self._validate_args and not bool(holds.all()):
            raise ValueError(f"{type(self).__name__}: expected {what} to be {wanted}, got {found.detach()}")

    def __repr__(self) -> str:
        shown = [f"{name}: {x.shape if x.ndim else x.item()}" for name, x in self._parameters.items()]
        return f"{type(self).__name__}({', '.join(shown)})"


def tensors(*values: Any) -> list[Any]:
    """Numbers as tensors, of the dtype of the first tensor among them."""
    given = [value for value in values if isinstance(value, Tensor)]
    dtype = given[0].dtype if given else None
    return [v if isinstance(v, Tensor) else as_tensor(v if dtype is not None else float(v), dtype) for v in values]


def one_of(probs: Any, logits: Any) -> None:
    """Refuse both, and none.

    Raises:
        ValueError: then.
    """
    if (probs is None) == (logits is None):
        raise ValueError("Either `probs` or `logits` must be specified, but not both.")


def clamped(probs: Tensor) -> Tensor:
    """Probabilities whose logarithms are finite."""
    eps = float(np.finfo(probs.array.dtype).eps)
    return probs.clamp(min=eps, max=1 - eps)
