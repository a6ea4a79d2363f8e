"""Dropout; layer and root mean square normalization."""

from __future__ import annotations

import numpy as np

from ..autograd.inplace import in_place
from ..autograd.op import Array, fused, primitive
from ..kernels.passes import accelerated
from ..kernels.plain import dropout as plain
from ..random import Generator, source
from .floating import refuse_integers
from .naming import called
from .power import rsqrt
from .reduction import mean

# --- dropout ---------------------------------------------------------------------------------------------------


WORTH_A_KERNEL = 1 << 14  # numbers: below, NumPy takes no longer than 0.04 ms
drop = accelerated("dropout", least=WORTH_A_KERNEL)(plain.drop)


@primitive
@called("dropout")
def dropped(x: Array, *, key: int, p: float) -> Array:
    """y = x * mask(key), where the mask holds 0 or 1 / (1 - p): it is computed anew each time, never kept."""
    return drop(x, key, p)


dropped.vjp(dx=lambda dy, key, p: dropped(dy, key=key, p=p))


def dropout(input, p: float = 0.5, training: bool = True, inplace: bool = False, *, generator: Generator | None = None):
    """Zero each element with probability p and scale the others by 1 / (1 - p); nothing unless `training`.

    Raises:
        ValueError: p is not in [0, 1].

    Source: Srivastava et al. 2014; semantics of `torch.nn.functional.dropout`.
    """
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0:
        return input
    key = source(generator).bit_generator.random_raw()
    return (in_place(dropped, "dropout_") if inplace else dropped)(input, key=key, p=p)


# --- layer normalization ---------------------------------------------------------------------------------------


def _rows(x: np.ndarray, dims: int) -> np.ndarray:
    """As a matrix, of which each row is normalized."""
    return x.reshape(-1, int(np.prod(x.shape[x.ndim - dims :])))


def _normalize(x, weight, bias, *, dims: int, eps: float) -> tuple:
    rows = _rows(x, dims)
    center = rows.mean(1, keepdims=True)
    y = rows - center
    scale = 1 / np.sqrt(np.einsum("ij,ij->i", y, y)[:, None] / y.shape[1] + x.dtype.type(eps))
    y *= scale
    y = y.reshape(x.shape)
    if weight is not None:
        y *= weight
    if bias is not None:
        y += bias
    return y, center, scale


def _normalize_vjp(dy, x, weight, center, scale, dims, needs) -> tuple:
    """With u = (x - center) * scale: dx = scale * (du - mean(du) - u * mean(du * u)) over each row."""
    u, dy = (_rows(x, dims) - center) * scale, _rows(dy, dims)
    du = dy if weight is None else dy * weight.reshape(-1)
    dx = None
    if needs[0]:
        dx = u * (np.einsum("ij,ij->i", du, u)[:, None] / -u.shape[1])
        dx += du
        dx -= du.mean(1, keepdims=True)
        dx *= scale
        dx = dx.reshape(x.shape)
    shape = x.shape[x.ndim - dims :]
    dweight = np.einsum("ij,ij->j", dy, u).reshape(shape) if needs[1] else None
    return dx, dweight, dy.sum(0).reshape(shape) if needs[2] else None


@fused(forward=_normalize, vjp=_normalize_vjp, hidden="center scale")
@called("layer_norm")
def normalized(x: Array, weight: Array | None, bias: Array | None, *, dims, eps) -> Array:
    """y = (x - mean(x)) / sqrt(var(x) + eps) * weight + bias, mean and variance over the last `dims` dimensions."""
    over = tuple(range(-dims, 0))
    centered = x - mean(x, over, True)
    y = centered * rsqrt(mean(centered * centered, over, True) + eps)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def layer_norm(input, normalized_shape, weight=None, bias=None, eps: float = 1e-5) -> Array:
    """Mean 0 and variance 1 over the last dimensions of each example, then an affine map.

        y = (x - mean(x)) / sqrt(var(x) + eps) * weight + bias

    Args:
        normalized_shape: the lengths of the last dimensions, which weight and bias have too.

    Raises:
        RuntimeError: the input does not end in these lengths, or weight or bias is of another shape.
        NotImplementedError: the input is not of floats.

    Source: Ba, Kiros & Hinton 2016; semantics of `torch.nn.functional.layer_norm`.
    """
    dims = _checked("layer_norm", input, normalized_shape, weight, bias)
    return normalized(input, weight, bias, dims=dims, eps=eps)


def _checked(name: str, input, normalized_shape, weight, bias=None) -> int:
    """Over how many dimensions, if everything fits."""
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if not shape or tuple(input.shape[-len(shape) :]) != shape:
        raise RuntimeError(f"{name}: expected input whose shape ends in {shape}, got {tuple(input.shape)}")
    for which, x in (("weight", weight), ("bias", bias)):
        if x is not None and tuple(x.shape) != shape:
            raise RuntimeError(f"{name}: expected {which} of shape {shape}, got {tuple(x.shape)}")
    refuse_integers(input)
    return len(shape)


def rms_norm(input, normalized_shape, weight=None, eps: float | None = None) -> Array:
    """Root mean square 1 over the last dimensions of each example, then a factor for each.

        y = x / sqrt(mean(x**2) + eps) * weight

    Args:
        normalized_shape: the lengths of the last dimensions, which the weight has too.
        eps: by default the distance from 1 to the next number of the dtype.

    Raises:
        RuntimeError: the input does not end in these lengths, or the weight is of another shape.
        NotImplementedError: the input is not of floats.

    Source: Zhang & Sennrich 2019; semantics of `torch.nn.functional.rms_norm`.
    """
    over = tuple(range(-_checked("rms_norm", input, normalized_shape, weight), 0))
    eps = float(np.finfo(input.dtype).eps) if eps is None else eps
    y = input * rsqrt(mean(input * input, over, True) + eps)
    return y if weight is None else y * weight
