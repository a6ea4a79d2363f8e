"""Text generation: an embedding and an LSTM or GRU learn to write, one character after the other.

    python examples/char_rnn.py my.txt --cell gru -o char-rnn.svg

The network reads 32 places of the text at once, 64 characters at a time, and predicts the next one everywhere; its
state is carried on. What it writes is drawn from its own predictions: a temperature below 1 makes them more careful,
above 1 more daring. The picture shows how well it predicts a part of the text that it has not seen, in bits per
character, and what it expects there. `tinygrad-rnn train` does the same with checkpoints, from which one can go on.
Expected: on Python's help texts 1.91 bits for each held-out character after 2,000 updates of the LSTM, 1.88 of the GRU;
4.67 by how frequent each character is, 3.35 by the one before. It writes words, quotes and indented code.
"""

from __future__ import annotations

import argparse
import math
import textwrap
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np
from _text import check_picture, command, refusing, text_of
from _training import whole

import tinygrad_rnn as tg
from tinygrad_rnn.charmodel import in_use, sample
from tinygrad_rnn.trainer import Config, Diverged, Trainer
from tinygrad_rnn.viz.plot import named, save_plot
from tinygrad_rnn.viz.state_plot import MARKS

SIZES = {"hidden": 128, "embedding": 32, "layers": 1, "steps": 64, "batch": 32}
LIKELIEST, SHOWN, BEFORE = 5, 72, 300  # characters expected at each place, places, and what is read before them

Array = np.ndarray


def temperature(text: str) -> float:
    """A number that is not negative."""
    if not 0 <= (value := float(text)) < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number from 0 on, got {text}")
    return value


def by_counting(learnt: Array, heldout: Array, V: int) -> dict[str, float]:
    """Bits per held-out character for who knows how frequent each one is, at all and after the one before."""
    alone, pairs = np.ones(V), np.ones((V, V))  # as if each had been seen once
    np.add.at(alone, learnt, 1)
    np.add.at(pairs, (learnt[:-1], learnt[1:]), 1)
    before, after = heldout[:-1], heldout[1:]
    return {
        "frequencies": float(-np.log2(alone[after] / alone.sum()).mean()),
        "the character before": float(-np.log2(pairs[before, after] / pairs[before].sum(1)).mean()),
    }


def train(trainer: Trainer, updates: int, prompt: str, warmth: float) -> tuple[list[float], dict[int, float]]:
    """Bits per character of every update, and on the held-out text now and then, where the network also writes."""
    read, heldout, began = [], {0: trainer.heldout_bits()}, perf_counter()
    for number in range(1, updates + 1):
        read.append(trainer.update().bits)
        if number % max(1, updates // 10) == 0:
            heldout[number] = trainer.heldout_bits()
            told = f"{read[-1]:.3f} bits per character read, {heldout[number]:.3f} held out"
            print(f"\nupdate {number}: {told}, {perf_counter() - began:.0f} s", flush=True)
            show(trainer, prompt, warmth, 150)
    return read, heldout


def show(trainer: Trainer, prompt: str, warmth: float, length: int) -> None:
    """Let the network go on from the prompt."""
    chance = tg.Generator().manual_seed(trainer.config.seed)
    written = sample(trainer.model, trainer.vocabulary, prompt, length, warmth, chance)
    print(textwrap.indent(prompt + written, "    ", lambda _: True))


def expected(trainer: Trainer) -> tuple[Array, Array]:
    """The probabilities of all characters at places of the held-out text [P, V], and what stands there [P]."""
    ids = trainer.heldout[: BEFORE + SHOWN]
    with in_use(trainer.model):
        scores, _ = trainer.model(tg.tensor(ids[:-1, None]))
    return scores[:, 0].softmax(1).numpy()[-SHOWN:], ids[1:][-SHOWN:]


def figure(read: list[float], heldout: dict[int, float], counted: dict[str, float], trainer: Trainer) -> Any:
    """The curves, and below them what the network expects."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    drawn = Figure(figsize=(12, 5.2), layout="constrained")
    upper, lower = drawn.subplots(2, 1, height_ratios=(2, 1))
    upper.plot(range(1, len(read) + 1), read, color="0.75", linewidth=0.8, label="read")
    upper.plot(list(heldout), list(heldout.values()), color="#0072b2", marker="o", label="held out")
    for (name, bits), style in zip(counted.items(), (":", "--")):
        upper.axhline(bits, color="0.5", linestyle=style, label=f"{name}, counted")
    upper.set(title="bits per character", xlabel="updates", ylim=(0, None))
    upper.legend(frameon=False)
    upper.grid(alpha=0.3)

    chances, came = expected(trainer)
    order = np.argsort(-chances, kind="stable")[:, :LIKELIEST]
    likeliest = np.take_along_axis(chances, order, 1)
    lower.imshow(likeliest.T, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (place, row), k in np.ndenumerate(order):
        write(lower, place, row, trainer.vocabulary.decode([k]), "white" if likeliest[place, row] > 0.6 else "0.4")
        if k == came[place]:
            corner = place - 0.5, row - 0.5
            lower.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor="#d55e00", linewidth=1.5))
    for place, k in enumerate(came):
        write(lower, place, -1, trainer.vocabulary.decode([k]), "black")
    lower.set_title("held-out text, and what was expected at each place: darker for likelier, framed what came")
    lower.set(xticks=[], yticks=[], ylim=(order.shape[1] - 0.4, -1.6))
    lower.spines[:].set_visible(False)
    return drawn


def write(axes: Any, x: float, y: float, character: str, color: str) -> None:
    """A character as it is; a mark for what would not be seen."""
    text = axes.text(x, y, ".", ha="center", va="center", color=color, family="monospace")
    named(text, MARKS.get(character, character))


def main() -> None:
    parser = command(__doc__, updates=2000, quick=40)
    parser.add_argument("--cell", choices=["lstm", "gru", "rnn"], default="lstm")
    for name, default in SIZES.items():
        parser.add_argument(f"--{name}", type=whole, default=default)
    parser.add_argument("--lr", type=float, default=Config.lr, help="learning rate of Adam")
    parser.add_argument("--temperature", type=temperature, nargs="+", default=[0.5, 1.0], help="one or several")
    parser.add_argument("--prompt", help="what the network goes on from; without it, how the text begins")
    options = parser.parse_args()
    config = Config(options.cell, lr=options.lr, seed=options.seed)
    tg.set_num_threads(options.threads)
    with refusing(parser):
        trainer = Trainer(text_of(options.files), replace(config, **{name: getattr(options, name) for name in SIZES}))
        prompt = options.prompt or trainer.vocabulary.decode(trainer.chunks.ids[:20])
        trainer.vocabulary.encode(prompt)
        check_picture(options.out)
    learnt, V = trainer.chunks.ids, len(trainer.vocabulary)
    print(f"{len(learnt):,} characters to learn from, {len(trainer.heldout):,} held out, {V} distinct")
    counted = by_counting(learnt, trainer.heldout, V)
    print(f"bits per held-out character: {', '.join([f'{bits:.3f} by {name}' for name, bits in counted.items()])}")
    try:
        read, heldout = train(trainer, options.updates, prompt, options.temperature[0])
    except Diverged as error:
        raise SystemExit(f"stopped: {error}") from None
    for warmth in options.temperature:
        print(f"\ntemperature {warmth}:")
        show(trainer, prompt, warmth, 400)
    print(f"picture: {save_plot(lambda: figure(read, heldout, counted, trainer), options.out)}")


if __name__ == "__main__":
    main()
