"""`tinygrad-rnn demo`: a minute of training, and something to look at."""

from __future__ import annotations

import csv
from pathlib import Path
from time import perf_counter

import click

from .. import charmodel
from ..atomic import check_writable, replacing
from ..random import Generator
from ..text import stdlib_text
from ..trainer import Config, Trainer, checkpoint_file
from .options import ABOVE_ZERO, FOLDER, POSITIVE, SEED, option
from .progress import Row
from .session import Session
from .table import table

PROMPT = "The "


@click.command()
@option("--updates", type=POSITIVE, default=600, help="Updates of the parameters.")
@option("--seconds", type=ABOVE_ZERO, default=60, help="Stop training after so long.")
@SEED
@option("--out", type=FOLDER, default=Path("tinygrad-rnn-demo"), help="Folder to write to, replacing an earlier demo.")
def demo(updates: int, seconds: float, seed: int, out: Path) -> None:
    """Train an LSTM on Python's help texts, let it write, and draw it unrolled through time."""
    began = perf_counter()
    check_writable(out)
    trainer = Trainer(stdlib_text(), Config(seed=seed))
    session = Session(trainer, updates, max(1, updates // 10), out, limit=seconds)
    session.introduce()
    session.run()
    text = charmodel.sample(
        trainer.model, trainer.vocabulary, PROMPT, length=400, temperature=0.7, generator=Generator().manual_seed(seed)
    )
    click.echo(f"\nIt writes:\n\n{PROMPT}{text}\n")
    table([
        ("updates", f"{trainer.updates:,}"),
        ("held out", f"{session.rows[-1].heldout:.3f} bits per character"),
        ("speed", f"{session.speed:,.0f} characters a second"),
        ("checkpoint", str(checkpoint_file(out))),
        ("training curve", write_curve(session.rows, out / "training.csv")),
        ("as a picture", draw_curve(session.rows, out / "training.svg")),
        ("unrolled graph", draw_unrolled(trainer, out / "unrolled.svg")),
        ("all in all", f"{perf_counter() - began:.0f} seconds"),
    ])  # fmt: skip
    click.echo(f"\nGo on: tinygrad-rnn sample {out}, or tinygrad-rnn train --resume --checkpoint {out}")


def draw_unrolled(trainer: Trainer, path: Path, steps: int = 5) -> str:
    """The trained model over the first steps of the text it has not seen."""
    from ..nn.granularity import granularity
    from ..viz.draw import draw

    ids = trainer.heldout[: steps + 1, None]
    with granularity("step"):
        loss, _ = trainer.model.loss(ids[:-1], ids[1:])
    try:
        draw(loss, level="step").save(path)
    except RuntimeError as error:  # there is no Graphviz, or the layout failed
        return f"none: {error}"
    return str(path)


def write_curve(rows: list[Row], path: Path) -> str:
    """Every update as a line of comma-separated values."""
    with replacing(path, "w", newline="", encoding="utf-8") as file:
        sheet = csv.writer(file)
        sheet.writerow(["update", "characters", "seconds", "bits per character", "gradient norm", "held-out bits"])
        for row in rows:
            heldout = "" if row.heldout is None else f"{row.heldout:.5f}"
            sheet.writerow(
                [row.update, row.characters, f"{row.seconds:.3f}", f"{row.bits:.5f}", f"{row.norm:.5f}", heldout]
            )
    return str(path)


def draw_curve(rows: list[Row], path: Path) -> str:
    """The curve as a picture, where matplotlib is installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return "none: matplotlib is not installed (pip install matplotlib)"
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot(xlabel="update", ylabel="bits per character", title="Training curve")
    axes.plot([row.update for row in rows], [row.bits for row in rows], linewidth=0.8, alpha=0.6, label="training")
    measured = [(row.update, row.heldout) for row in rows if row.heldout is not None]
    axes.plot([update for update, _ in measured], [bits for _, bits in measured], marker="o", label="held out")
    axes.legend()
    axes.grid(alpha=0.3)
    with replacing(path) as file:
        figure.savefig(file, format="svg")
    return str(path)
