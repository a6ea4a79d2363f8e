"""What the examples of published tasks share: more options, training one network after the other, and the picture."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from _training import options_of, save, whole

import tinygrad_rnn as tg
from tinygrad_rnn.divergence import Diverged
from tinygrad_rnn.tasks import CELLS, Curve, Network, Point, Setup, Task, network, train

COLORS = {"tanh": "#d55e00", "relu": "#009e73", "gru": "#cc79a7", "lstm": "#0072b2"}  # apart for colour-blind readers
SETTINGS = [field.name for field in fields(Setup)]

Trained = dict[str, tuple[Network, Curve]]


def command(doc: str, cells: str = "tanh relu gru lstm") -> argparse.ArgumentParser:
    """The options that all of these examples have. What of the set-up is not given is as it was published."""
    parser = options_of(doc)
    parser.add_argument("--cell", nargs="+", choices=list(CELLS), default=cells.split(), help="one or several")
    parser.add_argument("--every", type=whole, help="updates between two looks at held-out sequences")
    parser.add_argument("--forget-bias", type=float, help="with which an LSTM's forget gates begin")
    parser.add_argument("--input-std", type=float, help="with which an IRNN's input weights begin")
    orthogonal = {"action": argparse.BooleanOptionalAction, "default": None}
    parser.add_argument("--orthogonal", **orthogonal, help="begin with orthogonal recurrent weights")
    parser.add_argument("--checkpoint", type=Path, help="folder for the parameters of each look")
    parser.add_argument("--quick", action="store_true", help="a smaller task and few updates, to see that all works")
    return parser


def compare(task: Task, options: argparse.Namespace, **quick: Any) -> Trained:
    """Train a network of each cell that was asked for; `quick` is what `--quick` changes in the set-up.

    One whose numbers end is told of and left where it was last good.
    """
    tg.set_num_threads(options.threads)
    changes = (quick if options.quick else {}) | {
        name: value for name in SETTINGS if (value := getattr(options, name)) is not None
    }
    print(f"{task.title}: {task.figure} {task.baseline:.4g} for who remembers nothing, the goal is {task.goal:.4g}")
    trained = {}
    for cell in options.cell:
        setup = replace(task.setup(cell), **changes)
        net, file = network(task, cell, setup, options.seed), None
        if options.checkpoint:
            options.checkpoint.mkdir(parents=True, exist_ok=True)
            file = options.checkpoint / f"{cell}.safetensors"
        seen: list[Point] = []
        try:
            curve = train(task, net, setup, options.seed, show=shown(cell, setup, seen), checkpoint=file)
        except Diverged as error:
            print(f"{cell}: stopped in {error}")
            curve = Curve(seen)
        else:
            end = "reached the goal" if curve.solved else "did not reach the goal"
            took = f"{curve.updates:,} updates, {curve.seconds:.1f} s"
            print(f"{cell}: {end}, {task.figure} {curve.figure:.4f} after {took}")
        trained[cell] = net, curve
    return trained


def shown(cell: str, setup: Setup, seen: list[Point]) -> Callable[[Point], None]:
    """Progress: about ten lines."""

    def show(point: Point) -> None:
        seen.append(point)
        if len(seen) % max(1, setup.updates // setup.every // 10) == 0:
            print(
                f"{cell:5} update {point.update:6,}: loss {point.loss:.4f}, gradient {point.norm:8.3f}, "
                f"held out {point.figure:.4f}",
                flush=True,
            )

    return show


def picture(task: Task, trained: Trained, path: Path, draw: Callable[[Any], None], title: str) -> None:
    """The curves of all networks, and beside them what `draw` draws."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    for cell, (_, curve) in trained.items():
        updates, figures = [p.update for p in curve.points], [p.figure for p in curve.points]
        left.plot(updates, figures, color=COLORS[cell], label=CELLS[cell], marker="." if len(updates) < 30 else "")
    left.axhline(task.baseline, color="0.6", linestyle=":", label="remembers nothing")
    left.axhline(task.goal, color="0.3", linestyle="--", label="goal")
    if not task.rising:
        left.set_yscale("log")
    left.set(title=f"{task.title}: {task.figure}, held out", xlabel="updates")
    left.grid(alpha=0.3)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower left", ncols=6, frameon=False)
    draw(right)
    right.set_title(title)
    save(figure, path)
