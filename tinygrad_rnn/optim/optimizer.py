"""Optimizer: parameter groups, state per parameter and its saving; what every update rule shares."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

import numpy as np

from ..autograd.anomaly import Anomaly
from ..autograd.scope import enable_grad, no_grad
from ..autograd.writes import Writes
from ..interrupts import uninterrupted
from ..kernels.passes import accelerated
from ..tensor import Tensor

# PyTorch has several ways to compute the same update, and asks for them in the groups. There is one here, so "foreach"
# and "fused" only stand there; these two would change what a step is, and it refuses them as PyTorch does on a CPU.
REFUSED = {"capturable": AssertionError, "differentiable": RuntimeError}

SCALARS = {"step", "eta", "mu", "mu_product"}  # what is remembered as one float32, not in the shape of the parameter

PATIENCE = 10  # steps without a gradient, while others have one, after which a parameter seems to be forgotten

WORTH_A_KERNEL = 1 << 15  # numbers in all parameters: below, NumPy takes no longer than 0.06 ms


class Optimizer:
    """The parameters to optimise, in groups that each have their own hyperparameters.

    A subclass gives `update(p, dp, state, group)`, which changes the array `p` in place for the gradient
    `dp`, and keeps what it remembers in the dict `state`: tensors of the shape of `p`, and the 0-d tensor
    "step" (`count` below). It may instead override `step`, as optimisers written for PyTorch do.

    Args:
        params: tensors, or pairs (name, tensor), or dicts with "params" and hyperparameters of their own.
        defaults: hyperparameters of the groups that do not say otherwise.

    Attributes:
        update: one step for one parameter, in place.

    Raises:
        TypeError: a single tensor instead of a list, or something that is not a tensor.
        ValueError: no parameters, one in two groups, a computed tensor, or a hyperparameter out of range.

    Source: `torch.optim.Optimizer`.
    """

    update: Callable[[np.ndarray, np.ndarray, dict[str, Any], dict[str, Any]], None]
    stepped = False  # whether `step` was called: learning-rate schedules want to come after it
    among = 0  # how many numbers the step in progress updates

    def __init__(self, params: Iterable, defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise TypeError("params of an optimizer should be an iterable of Tensors or dicts, not a Tensor")
        self.defaults = {name: number(name, value) for name, value in defaults.items()}
        self.state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        self._waits: dict[Any, int] = {}  # parameter that has never had a gradient -> steps in which others had
        self.check(self.defaults)
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def check(self, group: dict[str, Any]) -> None:
        """Refuse hyperparameters that make no sense; a subclass says which, and calls this for the rest."""
        for other in ("foreach", "differentiable"):
            if group.get("fused") and group.get(other):
                raise RuntimeError(f"{type(self).__name__}: fused=True and {other}=True exclude each other")

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Optimise these parameters as well: a dict with "params" and, where they differ, hyperparameters."""
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group).__name__}")
        params = param_group["params"]
        if isinstance(params, set):
            raise TypeError("optimizer parameters need to be in an ordered collection: a list, not a set")
        params = [params] if isinstance(params, Tensor) else list(params)
        names = [p[0] for p in params if isinstance(p, tuple)]
        if names and len(names) != len(params):
            raise ValueError("either all optimizer params come with a name or none: some names are missing")
        params = [p[1] if isinstance(p, tuple) else p for p in params]
        self._check_params(params)
        given = {name: number(name, value) for name, value in param_group.items() if name != "params"}
        if names:
            given["param_names"] = names
        group = {"params": params, **given, **{key: x for key, x in self.defaults.items() if key not in given}}
        self.check(group)
        self.param_groups.append(group)

    def _check_params(self, params: list) -> None:
        elsewhere = {id(p) for group in self.param_groups for p in group["params"]}
        for i, p in enumerate(params):
            if not isinstance(p, Tensor):
                raise TypeError(f"optimizer can only optimize Tensors, params[{i}] is a {type(p).__name__}")
            if not (p.is_leaf or p.retains_grad):
                raise ValueError(
                    f"can't optimize a non-leaf Tensor: params[{i}] was computed by {p.node.describe()}; "
                    f"optimize what it was computed from, or detach() it and require its gradient"
                )
            if id(p) in elsewhere:
                raise ValueError(f"some parameters appear in more than one parameter group: params[{i}], of {p.shape}")
        if len({id(p) for p in params}) < len(params):
            twice = "optimizer contains a parameter group with duplicate parameters: each is updated as often"
            warnings.warn(twice, stacklevel=5)  # where the optimizer is made

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or set them to zeros."""
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    p.grad = None
                elif p.grad is not None:
                    p.grad.detach_()
                    p.grad.array[...] = 0
                    Writes.note(p.grad.array, "zero_grad")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient; returns what `closure` returns (the loss), if given.

        Ctrl-C waits for the end of the update: parameters and state are those of a whole number of steps.

        Warns:
            UserWarning: a parameter that requires grad has had no gradient in the first 10 steps (under
                `detect_anomaly`, in the first), though others had: the loss does not depend on it. Once for each.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        # an overflow shows as inf in the parameter, as in PyTorch
        with uninterrupted(), no_grad(), np.errstate(all="ignore"):
            ready = self._ready()
            self.among = sum([p.array.size for p, _, _ in ready])
            for p, dp, group in ready:
                self.update(p.array, dp.array, self.state[p], group)
                Writes.note(p.array, f"{type(self).__name__}.step")
            self.stepped = True
        return loss

    def _ready(self) -> list[tuple[Tensor, Tensor, dict[str, Any]]]:
        """What one step updates: parameter, gradient, group, all found to fit before anything changes."""
        for group in self.param_groups:
            if group.get("capturable") or group.get("differentiable"):
                name = "capturable" if group.get("capturable") else "differentiable"
                raise REFUSED[name](f"{type(self).__name__}.step: {name}=True is not supported on a CPU; leave it out")
        pairs = [(p, group) for group in self.param_groups for p in group["params"]]
        ready = [(p, dp, group) for p, group in pairs if (dp := p.grad) is not None]
        for p, dp, _ in ready:
            self.check_writable(p)
            remembered = self.state[p].items() if p in self.state else ()
            for name, x in [("gradient", dp), *remembered]:
                if isinstance(x, Tensor) and x.array.shape != p.array.shape and name not in SCALARS:
                    shapes = f"it has shape {tuple(p.array.shape)}, its {name} {tuple(x.array.shape)}"
                    raise RuntimeError(f"{self._called(p)}: {shapes}")
        if 0 < len(ready) < len(pairs):
            self._warn_of_idle([p for p, _ in pairs if p.grad is None])
        return ready

    def _warn_of_idle(self, params: list[Tensor]) -> None:
        """Say of parameters without gradient which of them seem to be forgotten."""
        patience = 1 if Anomaly.enabled else PATIENCE
        for p in params:
            if not p.requires_grad or p in self.state or self._waits.get(p, 0) > PATIENCE:
                continue
            waited = self._waits[p] = self._waits.get(p, 0) + 1
            if waited >= patience:
                self._waits[p] = PATIENCE + 1  # once
                steps = "this step" if waited == 1 else f"{waited} steps"
                warnings.warn(
                    f"{self._called(p)}, of shape {tuple(p.array.shape)}, had no gradient in {steps}, others had: the "
                    f"loss does not depend on it. If that is meant, leave it out or freeze it (requires_grad_(False))",
                    stacklevel=4,
                )

    def check_writable(self, p: Tensor) -> None:
        """Refuse a parameter that cannot be written to, before any is changed."""
        if not p.array.flags.writeable:
            raise RuntimeError(f"{self._called(p)}: its memory is read-only")

    def _called(self, p: Tensor) -> str:
        """Which step on which parameter, in words."""
        groups = [group["params"] for group in self.param_groups]
        i, j = next((i, j) for i, params in enumerate(groups) for j, q in enumerate(params) if q is p)
        name = getattr(p.node, "name", None)
        return f"{type(self).__name__}.step: parameter {j} of group {i}{f' ({name})' if name else ''}"

    # --- saving ---------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """The state and the hyperparameters, in PyTorch's layout: parameters are numbered in their order.

        Returns:
            {"state": {number: {name: tensor}}, "param_groups": [{"lr": ..., "params": [numbers]}]};
            the tensors are the living ones, not copies.
        """
        params = [p for group in self.param_groups for p in group["params"]]
        place = {id(p): i for i, p in enumerate(params)}
        groups = []
        for group in self.param_groups:
            hyperparameters = {name: value for name, value in group.items() if name != "params"}
            groups.append({**hyperparameters, "params": [place[id(p)] for p in group["params"]]})
        state = {place[id(p)]: self.state[p] for p in params if self.state.get(p)}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue where the optimiser stood that gave this state dict: this one, or PyTorch's of its name.

        Everything is copied. Arrays may be tensors, NumPy arrays, or anything that `numpy.asarray` takes;
        they get the dtype of their parameter.

        Raises:
            ValueError: the groups do not match; nothing was loaded then.
            TypeError: an array of something else than numbers; likewise.
        """
        saved, own = state_dict["param_groups"], self.param_groups
        if len(saved) != len(own):
            raise ValueError(
                f"loaded state dict has a different number of parameter groups: {len(saved)}, not {len(own)}"
            )
        for i, (new, old) in enumerate(zip(saved, own, strict=True)):
            if len(new["params"]) != len(old["params"]):
                raise ValueError(
                    f"loaded state dict contains a parameter group that doesn't match the size of "
                    f"optimizer's group: {i} has {len(new['params'])} parameters, not {len(old['params'])}"
                )
        groups = []
        for new, old in zip(saved, own, strict=True):
            plain = {name: value for name, value in deepcopy(new).items() if name not in REFUSED}
            groups.append({**old, **plain, "params": old["params"]})
            self.check(groups[-1])
        numbers = [number for group in saved for number in group["params"]]
        params = [p for group in own for p in group["params"]]
        state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        for number, p in zip(numbers, params, strict=True):
            if number in state_dict["state"]:
                entries = state_dict["state"][number]
                dtypes = {name: np.dtype("f4") if name in SCALARS else p.array.dtype for name in entries}
                state[p] = {name: restored(value, dtypes[name]) for name, value in entries.items()}
        self.state, self.param_groups = state, groups

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines += [""] * (i > 0) + [f"Parameter Group {i}"]
            lines += [f"    {name}: {group[name]}" for name in sorted(group) if name != "params"]
        return "\n".join([*lines, ")"])


# --- what the update rules share ----------------------------------------------------------------------------


def restored(value, dtype: np.dtype):
    """A copy of one entry of a saved state; arrays become tensors, those of floats in this dtype."""
    if isinstance(value, (list, tuple)):
        return type(value)([restored(v, dtype) for v in value])
    if value is None or isinstance(value, (bool, str, dict, int, float)):
        return deepcopy(value)
    array = np.asarray(value.array if isinstance(value, Tensor) else value)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"optimizer state must be of numbers, got an array of {array.dtype}")
    return Tensor(array.astype(dtype if array.dtype.kind == "f" else array.dtype))


def non_negative(**values: float) -> None:
    """Refuse hyperparameters below zero, and NaN."""
    for name, value in values.items():
        if not value >= 0:
            label = "learning rate" if name == "lr" else f"{name} value"
            raise ValueError(f"Invalid {label}: {value}, expected a number of at least 0")


def check_betas(betas) -> None:
    """Refuse what are not two parts of something to be kept."""
    if len(betas) != 2:
        raise ValueError(f"Invalid betas: expected two numbers, got {betas}")
    for i, beta in enumerate(betas):
        if not 0 <= beta < 1:
            raise ValueError(f"Invalid beta parameter at index {i}: {beta}, expected a number in [0, 1)")


def number(name: str, value):
    """A hyperparameter; a tensor with one element becomes a number."""
    if not isinstance(value, Tensor):
        return value
    if value.array.size != 1:
        raise ValueError(f"Tensor {name} must be 1-element, got shape {tuple(value.array.shape)}")
    return value.item()


def count(state: dict[str, Any]) -> int:
    """Count this update of the parameter: its number, from 1."""
    step = scalar(state, "step", 0.0)
    step += 1
    return int(step)


def scalar(state: dict[str, Any], name: str, value: float) -> np.ndarray:
    """The 0-d array that `state` keeps under this name, at first `value`."""
    if not isinstance(state.get(name), Tensor):  # the first, or a number in an old checkpoint
        state[name] = Tensor(np.array(state.get(name, value), np.float32))
    return state[name].array


def memory(state: dict[str, Any], name: str, p: np.ndarray, value: float = 0.0) -> np.ndarray:
    """The array that `state` keeps under this name, at first filled with `value`."""
    if state.get(name) is None:
        state[name] = Tensor(np.full_like(p, value))
    return state[name].array


def sign(group: dict[str, Any]) -> float:
    """Of the gradient to descend along: that of the loss, or minus it, to maximise."""
    return -1.0 if group["maximize"] else 1.0


def descent(dp: np.ndarray, p: np.ndarray, sign: float, weight_decay: float) -> np.ndarray:
    """The gradient to descend along: of sign * loss + weight_decay / 2 * |p|^2."""
    if sign < 0:
        dp = -dp
    return dp + weight_decay * p if weight_decay else dp


update_rule = accelerated("updates", least=WORTH_A_KERNEL)  # decorates what a step does to the arrays
