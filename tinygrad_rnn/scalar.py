"""Value: a number that remembers where it came from, with micrograd's interface on the same engine.

A Value never changes, so handle and node are one object, and `.grad` lives on every one of them.
"""

from __future__ import annotations

from collections.abc import Callable

from . import ops
from .autograd.backward import backward
from .autograd.graph import LEAF, Node, next_seq
from .autograd.op import Op, apply_scalar
from .autograd.scope import recording

new = object.__new__


class Value(Node):
    """A float in a graph of floats.

    Example:
        >>> from tinygrad_rnn import Value
        >>> a, b = Value(2.0), Value(-3.0)
        >>> y = (a * b + 10).tanh()
        >>> y.backward()
        >>> round(a.grad, 6)
        -0.004023

    Source: the interface of micrograd's `Value` (Karpathy 2020).
    """

    __slots__ = ("data", "grad")  # type: ignore[misc]
    shape: tuple = ()
    observed = plain_grad = True

    def __init__(self, data: float) -> None:
        if not isinstance(data, (int, float)):
            data = _number(data)
        self.data = float(data)
        self.grad: float | Value = 0.0
        self.rule, self.inputs, self.saved = LEAF, (), ()
        self.scope = recording() or ()
        self.seq = next_seq()

    def record(self, y: float, rule=LEAF, inputs: tuple = (), saved: tuple = (), scope=()) -> Value:
        """The result `y` of an operation on Values."""
        v = new(Value)
        v.data, v.grad = float(y), 0.0
        v.rule, v.inputs, v.saved, v.scope, v.seq = rule, inputs, saved, scope, next_seq()
        return v

    # --- what the engine asks of a handle and of a node that keeps its gradient -----------------------------

    @property
    def node(self) -> Value:
        return self

    def handle(self, number) -> Value:
        return self

    def receive(self, dy, deposit: bool):
        if deposit:
            self.grad += dy
        return dy

    def observe(self) -> None:
        raise TypeError("a Value has no hooks; every Value keeps its own .grad")

    def seed_grad(self, dy, recorded: bool):
        dy = 1.0 if dy is None else dy
        return dy if isinstance(dy, Value) or not recorded else Value(dy)

    def wrap_grad(self, dy) -> Value:
        return dy if isinstance(dy, Value) else Value(dy)

    def zero_grad_like(self) -> Value:
        return Value(0.0)

    # --- the public face -------------------------------------------------------------------------------------

    def backward(self, gradient: float | None = None, retain_graph: bool | None = True, create_graph: bool = False):
        """Add d self / d v to `.grad` of every Value v below this one; may be called again."""
        backward(self, gradient, retain_graph, create_graph)

    def item(self) -> float:
        return self.data

    def __float__(self) -> float:
        return self.data

    def __repr__(self) -> str:
        grad = self.grad.data if isinstance(self.grad, Value) else self.grad
        return f"Value(data={self.data}, grad={grad})"

    def __bool__(self) -> bool:
        return bool(self.data)

    def __lt__(self, other) -> bool:
        return self.data < float(other)

    def __le__(self, other) -> bool:
        return self.data <= float(other)

    def __gt__(self, other) -> bool:
        return self.data > float(other)

    def __ge__(self, other) -> bool:
        return self.data >= float(other)


def _number(data) -> float:
    try:
        return float(data)
    except (TypeError, ValueError):
        raise TypeError(f"Value: expected a number, got {type(data).__name__}: {data!r:.60}") from None


def _binary(op: Op) -> Callable:
    forward, both, save = op.scalar or op.forward, None, None

    def call(a, b):
        nonlocal both, save
        if b.__class__ is not Value:
            return apply_scalar(op, (a, b if b.__class__ is float else _number(b)), {}) if _scalar(b) else NotImplemented
        a_number, b_number = a.data, b.data
        y = forward(a_number, b_number)
        if (scope := recording()) is None:
            return a.record(y)
        if both is None:
            both = op.rule((True, True))
            save = both.save
        v = new(Value)
        v.data = y  # one statement each: faster than by tuple
        v.grad = 0.0
        v.rule = both
        v.inputs = (a, b)
        v.saved = save(a_number, b_number, y, None)
        v.scope = scope
        v.seq = next_seq()
        return v

    return call


def _scalar(x) -> bool:
    return isinstance(x, (int, float)) or (hasattr(x, "__float__") and not getattr(x, "shape", ()))


def _reflected(op: Op) -> Callable:
    return lambda a, b: apply_scalar(op, (_number(b), a), {}) if _scalar(b) else NotImplemented


def _unary(op: Op) -> Callable:
    forward, rule = op.scalar or op.forward, op.rule((True,))
    save = rule.save

    def call(x):
        y = forward(x.data)
        if (scope := recording()) is None:
            return x.record(y)
        v = new(Value)
        v.data = y
        v.grad = 0.0
        v.rule = rule
        v.inputs = (x,)
        v.saved = save(x.data, y, None)
        v.scope = scope
        v.seq = next_seq()
        return v

    return call


def _general(op: Op) -> Callable:
    def call(x, *args, **kwargs):
        inputs, attrs = op.bind((x, *args), kwargs)
        return apply_scalar(op, inputs, attrs)

    return call


def _method(op: Op) -> Callable:
    call = _unary(op) if op.simple and len(op.inputs) == 1 else _general(op)
    call.__name__ = call.__qualname__ = op.name
    call.__doc__ = op.doc
    return call


for _symbol, _op in {"add": ops.add, "sub": ops.sub, "mul": ops.mul, "truediv": ops.div, "pow": ops.pow}.items():
    setattr(Value, f"__{_symbol}__", _binary(_op.op))
    setattr(Value, f"__r{_symbol}__", _reflected(_op.op))
Value.__neg__ = _method(ops.neg.op)  # type: ignore[attr-defined]
Value.__abs__ = _method(ops.abs.op)  # type: ignore[attr-defined]

for _op in (
    ops.abs, ops.acos, ops.asin, ops.atan, ops.atan2, ops.ceil, ops.cos, ops.cosh, ops.elu, ops.erf, ops.exp, ops.exp2,
    ops.expm1, ops.floor, ops.leaky_relu, ops.log, ops.log10, ops.log1p, ops.log2, ops.maximum, ops.minimum, ops.pow,
    ops.reciprocal, ops.relu, ops.rsqrt, ops.sigmoid, ops.sign, ops.sin, ops.sinh, ops.softplus, ops.sqrt, ops.square,
    ops.tan, ops.tanh, ops.trunc,
):  # fmt: skip
    setattr(Value, _op.op.name, _method(_op.op))
for _function in (ops.gelu, ops.logsigmoid, ops.silu):  # made of operations, not ones themselves
    setattr(Value, _function.__name__, _function)
