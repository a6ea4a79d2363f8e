"""ASGD: gradient descent with falling steps, and the mean of the parameters on the way."""

from __future__ import annotations

from typing import Any

import numpy as np

from .blocks import blocks
from .optimizer import Optimizer, count, descent, memory, non_negative, scalar, sign


class ASGD(Optimizer):
    """Averaged SGD: p = (1 - lambd eta) p - eta dp, with eta = lr / (1 + lambd lr t)^alpha for the next step t.

    The mean is in the state as "ax": ax = ax + mu (p - ax) with mu = 1 / max(1, t - t0), so that it begins at t0.

    Args:
        params: what to optimise, see `Optimizer`.
        lr: learning rate.
        lambd: how fast the steps fall.
        alpha: the power with which they do.
        t0: the step at which averaging begins.
        weight_decay: adds weight_decay * p to the gradient.
        maximize: ascend instead.

    Raises:
        ValueError: a negative learning rate or weight decay.

    Source: Polyak & Juditsky 1992; `torch.optim.ASGD`.
    """

    def __init__(
        self,
        params,
        lr: float = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        super().__init__(params, {
            "lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        })  # fmt: skip

    def check(self, group: dict[str, Any]) -> None:
        super().check(group)
        non_negative(lr=group["lr"], weight_decay=group["weight_decay"])

    def update(self, p: np.ndarray, dp: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        lr, lambd = group["lr"], group["lambd"]
        t = count(state)
        eta, mu = scalar(state, "eta", lr), scalar(state, "mu", 1.0)
        step, rate = float(eta), float(mu)
        arrays = p, dp, memory(state, "ax", p)
        for p, dp, mean in blocks(*arrays):
            dp = descent(dp, p, sign(group), group["weight_decay"])
            p *= 1 - lambd * step
            p -= step * dp
            mean += rate * (p - mean)
        eta[...] = lr / (1 + lambd * lr * t) ** group["alpha"]
        mu[...] = 1 / max(1, t - group["t0"])
