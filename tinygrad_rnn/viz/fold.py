"""Folding: which steps, or which stretch of a long computation, one ellipsis stands for."""

from __future__ import annotations

from itertools import groupby
from typing import Any, NamedTuple

from .groups import Group


class Fold(NamedTuple):
    """What an ellipsis stands for."""

    key: Any
    label: str
    tip: str
    column: int | None = None


class Plan:
    """Which groups are drawn, which are folded, and the columns that are left.

    Attributes:
        labels: (era, label) of each column of the picture.
        steps: the step of each column as a subscript.
        said: what was folded, in words; empty if nothing was.
    """

    def __init__(
        self,
        groups: list[Group],
        members: list[list],
        columns: list[tuple[int, int]],
        level: str,
        view: str,
        budget: int,
        budget_outside: int,
    ) -> None:
        self.said = ""
        used = sorted({g.column for g in groups if g.column is not None})
        weights = [len(m) if level == "op" or g.apart else min(len(m), 1) for g, m in zip(groups, members)]
        inside = sum([w for w, g in zip(weights, groups) if g.column is not None])
        keep = len(used)
        if view == "folded":
            keep = 3
        elif inside > budget and used:
            keep = max(3, budget * len(used) // inside)
        self._columns(columns, used, keep, view)
        outside = [i for i, g in enumerate(groups) if g.column is None and weights[i]]
        self._elide(outside, weights, budget_outside if not used else budget)

    def _columns(self, columns: list[tuple[int, int]], used: list[int], keep: int, view: str) -> None:
        self._new: dict[int, int] = {}  # column of the graph -> column of the picture
        self._folds: dict[int, Fold] = {}
        self.labels: list[tuple[int, str]] = []
        self.steps: list[str] = []
        hidden = 0
        for era, each in groupby(used, key=lambda column: columns[column][0]):
            mine = list(each)
            quota = 3 if view == "folded" else max(3, keep * len(mine) // len(used))
            head = 2 if view == "folded" else quota - quota // 2
            tail = max(1, quota - head)
            middle = mine[head : len(mine) - tail]
            if len(middle) < (1 if view == "folded" else 2):
                middle = []
            for column in mine:
                t = columns[column][1]
                if column not in middle:
                    self._new[column] = len(self.labels)
                    self.labels.append((era, f"t = {t}"))
                    self.steps.append(str(t))
                    continue
                if column == middle[0]:
                    first, last = t, columns[middle[-1]][1]
                    words = f"{len(middle)} steps" if len(middle) > 1 else "1 step"
                    fold = Fold(("steps", era), words, f"steps {first} to {last} are folded", len(self.labels))
                    span = f"{first} … {last}" if first != last else f"{first}"
                    self.labels.append((era, f"t = {span}"))
                    self.steps.append(span)
                    hidden += len(middle)
                self._new[column] = fold.column  # type: ignore[assignment]
                self._folds[column] = fold
        if hidden:
            self.said = f"{hidden:,} of {len(used):,} steps are folded"
        self._group_folds: dict[int, Fold] = {}

    def _elide(self, outside: list[int], weights: list[int], budget: int) -> None:
        """Of a long computation without steps: its beginning and its end."""
        total = sum([weights[i] for i in outside])
        if total <= budget:
            return
        head, kept, start = budget // 2, 0, 0
        while start < len(outside) and kept + weights[outside[start]] <= head:
            kept += weights[outside[start]]
            start += 1
        stop, kept = len(outside), 0
        while stop > start and kept + weights[outside[stop - 1]] <= budget - head:
            stop -= 1
            kept += weights[outside[stop]]
        count = sum([weights[i] for i in outside[start:stop]])
        fold = Fold(("middle",), f"{count:,} operations", f"{count:,} operations are folded")
        self._group_folds = dict.fromkeys(outside[start:stop], fold)
        said = f"{count:,} of {total:,} operations are folded"
        self.said = f"{self.said}; {said}" if self.said else said

    def of_group(self, number: int, column: int | None) -> Fold | None:
        return self._group_folds.get(number) if column is None else self._folds.get(column)

    def column(self, column: int | None) -> int | None:
        """Where a column of the graph is in the picture."""
        return None if column is None else self._new[column]
