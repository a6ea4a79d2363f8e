"""`tinygrad-rnn draw`: the picture of a small recurrent network, unrolled through time."""

from __future__ import annotations

from pathlib import Path

import click

from ..atomic import check_writable
from ..charmodel import CELLS
from ..viz.annotate import COLORS
from ..viz.draw import VIEWS
from ..viz.drawing import FORMATS
from ..viz.groups import LEVELS
from .options import CELL, LAYERS, POSITIVE, option

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@CELL
@LAYERS
@option("--steps", type=POSITIVE, default=4, help="Time steps.")
@option("--hidden", type=POSITIVE, default=4, help="Hidden units of a layer.")
@option("--level", type=click.Choice(LEVELS), default="step", help="What one box stands for.")
@option("--view", type=click.Choice(VIEWS), default="unrolled", help="All steps, a few of them, or one with a loop.")
@option("--show", type=click.Choice(["value", "gradient", "saved"]), multiple=True, help="What boxes show; repeatable.")
@option("--color", type=click.Choice(COLORS), default="kind", help="What colours tell: the kind, or the gradient.")
@click.option("--backward", is_flag=True, help="Draw the backward pass as well.")
@click.option("-o", "--output", type=FILE, help=f"Where to: {', '.join(FORMATS)}.  [default: CELL.svg]")
def draw(
    cell: str,
    layers: int,
    steps: int,
    hidden: int,
    level: str,
    view: str,
    show: tuple,
    color: str,
    backward: bool,
    output: Path | None,
) -> None:
    """Draw a small recurrent network, unrolled through time; as .html, a page that steps through its backward pass.

    Gradients are those of the sum of the last output.
    """
    from .. import nn, viz
    from ..creation import randn

    output = output or Path(f"{cell}.svg")
    if output.suffix.lower() not in FORMATS:
        raise click.BadParameter(f"{output} does not end in {', '.join(FORMATS)}", param_hint="--output")
    check_writable(output.parent)
    y, _ = getattr(nn, CELLS[cell])(3, hidden, layers)(randn(steps, 1, 3))
    if color == "gradient" or "gradient" in show:
        y = y[-1].sum()
    try:
        viz.draw(y, level, view, show=show, color=color, backward=backward).save(output)
    except (RuntimeError, ValueError) as error:  # no Graphviz, a failed layout; a rolled picture with gradients
        raise click.ClickException(str(error)) from error
    click.echo(f"wrote {output}")
