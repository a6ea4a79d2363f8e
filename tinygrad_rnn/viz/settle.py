"""Order in a recorded backward pass: what belongs to one place in the program comes together.

A sweep goes by the age of nodes, which for a step of several operations means to and fro between steps.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import groupby
from typing import Any

from ..autograd.graph import Node
from ..autograd.scope import Scope, places


def settled(nodes: list[Node], loose: list[bool], sources: Callable[[Node], list[Any]]) -> list[Node]:
    """The nodes, nothing used before it is made, with each unbroken run of loose ones in order of place.

    Args:
        loose: which nodes may be moved.
        sources: what the inputs of a node are made by.
    """
    order: list[Node] = []
    for free, run in groupby(range(len(nodes)), loose.__getitem__):
        each = [nodes[i] for i in run]
        order += _by_place(each, sources) if free else each
    return order


def _by_place(nodes: list[Node], sources: Callable[[Node], list[Any]]) -> list[Node]:
    number = {node: i for i, node in enumerate(nodes)}
    makers = [{number[source] for source in sources(node) if source in number} for node in nodes]
    users: list[list[int]] = [[] for _ in nodes]
    for i, each in enumerate(makers):
        for maker in each:
            users[maker].append(i)
    missing = [len(each) for each in makers]
    ready: dict[Scope, list[int]] = {}  # place -> a heap of what can come next there
    free = lambda i: heappush(ready.setdefault(places(nodes[i].scope), []), i)
    for i, count in enumerate(missing):
        if not count:
            free(i)
    order: list[Node] = []
    here: Scope = ()
    while ready:
        if here not in ready:
            here = min(ready, key=lambda place: ready[place][0])
        i = heappop(ready[here])
        if not ready[here]:
            del ready[here]
        order.append(nodes[i])
        for user in users[i]:
            missing[user] -= 1
            if not missing[user]:
                free(user)
    return order
