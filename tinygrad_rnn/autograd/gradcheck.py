"""Gradients against central differences, first and second order. Source: `torch.autograd.gradcheck`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .backward import grad
from .graph import Leaf, Tensor
from .promotion import F64
from .scope import enable_grad, no_grad


class GradcheckError(RuntimeError):
    """Analytic and numeric gradient differ."""


def gradcheck(
    func: Callable,
    inputs: Tensor | Sequence,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    fast_mode: bool = False,
) -> bool:
    """Compare the full Jacobian of `func` with (f(x + eps) - f(x - eps)) / (2 eps).

    Args:
        func: tensors -> tensor or tuple of tensors.
        inputs: tensors; those that require grad are checked and should be float64.
        eps, atol, rtol: the step, and |analytic - numeric| <= atol + rtol |numeric|.
        raise_exception: raise `GradcheckError` on a difference; otherwise return False.
        nondet_tol: how far two backward passes may differ.
        fast_mode: in PyTorch a check of one random direction; here all are checked anyway.

    Raises:
        ValueError: no input requires grad.
    """
    given = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    checked = [i for i, x in enumerate(given) if isinstance(x, Tensor) and x.node is not None]
    if not checked:
        raise ValueError("gradcheck expects at least one input tensor to require gradient, but none of them does.")
    for i in checked:
        if given[i].array.dtype != F64:
            raise ValueError(f"gradcheck: input {i} is {given[i].array.dtype}; central differences need float64")
    try:
        for index in range(len(_outputs(func, given))):
            _check_output(func, given, checked, index, eps, atol, rtol, nondet_tol)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def _check_output(func, given, checked, index, eps, atol, rtol, nondet_tol) -> None:
    analytic, again = _analytic(func, given, checked, index), _analytic(func, given, checked, index)
    for i, found, repeated in zip(checked, analytic, again):
        if found.size and np.abs(found - repeated).max() > nondet_tol:
            raise GradcheckError(f"Backward is not reentrant: output {index}, input {i} changes from run to run")
        numeric = _numeric(func, given, i, index, eps)
        wrong = ~np.isclose(found, numeric, rtol=rtol, atol=atol, equal_nan=True)
        if wrong.any():
            row, column = np.argwhere(wrong)[0]
            raise GradcheckError(
                f"Jacobian mismatch for output {index} with respect to input {i}: d y[{row}] / d x[{column}] is "
                f"{found[row, column]:.8g} by the gradient rule and {numeric[row, column]:.8g} numerically "
                f"({wrong.sum()} of {wrong.size} entries differ)"
            )


def _outputs(func: Callable, given: list) -> list[Tensor]:
    result = func(*given)
    outputs = list(result) if isinstance(result, (tuple, list)) else [result]
    return [y for y in outputs if isinstance(y, Tensor) and y.array.dtype.kind == "f"]


def _analytic(func, given, checked, index) -> list[np.ndarray]:
    """The Jacobian [output elements, input elements] for each checked input, a backward pass a row."""
    with enable_grad():
        y = _outputs(func, given)[index]
    xs = [given[i] for i in checked]
    jacobians = [np.zeros((y.array.size, x.array.size)) for x in xs]
    if y.node is None:
        return jacobians
    for row in range(y.array.size):
        unit = np.zeros(y.array.shape, y.array.dtype)
        unit.reshape(-1)[row] = 1
        for jacobian, dx in zip(jacobians, grad(y, xs, Tensor(unit), retain_graph=True, allow_unused=True)):
            if dx is not None:
                if dx.array.shape != xs[0].array.shape and len(xs) == 1:
                    raise GradcheckError(f"gradient has shape {dx.array.shape}, its input {xs[0].array.shape}")
                jacobian[row] = dx.array.ravel()
    return jacobians


def _numeric(func, given, i, index, eps) -> np.ndarray:
    """The same Jacobian for input i by central differences.

    The input is moved in its own memory, so that what else looks at it moves too: the module whose parameter it is.
    """
    x = given[i].array
    if not x.flags.writeable or 0 in [stride for n, stride in zip(x.shape, x.strides) if n > 1]:
        x = x.copy()
        given = [Tensor(x) if k == i else other for k, other in enumerate(given)]
    columns = []
    for place in np.ndindex(x.shape):
        at, ends = x[place], []
        try:
            for moved in (at + eps, at - eps):
                x[place] = moved
                with no_grad():
                    ends.append(_outputs(func, given)[index].array.ravel().copy())
        finally:
            x[place] = at
        columns.append((ends[0] - ends[1]) / (2 * eps))
    outputs = _outputs(func, given)[index].array.size if not columns else columns[0].size
    return np.array(columns).T.reshape(outputs, x.size)


def gradgradcheck(
    func: Callable,
    inputs: Tensor | Sequence,
    grad_outputs: Tensor | Sequence | None = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    seed: int = 0,
) -> bool:
    """`gradcheck` of the gradient of `func`, as a function of the inputs and of the cotangents.

    Args:
        grad_outputs: the cotangents; random by default.
        seed: of those.

    Other arguments as for `gradcheck`.
    """
    given = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    checked = [i for i, x in enumerate(given) if isinstance(x, Tensor) and x.node is not None]
    outputs = _outputs(func, given)
    if grad_outputs is None:
        rng = np.random.default_rng(seed)
        arrays = [rng.standard_normal(y.array.shape) for y in outputs]
        seeds = [Tensor(array, Leaf(array)) for array in arrays]
    else:
        seeds = [grad_outputs] if isinstance(grad_outputs, Tensor) else list(grad_outputs)
    n = len(given)

    def gradient(*arguments):
        xs = [_differentiable(x) if i in checked else x for i, x in enumerate(arguments[:n])]
        with enable_grad():
            ys = _outputs(func, xs)
            wanted = [xs[i] for i in checked]
            return grad(ys, wanted, list(arguments[n:]), create_graph=True, materialize_grads=True)

    return gradcheck(gradient, [*given, *seeds], eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception)


def _differentiable(x: Tensor) -> Tensor:
    return x if x.node is not None else Tensor(x.array, Leaf(x.array))
