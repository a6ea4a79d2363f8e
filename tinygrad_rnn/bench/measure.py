"""Turns, medians and ratios: what is done to make times comparable on a machine that is never quiet."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from math import exp, log
from statistics import fmean, median, quantiles
from typing import NamedTuple, TypeVar

Name = TypeVar("Name", bound=Hashable)
Found = TypeVar("Found")


class Spread(NamedTuple):
    """The middle of some measurements, and between which values the middle half of them lies."""

    median: float
    low: float  # first quartile
    high: float  # third quartile


def spread(values: Sequence[float]) -> Spread:
    """Median and quartiles of one or more values.

    Example:
        >>> spread([4.0, 1.0, 2.0, 3.0, 10.0])
        Spread(median=3.0, low=2.0, high=4.0)
    """
    if len(values) == 1:
        return Spread(*[values[0]] * 3)
    low, _, high = quantiles(values, n=4, method="inclusive")
    return Spread(median(values), low, high)


def quotients(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """Round by round: what disturbs a whole round disturbs both sides of its ratio."""
    return [a / b for a, b in zip(above, below, strict=True)]


def geometric_mean(values: Sequence[float]) -> float:
    """exp(mean(log v)): twice as fast here and half as fast there is 1."""
    return exp(fmean([log(value) for value in values]))


def take_turns(entrants: Mapping[Name, Callable[[], Found]], rounds: int) -> dict[Name, list[Found]]:
    """Call every entrant once in each round; each round begins with the next one."""
    names = list(entrants)
    found: dict[Name, list[Found]] = {name: [] for name in names}
    for k in range(rounds):
        first = k % max(1, len(names))
        for name in names[first:] + names[:first]:
            found[name].append(entrants[name]())
    return found
