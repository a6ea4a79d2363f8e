"""The backward pass again, box by box, with everything written down: what a debugger would show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any, NamedTuple

from ..autograd.graph import Node
from .nodes import Result, Trace
from .pullback import Pulled, pulled_back


class Gift(NamedTuple):
    """What one step gives to an input: for which, from which slot, what, and the sum that lies there now."""

    to: Result
    slot: str
    dx: Any
    total: Any


class Step(NamedTuple):
    """One application pulled back, or a run of them that one box stands for."""

    item: int
    arrives: list[tuple[str, Any]]  # name of the output, its complete gradient
    sends: list[Gift]


def replay(trace: Trace, item_of: Callable[[Node], int], write: Callable[[Any], Any]) -> tuple[list[Step], str]:
    """Pull ones back from every output: the gradient of their sum.

    Args:
        item_of: what stands for an application in the picture; a run of nodes with the same is one step.
        write: what is kept of a gradient; called at once, so that no step keeps an array alive.

    Returns:
        (the steps, newest application first; why they end early, or "").
    """
    steps: list[Step] = []
    problem = ""

    def applied() -> Iterator[Pulled]:
        nonlocal problem
        try:
            yield from (each for each in pulled_back(trace) if each.node.op is not None)
        except Exception as error:  # a rule of the user's, an overwritten array: the page says so and shows the rest
            problem = f"The numbers end here: {error}"

    outside = {trace.follow(y.node) for _, y in trace.outputs}  # results that the start, or another box, gave to
    for item, run in groupby(applied(), lambda pulled: item_of(pulled.node)):
        if (step := _step(trace, item, run, item_of, write, outside)).arrives:
            steps.append(step)
    return steps, problem


def _step(
    trace: Trace, item: int, run: Iterable[Pulled], item_of: Callable, write: Callable, outside: set[Result]
) -> Step:
    arrives: list[tuple[str, Any]] = []
    given: dict[tuple[Result, str], Any] = {}
    totals: dict[Result, Any] = {}
    for node, arrived, sent in run:
        for out, dy in enumerate(arrived):
            if dy is not None and (node, out) in outside:
                arrives.append((f"d{trace.result_name(node, out)}", write(dy)))
        for slot, to, dx, total in sent:
            if to[0].op is None or item_of(to[0]) != item:
                outside.add(to)
                key, totals[to] = (to, _slot_name(node, slot)), total
                given[key] = given[key] + dx if key in given else dx
    return Step(item, arrives, [Gift(to, slot, write(dx), write(totals[to])) for (to, slot), dx in given.items()])


def _slot_name(node: Node, slot: int) -> str:
    names = node.op.inputs
    return f"d{names[0].lstrip('*')}[{slot}]" if node.op.variadic else f"d{names[slot]}"
