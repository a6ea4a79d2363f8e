"""What was found: kept in tasks.json, and written as tables between two marks in tasks.md."""

from __future__ import annotations

import json
import re
from pathlib import Path
from statistics import median
from typing import Any

from _claims import Claim

from tinygrad_rnn.atomic import replacing

MARKS = "<!-- tables of examples/reproduce.py -->", "<!-- end of the tables -->"
HEAD = ("case", "by", "outcome", "holds", "seeds", "after updates", "figure", "seconds", "load")
Results = dict[str, dict[str, dict[str, Any]]]  # name of the claim -> seed -> what was found


def read(folder: Path) -> Results:
    """What is known; nothing, where there is no file."""
    file = folder / "tasks.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def write(results: Results, parts: dict[str, list[Claim]], folder: Path) -> None:
    """The results, and their tables in the page."""
    page = folder / "tasks.md"
    if not page.exists():
        raise SystemExit(f"there is no {page} to write the tables into: a copy of docs/tasks.md does")
    text = page.read_text(encoding="utf-8")
    tables = "\n\n".join(f"### {title}\n\n{table(claims, results)}" for title, claims in parts.items())
    begin, end = map(re.escape, MARKS)
    text, count = re.subn(f"{begin}.*?{end}", lambda _: f"{MARKS[0]}\n{tables}\n{MARKS[1]}", text, flags=re.DOTALL)
    if count != 1:
        raise SystemExit(f"{page} must have the marks {MARKS[0]} and {MARKS[1]} once, to say where the tables go")
    with replacing(folder / "tasks.json") as file:
        file.write((json.dumps(results, indent=1, sort_keys=True) + "\n").encode())
    with replacing(page) as file:
        file.write(text.encode())


def table(claims: list[Claim], results: Results) -> str:
    """A line for each claim, seeds side by side; columns without anything are left out."""
    rows = [line(claim, results.get(claim.name, {})) for claim in claims]
    used = [k for k in range(len(HEAD)) if any(row[k] for row in rows)]
    head = [[HEAD[k] for k in used], ["---"] * len(used)]
    return "\n".join(f"| {' | '.join(row)} |" for row in [*head, *[[row[k] for k in used] for row in rows]])


def line(claim: Claim, found: dict[str, dict[str, Any]]) -> list[str]:
    """One claim, in the columns of HEAD."""
    seeds = sorted(found, key=int)
    runs = [found[seed] for seed in seeds]

    def column(name: str, show: str, none: str = "-") -> str:
        values = [run.get(name) for run in runs]
        told = ", ".join([none if value is None else format(value, show) for value in values])
        return told if any(value is not None for value in values) else ""

    held = [run["holds"] for run in runs]
    holds = f"{sum(held)} of {len(held)}" if claim.seeds else ("no", "yes")[all(held)]
    figures = column("figure", claim.show, "diverged")
    if claim.median and (known := [run["figure"] for run in runs if run["figure"] is not None]):
        figures += f"; median {median(known):{claim.show}}"
    loads = [run["load"] for run in runs if run.get("load") is not None]
    return [
        claim.case, claim.by, claim.outcome, holds if runs else "not run", ", ".join(seeds) if claim.seeds else "",
        column("updates", ",d"), figures, column("seconds", ".0f"), f"{max(loads):.1f}" if loads else "",
    ]  # fmt: skip
