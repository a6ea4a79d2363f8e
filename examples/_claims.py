"""What a claim is: a line of a table in docs/tasks.md, and how it is put to the test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, NamedTuple

from tinygrad_rnn.tasks import CELLS, Curve, Task, network, train

SEEDS = (0, 1, 2)


class Found(NamedTuple):
    """What came out of one test of a claim."""

    holds: bool
    figure: float | None  # None where there are no numbers any more
    updates: int | None = None
    more: Mapping[str, Any] = MappingProxyType({})  # what is kept besides


Test = Callable[[int, bool], Found]  # of a seed; True for a trial of the machinery, whose result says nothing


@dataclass(frozen=True)
class Claim:
    """A line of a table.

    Attributes:
        case, by: what is tried, and with which network or method; together the name of the claim.
        outcome: what is to come, in words.
        test: whether it comes, for a seed.
        seeds: those it is tested with; none where chance has no part.
        show: how the figure is printed.
        median: whether that of all figures is told.
    """

    case: str
    by: str
    outcome: str
    test: Test
    seeds: tuple[int, ...] = SEEDS
    show: str = ".4f"
    median: bool = False

    @property
    def name(self) -> str:
        return f"{self.case}, {self.by}"


def trained(task: Task, cell: str, seed: int, quick: bool, **changes: Any) -> Curve:
    """A training with the set-up of the task and these changes."""
    setup = replace(task.setup(cell), **(changes | ({"updates": 2} if quick else {})))
    return train(task, network(task, cell, setup, seed), setup, seed)


def training(
    task: Task,
    cell: str,
    outcome: str,
    holds: Callable[[Curve], bool] = lambda curve: curve.solved,
    *,
    seeds: tuple[int, ...] = SEEDS,
    note: str = "",
    **changes: Any,
) -> Claim:
    """What a network reaches, or fails to reach; `changes` are those of the task's set-up, `note` names them."""

    def test(seed: int, quick: bool) -> Found:
        curve = trained(task, cell, seed, quick, **changes)
        return Found(holds(curve), curve.figure, curve.updates)

    return Claim(task.title, CELLS[cell] + note, outcome, test, seeds)


def sooner(
    task: Task, cell: str, where: str, setting: str, values: tuple[Any, Any], seeds: tuple[int, ...], **changes: Any
) -> Claim:
    """That the goal is reached in fewer updates with the first value of a setting than with the second.

    The figure says how many times as many the second takes, or has had where it did not reach the goal at all.
    """

    def test(seed: int, quick: bool) -> Found:
        few, many = (trained(task, cell, seed, quick, **{setting: value}, **changes) for value in values)
        more = {"updates of the other": many.updates, "the other is solved": many.solved}
        return Found(few.solved and few.updates < many.updates, many.updates / few.updates, few.updates, more)

    words = setting.replace("_", " ")
    outcome = f"{words} {values[0]:g} reaches the goal sooner than {values[1]:g}, {where} (figure: how many times)"
    return Claim(f"{task.title}, {words}", CELLS[cell], outcome, test, seeds, ".1f", median=True)


def lowest(curve: Curve) -> float:
    """The smallest figure that was seen."""
    return min(point.figure for point in curve.points)
