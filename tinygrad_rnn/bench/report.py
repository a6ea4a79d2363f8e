"""What was found: rows, what sums them up, and how both are shown and kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from .engines import PEERS
from .measure import Spread, geometric_mean, quotients, spread

SCHEMA = 1  # of the JSON

@dataclass(frozen=True)
class Row:
    """One measurement of ours and its peers.

    Args:
        section, group: where it belongs; a group has one table and one geometric mean for each thread count.
        name: what was measured.
        unit: of the figures, of which less is better.
        figures: of every library that took part.
        ratios: peer / ours, round by round; also to ours itself on one thread.
        threads: None where it does not matter.
        more: other numbers that follow from the figures.
    """

    section: str
    group: str
    name: str
    unit: str
    figures: Mapping[str, Spread]
    ratios: Mapping[str, Spread]
    threads: int | None = None
    more: Mapping[str, float] = field(default_factory=dict)


def compare(
    found: Mapping[str, Sequence[float]], scale: float = 1.0
) -> tuple[dict[str, Spread], dict[str, Spread]]:
    """Figures and ratios of what every library took in each round.

    Args:
        found: "ours" among them, or there is no ratio.
        scale: from what was measured to the unit of the figures.
    """
    figures = {name: spread([scale * value for value in values]) for name, values in found.items()}
    ratios = {}
    if "ours" in found:
        ratios = {
            name: spread(quotients(values, found["ours"])) for name, values in found.items() if name != "ours"
        }
    return figures, ratios


@dataclass(frozen=True)
class Mean:
    """The geometric mean of a group's ratios, and the row that is worst."""

    section: str
    group: str
    threads: int | None
    over: str  # a peer; "the better" is in each row the one that comes closer
    mean: float
    least: float
    rows: int


def means(rows: Iterable[Row]) -> list[Mean]:
    """The geometric means of every group, for each number of threads."""
    ratios: dict[tuple[str, str, int | None, str], list[float]] = {}
    for row in rows:
        peers = {name: ratio.median for name, ratio in row.ratios.items()}
        if len(rivals := [ratio for name, ratio in peers.items() if name in PEERS]) > 1:
            peers["the better"] = min(rivals)
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
        return {"schema": SCHEMA} | found | {"rows": rows, "means": [asdict(mean) for mean in means(self.rows)]}
