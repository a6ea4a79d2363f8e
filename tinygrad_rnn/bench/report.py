"""What was found in all: rows, what sums them up, and how everything is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from .measure import geometric_mean
from .row import BETTER, Row, rivals
from .summary import summary

SCHEMA = 2  # of the JSON


@dataclass(frozen=True)
class Mean:
    """The geometric mean of a group's ratios, and the row that is worst."""

    section: str
    group: str
    threads: int | None
    over: str  # a peer, or BETTER
    mean: float
    least: float
    rows: int


def means(rows: Iterable[Row]) -> list[Mean]:
    """The geometric means of every group, for each number of threads."""
    ratios: dict[tuple[str, str, int | None, str], list[float]] = {}
    for row in rows:
        peers = {name: ratio.median for name, ratio in row.ratios.items()}
        if len(others := rivals(row.ratios)) > 1:
            peers[BETTER] = min(others.values())
        for name, ratio in peers.items():
            ratios.setdefault((row.section, row.group, row.threads, name), []).append(ratio)
    return [
        Mean(section, group, threads, name, geometric_mean(found), min(found), len(found))
        for (section, group, threads, name), found in ratios.items()
    ]


@dataclass
class Report:
    """Everything a run found."""

    machine: dict[str, str]
    versions: dict[str, str]
    options: dict[str, Any]
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The report as dictionaries, lists, strings and numbers."""
        rows = [
            asdict(row) | {
                kind: {name: each._asdict() for name, each in getattr(row, kind).items()}
                for kind in ("figures", "ratios")
            }
            for row in self.rows
        ]  # fmt: skip
        found = {name: getattr(self, name) for name in ("machine", "versions", "options", "notes")}
        return {"schema": SCHEMA} | found | {
            "rows": rows,
            "means": [asdict(mean) for mean in means(self.rows)],
            "summary": [asdict(line) for line in summary(self.rows)],
        }
