"""Reproduce what was published: train on each task with several seeds, and write the table into docs/tasks.md.

    python examples/reproduce.py                                     everything, about five minutes on one core
    python examples/reproduce.py --tasks adding reber --seeds 0 1 2
    python examples/reproduce.py --tasks none                        only write the table again

What was measured is kept in docs/tasks.json, so that a run of some tasks or seeds replaces these and leaves the others;
the table stands between two marks in docs/tasks.md. Seconds are of the machine that ran it, on one thread.
Expected: all lines hold for all seeds, but for the IRNN on pixels, which misses its bound with one of six.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn.atomic import replacing
from tinygrad_rnn.divergence import Diverged
from tinygrad_rnn.tasks import CELLS, TASKS, Curve, network, recurrent, state_jacobian, train

DOCS = Path(__file__).parent.parent / "docs"
MARKS = "<!-- table of examples/reproduce.py -->", "<!-- end of the table -->"


@dataclass(frozen=True)
class Claim:
    """A line of the table: what a network is to reach on a task, or is to fail to reach."""

    task: str
    cell: str
    words: str
    updates: int | None = None  # at most so many; None for as many as the set-up has
    holds: Callable[[Curve], bool] = lambda curve: curve.solved

    @property
    def key(self) -> str:
        return f"{self.task}, {self.cell}"


def best(curve: Curve) -> float:
    """The smallest figure of a training."""
    return min(point.figure for point in curve.points)


CLAIMS = [
    Claim("adding", "lstm", "MSE at most 0.01 within 2,000 updates, T=100"),
    Claim("adding", "gru", "MSE at most 0.01 within 2,000 updates, T=100"),
    Claim("adding", "tanh", "MSE never below 0.12 in 2,000 updates, T=100", holds=lambda curve: best(curve) > 0.12),
    Claim("reber", "lstm", "500 of 500 held-out strings"),
    Claim("copying", "lstm", "cross entropy at most 0.17 within 15,000 updates, delay 50"),
    Claim("order", "lstm", "accuracy at least 0.99, L 20 to 50"),
    Claim("order", "gru", "accuracy at least 0.99, L 20 to 50"),
    Claim("pixels", "lstm", "accuracy above 0.7 after 300 updates", 300, lambda curve: curve.figure > 0.7),
    Claim("pixels", "relu", "accuracy above 0.7 after 300 updates", 300, lambda curve: curve.figure > 0.7),
    Claim("pixels", "tanh", "accuracy below 0.7 after 300 updates", 300, lambda curve: curve.figure < 0.7),
]
IDENTITY = "identity"  # has no training: the property of the IRNN


def measured(claim: Claim, seed: int, updates: int | None) -> dict[str, Any]:
    """One training."""
    task = TASKS[claim.task]()
    setup = task.setup(claim.cell)
    setup = replace(setup, updates=updates or claim.updates or setup.updates)
    try:
        curve = train(task, network(task, claim.cell, setup, seed), setup, seed)
    except Diverged as error:
        return {"updates": 0, "seconds": 0.0, "figure": None, "holds": False, "stopped": str(error)}
    return {
        "updates": curve.updates,
        "seconds": round(curve.seconds, 1),
        "figure": curve.figure,
        "holds": claim.holds(curve),
    }


def irnn(seed: int) -> dict[str, Any]:
    """Whether d h_T / d h_0 is the identity, exactly, at T = 1000, and what tanh has left of it."""
    tg.manual_seed(seed)
    exact = np.array_equal(state_jacobian(recurrent("relu", 2, 100), 1000), np.eye(100))
    tanh = recurrent("tanh", 2, 100).double()  # in float32 there is nothing left at all
    return {"holds": exact, "tanh": float(np.abs(state_jacobian(tanh, 1000)).max())}


def table(results: dict[str, dict[str, Any]]) -> str:
    """What was measured, as Markdown; seeds side by side."""
    lines = [
        "| task | cell | outcome | holds | seeds | after updates | figure | seconds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for claim in CLAIMS:
        found = results.get(claim.key, {})
        seeds = sorted(found, key=int)
        runs = [found[seed] for seed in seeds]
        holds = f"{sum(run['holds'] for run in runs)} of {len(runs)}" if runs else "not run"
        columns = [
            TASKS[claim.task].title,
            CELLS[claim.cell],
            claim.words,
            holds,
            ", ".join(seeds),
            ", ".join(f"{run['updates']:,}" for run in runs),
            ", ".join("diverged" if run["figure"] is None else f"{run['figure']:.4f}" for run in runs),
            ", ".join(f"{run['seconds']:.0f}" for run in runs),
        ]
        lines.append(f"| {' | '.join(columns)} |")
    found = results.get(IDENTITY, {})
    seeds = sorted(found, key=int)
    holds = f"{sum(found[seed]['holds'] for seed in seeds)} of {len(seeds)}" if found else "not run"
    left = ", ".join(f"{found[seed]['tanh']:.0e}" for seed in seeds)
    words = "d h_T / d h_0 = I exactly at T=1000 (figure: its largest number for tanh)"
    lines.append(f"| IRNN property | {CELLS['relu']} | {words} | {holds} | {', '.join(seeds)} | | {left} | |")
    return "\n".join(lines)


def write(results: dict[str, dict[str, Any]], folder: Path) -> None:
    """The results, and the table in the page."""
    with replacing(folder / "tasks.json") as file:
        file.write((json.dumps(results, indent=1, sort_keys=True) + "\n").encode())
    page = folder / "tasks.md"
    text = page.read_text(encoding="utf-8")
    begin, end = map(re.escape, MARKS)
    body = f"{MARKS[0]}\n{table(results)}\n{MARKS[1]}"
    text, count = re.subn(f"{begin}.*?{end}", lambda _: body, text, flags=re.DOTALL)
    if count != 1:
        raise SystemExit(f"{page} must have the marks {MARKS[0]} and {MARKS[1]} once, to say where the table goes")
    with replacing(page) as file:
        file.write(text.encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tasks = [*TASKS, IDENTITY]
    parser.add_argument("--tasks", nargs="+", choices=[*tasks, "none"], default=tasks)
    parser.add_argument("--cell", nargs="+", choices=list(CELLS), default=list(CELLS), help="only these")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--updates", type=int, help="at most so many, for a trial, which needs --docs")
    parser.add_argument(
        "--docs", type=Path, help="folder with tasks.md, where the results go, if not that of the project"
    )
    options = parser.parse_args()
    if options.updates and not options.docs:
        parser.error("--updates is for trials, whose results are none: say with --docs where they may go")
    folder = options.docs or DOCS

    tg.set_num_threads(1)
    file = folder / "tasks.json"
    results = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    for seed in options.seeds:
        if IDENTITY in options.tasks:
            results.setdefault(IDENTITY, {})[str(seed)] = irnn(seed)
        for claim in CLAIMS:
            if claim.task in options.tasks and claim.cell in options.cell:
                print(f"{claim.key}, seed {seed}: ", end="", flush=True)
                run = results.setdefault(claim.key, {})[str(seed)] = measured(claim, seed, options.updates)
                print(json.dumps(run))
                write(results, folder)
    write(results, folder)
    print(table(results))


if __name__ == "__main__":
    main()
