"""`tinygrad-rnn train`: a character model on any text."""

from __future__ import annotations

from pathlib import Path

import click

from ..atomic import check_writable
from ..text import load_text, stdlib_text
from ..trainer import Config, Trainer, checkpoint_file
from .options import ABOVE_ZERO, CELL, FOLDER, LAYERS, POSITIVE, SEED, chosen, option, setting
from .session import Session


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE ...]")
@CELL
@LAYERS
@setting("hidden", POSITIVE, "Hidden units of a layer.")
@setting("embedding", POSITIVE, "Numbers that stand for a character.")
@setting("steps", POSITIVE, "Steps the gradient flows back.")
@setting("batch", POSITIVE, "Streams of text read in parallel.")
@setting("lr", ABOVE_ZERO, "Learning rate of Adam.")
@setting("clip", ABOVE_ZERO, "Largest norm of the gradient.")
@setting("dropout", click.FloatRange(0, 1, max_open=True), "Share of the units dropped in training.")
@SEED
@option("--updates", type=POSITIVE, default=1000, help="Updates in all, earlier ones included.")
@option("--evaluate", type=POSITIVE, default=100, help="Updates between held-out evaluations.")
@option("--checkpoint", type=FOLDER, default=Path("tinygrad-rnn-checkpoint"), help="Folder to write to.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint, exactly as if it had never stopped.")
@click.option("--overwrite", is_flag=True, help="Begin anew although the folder holds a checkpoint.")
@click.pass_context
def train(
    ctx: click.Context, files, updates: int, evaluate: int, checkpoint: Path, resume: bool, overwrite: bool, **settings
):
    """Train a character model on the text of FILEs, or on Python's own help texts.

    The last tenth of the text is held out. Ctrl-C stops after the update at hand and writes the checkpoint;
    --resume goes on from there.
    """
    text = load_text(files) if files else stdlib_text()
    if resume:
        trainer = resumed(ctx, checkpoint, text)
    elif (file := checkpoint_file(checkpoint)).exists() and not overwrite:
        raise click.UsageError(f"{file} exists: go on from it with --resume, replace it with --overwrite")
    else:
        trainer = Trainer(text, Config(**settings))
    if trainer.updates >= updates:
        raise click.UsageError(f"{checkpoint} has had {trainer.updates:,} updates already: ask for more with --updates")
    check_writable(checkpoint)
    session = Session(trainer, updates, evaluate, checkpoint)
    session.introduce()
    session.run()


def resumed(ctx: click.Context, checkpoint: Path, text: str) -> Trainer:
    """The trainer of a checkpoint; the options given must be those it began with, but for the rates."""
    given = chosen(ctx)
    rates = {name: given[name] for name in ("lr", "clip") if name in given}
    trainer = Trainer.load(checkpoint, text, **rates)
    for name, value in given.items():
        if name not in rates and (began := getattr(trainer.config, name, value)) != value:
            raise click.UsageError(f"--{name} {value} does not fit: {checkpoint} began with --{name} {began}")
    return trainer
