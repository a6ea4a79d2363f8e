"""Backpropagation through time over sequences whose graph would not fit into memory."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from math import isqrt
from typing import Any, NamedTuple

import numpy as np

from .. import ops
from ..autograd.backward import alias, sweep
from ..autograd.function import FunctionOp
from ..autograd.graph import LEAF, Node, port
from ..autograd.scope import at, frames, is_grad_enabled, no_grad, step
from ..autograd.writes import next_seq
from ..random import get_rng_state, set_rng_state
from ..tensor import Tensor
from .nested import mapped, tensors_in
from .replay import CheckpointError, made_since, random_numbers_kept
from .schedule import check, plan

Step = Callable[[Any, Any], tuple[Any, Any]]


def bptt(
    step: Step, inputs: Any, state: Any = None, memory: int | None = None, *, keep: str = "state",
    preserve_rng_state: bool = True,
) -> tuple[Any, Any]:  # fmt: skip
    """The sum of the losses of all steps, and the last state, without the graph of all steps.

        loss_t, state_t = step(inputs[t], state_{t-1}),   loss = loss_0 + ... + loss_{T-1}

    In loss and gradient the same as the loop that says so. But of the T steps only `memory` states are kept; the
    backward pass goes back to them, runs steps again and pulls back one at a time, after the schedule with the fewest
    forward steps (`forward_steps(T, memory, keep)` says how many). A step may be one time step, or a chunk of many.

    Args:
        step: a function of yours, (input, state) -> (loss, next state). The loss is one number or None; a state is a
            tensor, or tuples, lists and dicts of them. It must do the same thing whenever it is called with the same
            arguments, but for random numbers of the default generator, which are replayed.
        inputs: T of them: a list, or whatever has a length and can be indexed (so that they need not all be in
            memory); a tensor [T, ...] is taken step by step.
        state: what the first step is given.
        memory: how many places there are; by default the square root of T, rounded up.
        keep: what a place holds. "state" (default), the state before a step; the graph of one step comes on top.
            "graph", the whole graph of a step, so that it is not run again; with memory=T that is plain BPTT.
        preserve_rng_state: False if no random numbers need to be replayed; then it is not checked either that the
            losses are the same again.

    Returns:
        (loss, state), from both of which gradients flow to the parameters that `step` uses, to `inputs` and to the
        first state. The loss is None if no step had one.

    Raises:
        TypeError: inputs cannot be indexed; step does not return a pair, or a loss that is not a tensor.
        ValueError: no step; memory less than 1; an unknown `keep`; a loss of more than one number.
        CheckpointError: in the backward pass, when a step gives another loss than before.
        RuntimeError: `create_graph=True`: the backward pass cannot be recorded, which would take the memory saved.

    Gradients are equal to the loop's bit for bit, if nothing else in the graph uses the same parameters (additions
    would come in another order) and `step` is the same loop. A chunk of a layer at granularity "sequence" is one
    product over its steps, so that there the sums are rounded differently.

    Example:
        >>> import tinygrad_rnn as tg
        >>> from tinygrad_rnn.utils.checkpoint import bptt
        >>> lstm, x = tg.nn.LSTM(4, 8), tg.randn(1000, 2, 4)
        >>> def step(chunk, state):
        ...     y, state = lstm(chunk, state)
        ...     return (y**2).sum(), state
        >>> loss, (h, c) = bptt(step, x.split(50), memory=5)
        >>> loss.backward()

    Source: Gruslys et al. 2016; Chen et al. 2016; the schedule is in `schedule.py`.
    """
    if not callable(step):
        raise TypeError(f"bptt: expected a function (input, state) -> (loss, state), got {type(step).__name__}")
    if isinstance(inputs, Tensor):
        inputs = ops.unbind(inputs)
    if not (hasattr(inputs, "__len__") and hasattr(inputs, "__getitem__")):
        raise TypeError(
            f"bptt: the inputs are read more than once and backwards, so they must have a length and be indexed; got "
            f"{type(inputs).__name__}. Make a list of them"
        )
    T = len(inputs)
    memory = isqrt(max(T - 1, 0)) + 1 if memory is None else memory
    check(T, memory, keep)
    walk = Walk(step, inputs, state, memory, keep, preserve_rng_state)
    return walk.result() if is_grad_enabled() else walk.unrecorded()


class Sum:
    """A gradient that grows over many sweeps, term by term in the order in which one sweep would add them up."""

    __array_ufunc__ = None  # so that array + self asks self
    __slots__ = ("_own", "total")

    def __init__(self) -> None:
        self.total: Any = None
        self._own = False  # whether nothing else can hold the array

    def __add__(self, dx: Any) -> Sum:
        if self._own:
            self.total += dx
        else:
            self._own = self.total is not None
            self.total = self.total + dx if self._own else dx
        self._own &= self.total.__class__ is np.ndarray
        return self

    __radd__ = __add__

    def settled(self) -> Any:
        return self.total.settle() if hasattr(self.total, "settle") else self.total


class Record(NamedTuple):
    """One step with its graph, which ends at the state before the step and at what else the step uses."""

    t: int
    before: list[Node | None]  # for each tensor of the state before the step
    used: list[Node]  # stand-ins for what was there before the step
    loss: Tensor | None
    after: Any


class Walk:
    """One call of `bptt`: where it is in the sequence, what it keeps, and what it has found out."""

    def __init__(self, step: Step, inputs: Any, state: Any, memory: int, keep: str, preserve: bool) -> None:
        self.step, self.inputs, self.first = step, inputs, state
        self.memory, self.keep, self.preserve = memory, keep, preserve
        self.surroundings = copy_context()
        self.random = get_rng_state() if preserve else None
        self.stand_ins: dict[Node, Node] = {}  # what steps use from outside -> its stand-in in their graphs
        self.losses: list[bytes] = []  # of each step, to see that they are the same again
        self.wants = [tuple([x.node is not None for x in tensors_in(state)])]  # which tensors of a state need gradients
        self.total: Any = None
        self.flows = False  # whether a loss depends on anything

    @property
    def explored(self) -> bool:
        return len(self.losses) == len(self.inputs)

    # --- the first time ------------------------------------------------------------------------------------

    def unrecorded(self) -> tuple[Any, Any]:
        """The loop, where no gradient is wanted."""
        state = self.first
        for t in range(len(self.inputs)):
            loss, state = self._step(t, state)
            self._add(loss)
        return None if self.total is None else Tensor(np.array(self.total)), state

    def result(self) -> tuple[Any, Any]:
        """Loss and last state, as outputs of one node."""
        last = self._begin()
        given = tensors_in(self.first)
        inputs = (*self.stand_ins, *[x.node for x in given])
        losses = [] if self.total is None else [Tensor(np.array(self.total))]
        outputs = [*losses, *[Tensor(x.array) for x in tensors_in(last.after)]]
        if any(inputs) and outputs:
            shapes = tuple([y.array.shape for y in outputs])
            node = Node(PulledBack(len(inputs), len(outputs)), inputs, (self,), frames(), shapes)
            wanted = [*[self.flows for _ in losses], *[x.node is not None for x in tensors_in(last.after)]]
            links = [port(node, i) if want else None for i, want in enumerate(wanted)]
            outputs = [Tensor(y.array, link) for y, link in zip(outputs, links)]
        each = iter(outputs)
        return next(each) if losses else None, mapped(lambda _: next(each), last.after)

    def _begin(self) -> Record:
        """Go through the whole sequence, up to the first step to be pulled back; the rest of the plan is for `pull`."""
        self.actions = plan(len(self.inputs), self.memory, self.keep)
        self.kept = {0: (self.first, self.random)}
        self.records: list[Record] = []
        if self.random is not None:
            set_rng_state(self.random)
        self.t, self.state = 0, mapped(Tensor.detach, copied(self.first))
        for action, t in self.actions:
            if action == "pull":
                break
            self._do(action, t)
        return self.records[-1]

    def _do(self, action: str, t: int) -> None:
        if action == "keep":
            self.kept[t] = copied(self.state), get_rng_state() if self.preserve else None
            return
        if t != self.t:
            state, random = self.kept[t]
            self.state = copied(state)
            if random is not None:
                set_rng_state(random)
        if action == "walk" and self.explored:
            with no_grad():
                _, after = self._step(t, self.state)
        else:
            record = self._record(t, self.state)
            after = record.after
            if action == "record":
                self.records.append(record)
        self.t, self.state = t + 1, mapped(Tensor.detach, after)
        if action == "record" and self.keep == "graph":
            self.kept[t + 1] = self.state, get_rng_state() if self.preserve else None

    def _step(self, t: int, state: Any) -> tuple[Any, Any]:
        with step(t):
            result = self.step(self.inputs[t], state)
        if not (isinstance(result, (tuple, list)) and len(result) == 2):
            raise TypeError(f"bptt: expected step to return the pair (loss, state), got {type(result).__name__}")
        loss, after = result
        if loss is not None and not isinstance(loss, Tensor):
            raise TypeError(f"bptt: expected the loss of a step to be a Tensor or None, got {type(loss).__name__}")
        if loss is not None and loss.array.size != 1:
            raise ValueError(
                f"bptt: expected the loss of a step to be one number, got shape {tuple(loss.array.shape)}; take its sum"
            )
        return loss, after

    def _record(self, t: int, state: Any) -> Record:
        """Run a step within a graph of its own."""
        before = [Node(LEAF, (), (), (), x.array.shape) if wanted else None
                  for x, wanted in zip(tensors_in(state), self.wants[t])]  # fmt: skip
        ends = iter(before)
        begun = next_seq()
        linked = mapped(lambda x: x if (end := next(ends)) is None else alias(Tensor(x.array, end)), state)
        loss, after = self._step(t, linked)
        results = tensors_in(after) if loss is None else [loss, *tensors_in(after)]
        known, used = {end for end in before if end is not None}, dict[Node, Node]()
        for node in made_since(begun, results):
            outside = [i for i in node.inputs if i is not None and i.seq < begun and i not in known]
            if outside:
                used |= {i: self._stand_in(i, t) for i in outside}
                node.inputs = tuple([used.get(i, i) for i in node.inputs])
        for x in results:
            if x.node is not None and x.node.seq < begun and x.node not in known:
                used[x.node] = self._stand_in(x.node, t)
        self._compare(t, loss)
        if len(self.wants) == t + 1:
            self.wants.append(tuple([x.node is not None for x in tensors_in(after)]))
        return Record(t, before, list(used.values()), loss, after)

    def _stand_in(self, outside: Node, t: int) -> Node:
        """What takes the place of a node from outside in the graph of a step: no sweep must go beyond it."""
        if outside not in self.stand_ins:
            if self.explored:
                raise CheckpointError(
                    f"bptt: run again for the backward pass, step {t} uses {outside.describe()}, which no step used "
                    f"the first time"
                )
            self.stand_ins[outside] = end = Node(LEAF, (), (), (), outside.shape)
            end.seq = outside.seq
        return self.stand_ins[outside]

    def _compare(self, t: int, loss: Tensor | None) -> None:
        number = b"" if loss is None else loss.array.tobytes()
        if len(self.losses) == t:
            self._add(loss)
            self.flows |= loss is not None and loss.node is not None
            self.losses.append(number)
        elif self.preserve and self.losses[t] != number:
            raise CheckpointError(
                f"bptt: run again for the backward pass, step {t} gave another loss. Was a parameter, an input or a "
                f"state written to since (an optimiser's step belongs after backward()), does the step keep a state "
                f"of its own, or draw from a generator of its own?"
            )

    def _add(self, loss: Tensor | None) -> None:
        if loss is not None:
            self.total = loss.array if self.total is None else self.total + loss.array

    # --- backwards -----------------------------------------------------------------------------------------

    def pull(self, dys: list) -> tuple:
        """The cotangents of what the steps use and of the first state, from those of the loss and the last state."""
        try:
            with random_numbers_kept(self.preserve):
                return self.surroundings.copy().run(self._pull, dys)
        except BaseException:
            self.records = []  # whoever tries again begins anew
            raise

    def _pull(self, dys: list) -> tuple:
        if not self.records:
            self._begin()  # the graph was retained, but what was kept is used up
        dloss, dstate = (None, dys) if self.total is None else (dys[0], dys[1:])
        sums = {end: Sum() for end in self.stand_ins.values()}
        dstate = self._pull_step(self.records.pop(), dloss, dstate, sums)
        for action, t in self.actions:
            if action == "pull":
                dstate = self._pull_step(self.records.pop(), dloss, dstate, sums)
            else:
                self._do(action, t)
        return (*[each.settled() for each in sums.values()], *dstate)

    def _pull_step(self, record: Record, dloss: Any, dstate: list, sums: dict[Node, Sum]) -> list:
        """From the cotangents of the state after a step those of the state before it; what it uses goes to the sums."""
        ends = {end: Sum() for end in record.before if end is not None}
        into = {end: sums[end] for end in record.used} | ends
        roots, dys = list(into), list(into.values())
        results = [(x, dy) for x, dy in zip(tensors_in(record.after), dstate) if dy is not None]
        if record.loss is not None and dloss is not None:
            dy = np.asarray(dloss, record.loss.array.dtype).reshape(record.loss.array.shape)
            results.append((record.loss, dy))
        for x, dy in results:
            if x.node is not None:
                roots.append(self.stand_ins.get(x.node, x.node))
                dys.append(dy)
        with np.errstate(all="ignore"), at((), record=False):
            sweep(roots, dys)
        while (latest := next(reversed(self.kept))) >= record.t and latest:
            del self.kept[latest]
        self.t = -1  # wherever it goes on, it is from what is kept
        return [None if end is None else ends[end].settled() for end in record.before]


class PulledBack:
    """What the engine asks of a rule; there is one for each node, which says how many inputs and outputs it has."""

    only, frees, fresh, materialize, saves = None, True, False, False, ("walk",)

    def __init__(self, inputs: int, outputs: int) -> None:
        self.op = FunctionOp(bptt, inputs, outputs, True)  # type: ignore[arg-type]

    def pull(self, dys: list, walk: Walk) -> tuple:
        if any([isinstance(dy, Tensor) for dy in dys]):
            raise RuntimeError(
                "bptt: its backward pass cannot be recorded (create_graph=True): the record would take the memory that "
                "was saved. Write the loop out, with checkpoint() around parts of it if need be"
            )
        return walk.pull(dys)


def copied(state: Any) -> Any:
    """The state in memory of its own: a step may write to the one it is given."""
    return mapped(lambda x: Tensor(x.array.copy()), state)
