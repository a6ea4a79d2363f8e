"""Forward mode: a tangent travels with each tensor, operation by operation. Source: `torch.autograd.forward_ad`.

Let everything depend on one number s. The tangent of a tensor x is dx/ds, that of y = f(x) is J dx/ds, J the Jacobian
of f. A gradient rule is the product with the transpose, dx = J^T dy; it is linear in dy, and made of operations that
have rules. So pulling a tangent t of x back through the rule, from dx to dy, gives J t: for all t and u,

    <J t, u> = <t, J^T u>.

There is no second table of rules. A node gets its tangents when it is made (`born`), and where no gradient is wanted
it then forgets where it came from: memory does not grow with the length of the program.

Derivatives can be taken of each other. Each is a level, and a tangent belongs to one level. While those of one level
are computed, only the levels around it are open, so that no perturbation is taken for another: the derivative by x of
x * d(x + y)/dy is 1, not 2.
"""

from __future__ import annotations

from contextlib import ContextDecorator
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

import numpy as np

from .backward import alias, fit, grad, leading_to, pull_recorded
from .graph import LEAF, PORT, Dual, Node, Tensor, as_leaf, has_past, tangents
from .op import cast
from .scope import Passing, _levels, _recording, at, frames, is_grad_enabled, levels, recording
from .source import recorders, witnesses

__all__ = ["UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual", "unpack_dual"]


# --- one step forward -----------------------------------------------------------------------------------------------


def born(node: Node) -> None:
    """Give a new node its tangents; cut its links if none of them leads to where a gradient is wanted."""
    if not node.inputs or node.plain_grad:
        return
    live = [level for level in levels() if any([level in tangents(x) for x in node.inputs])]
    record = node.scope.__class__ is not Passing
    node.scope = tuple(node.scope)
    if node.rule is PORT:
        each = {level: ts[node.saved] for level, ts in tangents(node.inputs[0]).items()}
        node.tangents = {level: t for level, t in each.items() if t is not None}
    elif live and node.op.body:
        node.tangents = through_the_body(node, live, record)
    else:
        for level in live:  # from the outside in: a tangent may depend on those of the node around it
            if (t := pushed(node, level, record)) is not None:
                node.tangents = tangents(node) | {level: t}
    wanted = node.op is alias.op or any([has_past(x) for x in node.inputs])  # at an alias a sweep is to stop
    if not (record and wanted):
        node.__class__, node.rule, node.inputs, node.saved = Dual, LEAF, (), ()


def pushed(node: Node, level: Level, record: bool) -> Any:
    """The tangent of one application (a tuple for several outputs) from those of its inputs; None where it is zero."""
    ts = [tangents(x).get(level) for x in node.inputs]
    token = _levels.set(level.around)
    try:
        with np.errstate(all="ignore"), at(node.scope, record):
            found = node.rule.push(ts) if getattr(node.rule, "push", None) else transposed(node, ts, level)
    except Exception as error:
        raise RuntimeError(f"{node.describe()} has no derivative in forward mode: {error}") from error
    finally:
        _levels.reset(token)
    return found[0] if found and node.op.single else found


def transposed(node: Node, ts: list, level: Level) -> tuple | None:
    """J t by the rule that computes J^T u: the u it is given do not matter, only how its results depend on them."""
    given = [t for t in ts if t is not None]
    dtype = np.result_type(*[x.dtype for x in [*[t.array for t in given], *node.saved] if floats(x)])
    us = [as_leaf(Tensor(np.ones(shape, dtype))) for shape in ([node.shape] if node.op.single else node.shape)]
    past = is_grad_enabled() and any([has_past(x) for x in [*node.inputs, *[t.node for t in given]]])
    with at(frames(), record=True):
        dxs = pull_recorded(node, us[0] if node.op.single else us, node.saved)
    if node.rule.only is not None:
        dxs, ts = (dxs,), [ts[node.rule.only]]
    pairs = [(dx, t) for dx, t in zip(dxs, ts, strict=True) if dx is not None and t is not None]
    made = [dx.node for dx, _ in pairs if getattr(dx, "node", None) is not None]
    linear = leading_to({u.node for u in us}, made, us[0].node.seq)
    if any([getattr(dx, "node", None) not in linear and np.any(getattr(dx, "array", dx)) for dx, _ in pairs]):
        raise RuntimeError(
            "its gradient rule computes on arrays, or is marked once_differentiable, so that it cannot be transposed. "
            "Write the backward in operations on tensors, or give the Function a static method jvp(ctx, *tangents)"
        )
    pairs = [(dx, t if t.array.shape == dx.array.shape else fit(t, shape=dx.array.shape))
             for dx, t in pairs if getattr(dx, "node", None) in linear]  # fmt: skip
    if not pairs:
        return None
    if past and set(node.rule.saves).intersection([name.lstrip("*") for name in node.op.outputs]):
        level.entangled.append(node)
    return grad([dx for dx, _ in pairs], us, [t for _, t in pairs], create_graph=past, allow_unused=True)


def floats(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


def through_the_body(node: Node, live: list[Level], record: bool) -> dict[Level, Any]:
    """The tangents of a fused operation, by going through its definition."""
    op, known = node.op, dict(zip(node.rule.saves, node.saved, strict=True))
    arrays = [known[name] for name in op.inputs]
    with np.errstate(all="ignore"), at(node.scope, record):
        xs = [None if x is None else Tensor(x, link) for x, link in zip(arrays, node.inputs, strict=True)]
        ys = op.body(*xs, **{name: known[name] for name in op.attrs})
    nodes = [y.node for y in (ys if ys.__class__ is tuple else (ys,))]
    each = {level: tuple([tangents(made).get(level) for made in nodes]) for level in live}
    return {level: ts[0] if op.single else ts for level, ts in each.items() if any([t is not None for t in ts])}


witnesses.append(born)


# --- levels, and tensors that enter and leave them ------------------------------------------------------------------


class Level:
    """One derivative that is being taken."""

    def __init__(self) -> None:
        self.around = levels()
        self.entangled: list[Node] = []  # nodes whose tangent was computed from themselves: a cycle, until it is cut
        self.written: WeakValueDictionary[int, Tensor] = WeakValueDictionary()  # in place; some were there before

    def open(self) -> Level:
        now = recording()
        self._tokens = _levels.set((*self.around, self)), _recording.set(Passing(frames()) if now is None else now)
        recorders.append(None)
        return self

    def close(self) -> None:
        recorders.pop()
        _levels.reset(self._tokens[0])
        _recording.reset(self._tokens[1])
        for node in self.entangled:
            node.tangents = without(self, node)
        self.entangled.clear()
        for x in self.written.values():
            if has_past(x.node):
                x.node.tangents = without(self, x.node)
            elif x.node is not None:
                x.node = with_tangents(x, without(self, x.node)).node


def without(level: Level, node: Node | None) -> dict[Level, Tensor]:
    """The tangents of the other levels."""
    return {other: t for other, t in tangents(node).items() if other is not level}


def with_tangents(x: Tensor, ts: dict[Level, Tensor]) -> Tensor:
    """The same numbers, and their past, with these tangents."""
    if not has_past(x.node):
        return Tensor(x.array, Dual(ts, x.array.shape) if ts else None)
    y = alias(x)
    y.node.tangents = ts
    return y


def enter_dual_level() -> Level:
    """Begin to take a derivative in forward mode; end it with `exit_dual_level`. See `dual_level`."""
    return Level().open()


def exit_dual_level(*, level: Level | None = None) -> None:
    """End the innermost derivative. `level` may name it."""
    if not levels():
        raise RuntimeError("exit_dual_level: no level is open")
    if level not in (None, levels()[-1]):
        raise RuntimeError("exit_dual_level: this level is not the innermost one that is open; leave that first")
    levels()[-1].close()


class dual_level(ContextDecorator):
    """Inside, tensors made by `make_dual` carry tangents, and what is computed from them does as well.

    Example:
        >>> import tinygrad_rnn as tg
        >>> from tinygrad_rnn.autograd import forward_ad
        >>> with forward_ad.dual_level():
        ...     x = forward_ad.make_dual(tg.tensor(3.0), tg.tensor(1.0))
        ...     y, dy = forward_ad.unpack_dual(x * x)
        >>> y, dy
        (tensor(9.), tensor(6.))

    Source: `torch.autograd.forward_ad.dual_level`; here levels may be nested.
    """

    def _recreate_cm(self):
        return dual_level()

    def __enter__(self) -> Level:
        self.level = enter_dual_level()
        return self.level

    def __exit__(self, *error: object) -> None:
        exit_dual_level(level=self.level)


def make_dual(tensor: Tensor, tangent: Tensor, *, level: Level | None = None) -> Tensor:
    """The tensor with a tangent, for the innermost level or the one given.

    Args:
        tensor: of floating point, any shape; it shares memory with the result.
        tangent: its derivative, of the same shape; converted to its dtype.

    Raises:
        RuntimeError: no level is open, the tensor has a tangent already, or the shapes differ.
        ValueError: the tensor is not of floating point.
        TypeError: something is not a tensor.
    """
    if not levels():
        raise RuntimeError("make_dual: no level is open; do it inside `with dual_level():`")
    level = level or levels()[-1]
    for name, x in ("tensor", tensor), ("tangent", tangent):
        if not isinstance(x, Tensor):
            raise TypeError(f"make_dual: {name} must be a tensor, got {type(x).__name__}")
    if tensor.array.dtype.kind != "f":
        raise ValueError(f"make_dual: expected a tensor of floating point, got {tensor.array.dtype}")
    if tensor.array.shape != tangent.array.shape:
        raise RuntimeError(
            f"make_dual: the tangent must have the shape of the tensor, {tuple(tensor.array.shape)}, "
            f"got {tuple(tangent.array.shape)}"
        )
    if level in tangents(tensor.node):
        raise RuntimeError("make_dual: the tensor has a tangent of this level already; unpack_dual it first")
    return with_tangents(tensor, tangents(tensor.node) | {level: _like(tensor, tangent)})


class UnpackedDualTensor(NamedTuple):
    """The `primal`, a tensor without its tangent, and its `tangent` (None: zero)."""

    primal: Tensor
    tangent: Tensor | None


def unpack_dual(tensor: Tensor, *, level: Level | None = None) -> UnpackedDualTensor:
    """A tensor and its tangent of the innermost level or the one given; None for a tangent that is zero."""
    if not isinstance(tensor, Tensor):
        raise TypeError(f"unpack_dual: expected a tensor, got {type(tensor).__name__}")
    level = level or (levels()[-1] if levels() else None)
    tangent = tangents(tensor.node).get(level)
    if level is None or tangent is None:
        return UnpackedDualTensor(tensor, None)
    return UnpackedDualTensor(with_tangents(tensor, without(level, tensor.node)), _like(tensor, tangent))


def _like(x: Tensor, tangent: Tensor) -> Tensor:
    return tangent if tangent.array.dtype == x.array.dtype else cast(tangent, dtype=x.array.dtype)
