"""A line search: how far to go along a direction, so that the loss falls enough and its slope gets flat."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

DECREASE, CURVATURE = 1e-4, 0.9  # the constants c1 and c2 of the Wolfe conditions


class Point(NamedTuple):
    """Where the line x + t d was evaluated."""

    t: float
    loss: float
    gradient: np.ndarray
    slope: float  # of the loss along d


def strong_wolfe(
    at: Callable[[float], Point], start: Point, t: float, length: float, tolerance: float, most: int
) -> Point:
    """A point on the line at which the strong Wolfe conditions hold, or the best one found.

        loss(t) <= loss(0) + c1 t slope(0)   and   |slope(t)| <= c2 |slope(0)|

    Args:
        at: evaluates the line.
        start: the point at t = 0, where the loss falls.
        t: the first guess.
        length: the largest number of d: an interval is too short when length times it is below `tolerance`.
        most: how many guesses may follow the first.

    Source: Nocedal & Wright 2006, algorithms 3.5 and 3.6; the choices of `torch.optim.LBFGS`.
    """

    def high(point: Point) -> bool:
        return point.loss > start.loss + DECREASE * point.t * start.slope

    def flat(point: Point) -> bool:
        return abs(point.slope) <= -CURVATURE * start.slope

    before, here, tries = start, at(t), 0
    while tries < most:  # go on until the interval must hold such a point
        if high(here) or (tries > 1 and here.loss >= before.loss):
            break
        if flat(here):
            return here
        if here.slope >= 0:
            break
        further = lowest_of_cubic(before, here, here.t + 0.01 * (here.t - before.t), 10 * here.t)
        before, here, tries = here, at(further), tries + 1
    ends = [before if tries < most else start, here]
    low = int(not ends[0].loss <= ends[1].loss)
    near = False  # whether the last guess was close to an end
    while tries < most and not abs(ends[1].t - ends[0].t) * length < tolerance:  # shrink the interval
        left, right = sorted([ends[0].t, ends[1].t])
        t, margin = lowest_of_cubic(ends[0], ends[1], left, right), 0.1 * (right - left)
        if min(right - t, t - left) < margin:
            near = not (near or t >= right or t <= left)
            if not near:
                t = right - margin if abs(t - right) < abs(t - left) else left + margin
        else:
            near = False
        here, tries = at(t), tries + 1
        if high(here) or here.loss >= ends[low].loss:
            ends[1 - low] = here
            low = int(not ends[0].loss <= ends[1].loss)
        elif flat(here):
            return here
        else:
            if here.slope * (ends[1 - low].t - ends[low].t) >= 0:
                ends[1 - low] = ends[low]
            ends[low] = here
    return ends[low]


def lowest_of_cubic(a: Point, b: Point, least: float, most: float) -> float:
    """Where the cubic with the losses and slopes of two points is lowest, within bounds; else their middle."""
    if a.t > b.t:
        a, b = b, a
    mixed = a.slope + b.slope - 3 * np.divide(a.loss - b.loss, a.t - b.t)
    square = mixed * mixed - a.slope * b.slope
    if not square >= 0:
        return (least + most) / 2
    root = np.sqrt(square)
    lowest = b.t - (b.t - a.t) * np.divide(b.slope + root - mixed, b.slope - a.slope + 2 * root)
    return float(min(max(lowest, least), most))
