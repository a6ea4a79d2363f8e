"""Value: a number that remembers where it came from, with micrograd's interface on the same engine.

A Value never changes, so handle and node are one object, and `.grad` lives on every one of them.
"""

from __future__ import annotations

from collections.abc import Callable

from . import ops
from .autograd.backward import backward
from .autograd.binding import bind
from .autograd.graph import LEAF, Node, next_seq
from .autograd.op import Op, apply_scalar
from .autograd.scope import recording
from .autograd.source import recorders, remember

new = object.__new__


class Value(Node):
    """A float in a graph of floats.

    Attributes:
        data: the float.
        grad: the sum of what backward passes have brought here; a Value after `create_graph`.

    Example:
        >>> from tinygrad_rnn import Value
        >>> a, b = Value(2.0), Value(-3.0)
        >>> y = (a * b + 10).tanh()
        >>> y.backward()
        >>> round(a.grad, 6)
        -0.004023

    Source: the interface of micrograd's `Value` (Karpathy 2020).
    """

    __slots__ = ("data", "grad")
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
        if recorders:
            remember(self)

    def record(self, y: float, rule=LEAF, inputs: tuple = (), saved: tuple = (), scope=()) -> Value:
        """The result `y` of an operation on Values."""
        v = new(Value)
        v.data, v.grad = float(y), 0.0
        v.rule, v.inputs, v.saved, v.scope, v.seq = rule, inputs, saved, scope, next_seq()
        if recorders:
            remember(v)
        return v

    # --- what the engine asks of a handle and of a node that keeps its gradient -----------------------------

    @property
    def node(self) -> Value:
        """Itself: a Value is its own node in the graph."""
        return self

    def handle(self, number) -> Value:
        return self

    def receive(self, dy, deposit: bool, own: bool):
        """What the sweep does with a gradient here: add it to `.grad`, if it is to stay."""
        if deposit:
            self.grad += dy
        return dy

    def observe(self):
        raise TypeError("a Value has no hooks; every Value keeps its own .grad")

    def seed_grad(self, dy, recorded: bool):
        """The gradient that backward begins with: 1, if none is given."""
        dy = 1.0 if dy is None else dy
        return dy if isinstance(dy, Value) or not recorded else Value(dy)

    def wrap_grad(self, dy) -> Value:
        """A gradient as a Value, for the user."""
        return dy if isinstance(dy, Value) else Value(dy)

    def zero_grad_like(self) -> Value:
        """The gradient of an input that had no influence."""
        return Value(0.0)

    # --- the public face -------------------------------------------------------------------------------------

    def backward(self, gradient: float | None = None, retain_graph: bool | None = True, create_graph: bool = False):
        """Add d self / d v to `.grad` of every Value v below this one; may be called again."""
        backward(self, gradient, retain_graph, create_graph)

    def item(self) -> float:
        """The number, as a float."""
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
    """a + b of Values; a plain number becomes a Value too, as in micrograd, so that drawings show it."""
    forward, both, save = op.scalar or op.forward, None, None

    def call(a, b):
        nonlocal both, save
        if b.__class__ is not Value:
            if not _scalar(b):
                return NotImplemented
            b = Value(b)
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
        if recorders:
            remember(v)
        return v

    return call


def _scalar(x) -> bool:
    return isinstance(x, (Value, int, float)) or (hasattr(x, "__float__") and not getattr(x, "shape", ()))


def _reflected(call: Callable) -> Callable:
    return lambda a, b: call(Value(b), a) if _scalar(b) else NotImplemented


def _power(a, b):
    """a ** b, where a plain number stays one: the logarithm in an exponent's gradient wants a > 0."""
    if not _scalar(a) or not _scalar(b):
        return NotImplemented
    return apply_scalar(ops.pow.op, tuple([x if x.__class__ is Value else _number(x) for x in (a, b)]), {})


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
        if recorders:
            remember(v)
        return v

    return call


def _general(op: Op) -> Callable:
    def call(x, *args, **kwargs):
        inputs, attrs = bind(op, (x, *args), kwargs)
        return apply_scalar(op, inputs, attrs)

    return call


def _method(op: Op) -> Callable:
    call = _unary(op) if op.simple and len(op.inputs) == 1 else _general(op)
    call.__name__ = call.__qualname__ = op.name
    call.__doc__ = op.doc
    return call


for _symbol, _op in {"add": ops.add, "sub": ops.sub, "mul": ops.mul, "truediv": ops.div}.items():
    _call = _binary(_op.op)
    setattr(Value, f"__{_symbol}__", _call)
    setattr(Value, f"__r{_symbol}__", _reflected(_call))
for _symbol, _call in {
    "pow": _power, "rpow": lambda a, b: _power(b, a), "neg": _method(ops.neg.op), "abs": _method(ops.abs.op),
}.items():  # fmt: skip
    setattr(Value, f"__{_symbol}__", _call)

for _op in (
    ops.abs, ops.acos, ops.asin, ops.atan, ops.atan2, ops.ceil, ops.cos, ops.cosh, ops.elu, ops.erf, ops.exp, ops.exp2,
    ops.expm1, ops.floor, ops.leaky_relu, ops.log, ops.log10, ops.log1p, ops.log2, ops.maximum, ops.minimum, ops.pow,
    ops.reciprocal, ops.relu, ops.rsqrt, ops.sigmoid, ops.sign, ops.sin, ops.sinh, ops.softplus, ops.sqrt, ops.square,
    ops.tan, ops.tanh, ops.trunc,
):  # fmt: skip
    setattr(Value, _op.op.name, _method(_op.op))
for _function in (ops.gelu, ops.logsigmoid, ops.silu):  # made of operations, not ones themselves
    setattr(Value, _function.__name__, _function)
