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
from .autograd.functional import blocks
from .autograd.graph import Leaf, Node, Tensor
from .autograd.scope import enable_grad, is_grad_enabled
from .autograd.writes import next_seq
from .nn.utils.stateless import functional_call

__all__ = ["functional_call", "grad", "grad_and_value", "jacrev", "vjp"]

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
            self.output, self.aux = func(*arguments, **kwargs), None
        if has_aux:
            if not (isinstance(self.output, tuple) and len(self.output) == 2):
                raise RuntimeError(f"{name}: with has_aux the function must return a tuple (output, other)")
            self.output, self.aux = self.output
        self.ys = list(leaves(self.output))
        self.connected = any([self.from_outside(y) for y in self.ys])

    def input(self, name: str, x: Any) -> Tensor:
        if not isinstance(x, Tensor):
            raise ValueError(f"{name}: an argument to differentiate by must be made of tensors, got {type(x).__name__}")
        if x.array.dtype.kind != "f":
            raise RuntimeError(f"{name}: only tensors of floating point can require gradients, got {x.array.dtype}")
        if x.node is None or not self.start:
            return Tensor(x.array, Leaf(x.array))
        with enable_grad():
            return alias(x)

    def pulled(self, dys: list) -> Any:
        """The gradient for cotangents of the outputs, in the structure of the differentiated arguments."""
        dys = [dy if isinstance(dy, Tensor) else Tensor(np.asarray(dy)) for dy in dys]
        connected = self.connected or (is_grad_enabled() and any([dy.node is not None for dy in dys]))
        ys = [self.differentiable(y) for y in self.ys]
        options = {"retain_graph": True, "create_graph": connected, "materialize_grads": True}
        return self.released(self.like_the_inputs(gradients(ys, self.xs, dys, **options)))

    def like_the_inputs(self, found: Sequence[Tensor]) -> Any:
        parts = rebuilt(tuple(self.chosen), iter(found))
        return parts[0] if self.single else parts

    def differentiable(self, y: Tensor) -> Tensor:
        """A constant is one with gradient zero."""
        return y if y.node is not None else Tensor(y.array, Leaf(y.array))

    def from_outside(self, x: Any) -> bool:
        """Whether a tensor depends on something made before the call that requires grad."""
        return isinstance(x, Tensor) and x.node is not None and reaches_below(x.node, self.start)

    def released(self, tree: Any) -> Any:
        """The results, detached unless they depend on something outside."""
        found = [x if self.from_outside(x) or not isinstance(x, Tensor) else Tensor(x.array) for x in leaves(tree)]
        return rebuilt(tree, iter(found))


def reaches_below(node: Node, start: int) -> bool:
    """Whether a graph goes down to a node older than `start`."""
    seen, unseen = {node}, [node]
    while unseen:
        node = unseen.pop()
        if node.seq < start:
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


def _check_outputs(name: str, ys: list) -> None:
    for y in ys:
        if not isinstance(y, Tensor):
            raise RuntimeError(f"{name}: expected the function to return only tensors, got {type(y).__name__}")
        if y.array.dtype.kind != "f":
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
