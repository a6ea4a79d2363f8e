"""Anomaly detection: a pass stops at the operation that made nan or inf, and says which it is and where."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any, ClassVar, NamedTuple
from weakref import ref

import numpy as np

from .graph import LEAF, Leaf, Node, Tensor
from .listen import watch
from .nonfinite import odd, place, placed
from .scope import Frame, at, frames
from .source import caller, record_source
from .writes import owner


class Anomaly:
    """Whether it is on, for all threads."""

    enabled: ClassVar[bool] = False
    check_nan: ClassVar[bool] = True
    forward: ClassVar[Forward | None] = None  # who looks at forward passes

    @classmethod
    def set(cls, enabled: bool, check_nan: bool) -> None:
        cls.enabled, cls.check_nan = enabled, check_nan
        cls.forward = (cls.forward or Forward()) if enabled and check_nan else None
        watch(cls.forward)


class AnomalyError(RuntimeError):
    """A number that is not finite.

    Attributes:
        tensor: of a forward pass what the operation gave, of a backward pass where it began: `tinygrad_rnn.draw(
            error.tensor, color="finite")` marks in its graph what is not finite.
    """

    def __init__(self, words: str, tensor: Any = None, origin: Any = None) -> None:
        super().__init__(words)
        self.tensor, self.origin = tensor, origin


class set_detect_anomaly:
    """Switch anomaly detection on or off, from now on or for a `with` block.

    While it is on, these are errors that name the first operation to blame, the module and time step it was in (a fused
    layer is opened for that), and the line of your code that called it:

    - an operation of the graph makes nan of inputs that have none; if they have inf, the first to make that is named
    - a loss is nan or inf as its `backward()` begins: of what computed it, the first to make such a number is named
    - a gradient rule gives nan, or inf that reaches a leaf: the rule that gave the first inf is named

    An inf that comes to nothing is none of them: a mask of -inf before a softmax may stay. Nor is nan in the data, if
    only what is not nan is selected before the loss, nor what is made under `no_grad()`; should it get to the loss, it
    is named. After an error in a backward pass nothing is freed, so that the graph can be drawn: `draw(loss,
    color="finite")`. Everything is slower.

    Args:
        mode: on or off.
        check_nan: whether these are errors; if not, nodes remember their source lines, no more.

    Raises:
        AnomalyError: a RuntimeError, as above. Its `tensor` can be drawn.

    Example:
        >>> import tinygrad_rnn as tg
        >>> x = tg.tensor([1.0, -1.0], requires_grad=True)
        >>> with tg.autograd.set_detect_anomaly(True), tg.step(3):  # doctest: +ELLIPSIS
        ...     x.log().sum()
        Traceback (most recent call last):
        tinygrad_rnn.autograd.anomaly.AnomalyError: `log` in t=3, made at ..., gives nan for finite numbers

    Source: `torch.autograd.set_detect_anomaly`, which looks at gradients alone, and for nan alone.
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.previous = Anomaly.enabled, Anomaly.check_nan
        self.lines = record_source(True) if mode else record_source(False) if Anomaly.enabled else None
        Anomaly.set(mode, check_nan)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        Anomaly.set(*self.previous)
        if self.lines is not None:
            self.lines.__exit__()


class detect_anomaly:
    """Anomaly detection for a `with` block; it warns that everything is slower.

    `check_nan` and errors as for `set_detect_anomaly`.
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = check_nan
        warnings.warn("Anomaly Detection has been enabled: everything is slower, for debugging only", stacklevel=2)

    def __enter__(self) -> None:
        self.mode = set_detect_anomaly(True, self.check_nan)

    def __exit__(self, *error: object) -> None:
        self.mode.__exit__(*error)


def is_anomaly_enabled() -> bool:
    """Whether anomaly detection is on."""
    return Anomaly.enabled


def is_anomaly_check_nan_enabled() -> bool:
    """Whether it makes nan an error."""
    return Anomaly.check_nan


# --- the forward pass -----------------------------------------------------------------------------------------------


class Origin(NamedTuple):
    """Where numbers that are not finite began."""

    bad: str  # "nan", "inf" or "-inf"
    maker: str
    made: bool = True  # by an operation; otherwise it was given to one

    def __str__(self) -> str:
        return f"the first {self.bad} comes from {self.maker}"


_opening: ContextVar[bool] = ContextVar("opening", default=False)  # whether a fused operation runs part by part


class Forward:
    """Looks at what every operation gives, and remembers of arrays that are not finite where that began."""

    def __init__(self) -> None:
        self._origins: dict[int, tuple[Origin, ref]] = {}  # by what owns the memory

    def applied(self, op: Any, inputs: Sequence, attrs: dict[str, Any], results: Sequence) -> None:
        """An operation was applied to tensors.

        Raises:
            AnomalyError: it made nan, where a gradient may come back to it.
        """
        if not (bad := worst(results)):
            return
        given, here = worst(inputs), placed(op.name, frames(), caller())
        made = bad == "nan" and given != "nan" and not any([x.__class__ is float and x != x for x in attrs.values()])
        wanted = _opening.get() or any([y.node is not None for y in results])
        fails = made and wanted and not in_a_rule()
        origin, error = self.origin(inputs) or self.origin(results), None
        if op.body and (fails or origin is None):
            found, error = self._opened(op, inputs, attrs)
            if found is not None and (found.made or given):  # a constant of its own is no fault
                origin = origin or found
        if origin is None and given and getattr(op, "view", False):
            return  # only another look at the data: what computes with it is named
        if origin is None:
            i = next((i for i, x in enumerate(inputs) if worst([x])), None)
            origin = Origin(bad, here) if i is None else Origin(given, f"{called(op, inputs, i)} of {here}", made=False)
        for y in results:
            if worst([y]):
                self._keep(y.array, origin)
        if fails:
            if error is None:
                began = f"; {origin}" if origin.maker != here else ""
                error = AnomalyError(f"{here}, gives nan for {given or 'finite numbers'}{began}")
                error.origin = Origin("nan", here)
            error.tensor = results[0]
            try:
                raise error
            finally:
                del error  # its traceback knows this frame: with it, a cycle

    def written(self, array: np.ndarray, writer: str, value: np.ndarray | None) -> None:
        """An array was written to in place."""
        if bad := odd(array):
            known = None if value is None else self.origin([Tensor(value)])
            self._keep(array, known or Origin(bad, placed(writer, frames(), caller())))

    def origin(self, tensors: Any) -> Origin | None:
        """Where the first of these that is not finite began, if an operation was seen to make it."""
        for x in tensors:
            if x is not None and odd(x.array) and (known := self._origins.get(id(owner(x.array)))):
                return known[0]
        return None

    def _keep(self, array: np.ndarray, origin: Origin) -> None:
        own, forget = owner(array), self._origins.pop
        key = id(own)
        self._origins[key] = origin, ref(own, lambda _: forget(key, None))

    def _opened(self, op: Any, inputs: Sequence, attrs: dict[str, Any]) -> tuple[Origin | None, AnomalyError | None]:
        """Run what a fused operation consists of: where its odd results begin, and the error of what makes nan."""
        token = _opening.set(True)
        try:
            with at((*frames(), Frame("op", op.name)), record=False), np.errstate(all="ignore"):
                ys = op.body(*[None if x is None else Tensor(x.array) for x in inputs], **attrs)
        except AnomalyError as error:
            return error.origin, error
        finally:
            _opening.reset(token)
        return self.origin(ys if ys.__class__ is tuple else (ys,)), None


def worst(tensors: Any) -> str:
    """nan if one of these has any, else the first inf or -inf; "" if all are finite."""
    found = [bad for x in tensors if x is not None and (bad := odd(x.array))]
    return "nan" if "nan" in found else found[0] if found else ""


def called(op: Any, inputs: Sequence, i: int) -> str:
    """An input of an operation in words: as its module calls it, or as the operation does."""
    name = getattr(inputs[i].node, "name", None) if isinstance(inputs[i].node, Leaf) else None
    return f"the input `{name or (f'{op.inputs[0]}[{i}]' if op.variadic else op.inputs[i])}`"


def in_a_rule() -> bool:
    """Whether a gradient rule runs: it may well select from what it makes."""
    return any([frame.kind == "vjp" for frame in frames()])


def check_losses(outputs: Sequence) -> None:
    """Refuse to start a backward pass from a loss that is not finite."""
    for y in outputs:
        x = np.asarray(y.data if isinstance(y, Node) else y.array)  # type: ignore[attr-defined]
        if x.size == 1 and (bad := odd(x)):
            if isinstance(y, Node):
                origin = first_odd(y)
            else:
                origin = Anomaly.forward.origin([y]) if Anomaly.forward else None
            began = origin or "detection was off when it was computed"
            raise AnomalyError(f"backward: the loss is {bad}; {began}", y)


def first_odd(y: Any) -> Origin | None:
    """Where the first number below a Value began that is not finite: every one of them still knows its own."""
    seen, waiting = {y}, [y]
    while waiting:
        new = {source for source in waiting.pop().inputs if source is not None} - seen
        seen |= new
        waiting += new
    found = sorted([node for node in seen if odd(node.data)], key=lambda node: node.seq)
    return Origin(odd(found[0].data), place(found[0]) if found[0].op else "a Value that was given") if found else None


# --- the backward pass ----------------------------------------------------------------------------------------------


class Backward:
    """Looks at what every gradient rule gives, and remembers where inf began.

    Args:
        open: (node, cotangent, saved) -> pulls back through what a fused node consists of, and returns where the first
            inf began; AnomalyError where there is nan.
    """

    def __init__(self, open: Callable[[Node, Any, tuple], Origin | None]) -> None:
        self.open = open
        self.origins: dict[Node, Origin] = {}  # of the cotangent that arrives at a node
        self.pulled: list[Node] = []  # to be freed once all has gone well

    def look(self, node: Node, dy: Any, saved: tuple, dxs: Any) -> None:
        """The rule of a node made the gradients dxs of dy.

        Raises:
            AnomalyError: there is nan among them, or inf for a leaf.
        """
        self.pulled.append(node)
        each = enumerate(dxs) if node.rule.only is None else [(node.rule.only, dxs)]
        bad = {i: what for i, dx in each if (what := odd(getattr(dx, "array", dx))) and node.inputs[i] is not None}
        if not bad:
            return
        i = next((i for i, what in bad.items() if what == "nan"), None)
        origin = self.origins.get(node) or self._arrived(node, dy)
        inner = ""
        if node.op.body and (i is not None or origin is None):
            try:
                origin = origin or self.open(node, dy, saved)
            except AnomalyError as error:
                inner = f"; opened: {error}"
        origin = origin or Origin(next(iter(bad.values())), f"the gradient rule of {place(node)}")
        if i is not None:
            began = f"; {origin}" if origin.bad != "nan" and not inner else ""
            said = f"{node.describe()} returned nan as the gradient of its input {i}"
            raise AnomalyError(said + (inner or began or kept(node, saved)))
        for i, what in bad.items():
            source = node.inputs[i]
            self.origins.setdefault(source, origin)
            if source.rule is LEAF:
                raise AnomalyError(f"the gradient of {source.describe()} is {what}; {origin}")

    def _arrived(self, node: Node, dy: Any) -> Origin | None:
        """Where a cotangent began that no rule gave as it is."""
        parts = dy if dy.__class__ is list else [dy]
        bad = next(filter(None, [odd(getattr(part, "array", part)) for part in parts]), "")
        return Origin(bad, f"what arrives at {place(node)}, a sum of gradients or the first of all") if bad else None


def kept(node: Node, saved: tuple) -> str:
    """What the rule of a node had to work with that was nan or inf already."""
    found = [f"`{name}` has {bad}" for name, part in zip(node.rule.saves, saved)
             if isinstance(part, np.ndarray) and (bad := odd(part))]  # fmt: skip
    return f"; of what it had saved {' and '.join(found)}" if found else ""
