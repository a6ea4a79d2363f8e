"""The reverse sweep, gradients of gradients, and opening a fused node."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Any

import numpy as np

from .anomaly import Anomaly, AnomalyError, Backward, Origin, check_losses
from .graph import LEAF, PORT, Dual, Node, Tensor, port, travels
from .op import Op, primitive
from .scope import Frame, Passing, at, frames, levels, recording, resume
from .source import at_line, recorders
from .writes import Writes

ndarray = np.ndarray


def sweep(
    roots: list,
    dys: list,
    *,
    create_graph: bool = False,
    retain_graph: bool | None = None,
    wanted: frozenset[Node] = frozenset(),
    deposit: bool = False,
    watch: Backward | None = None,
) -> dict[Node, Any]:
    """Pull the cotangents `dys` back from the nodes `roots`, newest node first.

    Creation order is topological: once a node is the newest left, everything that uses it has been pulled
    back and its cotangent is complete. No recursion, no visited set, the same order every time.

    Returns {node: cotangent} for the nodes in `wanted`, and goes to no node older than those. With
    `deposit`, leaves and retained nodes receive their gradient (those among `wanted`, if any are named).
    `watch` looks at every gradient, and frees what is to be freed only when all went well.
    """
    targets = {node.inputs[0] if node.rule is PORT else node for node in wanted}
    ports: dict[Node, list[Node]] = {}  # those among `wanted`, by the node whose outputs they are
    for node in wanted:
        if node.rule is PORT:
            ports.setdefault(node.inputs[0], []).append(node)
    oldest = min([node.seq for node in targets]) if wanted else 0
    between = leading_to(targets, roots, oldest) if wanted else None
    keep = create_graph if retain_graph is None else retain_graph
    retain = keep or watch is not None
    everywhere = deposit and not wanted
    plain = any([root is not None and root.plain_grad for root in roots])  # a graph of Values, of numbers
    cotangent: dict[Node, Any] = {}
    owned: set[Node] = set()  # nodes whose cotangent is an array that nothing else can hold
    found: dict[Node, Any] = {}
    queue: list[tuple[int, Node]] = []  # a heap; but the newest node waits beside it, so that a chain
    newest: Node | None = None  # of operations, the usual case, never touches the heap
    top = 0  # the sequence number of the heap's newest
    for root, dy in zip(roots, dys, strict=True):
        if root in cotangent:
            cotangent[root] = cotangent[root] + dy
        elif between is None or root in between:
            cotangent[root] = dy
            heappush(queue, (-root.seq, root))
    while newest is not None or queue:
        if newest is None:
            node = heappop(queue)[1]
            top = -queue[0][0] if queue else 0
        else:
            node, newest = newest, None
        dy = cotangent.pop(node)
        if dy.__class__ is not ndarray and hasattr(dy, "settle"):
            dy = dy.settle()  # a sum whose terms were left to be added up together
        if plain and everywhere:
            node.grad += dy  # type: ignore[attr-defined]
        elif node.observed:
            dy = node.receive(dy, everywhere or (deposit and node in wanted), node in owned)  # type: ignore[attr-defined]
        if wanted and node in targets:
            if dy.__class__ is list:
                found.update({p: dy[p.saved] for p in ports.get(node, ()) if dy[p.saved] is not None})
            else:
                found[node] = dy
        rule = node.rule
        if rule is LEAF or node.seq <= oldest:
            continue
        saved = node.saved
        if rule is PORT:  # takes its place among the cotangents of a node with several outputs
            source = node.inputs[0]
            if source not in cotangent:
                cotangent[source] = [None] * len(source.shape)
                heappush(queue, (-source.seq, source))
                top = -queue[0][0]
            old = cotangent[source][saved]  # of another handle on the same output
            cotangent[source][saved] = dy if old is None else old + dy
            continue
        if saved.__class__ is not tuple:
            saved = recalled(node, dy)
        if node.seq < Writes.last:
            Writes.check(node)
        if create_graph:
            dxs = pull_recorded(node, dy, saved)
        else:
            dxs = rule.pull(complete(dy, node) if dy.__class__ is list else dy, *saved)
        if watch is not None:
            watch.look(node, dy, saved, dxs)
        if saved and not retain and (rule.frees or (rule.frees is None and any_array(saved))):
            node.saved = Freed(rule, saved) if rule.op.body else None
        for source, dx in zip(node.inputs, dxs) if rule.only is None else ((node.inputs[rule.only], dxs),):
            if source is None or dx is None or (between is not None and source not in between):
                continue
            if not plain and (source.shape if dx.__class__ is float else dx.shape != source.shape):
                if create_graph:
                    with inside(node, "vjp"):
                        dx = fitted(dx, source, node, recorded=True)
                else:
                    dx = fitted(dx, source, node, recorded=False)
            old = cotangent.get(source)
            if old is not None:
                if plain:
                    cotangent[source] = old + dx
                elif source in owned and dx.__class__ is ndarray:
                    old += dx
                    cotangent[source] = old
                elif create_graph:
                    with at(source.scope + (Frame("vjp", "add"),)):  # a sum belongs where it is used
                        cotangent[source] = old + dx
                else:
                    cotangent[source] = old + dx
                    owned.add(source)
                continue
            cotangent[source] = dx
            if rule.fresh:
                owned.add(source)
            if newest is None and source.seq > top:
                newest = source
            else:
                if newest is not None and source.seq > newest.seq:
                    newest, source = source, newest
                heappush(queue, (-source.seq, source))
                top = -queue[0][0]
    if watch is not None and not keep:
        for node in watch.pulled:
            if holds_arrays(node):
                node.saved = Freed(node.rule, node.saved) if node.rule.op.body else None
    return found


def any_array(saved: tuple) -> bool:
    """Whether there is an array among what was saved, also within an index."""
    arrays = (np.ndarray, Tensor)
    return any([isinstance(part, arrays) or (part.__class__ is tuple and any_array(part)) for part in saved])


def leading_to(targets: set[Node], roots: list, oldest: int) -> set[Node]:
    """The nodes through which the roots depend on the targets: a sweep has no business elsewhere.

    Down to the oldest target to see what there is, then up again, older nodes first.
    """
    reached, unseen = set(roots), list(set(roots))
    while unseen:
        for source in unseen.pop().inputs:
            if source is not None and source.seq >= oldest and source not in reached:
                reached.add(source)
                unseen.append(source)
    between = set(targets)
    for node in sorted(reached, key=lambda node: node.seq):
        if any([source in between for source in node.inputs]):
            between.add(node)
    return between


def fitted(dx, source: Node, node: Node, recorded: bool):
    """The cotangent in the shape of the input it is for."""
    try:
        return (fit if recorded else fit_array)(dx, shape=source.shape)
    except Exception as error:
        raise RuntimeError(
            f"the gradient rule of {node.describe()} returned an invalid gradient: {getattr(dx, 'shape', dx)!r} "
            f"where the input has the shape {source.shape}"
        ) from error


@primitive
def fit(x, *, shape):
    """Undo a broadcast (sum) or perform one (expand): a cotangent takes the shape of its input.

    Rules never care about broadcasting; it is undone here, once, where cotangents meet. So `sum` needs to
    save nothing, and `fit` is its own transpose.
    """
    x = np.asarray(x)
    if (lead := x.ndim - len(shape)) > 0:
        x = x.sum(axis=tuple(range(lead)))
    lead = len(shape) - x.ndim
    if axes := tuple([i for i in range(x.ndim) if shape[lead + i] == 1 and x.shape[i] != 1]):
        x = x.sum(axis=axes, keepdims=True)
    return np.broadcast_to(x, shape)


fit.vjp(dx=lambda dy: dy)  # its own transpose, and the sweep applies it
fit_array = fit.op.forward


@primitive
def alias(x):
    """The same array under a newer node, at which a sweep can stop."""
    return x


alias.vjp(dx=lambda dy: dy)


def complete(dys: list, node: Node) -> list:
    """A rule never sees None: an output that nothing used has a cotangent of zeros."""
    if not getattr(node.rule, "materialize", True):  # a Function that wants to be told
        return dys
    known = next(dy for dy in dys if dy is not None)
    made = Tensor if isinstance(known, Tensor) else np.asarray
    return [made(np.zeros(shape, known.dtype)) if dy is None else dy for dy, shape in zip(dys, node.shape, strict=True)]


def inside(node: Node, kind: str, record: bool | None = None) -> at:
    """What is recorded within belongs to `node`: to its place, in a frame of its own, and to its source line."""
    scope, line = node.scope + (Frame(kind, node.op.name),), node.source
    return at_line(scope, line, record) if line is not None or recorders else at(scope, record)


def pull_recorded(node: Node, dy, saved: tuple):
    """Apply the rule to tensors instead of arrays, so that its own operations are recorded."""
    op: Op = node.op
    with inside(node, "vjp"):
        if op.body:
            with at(frames(), record=True):
                xs, ys = reopen(node, dict(zip(node.rule.saves, saved, strict=True)))
                dys = dy if dy.__class__ is list else [dy]
                pairs = [(y, d) for y, d in zip(ys, dys, strict=True) if d is not None and y.node is not None]
                inputs = [x for x in xs if x is not None and x.node is not None]
                dxs = grad([y for y, _ in pairs], inputs, [d for _, d in pairs], create_graph=True, allow_unused=True)
            if recording().__class__ is Passing:
                dxs = tuple([None if dx is None else alias(dx) for dx in dxs])  # tangents go on from here, not the past
            each = iter(dxs)
            found = [next(each) if x is not None and x.node is not None else None for x in xs]
            return found[node.rule.only] if node.rule.only is not None else tuple(found)
        known = dict(zip(node.rule.saves, saved, strict=True))
        links: list[tuple[str, Any]] = []
        if not op.variadic:
            links += zip(op.inputs, node.inputs, strict=True)
        elif op.inputs[0] in known:
            arrays = known[op.inputs[0]]
            linked = zip(node.inputs, arrays, strict=True)
            known[op.inputs[0]] = [link.handle(x) if link else Tensor(x) for link, x in linked]
        if op.single:
            links.append((op.outputs[0], node))
        else:
            links += [(name, port(node, i)) for i, name in enumerate(op.outputs) if name in known]
        for name, link in links:
            if link is not None and name in known:
                known[name] = link.handle(known[name])
        return node.rule.pull(complete(dy, node) if dy.__class__ is list else dy, *known.values())


# --- fused nodes ------------------------------------------------------------------------------------------


class Freed:
    """What is left of a node's saved arrays: their shapes, so that a drawing can still open it."""

    __slots__ = ("inputs", "attrs")

    def __init__(self, rule, saved: tuple) -> None:
        known = dict(zip(rule.saves, saved))
        arrays = {name: known.get(name) for name in rule.op.inputs}
        self.inputs = {name: (x.shape, x.dtype) if isinstance(x, ndarray) else None for name, x in arrays.items()}
        self.attrs = {name: known[name] for name in rule.op.attrs if name in known}

    def zeros(self) -> dict[str, Any]:
        return {name: None if kind is None else np.zeros(*kind) for name, kind in self.inputs.items()} | self.attrs


def holds_arrays(node: Node) -> bool:
    """Whether there is something to let go of."""
    frees = node.rule.frees
    return any_array(node.saved) if frees is None and node.saved.__class__ is tuple else frees is not False


class Later(Freed):
    """Saved arrays that a checkpoint let go of: `again` computes them once more, for one use."""

    __slots__ = ("again",)

    def __init__(self, node: Node, again: Callable[[], Any]) -> None:
        if isinstance(node.saved, Freed):  # let go of within, by another checkpoint
            self.inputs, self.attrs = node.saved.inputs, node.saved.attrs
        else:
            super().__init__(node.rule, node.saved)
        self.again = again


def recalled(node: Node, dy: Any = None) -> tuple:
    """What a node saved, computed again where a checkpoint let go of it; dy is the cotangent that wants it."""
    saved = node.saved
    while isinstance(saved, Later):
        saved = saved.again()
    if saved.__class__ is not tuple:
        raise freed_error(node, dy)
    return saved


def fetch(node: Node) -> None:
    """Let a node of a checkpoint have what it saved, from now on as any other node."""
    if isinstance(node.saved, Later):
        node.saved = recalled(node)


def reopen(node: Node, known: dict[str, Any]) -> tuple[list, tuple]:
    """Run a fused node's body again, recorded, on identity aliases of its inputs.

    A sweep through the result stops at the aliases: going on would count an input twice that is also
    reached by another way, and detaching instead would cut the derivatives of second order.
    """
    op: Op = node.op
    arrays = [known[name] for name in op.inputs]
    xs = [None if x is None else alias(Tensor(x, link)) for x, link in zip(arrays, node.inputs, strict=True)]
    ys = op.body(*xs, **{name: known[name] for name in op.attrs})
    return xs, ys if ys.__class__ is tuple else (ys,)


def expand(node: Node) -> tuple[list, tuple]:
    """The finer graph of a fused node: (aliases of its inputs, its outputs). No user code runs.

    After the node was freed by a backward pass or within a checkpoint, the body is traced on zeros: the structure, not
    the values.
    """
    if not node.op or not node.op.body:
        raise ValueError(f"{node.describe()} is not a fused operation: there is nothing to open")
    freed = isinstance(node.saved, Freed)
    known = node.saved.zeros() if freed else dict(zip(node.rule.saves, node.saved, strict=True))
    with inside(node, "op", record=True):
        return reopen(node, known)


def opened_pull(node: Node, dy: Any, saved: tuple) -> Origin | None:
    """Pull back through what a fused node consists of, to see which part of it first makes a gradient inf.

    Raises:
        AnomalyError: a part of it makes nan.
    """
    with inside(node, "op", record=True):
        xs, ys = reopen(node, dict(zip(node.rule.saves, saved, strict=True)))
    dys = dy if dy.__class__ is list else [dy]
    pairs = [(y.node, d) for y, d in zip(ys, dys, strict=True) if d is not None and y.node is not None]
    ends = [x.node for x in xs if x is not None and x.node is not None]
    watch = Backward(opened_pull)
    sweep([y for y, _ in pairs], [d for _, d in pairs], wanted=frozenset(ends), watch=watch)
    return next((watch.origins[end] for end in ends if end in watch.origins), None)


# --- the public face --------------------------------------------------------------------------------------


def grad(
    outputs,
    inputs,
    grad_outputs=None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    *,
    materialize_grads: bool = False,
) -> tuple:
    """Gradients of `outputs` with respect to `inputs`: sum over outputs of dy^T (d output / d input).

    Args:
        outputs, inputs: a tensor (or Value) or a sequence of them. Inputs need not be leaves.
        grad_outputs: the cotangents `dy`; may be omitted for scalar outputs.
        retain_graph: keep what nodes saved, for another backward; default `create_graph`.
        create_graph: record the backward pass, so that the results can be differentiated again.
        only_inputs: nothing but True, as in PyTorch, which warns of False too.
        allow_unused: give None for an input that the outputs do not depend on, instead of an error.
        materialize_grads: give zeros instead of None there.

    Returns:
        A tuple of gradients, one for each input.

    Raises:
        RuntimeError: an output does not require grad or is not scalar; an input is unused; the graph was freed.

    Source: `torch.autograd.grad`.
    """
    if not only_inputs:
        advice = "gradients of the inputs alone are given; use backward to accumulate those of other leaves"
        warnings.warn(f"grad: only_inputs=False is ignored: {advice}", FutureWarning, stacklevel=2)
    if materialize_grads and allow_unused is False:
        raise ValueError("grad: expected allow_unused to be True or not passed when materialize_grads=True")
    ys, xs = _listed(outputs), _listed(inputs)
    seeds = _listed(grad_outputs) if grad_outputs is not None else [None] * len(ys)
    if len(seeds) != len(ys):
        raise RuntimeError(f"grad: got {len(ys)} outputs and {len(seeds)} grad_outputs")
    for i, x in enumerate(xs):
        if (node := getattr(x, "node", None)) is None or node.__class__ is Dual:
            if not hasattr(x, "node"):
                raise TypeError(f"grad: input {i} must be a tensor, got {type(x).__name__}")
            raise RuntimeError(f"grad: input {i} does not require grad; call requires_grad_() before it is used")
    dys = seeded(ys, seeds, create_graph)
    found = _run(ys, dys, create_graph, retain_graph, wanted=frozenset([x.node for x in xs]))
    if not (allow_unused or (allow_unused is None and materialize_grads)):
        for i, x in enumerate(xs):
            if x.node not in found:
                raise RuntimeError(
                    f"One of the differentiated Tensors appears to not have been used in the graph: input {i}, "
                    f"{x.node.describe()}. Set allow_unused=True if this is the desired behavior."
                )
    results = [x.wrap_grad(found[x.node]) if x.node in found else None for x in xs]
    if materialize_grads:
        results = [x.zero_grad_like() if dx is None else dx for x, dx in zip(xs, results, strict=True)]
    return tuple(results)


def backward(
    tensors, grad_tensors=None, retain_graph: bool | None = None, create_graph: bool = False, *, inputs=None
) -> None:
    """Accumulate the gradient of `tensors` into `.grad` of every leaf below them (every Value).

    Args:
        tensors: a tensor (or Value) or a sequence of them, for instance the loss.
        grad_tensors: the cotangents `dy`, of the shapes of `tensors`; may be omitted for scalar ones.
        retain_graph: keep what nodes saved, for another backward; default `create_graph`.
        create_graph: record the backward pass, so that the gradients can be differentiated again.
        inputs: only into these, which need not be leaves; None for all leaves.

    Raises:
        RuntimeError: a tensor does not require grad, or is not scalar and has no cotangent; one of `inputs` does not
            require grad, or there are none; the graph was freed by a backward pass before.

    Source: `torch.autograd.backward`.
    """
    ys = _listed(tensors)
    seeds = _listed(grad_tensors) if grad_tensors is not None else [None] * len(ys)
    dys = seeded(ys, seeds, create_graph)
    wanted = frozenset([x.node for x in _listed(inputs)]) if inputs is not None else frozenset()
    if inputs is not None and not wanted:
        raise RuntimeError("backward: `inputs` cannot be empty")
    if None in wanted:
        raise RuntimeError("backward: one of `inputs` does not require grad")
    for node in wanted:
        if not node.plain_grad:
            node.observe().retains = True
    _run(ys, dys, create_graph, retain_graph, deposit=True, wanted=wanted)


def _run(ys, dys, create_graph, retain_graph, **options) -> dict[Node, Any]:
    if Anomaly.enabled and Anomaly.check_nan:
        check_losses(ys)
        options["watch"] = Backward(opened_pull)
    before = frames(), recording()
    on_tensors = create_graph
    if levels() and any([isinstance(dy, Tensor) for dy in dys]):
        on_tensors, retain_graph = True, create_graph if retain_graph is None else retain_graph
    try:
        with np.errstate(all="ignore"), at(frames() if on_tensors else (), record=create_graph):
            # an overflow shows as inf in the gradient, as in PyTorch; create_graph records also under no_grad
            return sweep([y.node for y in ys], dys, create_graph=on_tensors, retain_graph=retain_graph, **options)
    except AnomalyError as error:
        error.tensor = ys[0] if len(ys) == 1 else tuple(ys)
        raise
    finally:
        resume(*before)  # Ctrl-C as a `with` block begins would leave recording off for good


def seeded(ys: Sequence, seeds: Sequence, create_graph: bool) -> list:
    """The cotangents with which a sweep starts: arrays, or tensors if what happens to them is to be seen."""
    if levels() and not create_graph:
        create_graph = travels([*ys, *seeds])  # tangents go through a backward pass as through anything else
    return [seed(y, dy, create_graph) for y, dy in zip(ys, seeds, strict=True)]


def seed(y, dy, recorded: bool):
    """The cotangent with which the sweep starts at y."""
    if (node := y.node) is None or node.__class__ is Dual:
        raise RuntimeError(
            "element 0 of tensors does not require grad and does not have a grad_fn: nothing that it was computed "
            "from requires grad, or it was made under no_grad() or detach()ed"
        )
    return y.seed_grad(dy, recorded)


def freed_error(node: Node, dy: Any = None) -> RuntimeError:
    reached = ""
    if dy.__class__ is list:
        names = [f"`{name}`" for name, part in zip(node.op.outputs, dy, strict=False) if part is not None]
        reached = f", reached through its output {' and '.join(names)}," if names else ""
    return RuntimeError(
        f"Trying to backward through the graph a second time: {node.describe()}{reached} freed what it had saved in an "
        f"earlier backward. Pass retain_graph=True to that one if you need both; if a value is carried from one "
        f"iteration to the next (a hidden state), detach() it."
    )


def _listed(xs) -> Sequence:
    return xs if isinstance(xs, (list, tuple)) else [xs]
