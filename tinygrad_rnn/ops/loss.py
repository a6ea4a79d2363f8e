"""Losses: how far a prediction is from its target, in nats where it is a probability."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial, wraps
from typing import NamedTuple

import numpy as np

from ..autograd.graph import Tensor
from ..autograd.op import Array, ArrayInt, fused, primitive
from ..kernels.passes import accelerated
from ..kernels.quiet import quiet
from .activation import logsigmoid
from .floating import refuse_integers
from .indexing import getitem
from .lookup import check_classes
from .naming import called
from .power import exp, log, square
from .reduction import mean, sum
from .selection import abs, clamp, where
from .softmax import log_softmax

REDUCTIONS = ("mean", "sum", "none")
CLASSES = np.dtype("i8"), np.dtype("u1")


def legacy_reduction(reduction: str, size_average: bool | None, reduce: bool | None) -> str:
    """The reduction that PyTorch's older arguments mean, where they are given."""
    if size_average is None and reduce is None:
        return reduction
    return "none" if reduce is False else "sum" if size_average is False else "mean"


def check_reduction(reduction: str, also: tuple[str, ...] = ()) -> None:
    """Refuse what is no reduction."""
    if reduction not in (*REDUCTIONS, *also):
        raise ValueError(f"{reduction} is not a valid value for reduction; expected one of {(*REDUCTIONS, *also)}")


def reducing(loss: Callable | None = None, *, also: tuple[str, ...] = ()) -> Callable:
    """Check a loss's `reduction` before anything else, and take PyTorch's old `size_average` and `reduce` for it."""
    if loss is None:
        return partial(reducing, also=also)

    @wraps(loss)
    def checked(*args, reduction: str = "mean", size_average: bool | None = None, reduce: bool | None = None, **kwargs):
        reduction = legacy_reduction(reduction, size_average, reduce)
        check_reduction(reduction, also)
        return loss(*args, reduction=reduction, **kwargs)

    return checked


def reduced(losses: Array, reduction: str) -> Array:
    """The mean of the losses, their sum, or the losses themselves."""
    return losses if reduction == "none" else (mean if reduction == "mean" else sum)(losses)


# --- classes ---------------------------------------------------------------------------------------------------


def _known(target, classes: int, ignore_index: int) -> tuple[np.ndarray, np.ndarray]:
    """Class numbers with 0 where they are to be ignored, and where they are not."""
    names = target.array if isinstance(target, Tensor) else np.asarray(target)
    if names.dtype not in CLASSES:
        raise RuntimeError(f"expected target of int64 (or uint8), got {names.dtype}; convert with .long()")
    names = names.astype(np.int64, copy=False)
    kept = names != ignore_index
    if not kept.all():
        names = np.where(kept, names, 0)
    check_classes(names, classes, "target {} is out of bounds: expected a class in [0, {})")
    return names, kept


def _check_classes_form(x, target, weight) -> int:
    """The dimension of the classes, if the shapes fit."""
    if x.ndim == 0:
        raise ValueError("expected input (C), (N, C) or (N, C, d1, ...), got a number")
    dim = min(x.ndim - 1, 1)
    wanted = (*x.shape[:dim], *x.shape[dim + 1 :])
    if tuple(target.shape) != wanted:
        kind = ValueError if tuple(target.shape[:1]) != wanted[:1] else RuntimeError
        raise kind(f"expected target of shape {wanted} for input of shape {tuple(x.shape)}, got {tuple(target.shape)}")
    if weight is not None and tuple(weight.shape) != (x.shape[dim],):
        raise RuntimeError(f"expected weight for {x.shape[dim]} classes, got one of shape {tuple(weight.shape)}")
    return dim


@reducing
def nll_loss(input, target, weight=None, *, ignore_index: int = -100, reduction: str = "mean") -> Array:
    """Negative log-likelihood of the target classes under log-probabilities: y = -w[target] x[target].

    Args:
        input: log-probabilities (C,), (N, C) or (N, C, d1, ...).
        target: classes, integers of that shape without C.
        weight: of each class (C,); the mean is then the weighted one.
        ignore_index: a target that counts for nothing.
        reduction: "mean", "sum" or "none".

    Raises:
        IndexError: a class is out of range.
        ValueError, RuntimeError: shapes, the dtype of the target or the reduction do not fit.
        NotImplementedError: the input is not of floats.
    """
    refuse_integers(input)
    dim = _check_classes_form(input, target, weight)
    losses, weights = _negative_log_likelihood(input, target, weight, dim, ignore_index)
    return _weighted(losses, weights, reduction)


def _negative_log_likelihood(logp, target, weight, dim: int, ignore_index: int) -> tuple:
    names, kept = _known(target, logp.shape[dim], ignore_index)
    grid = np.ogrid[tuple([slice(n) for n in names.shape])] if names.ndim else ()
    at = (*grid[:dim], names, *grid[dim:])
    weights = kept.astype(logp.dtype) if weight is None else getitem(weight, (names,)) * kept.astype(logp.dtype)
    return where(kept, getitem(logp, at) * -weights, 0.0), weights


def _weighted(losses, weights, reduction: str) -> Array:
    return sum(losses) / sum(weights) if reduction == "mean" else reduced(losses, reduction)


class _Targets(NamedTuple):
    """What counts, and how much, in M examples."""

    names: np.ndarray  # (M,) the target classes
    kept: np.ndarray  # (M,) whether the example counts
    weights: np.ndarray  # (M,) how much, by its target class
    smooth: np.ndarray | None  # (C,) what smoothing weighs the classes with, in every example

    @classmethod
    def of(cls, target, weight, classes: int, dtype, ignore_index: int, label_smoothing: float) -> _Targets:
        names, kept = _known(target.reshape(-1), classes, ignore_index)
        weights = kept.astype(dtype) if weight is None else weight[names] * kept
        if not label_smoothing:
            return cls(names, kept, weights, None)
        every = np.ones(classes, dtype) if weight is None else weight
        return cls(names, kept, weights, every * (label_smoothing / classes))


def _rows(x: np.ndarray) -> np.ndarray:
    """An example a row, a class a column: (M, C)."""
    return x.reshape(-1, x.shape[-1]) if x.ndim < 3 else np.moveaxis(x, 1, -1).reshape(-1, x.shape[1])


WORTH_A_KERNEL = 1 << 14  # scores: below, NumPy takes no longer than 0.04 ms


@accelerated("cross_entropy", least=WORTH_A_KERNEL)
def normalizers(x: np.ndarray, names: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each row x_n [C]: its maximum and, in float64, the sum of exp(x_n - maximum) and x_n[names_n] - maximum."""
    top = x.max(1, initial=-np.inf)
    total = np.exp(x - top[:, None]).sum(1, dtype=np.float64)
    return top, total, np.subtract(x[np.arange(len(x)), names], top, dtype=np.float64)


@accelerated("cross_entropy", least=WORTH_A_KERNEL)
def gradient(x: np.ndarray, top: np.ndarray, factor: np.ndarray, names: np.ndarray, share: np.ndarray) -> np.ndarray:
    """exp(x_n - top_n) factor_n of each row, less share_n at names_n."""
    dx = x - top[:, None]
    np.exp(dx, out=dx)
    dx *= factor[:, None]
    dx[np.arange(len(dx)), names] -= share
    return dx


@quiet
def _forward(x, target, weight, *, ignore_index, reduction, label_smoothing) -> tuple:
    rows = _rows(x)
    names, kept, weights, smooth = given = _Targets.of(
        target, weight, rows.shape[1], x.dtype, ignore_index, label_smoothing
    )
    top, total, picked = normalizers(rows, names)
    losses = weights * (np.log(total) - picked).astype(x.dtype)
    total = total.astype(x.dtype)
    if smooth is not None:
        losses = losses * (1 - label_smoothing) - _log_probabilities(rows, top, total) @ smooth
    losses = np.where(kept, losses, 0)
    divisor = weights.sum() if reduction == "mean" else 1
    return losses.reshape(target.shape) if reduction == "none" else losses.sum() / divisor, given, top, total, divisor


def _log_probabilities(rows, top, total) -> np.ndarray:
    """log softmax of each row."""
    return rows - top[:, None] - np.log(total)[:, None]


@quiet
def _vjp(dy, x, y, given, top, total, divisor, reduction, label_smoothing, needs) -> tuple:
    """Of each row softmax(x) - onehot(target), times its share of dy."""
    rows = _rows(x)
    dlosses = np.where(given.kept, dy.reshape(-1) / divisor, 0).astype(x.dtype)
    dweight = None
    if needs[2]:
        logp = _log_probabilities(rows, top, total)
        dweight = _dweight(given, dlosses, logp, y, reduction, label_smoothing)
    if not needs[0]:
        return None, None, dweight
    share = given.weights * (1 - label_smoothing)
    factor = dlosses * (share if given.smooth is None else share + given.smooth.sum()) / total
    dx = gradient(rows, top, factor, given.names, dlosses * share)
    if given.smooth is not None:
        dx -= dlosses[:, None] * given.smooth
    if x.ndim < 3:
        return dx.reshape(x.shape), None, dweight
    return np.moveaxis(dx.reshape(x.shape[0], *x.shape[2:], x.shape[1]), -1, 1), None, dweight


def _dweight(given: _Targets, dlosses, logp, y, reduction: str, label_smoothing: float) -> np.ndarray:
    """A class's weight counts where the class is the target, in the divisor of a mean, and in the smoothing."""
    picked = logp[np.arange(len(logp)), given.names]
    each = -picked * (1 - label_smoothing) - (y if reduction == "mean" else 0)
    dweight = np.bincount(given.names, dlosses * each, logp.shape[1])
    if given.smooth is not None:
        dweight -= (dlosses @ logp) * (label_smoothing / logp.shape[1])
    return dweight.astype(logp.dtype)


@fused(forward=_forward, vjp=_vjp, hidden="given top total divisor")
@called("cross_entropy")
def class_cross_entropy(
    x: Array, target: ArrayInt, weight: Array | None, *, ignore_index, reduction, label_smoothing
) -> Array:
    """y = -w[target] log softmax(x)[target], and with smoothing s: (1 - s) y - s / C sum_c w[c] log softmax(x)[c]."""
    dim = min(x.ndim - 1, 1)
    logp = log_softmax(x, dim)
    losses, weights = _negative_log_likelihood(logp, target, weight, dim, ignore_index)
    if label_smoothing:
        kept = _known(target, x.shape[dim], ignore_index)[1]
        every = sum(logp if weight is None else logp * _over_classes(weight, logp.ndim), dim)
        losses = losses * (1 - label_smoothing) - where(kept, every * (label_smoothing / x.shape[dim]), 0.0)
    return _weighted(losses, weights, reduction)


def _over_classes(weight, ndim: int):
    """Weights of classes (C,) so that they broadcast against (C,), (N, C) or (N, C, d1, ...)."""
    return weight.reshape((-1, *[1] * (ndim - 2)))


@reducing
def cross_entropy(
    input, target, weight=None, *, ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0
) -> Array:
    """Cross entropy of softmax(input) and the target, in nats.

        y = log sum_c e**x[c] - x[target]

    Args:
        input: unnormalised log-probabilities (C,), (N, C) or (N, C, d1, ...).
        target: classes, integers of that shape without C; or probabilities, floats of that shape.
        weight: of each class (C,); for targets that are classes the mean is then the weighted one.
        ignore_index: a target class that counts for nothing.
        reduction: "mean" (over examples), "sum" or "none".
        label_smoothing: the part of each target that is spread evenly over all classes, in [0, 1].

    Returns:
        A number; with reduction "none" the shape of the input without C. The mean of nothing is nan.

    Raises:
        IndexError: a class is out of range.
        ValueError, RuntimeError: shapes, the dtype of the target, reduction or smoothing do not fit; `ignore_index`
            beside probabilities.
        NotImplementedError: the input is not of floats.

    Source: `torch.nn.functional.cross_entropy`.
    """
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(f"label_smoothing must be between 0 and 1, got {label_smoothing}")
    refuse_integers(input)
    if target.dtype.kind == "f" or (target.ndim == input.ndim and target.shape == input.shape):
        if ignore_index >= 0:
            raise RuntimeError("cross_entropy: ignore_index is for targets that are classes, not for probabilities")
        return _soft_cross_entropy(input, target, weight, reduction, label_smoothing)
    _check_classes_form(input, target, weight)
    return class_cross_entropy(
        input, target, weight, ignore_index=ignore_index, reduction=reduction, label_smoothing=label_smoothing
    )


def _soft_cross_entropy(x, target, weight, reduction: str, label_smoothing: float) -> Array:
    """y = -sum_c w[c] target[c] log softmax(x)[c]."""
    if target.dtype.kind != "f" or tuple(target.shape) != tuple(x.shape):
        raise RuntimeError(
            f"cross_entropy: expected target of integers (classes), or floats (probabilities) of the input's shape "
            f"{tuple(x.shape)}, got {target.dtype} {tuple(target.shape)}"
        )
    dim = min(x.ndim - 1, 1)
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / x.shape[dim]
    logp = log_softmax(x, dim)
    losses = -sum(logp * target if weight is None else logp * target * _over_classes(weight, x.ndim), dim)
    return reduced(losses, reduction)


# --- distances -------------------------------------------------------------------------------------------------


def _difference(input, target, name: str, of_integers: bool = False):
    if tuple(input.shape) != tuple(target.shape):
        warnings.warn(
            f"{name}: target of shape {tuple(target.shape)} is broadcast against input of shape {tuple(input.shape)}; "
            f"this is seldom meant",
            UserWarning,
            stacklevel=4,
        )
    difference = input - target
    if not of_integers:
        refuse_integers(difference)
    return difference


def _times(losses, weight):
    if weight.shape != losses.shape:
        sizes = f"{tuple(weight.shape)} and {tuple(losses.shape)}"
        raise ValueError(f"weight and input must have the same size, got {sizes}")
    return losses * weight


def _by_weight(losses, weight, reduction: str) -> Array:
    """The losses reduced, each counting as much as its weight."""
    return reduced(losses, reduction) if weight is None else _weighted(_times(losses, weight), weight, reduction)


@reducing
def mse_loss(input, target, *, reduction: str = "mean", weight=None) -> Array:
    """Squared error, (input - target)**2, times the weight; the mean is then the weighted one."""
    return _by_weight(square(_difference(input, target, "mse_loss")), weight, reduction)


@reducing
def l1_loss(input, target, *, reduction: str = "mean", weight=None) -> Array:
    """Absolute error, |input - target|, with gradient 0 at 0, times the weight; the mean is then the weighted one."""
    return _by_weight(abs(_difference(input, target, "l1_loss", of_integers=True)), weight, reduction)


@reducing
def smooth_l1_loss(input, target, *, reduction: str = "mean", beta: float = 1.0) -> Array:
    """With d = |input - target|: d**2 / (2 beta) below beta, d - beta / 2 above."""
    return reduced(_smooth(_difference(input, target, "smooth_l1_loss"), beta), reduction)


@reducing
def huber_loss(input, target, *, reduction: str = "mean", delta: float = 1.0, weight=None) -> Array:
    """With d = |input - target|: d**2 / 2 below delta, delta (d - delta / 2) above; times the weight."""
    if delta <= 0:
        raise RuntimeError(f"huber_loss does not support non-positive values for delta, got {delta}")
    losses = _smooth(_difference(input, target, "huber_loss"), delta) * delta
    return reduced(losses if weight is None else _times(losses, weight), reduction)


def _smooth(difference, beta: float):
    if beta < 0:
        raise RuntimeError(f"smooth_l1_loss does not support negative values for beta, got {beta}")
    d = abs(difference)
    if beta == 0:
        return d
    low = clamp(d, max=beta)
    return low * (d - low * 0.5) / beta


# --- probabilities ---------------------------------------------------------------------------------------------


@primitive
@called("binary_cross_entropy")
@quiet
def binary_surprise(p: Array, target: Array) -> Array:
    """y = -target log p - (1 - target) log(1 - p), with logarithms of at least -100.

    The gradient is that of p (1 - p) of at least 1e-12.

    Raises:
        RuntimeError: p is not in [0, 1].
    """
    if not ((p >= 0) & (p <= 1)).all():
        raise RuntimeError("all elements of input should be between 0 and 1")
    return (target - 1) * np.maximum(np.log1p(-p), -100) - target * np.maximum(np.log(p), -100)


binary_surprise.vjp(
    dp=lambda dy, p, target: dy * (p - target) / clamp(p * (1 - p), min=1e-12),
    dtarget=lambda dy, p: dy * (clamp(log(1 - p), min=-100) - clamp(log(p), min=-100)),
)


def _same_shape(input, target, name: str) -> None:
    if tuple(input.shape) != tuple(target.shape):
        raise ValueError(
            f"{name}: target size {tuple(target.shape)} must be the same as input size {tuple(input.shape)}"
        )


@reducing
def binary_cross_entropy(input, target, weight=None, *, reduction: str = "mean") -> Array:
    """Cross entropy of the chance `input` in [0, 1] and the target, in nats.

    Args:
        input, target: of one shape, the target from 0 to 1.
        weight: of the losses, broadcasts against them; None for 1.

    Raises:
        ValueError: shapes differ.
        RuntimeError: an input is not in [0, 1], or the dtypes differ.
    """
    _same_shape(input, target, "binary_cross_entropy")
    if input.dtype != target.dtype:
        raise RuntimeError(f"binary_cross_entropy: expected a target of {input.dtype}, got {target.dtype}; convert it")
    losses = binary_surprise(input, target)
    return reduced(losses if weight is None else losses * weight, reduction)


@reducing
def binary_cross_entropy_with_logits(
    input, target, weight=None, *, reduction: str = "mean", pos_weight=None
) -> Array:
    """`binary_cross_entropy` of sigmoid(input), stable for any input.

        y = (1 - target) x - (1 + (pos_weight - 1) target) log sigmoid(x)

    Args:
        input, target: of one shape, the target from 0 to 1.
        weight: of the losses, broadcasts against them; None for 1.
        pos_weight: how much more a target of 1 counts than one of 0, broadcasts likewise; None for 1.

    Raises:
        ValueError: shapes differ.
    """
    _same_shape(input, target, "binary_cross_entropy_with_logits")
    surprise = logsigmoid(input)
    if pos_weight is not None:
        surprise = surprise * ((pos_weight - 1) * target + 1)
    losses = (1 - target) * input - surprise
    return reduced(losses if weight is None else losses * weight, reduction)


@reducing(also=("batchmean",))
def kl_div(input, target, *, reduction: str = "mean", log_target: bool = False) -> Array:
    """Kullback-Leibler divergence of log-probabilities from the target: y = target (log target - input), in nats.

    Args:
        reduction: "batchmean" divides the sum by N, as the definition wants; "mean" by the number of elements.
        log_target: the target holds logarithms too.
    """
    if log_target:
        losses = exp(target) * (target - input)
    else:
        losses = target * log(where(target > 0, target, 1.0)) - target * input  # 0 log 0 = 0
    return sum(losses) / input.shape[0] if reduction == "batchmean" else reduced(losses, reduction)
