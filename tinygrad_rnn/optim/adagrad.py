"""Adagrad: steps scaled by the root of the summed squares of the gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from .blocks import blocks
from .optimizer import Optimizer, count, descent, memory, non_negative, scalar, sign, update_rule


class Adagrad(Optimizer):
    """Adagrad: s = s + dp^2, p = p - lr / (1 + (t - 1) lr_decay) * dp / (sqrt(s) + eps).

    Args:
        params: what to optimise, see `Optimizer`.
        lr: learning rate.
        lr_decay: how fast it falls with the number of steps t.
        weight_decay: adds weight_decay * p to the gradient.
        initial_accumulator_value: s before the first step.
        eps: added to the denominator.
        maximize: ascend instead.

    Raises:
        ValueError: a negative hyperparameter.

    Source: Duchi et al. 2011; `torch.optim.Adagrad`.
    """

    def __init__(
        self,
        params,
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(params, {
            "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable, "fused": fused,
        })  # fmt: skip
        for p in [p for group in self.param_groups for p in group["params"]]:
            self.summed(p.array, self.state[p], initial_accumulator_value)

    def check(self, group: dict[str, Any]) -> None:
        super().check(group)
        names = "lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps"
        non_negative(**{name: group[name] for name in names})

    def update(self, p: np.ndarray, dp: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        s = self.summed(p, state, group["initial_accumulator_value"])
        lr = group["lr"] / (1 + (count(state) - 1) * group["lr_decay"])
        adagrad(p, dp, s, sign(group), group["weight_decay"], group["eps"], lr, among=self.among)

    @staticmethod
    def summed(p: np.ndarray, state: dict[str, Any], start: float) -> np.ndarray:
        """s, in a state that is whole from the beginning."""
        scalar(state, "step", 0.0)
        return memory(state, "sum", p, start)


@update_rule
def adagrad(p, dp, s, sign, decay, eps, lr) -> None:
    """One step of Adagrad for one parameter p; s goes on with it."""
    pieces = blocks(p, dp, s)
    for p, dp, s in pieces:
        dp = descent(dp, p, sign, decay)
        s += dp * dp
        p -= lr * dp / (np.sqrt(s) + eps)
