"""Place a small acyclic graph in ranks from left to right: an opened cell, or what lies beside the steps.

Ranks by longest path; order in a rank by barycentres; heights by least squares under the order (which pool
adjacent violators solves exactly). Long edges pass through the ranks between as if they were boxes. Source:
K. Sugiyama, S. Tagawa, M. Toda, Methods for Visual Understanding of Hierarchical System Structures, 1981.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

Point = tuple[float, float]
STAND_IN, LINE = -1, -2  # for a long edge at a rank that it passes; of a line that runs through and stays where it is


@dataclass
class Layout:
    """Centres of the boxes, and for each edge the points where it leaves a rank and enters the next."""

    at: list[Point]
    routes: list[list[Point]]
    width: float
    height: float

    def upside_down(self) -> Layout:
        flip = lambda p: (p[0], self.height - p[1])
        return Layout([*map(flip, self.at)], [[*map(flip, r)] for r in self.routes], self.width, self.height)

    def mirrored(self) -> Layout:
        flip = lambda p: (self.width - p[0], p[1])
        return Layout([*map(flip, self.at)], [[*map(flip, r)] for r in self.routes], self.width, self.height)


def layered(
    sizes: list[Point],
    edges: list[tuple[int, int]],
    *,
    first: frozenset[int] = frozenset(),
    last: frozenset[int] = frozenset(),
    wishes: dict[int, float] | None = None,
    ties: list[tuple[int, int]] | None = None,
    passing: list[float] | None = None,
    gap: float = 28.0,
    apart: float = 12.0,
) -> Layout:
    """Lay boxes out, all edges to the right.

    Args:
        sizes: (width, height) of each box; edges go from a lower to a higher index except out of `first`.
        first, last: boxes of the first and of the last rank.
        wishes: box -> the height where it would like to be.
        ties: pairs of boxes that would like to be equally high.
        passing: heights of lines that run through from side to side; boxes keep off them.
    """
    if not sizes:
        return Layout([], [], 0.0, 0.0)
    n, wishes = len(sizes), dict(wishes or {})
    rank = _ranks(n, edges, first, last)
    owner: list[int] = list(range(n))  # real boxes, then one stand-in for each rank that a long edge passes
    heights = [h for _, h in sizes]
    chains: list[list[int]] = []
    for a, b in edges:
        chain = [a]
        for r in range(rank[a] + 1, rank[b]):
            chain.append(len(rank))
            rank.append(r)
            owner.append(STAND_IN)
            heights.append(4.0)
        chains.append([*chain, b])
    lines: list[list[int]] = []
    ranks = range(max(rank) + 1)
    for height in passing or []:
        lines.append([*range(len(rank), len(rank) + len(ranks))])
        wishes |= dict.fromkeys(lines[-1], height)
        rank += ranks
        owner += [LINE for _ in ranks]
        heights += [4.0 for _ in ranks]
    left: list[list[int]] = [[] for _ in rank]
    right: list[list[int]] = [[] for _ in rank]
    for chain in [*chains, *lines]:
        for a, b in pairwise(chain):
            right[a].append(b)
            left[b].append(a)
    order = _ordered(rank, left, right, wishes, ties or [])
    y = _heights(order, heights, left, right, owner, wishes, ties or [], [c[1:-1] for c in chains if len(c) > 3], apart)
    widths = [max([sizes[i][0] for i in each if i < n], default=0.0) for each in order]
    starts = [sum(widths[:r]) + gap * r for r in range(len(order))]
    bottom = min([y[i] - heights[i] / 2 for i in range(len(rank))])
    top = max([y[i] + heights[i] / 2 for i in range(len(rank))])
    if wishes:  # absolute heights were asked for
        bottom, top = 0.0, top
    at = [(starts[rank[i]] + widths[rank[i]] / 2, y[i] - bottom) for i in range(n)]
    routes = []
    for chain in chains:
        points = [(at[chain[0]][0] + sizes[chain[0]][0] / 2, at[chain[0]][1])]
        for i in chain[1:-1]:
            x = starts[rank[i]]
            points += [(x, y[i] - bottom), (x + widths[rank[i]], y[i] - bottom)]
        points.append((at[chain[-1]][0] - sizes[chain[-1]][0] / 2, at[chain[-1]][1]))
        routes.append(points)
    return Layout(at, routes, starts[-1] + widths[-1], top - bottom)


def _ranks(n: int, edges: list[tuple[int, int]], first: frozenset[int], last: frozenset[int]) -> list[int]:
    into: list[list[int]] = [[] for _ in range(n)]
    out: list[list[int]] = [[] for _ in range(n)]
    for a, b in edges:
        into[b].append(a)
        out[a].append(b)
    rank = [0] * n
    waiting = [len(sources) for sources in into]
    ready = [i for i in range(n) if not waiting[i]]
    for i in ready:
        if i not in first and first:
            rank[i] = max(rank[i], 1)
        for j in out[i]:
            rank[j] = max(rank[j], rank[i] + 1)
            waiting[j] -= 1
            if not waiting[j]:
                ready.append(j)
    end = max(rank)
    if last and any([rank[i] == end for i in range(n) if i not in last]):
        end += 1
    for i in reversed(ready):
        if i in last:
            rank[i] = end
        elif not into[i] and out[i] and i not in first:  # a source belongs next to what it feeds
            rank[i] = min([rank[j] for j in out[i]]) - 1
    return rank


def _ordered(
    rank: list[int], left: list, right: list, wishes: dict[int, float], ties: list[tuple[int, int]]
) -> list[list[int]]:
    """The boxes of each rank from the bottom, with few crossings and tied boxes in the same order."""
    start: list[list[int]] = [[] for _ in range(max(rank) + 1)]
    for i, r in enumerate(rank):
        start[r].append(i)
    for each in start:
        each.sort(key=lambda i: wishes.get(i, 0.0))
    best, fewest = start, _crossings(start, right, ties)
    partner = {b: a for a, b in ties}
    for backward in (False, True):
        order = start
        for turn in range(10):
            if not fewest:
                return best
            order = [list(each) for each in order]
            forward = (turn % 2 == 0) != backward
            place = {i: k for each in order for k, i in enumerate(each)}
            if not forward:
                order[-1].sort(key=lambda i: place[partner.get(i, i)])  # type: ignore[index]
            for r in range(1, len(order)) if forward else reversed(range(len(order) - 1)):
                near = left if forward else right
                place.update({i: k for k, i in enumerate(order[r - 1 if forward else r + 1])})
                order[r].sort(key=lambda i: sum([place[j] for j in near[i]]) / len(near[i]) if near[i] else place[i])
            if (crossings := _crossings(order, right, ties)) < fewest:
                best, fewest = order, crossings
    return best


def _crossings(order: list[list[int]], right: list, ties: list[tuple[int, int]]) -> int:
    count = 0
    for here, there in pairwise(order):
        place = {i: k for k, i in enumerate(there)}
        ends = [place[j] for i in here for j in sorted(right[i], key=place.__getitem__)]
        if len(ends) > 400:  # beyond looking at anyway
            return 0
        count += sum([a > b for k, a in enumerate(ends) for b in ends[k + 1 :]])
    first = {i: k for k, i in enumerate(order[0])}
    last = {i: k for k, i in enumerate(order[-1])}
    ends = [last[b] for _, b in sorted((first[a], b) for a, b in ties)]
    return count + 3 * sum([a > b for k, a in enumerate(ends) for b in ends[k + 1 :]])


def _heights(order, heights, left, right, owner, wishes, ties, chains, apart) -> list[float]:
    """Each box near the mean of its neighbours, in order and not closer than `apart`."""
    y = [0.0] * len(heights)
    for each in order:
        height = 0.0
        for i in each:
            y[i] = height + heights[i] / 2
            height += heights[i] + apart
        for i in each:
            y[i] -= height / 2
    wishes = dict(wishes)
    for turn in range(60):
        if turn >= 40:
            for a, b in ties:
                wishes[a] = wishes[b] = (y[a] + y[b]) / 2
            for chain in chains:  # a long edge is straight
                wishes.update(dict.fromkeys(chain, sum([y[i] for i in chain]) / len(chain)))
        for each in order if turn % 2 == 0 else order[::-1]:
            wanted, weights = [], []
            for i in each:
                near = (left[i] if turn % 2 == 0 else right[i]) or right[i] or left[i]
                if turn >= 20:
                    near = left[i] + right[i]
                wish = sum([y[j] for j in near]) / len(near) if near else y[i]
                wanted.append(wishes.get(i, wish))
                weights.append(1e6 if owner[i] == LINE else 8.0 if owner[i] < 0 or i in wishes else 1.0)
            for i, height in zip(each, spread(wanted, weights, [heights[i] for i in each], apart)):
                y[i] = height
    return y


def spread(wanted: list[float], weights: list[float], heights: list[float], apart: float) -> list[float]:
    """The places nearest to the wanted ones, in least squares, that keep the order and do not overlap."""
    offsets, offset = [], 0.0
    for k, height in enumerate(heights):
        offset += (heights[k - 1] + height) / 2 + apart if k else 0.0
        offsets.append(offset)
    pools: list[list[float]] = []  # mean, weight, count
    for want, weight, offset in zip(wanted, weights, offsets):
        pools.append([want - offset, weight, 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            mean, w, count = pools.pop()
            old = pools[-1]
            old[0] = (old[0] * old[1] + mean * w) / (old[1] + w)
            old[1] += w
            old[2] += count
    return [mean + offset for (mean, offset) in zip([p[0] for p in pools for _ in range(int(p[2]))], offsets)]
