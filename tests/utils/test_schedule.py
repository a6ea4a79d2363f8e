"""The schedule: the published counts, the dynamic programmes themselves, and the best that any strategy can do."""

from __future__ import annotations

from functools import cache
from heapq import heappop, heappush
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_rnn.utils.schedule import KEEPS, forward_steps, plan

PUBLISHED = {  # T = 1000
    "graph": {1: 500_500, 2: 28_864, 3: 12_172, 5: 6_292, 10: 3_640, 20: 2_750, 32: 2_408, 50: 1_950, 100: 1_900},
    "state": {1: 500_500, 2: 29_820, 10: 4_636, 50: 2_948},
}


@pytest.mark.parametrize("keep", KEEPS)
def test_published_counts(keep):
    assert {m: forward_steps(1000, m, keep) for m in PUBLISHED[keep]} == PUBLISHED[keep]


@cache
def programme(t: int, m: int, keep: str) -> float:
    """Gruslys et al. 2016, equations as they stand in the docstring of the module."""
    if t == (keep == "state"):
        return t
    if m == 0:
        return inf
    if keep == "state":
        return min(y + programme(t - y, m - 1, keep) + programme(y, m, keep) for y in range(1, t))
    return min(y + programme(t - y, m - 1, keep) + programme(y - 1, m, keep) for y in range(1, t + 1))


@pytest.mark.parametrize("keep", KEEPS)
def test_the_closed_form_solves_the_programme(keep):
    for T in range(1, 50):
        for m in range(1, T + 2):
            assert forward_steps(T, m, keep) == programme(T, m, keep), (T, m)


def least_steps(T: int, m: int, keep: str) -> int:
    """The shortest way to all gradients, found among all ways: keep, forget, go back and pull back at any time.

    A situation is (where one is, what is kept, how many steps are yet to be pulled back).
    """
    states = keep == "state"
    waiting, seen = [(0, (0, frozenset([0]) if states else frozenset(), T))], set()
    while True:
        cost, (at, kept, left) = heappop(waiting)
        if left == 0:
            return cost
        if (at, kept, left) in seen:
            continue
        seen.add((at, kept, left))
        known = kept if states else {0, *(t + 1 for t in kept)}
        ways = [(0, (t, kept, left)) for t in known] + [(0, (at, kept - {t}, left)) for t in kept]
        if at < left:
            ways.append((1, (at + 1, kept, left)))
        room = len(kept) < m
        if states:
            ways += [(0, (at, kept | {at}, left))] * room
            ways += [(1, (at, kept, left - 1))] * (at == left - 1)
        else:
            ways += [(1, (at + 1, kept | {at}, left))] * (room and at < left)
            ways += [(0, (0, kept - {left - 1}, left - 1))] * (left - 1 in kept)
        for step, situation in ways:
            heappush(waiting, (cost + step, _comparable(situation)))


class Kept(frozenset):
    """A set that can stand in a heap."""

    def __lt__(self, other):
        return sorted(self) < sorted(other)


def _comparable(situation: tuple) -> tuple:
    at, kept, left = situation
    return at, Kept(kept), left


@pytest.mark.parametrize("keep", KEEPS)
@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_no_strategy_is_better(keep, m):
    for T in range(1, 8):
        assert forward_steps(T, m, keep) == least_steps(T, m, keep), T


@given(st.integers(1, 150), st.integers(1, 160), st.sampled_from(KEEPS))
def test_the_plan_keeps_to_the_rules(T, m, keep):
    at, run, graphs, kept, pulled = 0, 0, [], {0}, []
    for action, t in plan(T, m, keep):
        if action == "keep":
            assert at == t, "one can keep only the state where one is"
            kept.add(t)
        elif action == "pull":
            assert graphs.pop() == t
            pulled.append(t)
            kept, at = {0} | {k for k in kept if k < t}, None
        else:
            assert at == t or t in kept | {g + 1 for g in graphs}, (
                "one can go on only from where one is, or what is kept"
            )
            at, run = t + 1, run + 1
            graphs += [t] * (action == "record")
        assert len(graphs) <= (m if keep == "graph" else 1)
        assert len(kept) <= (m if keep == "state" else 1)
    assert pulled == list(reversed(range(T)))
    assert run == forward_steps(T, m, keep)


def test_long_sequences():
    assert forward_steps(10**9, 10**9) == 2 * 10**9 - 1
    assert forward_steps(10**9, 10**9, "graph") == 10**9
    assert sum(action != "pull" for action, _ in plan(5000, 5000)) == 3 * 5000 - 3  # no recursion


@pytest.mark.parametrize(("arguments", "words"), [
    ((0, 1), "expected at least one step, got 0"),
    ((3, 0), "memory for at least one state, got 0"),
    ((3, 1, "hidden"), "keep must be one of 'state', 'graph', got 'hidden'"),
])  # fmt: skip
def test_errors(arguments, words):
    for function in (forward_steps, plan):
        with pytest.raises(ValueError, match=words):
            function(*arguments)
