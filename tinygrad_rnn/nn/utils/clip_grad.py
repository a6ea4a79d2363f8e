"""Bounding gradients: by their common norm, or each element."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from ...autograd.inplace import writable
from ...autograd.scope import no_grad
from ...autograd.writes import Writes
from ...kernels.passes import accelerated
from ...tensor import Tensor
from ..legacy import older


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients by min(1, max_norm / (norm + 1e-6)), norm being that of all of them as one vector.

    Unlike PyTorch's, the norm does not overflow in float32: gradients (3e30, 4e30) have the norm 5e30.

    Args:
        parameters: tensors that have gradients (the others are passed over).
        max_norm: the largest norm that is left as it is.
        norm_type: p of the p-norm; `math.inf` for the largest magnitude.
        error_if_nonfinite: raise if the norm is nan or infinite; otherwise all gradients become nan.
        foreach: PyTorch's choice among implementations, of which there is one here.

    Returns:
        The norm before clipping, 0-d, in the dtype of the gradients; inf if that cannot hold it, though the gradients
        are clipped by the norm they have.

    Raises:
        RuntimeError: the norm is not finite, if that is an error; nothing was changed then.

    Source: `torch.nn.utils.clip_grad_norm_`; Pascanu et al. 2013.
    """
    gradients = gradients_of(parameters, "clip_grad_norm_")
    norm = total_norm(gradients, float(norm_type), error_if_nonfinite)
    scale_down(gradients, float(max_norm), norm, "clip_grad_norm_")
    return as_tensor(norm, gradients)


def clip_grads_with_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """The second half of `clip_grad_norm_`, for a norm that is known: scale by min(1, max_norm / (norm + 1e-6)).

    Args:
        parameters: tensors that have gradients (the others are passed over).
        max_norm: the largest norm that is left as it is.
        total_norm: the norm, a tensor of one element, as `get_total_norm` returns it.
    """
    gradients = gradients_of(parameters, "clip_grads_with_norm_")
    scale_down(gradients, float(max_norm), total_norm.item(), "clip_grads_with_norm_")


def clip_grad_value_(
    parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None
) -> None:
    """Bring every element of every gradient of `parameters` into [-clip_value, clip_value].

    Source: `torch.nn.utils.clip_grad_value_`.
    """
    bound = float(clip_value)
    for dp in gradients_of(parameters, "clip_grad_value_"):
        np.clip(dp.array, -bound, bound, out=dp.array)
        Writes.note(dp.array, "clip_grad_value_")


def get_total_norm(
    tensors: Tensor | Iterable[Tensor],
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The norm of all the tensors as one vector; other arguments and errors as for `clip_grad_norm_`."""
    tensors = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    return as_tensor(total_norm(tensors, float(norm_type), error_if_nonfinite), tensors)


def total_norm(tensors: list[Tensor], order: float, error_if_nonfinite: bool) -> float:
    """The norm of all the tensors as one vector, in float64."""
    with np.errstate(all="ignore"):
        norm = vector_norm(np.array([vector_norm(x.array, order) for x in tensors]), order)
        if error_if_nonfinite and not math.isfinite(norm):
            raise RuntimeError(
                f"The total norm of order {order} for gradients from `parameters` is non-finite ({norm}), so "
                f"it cannot be clipped. To disable this error and scale the gradients by the non-finite norm "
                f"anyway, set `error_if_nonfinite=False`"
            )
    return norm


def as_tensor(norm: float, tensors: list[Tensor]) -> Tensor:
    """A norm in the dtype of what it is the norm of."""
    with np.errstate(over="ignore"):
        return Tensor(np.array(norm, np.result_type(*[x.array for x in tensors]) if tensors else np.float32))


# From so many numbers on, BLAS would wake its threads, which then spin in the way of ours.
WORTH_A_KERNEL = 10_000


@accelerated("norm", least=WORTH_A_KERNEL)
def sum_of_squares(x: np.ndarray) -> float:
    """sum x^2."""
    flat = x.reshape(-1)
    return float(flat @ flat)


def vector_norm(x: np.ndarray, order: float) -> float:
    """(sum |x_i|^order)^(1/order), without overflow or underflow in between; how many are not 0 for order 0."""
    if order == 0:
        return float(np.count_nonzero(x))
    if order == 2:
        squares, limits = sum_of_squares(x), np.finfo(x.dtype)
        if limits.tiny / limits.eps**2 < squares < math.inf:  # no overflow, and nothing that counts vanished
            return math.sqrt(squares)
    magnitudes = np.abs(x.astype(np.float64))
    if order == -math.inf:
        return float(magnitudes.min(initial=math.inf))
    largest = float(magnitudes.max(initial=0.0))
    if order == math.inf or largest == 0 or not math.isfinite(largest):
        return largest
    return largest * float(((magnitudes / largest) ** order).sum()) ** (1 / order)


def scale_down(gradients: list[Tensor], max_norm: float, norm: float, writer: str) -> None:
    factor = max_norm / (norm + 1e-6)
    if factor >= 1:
        return
    with np.errstate(all="ignore"):
        for dp in gradients:
            tiny = 0 < factor < np.finfo(dp.array.dtype).tiny  # then it has few digits in float32
            np.multiply(dp.array, factor, out=dp.array, dtype=np.float64 if tiny else None, casting="same_kind")
            Writes.note(dp.array, writer)


def gradients_of(parameters: Tensor | Iterable[Tensor], writer: str) -> list[Tensor]:
    """The gradients that there are, each of them writable."""
    tensors = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    gradients = [dp for p in tensors if (dp := p.grad) is not None]
    with no_grad():
        for dp in gradients:
            writable(dp, writer)
    return gradients


clip_grad_norm = older(clip_grad_norm_)
