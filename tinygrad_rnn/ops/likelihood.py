"""Negative log-likelihoods of numbers: under a normal and under a Poisson distribution."""

from __future__ import annotations

import math

import numpy as np

from ..autograd.op import Array
from .loss import check_reduction, reduced, reducing
from .power import exp, log, square
from .selection import where
from .shape import unsqueeze


def gaussian_nll_loss(input, target, var, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> Array:
    """y = (log var + (input - target)**2 / var) / 2, of targets around `input` with variance `var`.

    Args:
        input, target: [..., D]; they broadcast.
        var: of the shape of `input`, or with 1 for one of its dimensions, or without the last; or a number.
        full: add the constant, log(2 pi) / 2.
        eps: the least variance; the gradient does not notice it.

    Raises:
        ValueError: a variance is negative or of another shape, or the reduction is unknown.

    Source: Nix & Weigend 1994; `torch.nn.functional.gaussian_nll_loss`.
    """
    given = np.asarray(getattr(var, "array", var))
    if (given < 0).any():
        raise ValueError(f"gaussian_nll_loss: var has negative entries, the least is {given.min()}")
    if isinstance(var, (int, float)):
        var = given.astype(input.dtype)
    elif var.shape != input.shape:
        var = _against(var, input.shape)
    check_reduction(reduction)
    var = var + np.maximum(eps - getattr(var, "array", var), 0).astype(var.dtype)
    losses = 0.5 * (log(var) + square(input - target) / var)
    return reduced(losses + 0.5 * math.log(2 * math.pi) if full else losses, reduction)


def _against(var, shape: tuple):
    """The variances so that they broadcast against the input in one dimension."""
    if var.shape == shape[:-1]:
        return unsqueeze(var, -1)
    if len(var.shape) != len(shape) or [m for m, n in zip(var.shape, shape, strict=True) if m != n] != [1]:
        raise ValueError(f"gaussian_nll_loss: var is of incorrect size, {tuple(var.shape)} for input {tuple(shape)}")
    return var


@reducing
def poisson_nll_loss(
    input, target, log_input: bool = True, full: bool = False, *, eps: float = 1e-8, reduction: str = "mean"
) -> Array:
    """y = e**x - target x, of counts whose rate is e**x; or of the rate x itself, x - target log(x + eps).

    Args:
        input, target: of any shape; they broadcast.
        log_input: whether `input` is the logarithm of the rate.
        full: add Stirling's approximation of log(target!), t log t - t + log(2 pi t) / 2 for targets above 1.

    Source: `torch.nn.functional.poisson_nll_loss`.
    """
    losses = exp(input) - target * input if log_input else input - target * log(input + eps)
    if full:
        t = where(target > 1, target, 1)
        losses = losses + where(target > 1, t * log(t) - t + 0.5 * log(2 * math.pi * t), 0.0)
    return reduced(losses, reduction)
