"""Derivatives of functions: vjp, jvp, Jacobian, Hessian and their products. Source: `torch.autograd.functional`.

Everywhere `create_graph` keeps the results connected to the inputs, and `strict` makes it an error that an output
does not depend on an input (otherwise its derivative is zero). `vectorize` asks PyTorch to compute all rows of a
Jacobian at once; here it is one after the other anyway.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .backward import alias, grad
from .forward_ad import dual_level, make_dual, unpack_dual
from .graph import Tensor, as_leaf, has_past, without_past
from .op import primitive
from .scope import enable_grad

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]


def vjp(func: Callable, inputs, v=None, create_graph: bool = False, strict: bool = False):
    """(func(x), v^T J): one backward pass.

    Args:
        func: tensors -> a tensor or a tuple of tensors.
        inputs: a tensor, or a tuple of tensors: the arguments of the call.
        v: of the output's shape, or a tuple where there are several; may be omitted for a scalar output.
        create_graph: keep the results connected to the inputs, so that they can be differentiated again.
        strict: make it an error that an output does not depend on an input; otherwise the derivative is zero.

    Returns:
        The output, and the product: of the shape of the inputs, a tuple if they are one.

    Raises:
        RuntimeError: `v` is missing for an output that is not scalar, or of another shape; see also `strict`.
        TypeError: an input or output is not a tensor.
    """
    xs, ys, packed = _run(func, inputs, create_graph, strict)
    dys = _as_list(v) if v is not None else None
    dxs = grad(ys, xs, dys, create_graph=create_graph, materialize_grads=not strict)
    return packed(ys, create_graph), _like(inputs, _finish(dxs, create_graph))


def jvp(func: Callable, inputs, v=None, create_graph: bool = False, strict: bool = False):
    """(func(x), J v): forward mode, in one run and without keeping what a backward pass would need.

    Args:
        func: tensors -> a tensor or a tuple of tensors.
        inputs: a tensor, or a tuple of tensors: the arguments of the call.
        v: of the shape of the inputs, a tuple if they are one; may be omitted for a single number.
        create_graph: keep the results connected to the inputs, so that they can be differentiated again.
        strict: make it an error that an output does not depend on any input; otherwise the derivative is zero.

    Returns:
        The output, and the product, which has the output's shape.

    Raises:
        RuntimeError: `v` is missing or of another shape than the inputs; see also `strict`.
        TypeError: an input or output is not a tensor.
    """
    given = _tensors("inputs", _as_list(inputs))
    tangents = _tangents(v, given, "jvp")
    with dual_level(), enable_grad():
        xs = [make_dual(x if create_graph else without_past(x), t) for x, t in zip(given, tangents, strict=True)]
        result = func(*xs)
        pairs = [unpack_dual(y) for y in _tensors("outputs", _as_list(result))]
    for i, (_, dy) in enumerate(pairs):
        if dy is None and strict:
            raise _independent(i)
    pushed = [Tensor(np.zeros_like(y.array)) if dy is None else dy for y, dy in pairs]
    packed = _Packed(not isinstance(result, (tuple, list)))
    return packed([y for y, _ in pairs], create_graph), packed(pushed, create_graph)


def jacobian(func: Callable, inputs, create_graph: bool = False, strict: bool = False, vectorize: bool = False):
    """d func(x) / d x, of shape [*output, *input]: a backward pass for each element of the output.

    Args:
        func: tensors -> a tensor or a tuple of tensors.
        inputs: a tensor, or a tuple of tensors: the arguments of the call.
        create_graph: keep the result connected to the inputs, so that it can be differentiated again.
        strict: make it an error that an output does not depend on an input; otherwise the derivative is zero.
        vectorize: asks PyTorch to compute all rows at once; here it is one after the other anyway.

    Returns:
        A tensor; for a tuple of inputs a tuple, one for each; for a tuple of outputs a tuple of these.

    Raises:
        RuntimeError: `strict` with an output that does not depend on an input, or together with `vectorize`.
        TypeError: an input or output is not a tensor.
    """
    _check_way(strict, vectorize)
    xs, ys, packed = _run(func, inputs, create_graph, strict)
    rows = [_like(inputs, blocks(y, xs, create_graph, strict)) for y in ys]
    return rows[0] if packed.single else tuple(rows)


def hessian(func: Callable, inputs, create_graph: bool = False, strict: bool = False, vectorize: bool = False):
    """d2 func(x) / dx2 of a scalar function, of shape [*input, *input]: the Jacobian of its gradient.

    Returns:
        A tensor; for a tuple of inputs a tuple of tuples, in which [i][j] has the shape [*input_i, *input_j].

    Raises:
        RuntimeError: `func` does not return one number, or as for `jacobian`.

    Arguments as for `jacobian`.
    """
    _check_way(strict, vectorize)
    several = isinstance(inputs, (tuple, list))

    def slope(*xs: Tensor):
        return jacobian(func, xs if several else xs[0], create_graph=True, strict=strict)

    (y,) = _tensors("outputs", [func(*_tensors("inputs", _as_list(inputs)))])
    if y.array.size != 1:
        raise RuntimeError(f"hessian: the function must return one number, got shape {tuple(y.array.shape)}")
    return jacobian(slope, inputs, create_graph, strict)


def hvp(func: Callable, inputs, v=None, create_graph: bool = False, strict: bool = False):
    """(func(x), H v) of a scalar function: the vjp of its gradient, since H is symmetric.

    Args:
        func: tensors -> a tensor of one element.
        inputs: a tensor, or a tuple of tensors: the arguments of the call.
        v: of the shape of the inputs, a tuple if they are one; may be omitted for a single number.
        create_graph: keep the results connected to the inputs, so that they can be differentiated again.
        strict: make it an error that the output or its gradient does not depend on an input; otherwise zero.

    Returns:
        The output, and the product: of the shape of the inputs, a tuple if they are one.

    Raises:
        RuntimeError: `func` does not return one number, or `v` is missing or of another shape; see also `strict`.
    """
    xs, ys, packed = _run(func, inputs, True, strict)
    tangents = _tangents(v, xs, "hvp")
    with enable_grad():
        slope = grad(ys, xs, create_graph=True, materialize_grads=not strict)
    pairs = [(dx, t) for dx, t in zip(slope, tangents, strict=True) if dx.node is not None]
    if strict and len(pairs) < len(xs):
        raise RuntimeError("the gradient of the function is independent of an input, which strict=True refuses")
    if not pairs:
        found = tuple([Tensor(np.zeros_like(x.array)) for x in xs])
    else:
        dxs, ts = zip(*pairs)
        found = grad(dxs, xs, ts, create_graph=create_graph, materialize_grads=True)
    return packed(ys, create_graph), _like(inputs, _finish(found, create_graph))


def vhp(func: Callable, inputs, v=None, create_graph: bool = False, strict: bool = False):
    """(func(x), v^T H) of a scalar function: the same as H v. Arguments as for `hvp`."""
    return hvp(func, inputs, v, create_graph, strict)


def _tangents(v, xs: list, name: str) -> list:
    """The vectors to multiply with, one for each input and of its shape; 1 by default for a single number."""
    if v is None:
        if len(xs) != 1 or xs[0].array.size != 1:
            raise RuntimeError(f"{name}: v can be left out only if the input is a single tensor with a single element")
        return [Tensor(np.ones_like(xs[0].array))]
    tangents = _as_list(v)
    if [x.array.shape for x in xs] != [t.array.shape for t in tangents]:
        raise RuntimeError(
            f"{name}: v must have the shapes of the inputs, {[tuple(x.array.shape) for x in xs]}; got "
            f"{[tuple(t.array.shape) for t in tangents]}"
        )
    return tangents


class _Packed:
    """Puts outputs back into the form in which the function returned them."""

    def __init__(self, single: bool) -> None:
        self.single = single

    def __call__(self, ys, create_graph: bool):
        ys = _finish(ys, create_graph)
        return ys[0] if self.single else tuple(ys)


def _run(func: Callable, inputs, create_graph: bool, strict: bool) -> tuple[list, list, _Packed]:
    """Call `func` on inputs that require grad: fresh leaves, or aliases that stay connected."""
    given = _tensors("inputs", _as_list(inputs))
    with enable_grad():
        xs = [alias(x) if create_graph and x.node is not None else as_leaf(x) for x in given]
        result = func(*xs)
    single = not isinstance(result, (tuple, list))
    ys = _tensors("outputs", _as_list(result))
    for i, y in enumerate(ys):
        if not has_past(y.node) and strict:
            raise _independent(i)
        if not has_past(y.node):  # a constant with gradient zero
            ys[i] = as_leaf(y)
    return xs, ys, _Packed(single)


def _independent(i: int) -> RuntimeError:
    return RuntimeError(f"output {i} of the function is independent of all inputs, which strict=True refuses")


def _check_way(strict: bool, vectorize: bool) -> None:
    if strict and vectorize:
        raise RuntimeError("strict=True and vectorize=True exclude each other")


def _tensors(what: str, xs: list) -> list:
    for x in xs:
        if not isinstance(x, Tensor):
            raise TypeError(f"the {what} of the function must be tensors, got {type(x).__name__}")
    return xs


def blocks(y: Tensor, xs: Sequence[Tensor], create_graph: bool, strict: bool = False) -> list[Tensor]:
    """The Jacobian of one output by every input: a backward pass for each element of the output."""
    rows = []
    for i in range(y.array.size):
        unit = np.zeros(y.array.shape, y.array.dtype)
        unit.reshape(-1)[i] = 1
        options = {"create_graph": create_graph, "materialize_grads": not strict}
        rows.append(grad(y, xs, Tensor(unit), retain_graph=True, **options))
    return [_stacked([row[k] for row in rows], y, x, create_graph) for k, x in enumerate(xs)]


def _stacked(rows: list[Tensor], y: Tensor, x: Tensor, create_graph: bool) -> Tensor:
    if rows and any([row.node is not None for row in rows]):
        return assemble(*rows, outer=y.array.shape, inner=x.array.shape)
    return Tensor(np.array([row.array for row in rows], dtype=x.array.dtype).reshape(y.array.shape + x.array.shape))


@primitive
def assemble(*rows, outer, inner):
    """The rows of a Jacobian, stacked and given its shape."""
    return np.stack(rows).reshape(outer + inner)


@primitive(outputs="*rows")
def disassemble(x, *, outer, inner):
    """The rows again."""
    return tuple(x.reshape(math.prod(outer), *inner))


assemble.vjp(lambda dy, outer, inner: tuple(disassemble(dy, outer=outer, inner=inner)))
disassemble.vjp(lambda drows, outer, inner: assemble(*drows, outer=outer, inner=inner))


def _finish(tensors, create_graph: bool) -> tuple:
    return tuple(tensors) if create_graph else tuple([without_past(x) for x in tensors])


def _as_list(xs: Any) -> list:
    return list(xs) if isinstance(xs, (tuple, list)) else [xs]


def _like(inputs, results):
    return tuple(results) if isinstance(inputs, (tuple, list)) else results[0]
