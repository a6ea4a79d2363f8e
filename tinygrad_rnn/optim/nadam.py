"""NAdam: Adam that looks ahead along its momentum, as Nesterov does."""

from __future__ import annotations

from typing import Any

import numpy as np

from .blocks import blocks
from .optimizer import Optimizer, check_betas, count, descent, memory, non_negative, scalar, sign


class NAdam(Optimizer):
    """NAdam: p = p - lr ((1 - mu_t) / (1 - M_t) dp + mu_{t+1} / (1 - M_{t+1}) m) / (sqrt(v / (1 - b2^t)) + eps).

    m = b1 m + (1 - b1) dp and v = b2 v + (1 - b2) dp^2 as in Adam; mu_t = b1 (1 - 0.96^(t momentum_decay) / 2), and
    M_t is the product of mu_1 ... mu_t.

    Args:
        params: what to optimise, see `Optimizer`.
        lr: learning rate.
        betas: how much of the moments m and v is kept, b1 and b2.
        eps: added to the denominator.
        weight_decay: adds weight_decay * p to the gradient.
        momentum_decay: how fast mu_t approaches b1.
        decoupled_weight_decay: instead shrink p by lr * weight_decay, as in AdamW.
        maximize: ascend instead.

    Raises:
        ValueError: a negative hyperparameter, or a beta outside [0, 1).

    Source: Dozat 2016; `torch.optim.NAdam`.
    """

    def __init__(
        self,
        params,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize, "foreach": foreach,
            "capturable": capturable, "differentiable": differentiable,
        })  # fmt: skip

    def check(self, group: dict[str, Any]) -> None:
        super().check(group)
        non_negative(**{name: group[name] for name in ("lr", "eps", "weight_decay", "momentum_decay")})
        check_betas(group["betas"])

    def update(self, p: np.ndarray, dp: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        lr, (beta1, beta2), weight_decay = group["lr"], group["betas"], group["weight_decay"]
        decoupled = group["decoupled_weight_decay"]
        decay, shrink = (0.0, 1 - lr * weight_decay) if decoupled else (weight_decay, 1.0)
        t = count(state)
        mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (k * group["momentum_decay"])) for k in (t, t + 1))
        product = scalar(state, "mu_product", 1.0)
        product *= mu
        here = lr * (1 - mu) / (1 - float(product))
        ahead = lr * mu_next / (1 - float(product) * mu_next)
        arrays = p, dp, memory(state, "exp_avg", p), memory(state, "exp_avg_sq", p)
        for p, dp, m, v in blocks(*arrays):
            p *= shrink
            dp = descent(dp, p, sign(group), decay)
            m += (1 - beta1) * (dp - m)
            v *= beta2
            v += (1 - beta2) * dp * dp
            p -= (here * dp + ahead * m) / (np.sqrt(v / (1 - beta2**t)) + group["eps"])
