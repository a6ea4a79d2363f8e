"""In-place operations: the memory changes, the recorded past stays true, the handle gets a newer node."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import numpy as np

from .graph import Leaf, Node, Tensor, has_past, tangents
from .op import Array, cast, primitive
from .promotion import castable, lift
from .scope import at, frames, is_grad_enabled, levels, recording
from .view import Output, View, apply_path, steps
from .writes import Writes


@primitive
def overwrite(x: Array, part: Array, *, path) -> Array:
    """y = x with the view of it that `path` describes replaced by `part`."""
    y = np.array(x)
    apply_path(y, path)[...] = part
    return y


overwrite.vjp(
    dx=lambda dy, path, part_shape, x_dtype: overwrite(dy, np.zeros(part_shape, x_dtype), path=path),
    dpart=lambda dy, path: apply_path(dy, path),
)


@primitive
def replaced(x: Array, by: Array) -> Array:
    """y = by, with the shape of x: what x holds after it was overwritten as a whole."""
    return np.broadcast_to(by, np.shape(x)).copy()


replaced.vjp(
    dx=lambda dy, x_dtype: np.zeros((), x_dtype),
    dby=lambda dy, by_dtype: dy if dy.dtype == by_dtype else cast(dy, dtype=by_dtype),
)


def writable(x: Tensor, writer: str, *others: Tensor) -> bool:
    """Refuse a write that would falsify a gradient already promised; say whether to record it."""
    if not x.array.flags.writeable:
        raise RuntimeError(f"{writer}: the memory is read-only (another library's, or expanded); clone() it first")
    root = x.root if isinstance(x, View) else x
    if recording() is None or (root.node is None and all([other.node is None for other in others])):
        return False
    if isinstance(root.node, Leaf) and is_grad_enabled():
        raise leaf_error(writer, root is x)
    if isinstance(x, View) and any(isinstance(op, Output) for op, _ in steps(x.path)):
        op = next(op.op for op, _ in steps(x.path) if isinstance(op, Output))
        raise RuntimeError(
            f"{writer}: this tensor is one of several views that {op.name}() returned; they may not be written to. "
            f"Index the base tensor instead, or clone() first."
        )
    if isinstance(x, View) and x.node is None:  # taken under no_grad
        x.renew()
    return x.array.dtype.kind == "f"


def leaf_error(writer: str, itself: bool) -> RuntimeError:
    what = "a leaf Variable that requires grad" if itself else "a view of a leaf Variable that requires grad"
    return RuntimeError(
        f"{writer}: {what} is being used in an in-place operation. Its gradient belongs to the value it had; "
        f"write inside `with no_grad():`, or to a clone()."
    )


def set_node(x: Tensor, node: Node | None) -> None:
    """Let the handle continue at `node`; through a view, the memory's root gets a newer node as well."""
    for level in levels():
        root = x.root if isinstance(x, View) else x
        level.written[id(root)] = root
    if not isinstance(x, View):
        x.node = continued(x.node, node)
        return
    root = x.root
    needs = root.node is not None, node is not None
    rule = overwrite.op.rule(needs)
    saved = rule.save(root.array, x.array, root.array, x.path, needs)
    root.node = continued(root.node, Node(rule, (root.node, node), saved, recording() or (), root.array.shape))
    x._node, x._seen = node, root.node


def continued(past: Node | None, node: Node | None) -> Node | None:
    """Where a tensor is after a write: at `node`, or, if that brings nothing but tangents, still in its own past."""
    if not has_past(past) or has_past(node):
        return node
    past.tangents = tangents(node)  # type: ignore[union-attr]
    return past


# --- the three kinds of in-place method -------------------------------------------------------------------


def in_place(op: Callable, name: str | None = None) -> Callable:
    """The method `x.name(...)` that applies `op` to x and keeps the result in x's memory."""
    name = name or f"{op.__name__}_"

    @wraps(op)
    def method(x: Tensor, *args, **kwargs) -> Tensor:
        record = writable(x, name, *[v for v in (*args, *kwargs.values()) if isinstance(v, Tensor)])
        y = op(x, *args, **kwargs)
        store(x, y, name, record)
        return x

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"In-place `{op.__name__}`; returns the tensor itself. Arguments as for `{op.__name__}`."
    return method


def store(x: Tensor, y: Tensor, writer: str, record: bool) -> None:
    """Put y into the memory of x, and x where y is in the graph."""
    target, result = x.array, y.array
    if result.shape != target.shape:
        raise RuntimeError(
            f"output with shape {list(target.shape)} doesn't match the broadcast shape {list(result.shape)}: "
            f"{writer} cannot enlarge the tensor it writes to"
        )
    if not castable(result.dtype, target.dtype):
        raise RuntimeError(
            f"{writer}: result type {result.dtype} can't be cast to the desired output type {target.dtype}"
        )
    node = y.node
    if record and node is not None and node.saved.__class__ is tuple:  # the rule may name what is overwritten
        node.saved = tuple([kept(part, target, result) for part in node.saved])
    target[...] = result
    Writes.note(target, writer, result)
    if record:
        set_node(x, node)


def kept(part, target: np.ndarray, result: np.ndarray):
    """What a node saved, safe from the write to `target`: the result itself is its own array."""
    if isinstance(part, np.ndarray) and part is not result and np.may_share_memory(part, target):
        return part.copy()
    return part


def write(x: Tensor, value, writer: str, op: Callable = replaced, put: Callable | None = None, **attrs) -> Tensor:
    """Let `put(x.array, value.array)` write, and record what `op`, the same out of place, would have recorded.

    `op` itself does not run: it would copy all of x where only a part is written. By default all of x is.
    """
    value = lift(value, x)
    record = writable(x, writer, value)
    nodes = x.node, value.node
    try:
        with np.errstate(invalid="ignore"):  # nan among integers
            (put or np.copyto)(x.array, value.array, **(attrs if put else {"casting": "unsafe"}))
    except Exception as error:
        raise op.op.explain([x.array, value.array], attrs, error) from error  # type: ignore[attr-defined]
    Writes.note(x.array, writer, value=value.array)
    if record:
        needs = nodes[0] is not None, nodes[1] is not None
        rule = op.op.rule(needs)  # type: ignore[attr-defined]
        saved = rule.save(x.array, value.array, None, *attrs.values(), needs)
        set_node(x, Node(rule, nodes, saved, recording() or (), x.array.shape))
    return x


def in_place_view(op: Callable, name: str) -> Callable:
    """The method `x.name(...)` after which x is the view `op` of what it was; the memory stays as it is."""

    @wraps(op)
    def method(x: Tensor, *args, **kwargs) -> Tensor:
        leaf = x.node if isinstance(x.node, Leaf) else None
        if leaf and is_grad_enabled():
            raise leaf_error(name, True)
        with at(frames(), record=leaf is None):  # a computed tensor and its node must agree also under no_grad
            y = op(x, *args, **kwargs)
        x.array = y.array
        if leaf:
            leaf.shape = y.array.shape
        elif isinstance(x, View):
            x.path, x._node, x._seen = y.path, y.node, y._seen
        else:
            x.node = y.node
        return x

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"In-place `{op.__name__}`; returns the tensor itself. Arguments as for `{op.__name__}`."
    return method
