"""Memory for time: what a backward pass needs is not kept but computed again. PyTorch's `torch.utils.checkpoint`.

`checkpoint` does so for any function; `bptt` for a recurrence over a long sequence, where the schedule with the
fewest forward steps for a given memory is known; `forward_steps` says how many these are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from contextvars import copy_context
from functools import partial
from typing import Any

from ..absent import name_the_nearest
from ..autograd.backward import Later, holds_arrays
from ..autograd.scope import is_grad_enabled
from ..autograd.writes import Writes, next_seq
from ..random import get_rng_state, set_rng_state
from .checkpointed_bptt import bptt
from .nested import tensors_in
from .replay import CheckpointError, fingerprint, made_since, random_numbers_kept
from .schedule import forward_steps

__all__ = ["CheckpointError", "bptt", "checkpoint", "checkpoint_sequential", "forward_steps"]

Contexts = tuple[AbstractContextManager, AbstractContextManager]


def nothing_special() -> Contexts:
    """The contexts of `checkpoint` unless told otherwise."""
    return nullcontext(), nullcontext()


def checkpoint(
    function: Callable,
    *args: Any,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
    context_fn: Callable[[], Contexts] = nothing_special,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    **kwargs: Any,
) -> Any:
    """function(*args, **kwargs), whose graph keeps no arrays: a backward pass runs the function again for them.

    The graph itself stays, so that drawings, hooks, `autograd.grad`, gradients of gradients and checkpoints within
    checkpoints are what they are without. The function runs again where and as it ran first: within the same
    modules, at the same granularity, with the same random numbers of the default generator.

    Args:
        function: returns tensors, or tuples, lists and dicts of them; it must do the same thing twice. What it
            changes besides (a running mean) it changes twice.
        preserve_rng_state: False saves the time it takes to replay random numbers, if there are none. Then and with
            determinism_check="none" it is not checked that the results are the same again.
        context_fn: gives the contexts within which the function runs first, and again.
        use_reentrant, debug, early_stop: accepted as PyTorch's are; there is one implementation, which does what
            use_reentrant=False does, and its errors say all they know.

    Returns:
        What the function returns.

    Raises:
        TypeError, ValueError: function is not callable; an unknown determinism_check.
        RuntimeError: the function writes to its arguments in place.
        CheckpointError: in the backward pass, when the function gives something else than before.

    Example:
        >>> import tinygrad_rnn as tg
        >>> from tinygrad_rnn.utils.checkpoint import checkpoint
        >>> lstm, x = tg.nn.LSTM(4, 8), tg.randn(100, 2, 4)
        >>> y, state = checkpoint(lstm, x, use_reentrant=False)
        >>> y.sum().backward()

    Source: `torch.utils.checkpoint.checkpoint`; Chen, Xu, Zhang & Guestrin 2016.
    """
    if not callable(function):
        raise TypeError(f"checkpoint: expected a function and its arguments, got {type(function).__name__} first")
    if determinism_check not in ("default", "none"):
        raise ValueError(f"checkpoint: determinism_check must be 'default' or 'none', got {determinism_check!r}")
    first, again = context_fn()
    call = partial(function, *args, **kwargs)
    if not is_grad_enabled():
        with first:
            return call()
    segment = Segment(call, again, preserve_rng_state, determinism_check == "default" and preserve_rng_state)
    return segment.run(first, tensors_in((args, kwargs)))


class Segment:
    """One call whose nodes ask for what they saved when they need it."""

    def __init__(self, call: Callable[[], Any], again: AbstractContextManager, preserve: bool, compare: bool) -> None:
        self.call, self.context = call, again
        self.preserve, self.compare = preserve, compare
        self.surroundings = copy_context()  # where we are, and the modes: scope, granularity, recording
        self.random = get_rng_state() if preserve else None
        self.made: list[tuple] = []  # operation and shape of each node
        self.results: list[tuple] = []
        self.saved: dict[
            int, Any
        ] = {}  # what the nodes saved when they were last made again, until each has fetched it

    def run(self, context: AbstractContextManager, given: list) -> Any:
        """The first time."""
        begun = next_seq()
        with context:
            found = self.call()
        for x in given:
            if writer := Writes.since(begun, x.array):
                raise RuntimeError(
                    f"checkpoint: {writer} wrote to an argument of the function, of shape {x.array.shape}. Run again "
                    f"for the backward pass, it would write twice; use the out-of-place operation, or clone() it first"
                )
        nodes = self._nodes(begun, found)
        self.made, self.results = self._identity(nodes, found)
        for place, node in enumerate(nodes):
            if holds_arrays(node):
                node.saved = Later(node, partial(self._fetch, place))
        return found

    def _nodes(self, begun: int, found: Any) -> list:
        return [node for node in made_since(begun, tensors_in(found)) if node.rule.op is not None]

    def _identity(self, nodes: Iterable, found: Any) -> tuple[list[tuple], list[tuple]]:
        results = [fingerprint(y.array) for y in tensors_in(found)] if self.compare else []
        return [(node.op.name, node.shape) for node in nodes], results

    def _fetch(self, place: int) -> Any:
        if place not in self.saved:
            with random_numbers_kept(self.preserve):
                self.surroundings.copy().run(self._run_again)
        return self.saved.pop(place)

    def _run_again(self) -> None:
        if self.random is not None:
            set_rng_state(self.random)
        begun = next_seq()
        with self.context:
            found = self.call()
        nodes = self._nodes(begun, found)
        made, results = self._identity(nodes, found)
        if made != self.made:
            at = next(
                (i for i, (old, new) in enumerate(zip(self.made, made)) if old != new), min(len(made), len(self.made))
            )
            raise CheckpointError(
                f"checkpoint: run again for the backward pass, the function took another way: {len(made)} operations "
                f"instead of {len(self.made)}, different from operation {at} on ({_named(made, at)} instead of "
                f"{_named(self.made, at)}). It must not depend on anything that changes between the two"
            )
        if results != self.results:
            raise CheckpointError(
                "checkpoint: run again for the backward pass, the function gave other values. Was a parameter or an "
                "argument written to since (an optimiser's step belongs after backward()), does the function keep a "
                "state of its own, or draw from a generator of its own? determinism_check='none' lets it pass"
            )
        if Writes.last > begun:
            for node in nodes:
                Writes.check(node)
        self.saved = {place: node.saved for place, node in enumerate(nodes)}


def _named(made: list[tuple], at: int) -> str:
    return "`{}` of shape {}".format(*made[at]) if at < len(made) else "nothing"


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, preserve_rng_state: bool = True
) -> Any:
    """Apply functions one after the other, in segments of which each but the last is checkpointed.

    Args:
        functions: an `nn.Sequential`, or modules and functions of one argument.
        segments: into how many parts to divide them, from 1 to their number.
        input: the argument of the first.
        use_reentrant, preserve_rng_state: as for `checkpoint`.

    Source: `torch.utils.checkpoint.checkpoint_sequential`.
    """
    functions = list(functions.children() if hasattr(functions, "children") else functions)
    if not 1 <= segments <= len(functions):
        raise ValueError(
            f"checkpoint_sequential: expected 1 to {len(functions)} segments, one function each, got {segments}"
        )
    size = len(functions) // segments
    last = size * (segments - 1)
    for first in range(0, last, size):
        part = partial(_in_a_row, functions[first : first + size])
        input = checkpoint(part, input, use_reentrant=use_reentrant, preserve_rng_state=preserve_rng_state)
    return _in_a_row(functions[last:], input)


def _in_a_row(functions: list, x: Any) -> Any:
    for function in functions:
        x = function(x)
    return x


name_the_nearest(__name__)
