"""Losses of scores that should be on the right side of a margin."""

from __future__ import annotations

import numpy as np

from ..autograd.op import Array
from .activation import logsigmoid, relu, softplus
from .floating import refuse_integers
from .indexing import getitem
from .lookup import check_classes
from .loss import reduced, reducing
from .reduction import mean, sum
from .selection import clamp, where


@reducing
def soft_margin_loss(input, target, *, reduction: str = "mean") -> Array:
    """log(1 + e**(-target x)) for targets 1 and -1, without overflow.

    Source: `torch.nn.functional.soft_margin_loss`.
    """
    refuse_integers(input)
    return reduced(softplus(-(target * input), 1.0, 40.0), reduction)


@reducing
def hinge_embedding_loss(input, target, margin: float = 1.0, *, reduction: str = "mean") -> Array:
    """x, a distance, where the target is 1, and max(margin - x, 0) where it is -1.

    Source: `torch.nn.functional.hinge_embedding_loss`.
    """
    apart = where(target == 1, 0.0, clamp(margin - input, min=0.0))
    return reduced(where(target == -1, 0.0, input) + apart, reduction)


@reducing
def multi_margin_loss(input, target, p: int = 1, margin: float = 1.0, weight=None, *, reduction: str = "mean") -> Array:
    """sum over classes c other than the target t of max(margin - x[t] + x[c], 0)**p / C, times w[t].

    With p = 1 it has gradient 0 where the margin is just kept.

    Args:
        input: scores [N, C] or [C].
        target: classes, int64 [N] or a number.
        p: 1 or 2.
        weight: of each class [C].

    Raises:
        ValueError: p or the reduction is none of these; the weight is no vector.
        RuntimeError: shapes or the dtype of the target do not fit, or a class is out of range.

    Source: `torch.nn.functional.multi_margin_loss`.
    """
    if p not in (1, 2):
        raise ValueError(f"multi_margin_loss: only p == 1 and p == 2 supported, got {p}")
    if weight is not None and weight.ndim != 1:
        raise ValueError(f"multi_margin_loss: weight must be one-dimensional, got {weight.ndim} dimensions")
    refuse_integers(input)
    if input.ndim not in (1, 2) or not input.shape[-1]:
        raise RuntimeError(f"multi_margin_loss: expected input [N, C] or [C], got shape {tuple(input.shape)}")
    C, alone = input.shape[-1], input.ndim == 1 and not target.ndim
    if tuple(target.shape) != ((len(input),) if input.ndim == 2 else () if alone else (1,)):
        raise RuntimeError(f"multi_margin_loss: expected a class for each example, got shape {tuple(target.shape)}")
    if target.dtype != np.int64:
        raise RuntimeError(f"multi_margin_loss: expected target of int64, got {target.dtype}; convert with .long()")
    if weight is not None and weight.shape[0] != C:
        raise RuntimeError(f"multi_margin_loss: inconsistent weight size, expected {C}, got {weight.shape[0]}")
    x, names = input.reshape((-1, C)), np.asarray(getattr(target, "array", target)).reshape(-1)
    check_classes(names, C, "multi_margin_loss: target {} is out of range: expected a class in [0, {})", RuntimeError)
    others = names[:, None] != np.arange(C)
    scores = getitem(x, (np.arange(len(names)), names)).reshape((-1, 1))
    losses = sum(where(others, relu(margin - scores + x) ** p, 0.0), 1) / C
    losses = losses if weight is None else losses * getitem(weight, (names,))
    return reduced(losses.reshape(()) if alone else losses, reduction)


@reducing
def multilabel_soft_margin_loss(input, target, weight=None, *, reduction: str = "mean") -> Array:
    """Mean over classes of -target log sigmoid(x) - (1 - target) log sigmoid(-x), times the weights.

    Args:
        input, target: [..., C], the targets 0 or 1.
        weight: broadcasts against them.

    Source: `torch.nn.functional.multilabel_soft_margin_loss`.
    """
    refuse_integers(input)
    losses = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    return reduced(mean(losses if weight is None else losses * weight, -1), reduction)
