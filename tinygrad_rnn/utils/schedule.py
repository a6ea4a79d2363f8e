"""When to keep and when to compute again, so that backpropagation through T steps fits into m places.

Two things can be kept in a place, with two dynamic programmes for the fewest forward steps C(t, m) of t steps:

    "state"   the hidden state before a step. From where it is kept, go y steps on and keep that state too; do the
              t - y steps from there with the places that are left, then the first y with all of them. A step is
              run once more, recorded, just before it is pulled back:
              C(t, m) = min over 0 < y < t of   y + C(t - y, m - 1) + C(y, m),       C(1, m) = 1

    "graph"   the internal state of a step: all that its gradient needs. Go on to step y and keep its graph; do the
              t - y steps after it, pull it back, then do the y - 1 steps before it with all of the places:
              C(t, m) = min over 0 < y <= t of  y + C(t - y, m - 1) + C(y - 1, m),   C(0, m) = 0

and C(t, 0) infinite beyond. Both are one problem, how often steps are merely walked over:

    P(l, m) = min over 0 < y < l of  y + P(l - y, m - 1) + P(y, m),    P(1, m) = 0
    C(t, m) = t + P(t, m) for states,   P(t + 1, m) for graphs

whose solution needs no table: with r the least number for which binomial(m + r, m) >= l,
P(l, m) = r l - binomial(m + r, m + 1).

Source: Gruslys, Munos, Danihelka, Lanctot & Graves 2016 (the programmes); Griewank & Walther 2000 (their solution).
"""

from __future__ import annotations

from collections.abc import Iterator
from math import comb

KEEPS = ("state", "graph")
Action = tuple[str, int]


def forward_steps(T: int, memory: int, keep: str = "state") -> int:
    """How many forward steps checkpointed backpropagation through T steps takes in all; without it, T.

    Args:
        T: the number of steps, at least 1.
        memory: how many states, or graphs, may be kept at a time.
        keep: "state" or "graph".

    Example:
        >>> [forward_steps(1000, m) for m in (1, 10, 50)], [forward_steps(1000, m, "graph") for m in (1, 10, 50)]
        ([500500, 4636, 2948], [500500, 3640, 1950])
    """
    check(T, memory, keep)
    return T + _walked(T, memory) if keep == "state" else _walked(T + 1, memory)


def check(T: int, memory: int, keep: str) -> None:
    """Refuse what there is no schedule for."""
    if T < 1:
        raise ValueError(f"checkpointed BPTT: expected at least one step, got {T}")
    if memory < 1:
        raise ValueError(f"checkpointed BPTT: expected memory for at least one {keep}, got {memory}")
    if keep not in KEEPS:
        raise ValueError(f"checkpointed BPTT: keep must be one of {', '.join(map(repr, KEEPS))}, got {keep!r}")


def plan(T: int, memory: int, keep: str = "state") -> Iterator[Action]:
    """What to do, one action after the other, to pull the steps T - 1, ..., 0 back in this order.

    ("walk", t): run step t, for the state after it. ("keep", t): keep the state before step t, where one is now.
    ("record", t): run step t and keep its graph. ("pull", t): pull step t back through its graph, which then goes.
    Where an action goes back in time it does so to the last state that is kept, which with "graph" is that after
    the last graph; the state before step 0 is always there.
    """
    check(T, memory, keep)
    return (_keep_states if keep == "state" else _keep_graphs)(T, memory)


def _keep_states(T: int, memory: int) -> Iterator[Action]:
    kept, end = [0], T  # the steps before which states are kept; what is left to do ends here
    while end:
        t = kept[-1]
        while end - t > 1:
            y = _split(end - t, memory - len(kept) + 1)
            yield from [("walk", i) for i in range(t, t + y)]
            t += y
            if end - t > 1:
                kept.append(t)
                yield "keep", t
        yield "record", t
        yield "pull", t
        end = t
        if kept[-1] == end:
            kept.pop()


def _keep_graphs(T: int, memory: int) -> Iterator[Action]:
    after, end = [0], T  # the steps after the kept graphs
    while end:
        t = after[-1]
        while end > t:
            y = _split(end - t + 1, memory - len(after) + 1)
            yield from [("walk", i) for i in range(t, t + y - 1)]
            t += y
            after.append(t)
            yield "record", t - 1
        end = t - 1
        after.pop()
        yield "pull", end


def _rounds(length: int, memory: int) -> int:
    """The least r for which binomial(memory + r, memory) >= length: no step is walked over more often."""
    r = 0
    while comb(memory + r, memory) < length:
        r += 1
    return r


def _walked(length: int, memory: int) -> int:
    """P(l, m) of the docstring above."""
    r = _rounds(length, memory)
    return r * length - comb(memory + r, memory + 1)


def _split(length: int, memory: int) -> int:
    """The largest y for which P(l, m) is least."""
    r = _rounds(length, memory)
    return min(comb(memory + r - 1, memory), length - comb(memory + r - 2, memory - 1))
