"""The shapes of call that dominate, each as one flat function.

They do what `Op.__call__` does, in the same order, without its generality: most of a small operation's time is
Python, not arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter

import numpy as np

from .binding import READY, ints
from .graph import Node, Tensor
from .promotion import F32, lift, settle
from .scope import Scope, recording
from .source import recorders, remember
from .view import View, shares
from .writes import next_seq

ndarray = np.ndarray
BOTH, ONLY_FIRST, ONLY_SECOND = (True, True), (True, False), (False, True)
new = object.__new__
quick: type = Tensor  # whose instances take these short ways: nobody's while somebody listens (`listen`)


def named(call: Callable, names: list[str]) -> Callable:
    """The same function with other names of its parameters: keywords that cost nothing where none is used."""
    code = call.__code__
    call.__code__ = code.replace(co_varnames=(*names, *code.co_varnames[len(names) :]))
    return call


def unary(op, names: list[str]) -> Callable:
    forward, rule = op.forward, None

    def call(x):
        nonlocal rule
        if not isinstance(x, quick):
            return op(x)
        array, node = x.array, x.node
        try:
            y = forward(array)
        except Exception as error:
            raise op.explain([array], {}, error) from error
        if y.__class__ is not ndarray or y.dtype is not F32:
            y = settle(y, (array,))
        if node is None or (scope := recording()) is None:
            return Tensor(y)
        if rule is None:
            rule = op.rule((True,))
        return recorded(y, rule, (node,), rule.save(array, y, (True,)), scope)

    return named(call, names)


def binary(op, names: list[str]) -> Callable:
    forward = op.forward
    both = first = second = None  # rules for the inputs that require grad

    def call(a, b):
        nonlocal both, first, second
        if not (isinstance(a, quick) and isinstance(b, quick)):
            if isinstance(a, quick):
                b = lift(b, a, op)
            elif isinstance(b, quick):
                a = lift(a, b, op)
            else:
                return op(a, b)
        a_array, b_array, a_node, b_node = a.array, b.array, a.node, b.node
        try:
            y = forward(a_array, b_array)
        except Exception as error:
            raise op.explain([a_array, b_array], {}, error) from error
        if y.__class__ is not ndarray or y.dtype is not F32:
            if a_array.dtype is not b_array.dtype:
                return op.apply([a, b], {})
            y = settle(y, (a_array, b_array))
        if a_node is None:
            if b_node is None or (scope := recording()) is None:
                return Tensor(y)
            needs, rule = ONLY_SECOND, second
            if rule is None:
                rule = second = op.rule(needs)
        elif (scope := recording()) is None:
            return Tensor(y)
        elif b_node is None:
            needs, rule = ONLY_FIRST, first
            if rule is None:
                rule = first = op.rule(needs)
        else:
            needs, rule = BOTH, both
            if rule is None:
                rule = both = op.rule(needs)
        return recorded(y, rule, (a_node, b_node), rule.save(a_array, b_array, y, needs), scope)

    return named(call, names)


def recorded(y: ndarray, rule, inputs: tuple, saved: tuple, scope: Scope) -> Tensor:
    """Tensor(y, Node(...)), made without the two constructor calls: a fifth of a small operation's time."""
    node = new(Node)
    node.rule = rule
    node.inputs = inputs
    node.saved = saved
    node.scope = scope
    node.shape = y.shape
    node.seq = next_seq()
    if recorders:
        remember(node)
    tensor = new(Tensor)
    tensor.array = y
    tensor.node = node
    return tensor


def unary_with_attrs(op, names: list[str]) -> Callable:
    """One input and one output, with attributes: reductions, shapes, indexing."""
    forward = op.forward
    rule, (name,) = None, names
    defaults = {f"default_{attr}": value for attr, value in op.attrs.items() if value is not Parameter.empty}
    signed = [f"{attr}=default_{attr}" if f"default_{attr}" in defaults else attr for attr in op.attrs]
    if len(op.positional) < len(op.attrs):
        signed.insert(len(op.positional), "*")
    if [op.converters.get(attr) for attr in op.attrs] == [ints]:  # x.reshape(2, 3) and x.reshape((2, 3))
        sort = eval(f"lambda {name}, *rest: ({name}, (rest if len(rest) != 1 else rest[0],))")
    else:
        sort = eval(f"lambda {name}, {', '.join(signed)}: ({name}, ({', '.join(op.attrs)},))", defaults)
    passed = ", ".join([f"{attr}={attr}" for attr in op.attrs])
    run = eval(f"lambda array, {', '.join(op.attrs)}: forward(array, {passed})", {"forward": forward})
    told = "dtype" in op.attrs  # then the result has it already
    checks = [(i, attr, op.converters[attr], READY.get(op.converters[attr], ()))
              for i, attr in enumerate(op.attrs) if attr in op.converters]  # fmt: skip

    def call(*args, **kwargs):
        nonlocal rule
        try:
            x, attrs = sort(*args, **kwargs)
        except TypeError:
            return op(*args, **kwargs)  # another spelling, or an error in words
        if not isinstance(x, quick):
            return op(*args, **kwargs)
        for i, attr, convert, ready in checks:
            if attrs[i].__class__ not in ready:
                attrs = (*attrs[:i], convert(attrs[i], op, attr), *attrs[i + 1 :])
        array, node = x.array, x.node
        try:
            y = run(array, *attrs)
        except Exception as error:
            raise op.explain([array], dict(zip(op.attrs, attrs)), error) from error
        if y.__class__ is not ndarray or (y.dtype is not F32 and not told):
            y = settle(y, (array,))
        scope = recording()
        if scope is None and not (op.view and (node is not None or isinstance(x, View))):
            return Tensor(y)
        link = None
        if node is not None and scope is not None and (y.dtype is F32 or y.dtype.kind == "f"):  # not cast to integers
            if rule is None:
                rule = op.rule((True,))
            link = Node(rule, (node,), rule.save(array, y, *attrs, (True,)), scope, y.shape)
        if op.view and shares(y, array):
            root, path = (x.root, x.path) if isinstance(x, View) else (x, None)
            return View(y, root, (path, op, dict(zip(op.attrs, attrs))), link)
        return Tensor(y, link)

    return call
