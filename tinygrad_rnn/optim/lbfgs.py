"""L-BFGS: Newton's direction, with the curvature seen in the last steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.scope import enable_grad, frames, no_grad, recording, resume
from ..autograd.writes import Writes
from ..interrupts import uninterrupted
from ..tensor import Tensor
from .line_search import Point, strong_wolfe
from .optimizer import Optimizer, non_negative

History = list[tuple[np.ndarray, np.ndarray, float]]  # (y, s, 1 / y.s): change of the gradient, of the parameters


class LBFGS(Optimizer):
    """L-BFGS: p = p + t d, where d = -H dp and H is the inverse Hessian as seen in the last changes of p and dp.

    A step is up to `max_iter` iterations and calls its closure again and again. All parameters are one vector.

    Args:
        params: what to optimise, see `Optimizer`, in one group.
        lr: t, or the first guess of the line search. (The very first step is at most lr long in the 1-norm.)
        max_iter: iterations a step.
        max_eval: evaluations a step, by default 5/4 of max_iter.
        tolerance_grad: stop when no number of the gradient is larger.
        tolerance_change: stop when no parameter changes more, or the loss does not.
        history_size: how many changes are remembered.
        line_search_fn: "strong_wolfe" to search for t.

    Raises:
        ValueError: a negative learning rate, or several groups.
        RuntimeError: another line search.

    Source: Nocedal 1980; `torch.optim.LBFGS`.
    """

    def __init__(
        self,
        params,
        lr: float = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        super().__init__(params, {
            "lr": lr, "max_iter": max_iter, "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change, "history_size": history_size,
            "line_search_fn": line_search_fn,
        })  # fmt: skip

    def check(self, group: dict[str, Any]) -> None:
        super().check(group)
        non_negative(lr=group["lr"])
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise RuntimeError(f"only 'strong_wolfe' is supported as line_search_fn, got {group['line_search_fn']!r}")

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Refused after the first: L-BFGS has one vector of parameters."""
        if self.param_groups:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups); give it one group")
        super().add_param_group(param_group)

    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]
        """Up to `max_iter` iterations; `closure` clears the gradients, computes the loss, and calls its backward().

        If that fails, or Ctrl-C comes, parameters and state are those before the step.

        Returns:
            The loss before the step.
        """
        params, group = self.param_groups[0]["params"], self.param_groups[0]
        for p in params:
            self.check_writable(p)
        state = self.state[params[0]]

        def evaluate() -> tuple[Any, np.ndarray]:
            with enable_grad():
                loss = closure()
            state["func_evals"] = state.get("func_evals", 0) + 1
            return loss, gradient_of(params)

        before, place = ([p.array.copy() for p in params], dict(state)), (frames(), recording())
        try:
            with no_grad(), np.errstate(all="ignore"):
                loss, dp = evaluate()
                if not largest(dp) <= group["tolerance_grad"]:
                    self._iterate(evaluate, float(loss), dp, params, group, state)
        except BaseException:
            with uninterrupted():
                resume(*place)
                for p, values in zip(params, before[0]):
                    p.array[...] = values
                    Writes.note(p.array, "LBFGS.step")
                state.clear()
                state.update(before[1])
            raise
        self.stepped = True
        return loss

    def _iterate(self, evaluate: Callable, loss: float, dp: np.ndarray, params: list, group: dict, state: dict) -> None:
        tolerance, most, evals = group["tolerance_change"], group["max_eval"], state["func_evals"] - 1
        history, scale, d, t, last_dp = recalled(state)
        last_loss = state.get("prev_loss", loss)

        def at(t: float) -> Point:
            kept = [p.array.copy() for p in params]
            move(params, t, d)
            loss, dp = evaluate()
            for p, values in zip(params, kept):
                p.array[...] = values
            return Point(t, float(loss), dp, float(dp @ d))

        for i in range(group["max_iter"]):
            state["n_iter"] = state.get("n_iter", 0) + 1
            if state["n_iter"] > 1:
                y, s = dp - last_dp, d * t
                if (ys := y @ s) > 1e-10:
                    history[:] = [*history, (y, s, 1 / ys)][-group["history_size"] :]
                    scale = ys / (y @ y)
            d = direction(dp, history, scale)
            last_dp, last_loss = dp, loss
            t = group["lr"] * (1.0 if state["n_iter"] > 1 else min(1.0, float(1 / np.abs(dp).sum())))
            slope = float(dp @ d)
            if slope > -tolerance:
                break
            if group["line_search_fn"]:
                left = most - (state["func_evals"] - evals)
                t, loss, dp, _ = strong_wolfe(at, Point(0.0, loss, dp, slope), t, largest(d), tolerance, left)
            move(params, t, d)
            if i == group["max_iter"] - 1:
                break
            if not group["line_search_fn"]:
                loss, dp = evaluate()
                loss = float(loss)
            if state["func_evals"] - evals >= most or largest(dp) <= group["tolerance_grad"]:
                break
            if largest(d * t) <= tolerance or abs(loss - last_loss) < tolerance:
                break
        if d is not None:
            state.update(remembered(history, scale, d, t, last_dp), prev_loss=last_loss)


def direction(dp: np.ndarray, history: History, scale: float) -> np.ndarray:
    """-H dp by the two loops of L-BFGS; H is scale times the identity, corrected by every remembered change."""
    d, parts = -dp, []
    for y, s, r in reversed(history):
        parts.append(r * (s @ d))
        d -= parts[-1] * y
    d *= scale
    for (y, s, r), part in zip(history, reversed(parts)):
        d += (part - r * (y @ d)) * s
    return d


def gradient_of(params: list[Tensor]) -> np.ndarray:
    """The gradients of all parameters as one vector; zeros where there is none."""
    grads = [Tensor(np.zeros_like(p.array)) if p.grad is None else p.grad for p in params]
    return np.concatenate([dp.array.ravel() for dp in grads])


def move(params: list[Tensor], t: float, d: np.ndarray) -> None:
    """p = p + t d for all parameters."""
    start = 0
    for p in params:
        p.array[...] += t * d[start : start + p.array.size].reshape(p.array.shape)
        start += p.array.size
        Writes.note(p.array, "LBFGS.step")


def largest(x: np.ndarray) -> float:
    return float(np.abs(x).max(initial=0.0))


# --- the state, in PyTorch's layout -------------------------------------------------------------------------------


def remembered(history: History, scale, d: np.ndarray, t: float, last_dp: np.ndarray) -> dict[str, Any]:
    """What goes from step to step, under the names of PyTorch's."""
    return {
        "old_dirs": [Tensor(y) for y, _, _ in history], "old_stps": [Tensor(s) for _, s, _ in history],
        "ro": [Tensor(np.asarray(r)) for _, _, r in history], "H_diag": Tensor(np.asarray(scale)), "d": Tensor(d),
        "t": t, "prev_flat_grad": Tensor(last_dp),
    }  # fmt: skip


def recalled(state: dict[str, Any]) -> tuple[History, Any, Any, float, Any]:
    """The same from the state; at first nothing."""
    if state.get("d") is None:
        return [], 1.0, None, 0.0, None
    columns = [[x.array for x in state[name]] for name in ("old_dirs", "old_stps", "ro")]
    scale, t = (x.array[()] if isinstance(x, Tensor) else x for x in (state["H_diag"], state["t"]))
    return list(zip(*columns)), scale, state["d"].array, float(t), state["prev_flat_grad"].array
