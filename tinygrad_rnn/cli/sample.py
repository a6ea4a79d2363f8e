"""`tinygrad-rnn sample`: let a trained model write."""

from __future__ import annotations

from pathlib import Path

import click

from .. import charmodel
from ..random import Generator
from ..trainer import load_model
from .options import POSITIVE, SEED, option


@click.command()
@click.argument("checkpoint", type=click.Path(path_type=Path))
@option("--prompt", default="The ", help="What it continues.")
@option("--temperature", type=click.FloatRange(min=0), default=0.8, help="Below 1 more careful, above more daring.")
@option("--length", type=POSITIVE, default=500, help="Characters to write.")
@SEED
def sample(checkpoint: Path, prompt: str, temperature: float, length: int, seed: int) -> None:
    """Continue a prompt with the model in CHECKPOINT, a folder or a file."""
    if not prompt:
        raise click.UsageError("--prompt must have at least one character")
    model, vocabulary = load_model(checkpoint)
    generator = Generator().manual_seed(seed)
    click.echo(prompt + charmodel.sample(model, vocabulary, prompt, length, temperature, generator))
