"""`tinygrad-rnn flow`: how far back in time the gradient reaches, in four kinds of cell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from ..atomic import check_writable
from ..tasks import CELLS, Adding, recurrent
from ..viz.flow import LayerFlow, gradient_flow
from ..viz.plot import PLOTS, check_plot
from .options import LAYERS, POSITIVE, SEED, option

FILE = click.Path(path_type=Path, dir_okay=False)
SHOWN = 6  # time steps of a table


@click.command()
@click.option(
    "--cell", "cells", multiple=True, type=click.Choice(list(CELLS)),
    help="This one only; may be repeated.  [default: all of them]",
)  # fmt: skip
@LAYERS
@option("--steps", type=POSITIVE, default=50, help="Time steps.")
@option("--hidden", type=POSITIVE, default=32, help="Hidden units of a layer.")
@option("--batch", type=POSITIVE, default=16, help="Sequences.")
@click.option("--forget-bias", type=float, help="With which an LSTM's forget gates begin.  [default: small, at random]")
@SEED
@click.option("-o", "--output", type=FILE, help=f"Plot the curves too, with matplotlib: {', '.join(PLOTS)}.")
def flow(
    cells: tuple[str, ...], layers: int, steps: int, hidden: int, batch: int, forget_bias: float | None, seed: int,
    output: Path | None,
) -> None:  # fmt: skip
    """Compare how far the gradient reaches back in time: tanh, ReLU from the identity, GRU and LSTM.

    Each reads the adding problem with the parameters that it begins training with, and the loss looks at its last step
    only: the sum of two numbers that were marked among all that it read.
    """
    if output:
        try:
            check_plot(output)
        except ValueError:
            raise click.BadParameter(f"{output} does not end in {', '.join(PLOTS)}", param_hint="--output") from None
        except RuntimeError as error:  # there is no matplotlib
            raise click.ClickException(str(error)) from error
        check_writable(output.parent)
    found = []
    for cell in [name for name in CELLS if name in (cells or CELLS)]:
        for layer in measured(cell, layers, steps, hidden, batch, forget_bias, seed):
            name = f"{CELLS[cell]}, {layer.name}" if layers > 1 else CELLS[cell]
            found.append(replace(layer, name=name))
    show(found, steps)
    if output:
        from ..viz.flow_plot import save

        save(found, output)
        click.echo(f"\nwrote {output}")


def measured(cell: str, layers: int, steps: int, hidden: int, batch: int, forget_bias: float | None, seed: int) -> Any:
    """The gradient flow of a new network on the adding problem."""
    from .. import nn
    from ..creation import tensor
    from ..random import manual_seed

    manual_seed(seed)
    rnn, head = recurrent(cell, 2, hidden, layers, forget_bias), nn.Linear(hidden, 1)
    task = Adding(steps)
    sequences = task.batch(np.random.default_rng(seed), batch)
    y, _ = rnn(tensor(sequences.x))
    return gradient_flow(task.loss(head(y[-1]), sequences), rnn)


def show(layers: list[LayerFlow], steps: int) -> None:
    """Print the tables: a line for each layer, a column for some of the steps."""
    from ..bench.tables import number, paper, print_table

    console = paper()
    times = np.unique(np.linspace(0, steps - 1, SHOWN).round().astype(int))
    for title, lines in tables(layers):
        figures = [[name, *map(number, values[times].tolist())] for name, values in lines]
        print_table(console, title, ["", *[f"t = {t}" for t in times]], figures)


def tables(layers: list[LayerFlow]) -> Iterator[tuple[str, list[tuple[str, np.ndarray]]]]:
    """(title, lines of a name and an array [T])."""
    for title, state, memory in (
        ("|dL/dh_t|, the gradient that reaches step t", "dh", "dc"),
        ("|dh_T/dh_t|, how the last state depends on step t", "jacobian_h", "jacobian_c"),
    ):
        lines = [(layer.name, getattr(layer, state)) for layer in layers]
        lines += [(f"{layer.name}, by c_t", getattr(layer, memory)) for layer in layers if layer.dc is not None]
        yield title, lines
    yield (
        "|dL/dW_hh| of step t, its part of the gradient of the shared weight",
        [(layer.name, layer.dw["weight_hh"]) for layer in layers],
    )
    gates = [(f"{layer.name}, {gate}", units.mean((1, 2))) for layer in layers for gate, units in layer.gates.items()]
    if gates:
        yield "Gates, mean over batch and units", gates
