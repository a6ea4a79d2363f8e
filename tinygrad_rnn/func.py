"""Derivatives as functions of functions, and modules as functions of their parameters. Source: `torch.func`.

    >>> import tinygrad_rnn as tg
    >>> slope = tg.func.grad(lambda x: x**3)
    >>> slope(tg.tensor(2.0)), tg.func.grad(slope)(tg.tensor(2.0))
    (tensor(12.), tensor(12.))

Arguments and results may be tuples, lists and dicts of tensors, in any nesting. A result requires grad only if it
depends on something outside that does; so one derivative can be taken of another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import Any

import numpy as np

from .absent import name_the_nearest
from .autograd.backward import alias
from .autograd.backward import grad as gradients
from .autograd.forward_ad import dual_level, make_dual, unpack_dual
from .autograd.functional import assemble, blocks
from .autograd.graph import Node, Tensor, as_leaf, has_past, without_past
from .autograd.scope import enable_grad, is_grad_enabled
from .autograd.writes import next_seq
from .nn.utils.stateless import functional_call
from .ops import permute
from .random import get_rng_state, set_rng_state

__all__ = ["functional_call", "grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "vjp"]

name_the_nearest(__name__)

Argnums = int | tuple[int, ...]


def grad(func: Callable, argnums: Argnums = 0, has_aux: bool = False) -> Callable:
    """The gradient of a function that returns one number: x -> d func(x) / dx.

    Args:
        func: of tensors (or containers of them), and of anything else beside those that are differentiated.
        argnums: which arguments; the gradient has their structure, or is a tuple with one for each.
        has_aux: `func` returns (number, other), and the result is (gradient, other).

    Raises:
        RuntimeError: `func` does not return one number, there is no such argument, or it is not of floats.
        ValueError: something in the argument is not a tensor.
    """
    both = grad_and_value(func, argnums, has_aux)

    @wraps(func)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        dx, value = both(*args, **kwargs)
        return (dx, value[1]) if has_aux else dx

    return gradient


def grad_and_value(func: Callable, argnums: Argnums = 0, has_aux: bool = False) -> Callable:
    """x -> (d func(x) / dx, func(x)); with `has_aux` (gradient, (number, other)). Arguments as for `grad`."""

    @wraps(func)
    def gradient_and_value(*args: Any, **kwargs: Any) -> Any:
        run = _Run("grad", func, args, kwargs, argnums, has_aux)
        y = run.output
        if not isinstance(y, Tensor):
            raise RuntimeError(f"grad: expected the function to return a tensor, got {type(y).__name__}")
        if y.array.ndim:
            raise RuntimeError(f"grad: expected the function to return a scalar, got shape {tuple(y.array.shape)}")
        dx = run.pulled([np.ones_like(y.array)])
        value = run.released(y)
        return dx, (value, run.released(run.aux)) if has_aux else value

    return gradient_and_value


def vjp(func: Callable, *primals: Any, has_aux: bool = False) -> tuple:
    """(func(x), v -> v^T J), or (func(x), v -> v^T J, other) with `has_aux`.

    The second takes cotangents in the structure of the output and gives a tuple, one for each of `primals`; it can
    be called any number of times.
    """
    run = _Run("vjp", func, primals, {}, None, has_aux)
    _check_outputs("vjp", run.ys)

    def pullback(cotangents: Any) -> tuple:
        dys = list(leaves(cotangents))
        if outline(cotangents) != outline(run.output):
            raise RuntimeError(
                f"vjp: the cotangents must have the structure of the output, {outline(run.output)}, "
                f"got {outline(cotangents)}"
            )
        return run.pulled(dys)

    result = run.released(run.output), pullback
    return (*result, run.released(run.aux)) if has_aux else result


def jacrev(func: Callable, argnums: Argnums = 0, *, has_aux: bool = False, chunk_size: int | None = None) -> Callable:
    """The Jacobian of a function: x -> d func(x) / dx, of shape [*output, *input], a backward pass for each row.

    In the structure of the output stands for each tensor what `grad` would return. Other arguments as for `grad`.

    Args:
        chunk_size: how many rows PyTorch computes at a time; here it is always one.
    """
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError(f"jacrev: chunk_size should be greater than 0, got {chunk_size}")

    @wraps(func)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        run = _Run("jacrev", func, args, kwargs, argnums, has_aux)
        _check_outputs("jacrev", run.ys)
        rows = [run.like_the_inputs(blocks(run.differentiable(y), run.xs, run.connected)) for y in run.ys]
        found = run.released(rebuilt(run.output, iter(rows)))
        return (found, run.released(run.aux)) if has_aux else found

    return jacobian


def jvp(func: Callable, primals: tuple, tangents: tuple, *, strict: bool = False, has_aux: bool = False) -> tuple:
    """(func(*primals), J tangents), or (func(*primals), J tangents, other) with `has_aux`: forward mode, in one run.

    Nothing is kept for a backward pass unless something else requires grad. How: `autograd.forward_ad`.

    Args:
        func: of tensors (or containers of them).
        primals: a tuple, the arguments of `func`.
        tangents: a tuple of the same structure, with a tensor of the same shape for each.
        strict: it is an error if an output does not depend on `primals`; otherwise its tangent is zero.
        has_aux: `func` returns (output, other).

    Raises:
        RuntimeError: structures or shapes differ, `func` returns something else than tensors, or an operation in it
            has a gradient rule that cannot be transposed.
        ValueError: one of `primals` is not of floating point.
    """
    if not isinstance(primals, tuple):
        raise RuntimeError(
            f"jvp: expected a tuple of primals, so that func(*primals) works; got {type(primals).__name__}"
        )
    if outline(primals) != outline(tangents) or not list(leaves(primals)):
        raise RuntimeError(
            f"jvp: expected primals and tangents of the same structure, with a tensor in it; "
            f"got {outline(primals)} and {outline(tangents)}"
        )
    start = next_seq() if is_grad_enabled() else 0
    with dual_level():
        output = func(*rebuilt(primals, map(make_dual, leaves(primals), leaves(tangents))))
        output, aux = _parts("jvp", output, has_aux)
        _check_outputs("jvp", list(leaves(output)), floating=False)
        pairs = [unpack_dual(y) for y in leaves(output)]
        aux = rebuilt(aux, iter([unpack_dual(x).primal if isinstance(x, Tensor) else x for x in leaves(aux)]))
    if strict and any([dy is None for _, dy in pairs]):
        raise RuntimeError("jvp: an output is independent of primals, which strict=True refuses")
    dys = [Tensor(np.zeros_like(y.array)) if dy is None else dy for y, dy in pairs]
    each = iter([y for y, _ in pairs]), iter(dys)
    found = released(rebuilt(output, each[0]), start), released(rebuilt(output, each[1]), start)
    return (*found, released(aux, start)) if has_aux else found


def jacfwd(func: Callable, argnums: Argnums = 0, has_aux: bool = False, *, randomness: str = "error") -> Callable:
    """The Jacobian of a function: x -> d func(x) / dx, of shape [*output, *input], a run of `func` for each column.

    The same as `jacrev`; cheaper where there are fewer inputs than outputs. Arguments as for `grad`.

    Args:
        randomness: what PyTorch should do about random operations; here each run sees the same random numbers.
    """
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(f"jacfwd: randomness must be 'error', 'different' or 'same', got {randomness!r}")

    @wraps(func)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        places = _places(argnums, len(args))
        chosen, random = tuple([args[i] for i in places]), get_rng_state()
        xs = list(leaves(chosen))
        for x in xs:
            if not isinstance(x, Tensor):
                raise ValueError(
                    f"jacfwd: an argument to differentiate by must be made of tensors, got {type(x).__name__}"
                )

        def along(k: int, i: int) -> tuple:
            """func as a function of input k alone, and how it changes with element i of that."""

            def moved(x: Tensor) -> Any:
                parts = rebuilt(chosen, iter([*xs[:k], x, *xs[k + 1 :]]))
                return func(*[parts[places.index(j)] if j in places else a for j, a in enumerate(args)], **kwargs)

            unit = np.zeros(xs[k].array.shape, xs[k].array.dtype)
            unit.reshape(-1)[i : i + 1] = 1
            set_rng_state(random)
            return jvp(moved, (xs[k],), (Tensor(unit),), has_aux=has_aux)

        output, _, *aux = first = along(0, 0)
        columns = [[first if k == i == 0 else along(k, i) for i in range(x.array.size)] for k, x in enumerate(xs)]
        found = []
        for place, y in enumerate(leaves(output)):
            each = [_side_by_side([list(leaves(run[1]))[place] for run in runs], y, x) for runs, x in zip(columns, xs)]
            parts = rebuilt(chosen, iter(each))
            found.append(parts[0] if isinstance(argnums, int) else parts)
        jacobians = rebuilt(output, iter(found))
        return (jacobians, *aux) if has_aux else jacobians

    return jacobian


def _side_by_side(columns: list[Tensor], y: Tensor, x: Tensor) -> Tensor:
    """A Jacobian from its columns, one for each element of x."""
    if not columns:
        return Tensor(np.zeros(y.array.shape + x.array.shape, y.array.dtype))
    n, m = x.array.ndim, y.array.ndim
    return permute(assemble(*columns, outer=x.array.shape, inner=y.array.shape), (*range(n, n + m), *range(n)))


def hessian(func: Callable, argnums: Argnums = 0) -> Callable:
    """The second derivatives of a function: x -> d2 func(x) / dx2, of shape [*output, *input, *input].

    Forward over reverse: the Jacobian, by `jacfwd`, of that by `jacrev`. Arguments as for `grad`.
    """
    return jacfwd(jacrev(func, argnums), argnums)


class _Run:
    """One call of `func` on inputs that stand for the differentiated arguments, and what belongs to it.

    Args:
        name: of the transformation, for messages.
        func, args, kwargs: the call.
        argnums, has_aux: see `grad`; None for all arguments.
    """

    def __init__(
        self, name: str, func: Callable, args: tuple, kwargs: dict, argnums: Argnums | None, has_aux: bool
    ) -> None:
        places = list(range(len(args))) if argnums is None else _places(argnums, len(args))
        self.start = next_seq() if is_grad_enabled() else 0  # what is older belongs to those who call us
        self.single = isinstance(argnums, int)
        self.chosen = [args[i] for i in places]
        self.xs = [self.input(name, x) for x in leaves(self.chosen)]
        stand_ins = rebuilt(self.chosen, iter(self.xs))
        arguments = list(args)
        for i, x in zip(places, stand_ins):
            arguments[i] = x
        with enable_grad():
            self.output, self.aux = _parts(name, func(*arguments, **kwargs), has_aux)
        self.ys = list(leaves(self.output))
        self.connected = any([self.from_outside(y) for y in self.ys])

    def input(self, name: str, x: Any) -> Tensor:
        if not isinstance(x, Tensor):
            raise ValueError(f"{name}: an argument to differentiate by must be made of tensors, got {type(x).__name__}")
        if x.array.dtype.kind != "f":
            raise RuntimeError(f"{name}: only tensors of floating point can require gradients, got {x.array.dtype}")
        if not (has_past(x.node) and self.start):
            return as_leaf(x)
        with enable_grad():
            return alias(x)

    def pulled(self, dys: list) -> Any:
        """The gradient for cotangents of the outputs, in the structure of the differentiated arguments."""
        dys = [dy if isinstance(dy, Tensor) else Tensor(np.asarray(dy)) for dy in dys]
        connected = self.connected or (is_grad_enabled() and any([has_past(dy.node) for dy in dys]))
        ys = [self.differentiable(y) for y in self.ys]
        options = {"retain_graph": True, "create_graph": connected, "materialize_grads": True}
        return self.released(self.like_the_inputs(gradients(ys, self.xs, dys, **options)))

    def like_the_inputs(self, found: Sequence[Tensor]) -> Any:
        parts = rebuilt(tuple(self.chosen), iter(found))
        return parts[0] if self.single else parts

    def differentiable(self, y: Tensor) -> Tensor:
        """A constant is one with gradient zero."""
        return y if has_past(y.node) else as_leaf(y)

    def from_outside(self, x: Any) -> bool:
        return from_outside(x, self.start)

    def released(self, tree: Any) -> Any:
        return released(tree, self.start)


def from_outside(x: Any, start: int) -> bool:
    """Whether a tensor depends on something made before the call that requires grad."""
    return isinstance(x, Tensor) and has_past(x.node) and reaches_below(x.node, start)


def released(tree: Any, start: int) -> Any:
    """The results, detached unless they depend on something outside."""
    found = [x if from_outside(x, start) or not isinstance(x, Tensor) else without_past(x) for x in leaves(tree)]
    return rebuilt(tree, iter(found))


def reaches_below(node: Node, start: int) -> bool:
    """Whether a graph goes down to a node older than `start`."""
    seen, unseen = {node}, [node]
    while unseen:
        node = unseen.pop()
        if node.seq < start and has_past(node):
            return True
        new = [source for source in node.inputs if source is not None and source not in seen]
        seen.update(new)
        unseen += new
    return False


def _places(argnums: Argnums, n: int) -> list[int]:
    """The positions that `argnums` names, counted from the front."""
    several = argnums if isinstance(argnums, tuple) else (argnums,)
    if not all([isinstance(i, int) for i in several]):
        raise RuntimeError(f"argnums must be an int or a tuple of ints, got {argnums!r}")
    if not several:
        raise RuntimeError("argnums must name at least one argument, got ()")
    for i in several:
        if not -n <= i < n:
            raise RuntimeError(f"argnums names argument {i}, but there are only {n} positional arguments")
    places = [i % n for i in several]
    if len(set(places)) != len(places):
        raise RuntimeError(f"argnums must name each argument once, got {argnums}")
    return places


def _parts(name: str, result: Any, has_aux: bool) -> tuple:
    """What a function returned: the output, and what stands beside it."""
    if not has_aux:
        return result, None
    if not (isinstance(result, tuple) and len(result) == 2):
        raise RuntimeError(f"{name}: with has_aux the function must return a tuple (output, other)")
    return result


def _check_outputs(name: str, ys: list, floating: bool = True) -> None:
    for y in ys:
        if not isinstance(y, Tensor):
            raise RuntimeError(f"{name}: expected the function to return only tensors, got {type(y).__name__}")
        if floating and y.array.dtype.kind != "f":
            raise RuntimeError(f"{name}: all outputs must be of floating point, got {y.array.dtype}")


# --- tuples, lists and dicts of tensors ---------------------------------------------------------------------------


def leaves(tree: Any) -> Iterator:
    """What stands in the containers, in order."""
    if isinstance(tree, (dict, list, tuple)):
        for part in tree.values() if isinstance(tree, dict) else tree:
            yield from leaves(part)
    else:
        yield tree


def rebuilt(tree: Any, each: Iterator) -> Any:
    """The same containers with the next of `each` in the place of every leaf."""
    if isinstance(tree, dict):
        return type(tree)({key: rebuilt(part, each) for key, part in tree.items()})
    if isinstance(tree, (list, tuple)):
        parts = [rebuilt(part, each) for part in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)
    return next(each)


def outline(tree: Any) -> str:
    """The containers in words, with a star for every leaf."""
    if isinstance(tree, dict):
        return f"{{{', '.join([f'{key!r}: {outline(part)}' for key, part in tree.items()])}}}"
    if isinstance(tree, (list, tuple)):
        return f"{type(tree).__name__}({', '.join([outline(part) for part in tree])})"
    return "*"
