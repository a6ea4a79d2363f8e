"""Function: an operation of your own in PyTorch's form, as a class with `forward` and `backward`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from .graph import Leaf, Node, Tensor, port
from .listen import watching
from .op import primitive
from .scope import enable_grad, inference_mode, is_grad_enabled, no_grad, recording


class FunctionCtx:
    """What `forward` leaves for `backward`: tensors through `save_for_backward`, anything else as attributes."""

    def __init__(self, needs: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs
        self._to_save: tuple = ()
        self._for_forward: tuple = ()
        self._unpacked: tuple | None = None
        self._plain: set[int] = set()
        self._materialize = True

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep inputs or outputs (or others) for `backward`; call it once."""
        self._to_save = tensors

    def save_for_forward(self, *tensors: Tensor | None) -> None:
        """Keep inputs (or others) for `jvp`; call it once."""
        self._for_forward = tensors

    @property
    def saved_tensors(self) -> tuple:
        """In `backward` the tensors kept by `save_for_backward`, in `jvp` those by `save_for_forward`."""
        if self._unpacked is None:
            raise RuntimeError("saved_tensors can be read inside backward() and jvp() only")
        return self._unpacked

    def mark_non_differentiable(self, *outputs: Tensor) -> None:
        """These outputs get no gradient."""
        self._plain |= {id(y) for y in outputs}

    def set_materialize_grads(self, value: bool) -> None:
        """Whether `backward` is given zeros (the default) or None for an output that nothing used."""
        self._materialize = value

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Refused: an operation that writes to its inputs is not supported here."""
        raise RuntimeError("mark_dirty: a Function may not write to its inputs; return a new tensor")


class Function:
    """Derive from it, write `forward` and `backward` as static methods, call `apply`.

    `forward(ctx, *args)` computes on tensors, nothing inside is recorded; or `forward(*args)` with a
    `setup_context(ctx, inputs, output)`. `backward(ctx, *grad_outputs)` returns one gradient (or None) for each
    argument of forward; it is recorded under create_graph, so that it can be differentiated in turn. Forward mode
    transposes it, unless there is a `jvp(ctx, *tangents)`: from the tangent of each argument (zeros for a tensor
    that has none, None for what is not a tensor) it gives that of each output.

    Example:
        >>> import tinygrad_rnn as tg
        >>> class Square(tg.autograd.Function):
        ...     @staticmethod
        ...     def forward(ctx, x):
        ...         ctx.save_for_backward(x)
        ...         return x * x
        ...     @staticmethod
        ...     def backward(ctx, dy):
        ...         x, = ctx.saved_tensors
        ...         return 2 * x * dy
        >>> x = tg.tensor(3.0, requires_grad=True)
        >>> Square.apply(x).backward()
        >>> x.grad
        tensor(6.)

    Source: the interface of `torch.autograd.Function`.
    """

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """The result, of tensors and other arguments; `ctx` keeps what backward needs."""
        raise NotImplementedError("a Function must define a static method forward(ctx, *args)")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The gradient of each argument of forward, None where there is none, from those of its results."""
        raise NotImplementedError("a Function must define a static method backward(ctx, *grad_outputs)")

    setup_context: Callable | None = None
    jvp: Callable | None = None

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run forward and record one node whose rule is `backward`."""
        nodes = tuple([x.node if isinstance(x, Tensor) else None for x in args])
        ctx = FunctionCtx(tuple([node is not None for node in nodes]))
        with inference_mode():
            if cls.setup_context is None:
                result = cls.forward(ctx, *args)
            else:
                result = cls.forward(*args)
                cls.setup_context(ctx, args, result)
        several = isinstance(result, (tuple, list))
        outputs = list(result) if several else [result]
        for i, y in enumerate(outputs):
            if not isinstance(y, Tensor):
                raise TypeError(f"{cls.__name__}.forward must return tensors, got {type(y).__name__} as output {i}")
        scope = recording()
        if scope is None or not any(ctx.needs_input_grad):
            cls._tell(args, outputs)
            return tuple(outputs) if several else outputs[0]
        rule = _Rule(cls, ctx, args, outputs, several)
        shapes = tuple([y.array.shape for y in outputs])
        node = Node(rule, nodes, rule.save(), scope, shapes if several else shapes[0])
        handles = []
        for i, y in enumerate(outputs):
            plain = id(y) in ctx._plain or y.array.dtype.kind != "f"
            handles.append(Tensor(y.array, None if plain else port(node, i) if several else node))
        cls._tell(args, handles)
        return tuple(handles) if several else handles[0]

    @classmethod
    def _tell(cls, args: tuple, results: list) -> None:
        """Tell who watches what was applied."""
        if (watcher := watching()) is not None:
            op = FunctionOp(cls, len(args), len(results), len(results) > 1)
            watcher.applied(op, [x if isinstance(x, Tensor) else None for x in args], {}, results)


class _Rule:
    """What the sweep asks of a rule, answered by a Function's `backward`.

    A saved tensor is named after the input or output it is, so that the engine checks, frees and, for higher
    orders, connects it like any other.
    """

    only = None
    frees = True
    fresh = False

    def __init__(self, function: type[Function], ctx: FunctionCtx, args: tuple, outputs: list, several: bool) -> None:
        self.function, self.ctx, self.several = function, ctx, several
        self.materialize = ctx._materialize
        self.op = FunctionOp(function, len(args), len(outputs), several)
        places = {id(x): f"x{i}" for i, x in enumerate(args)} | {id(y): f"y{i}" for i, y in enumerate(outputs)}
        self.names = [places.get(id(x), f"other{k}") for k, x in enumerate(ctx._to_save)]
        self.saves = list(dict.fromkeys(self.names))
        self.links = [None if x is None or id(x) in places else x.node for x in ctx._to_save]
        self.kinds = [(x.array.shape, x.array.dtype) if isinstance(x, Tensor) else None for x in args]

    def save(self) -> tuple:
        """The arrays of the saved tensors; with them the node, not `ctx`, says what a backward frees."""
        arrays = {name: None if x is None else x.array for name, x in zip(self.names, self.ctx._to_save)}
        self.ctx._to_save = ()
        return tuple(arrays.values())

    @property
    def push(self) -> Callable | None:
        """The tangents of the outputs from those of the arguments, where the Function says so itself."""
        return self._push if self.function.jvp else None

    def _push(self, ts: list) -> tuple:
        known = zip(self.kinds, ts, strict=True)
        ts = [Tensor(np.zeros(*kind)) if t is None and kind is not None else t for kind, t in known]
        self.ctx._unpacked = self.ctx._for_forward
        try:
            return _listed(self.function.jvp(self.ctx, *ts))  # type: ignore[misc]
        finally:
            self.ctx._unpacked = None

    def pull(self, dy, *saved) -> tuple:
        ctx, recorded = self.ctx, is_grad_enabled()
        known = dict(zip(self.saves, saved))
        tensors = [_tensor(d) for d in (dy if self.several else [dy])]
        ctx._unpacked = tuple([_tensor(known[name], link) for name, link in zip(self.names, self.links)])
        try:
            with enable_grad() if recorded else no_grad():
                found = self.function.backward(ctx, *tensors)
        finally:
            ctx._unpacked = None
        dxs = _listed(found)
        n = len(ctx.needs_input_grad)
        if len(dxs) > n and all(dx is None for dx in dxs[n:]):
            dxs = dxs[:n]
        if len(dxs) != n:
            raise RuntimeError(
                f"{self.op.name}.backward returned an incorrect number of gradients (expected {n}, got {len(dxs)})"
            )
        for i, dx in enumerate(dxs):
            if dx is not None and not isinstance(dx, Tensor):
                raise RuntimeError(
                    f"{self.op.name}.backward must return tensors or None, got {type(dx).__name__} for input {i}"
                )
        return dxs if recorded else tuple([None if dx is None else dx.array for dx in dxs])


def _listed(found) -> tuple:
    return tuple(found) if isinstance(found, (tuple, list)) else (found,)


def _tensor(x, link: Node | None = None) -> Tensor | None:
    return x if x is None or isinstance(x, Tensor) else Tensor(np.asarray(x), link)


class FunctionOp:
    """The names that the engine, messages and drawings ask for."""

    body = None
    variadic = False

    def __init__(self, function: type[Function], inputs: int, outputs: int, several: bool) -> None:
        self.name, self.doc = function.__name__, function.__doc__ or ""
        self.inputs = [f"x{i}" for i in range(inputs)]
        self.outputs = [f"y{i}" for i in range(outputs)]
        self.attrs: dict[str, Any] = {}
        self.single = not several


def once_differentiable(backward: Callable) -> Callable:
    """Decorate a `backward` that cannot itself be differentiated: the attempt is an error."""

    @wraps(backward)
    def wrapper(ctx: FunctionCtx, *dys: Tensor):
        with no_grad():
            found = backward(ctx, *dys)
        if not is_grad_enabled() or not any([x is not None and x.node is not None for x in (*dys, *ctx.saved_tensors)]):
            return found
        dxs = [None if dx is None else dead_end(Tensor(dx.array, Leaf(dx.array))) for dx in _listed(found)]
        return tuple(dxs) if isinstance(found, (tuple, list)) else dxs[0]

    return wrapper


@primitive
def dead_end(x):
    """The same array, through which no sweep may pass."""
    return x


@dead_end.vjp
def _refuse(dy):
    raise RuntimeError("trying to differentiate twice a function that was marked with @once_differentiable")
