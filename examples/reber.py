"""Embedded Reber grammar: predict the legal next symbols of strings whose last but one repeats the second.

    python examples/reber.py -o reber.svg
    python examples/reber.py --cell tanh gru lstm

A string is right if after every symbol each legal successor has a probability above 0.2 and every other symbol at most
0.2. A network with a short memory gets all of it but the last T or P.
Expected, LSTM of 12 units: 500 of 500 held-out strings within 10,000 updates of 4 strings (after 1,250 to 2,500, 2 s).
"""

from __future__ import annotations

import numpy as np
from _compare import command, compare, picture

import tinygrad_rnn as tg
from tinygrad_rnn.tasks import Reber
from tinygrad_rnn.tasks.reber import LEGAL, SYMBOLS


def main() -> None:
    options = command(__doc__, "lstm").parse_args()
    task = Reber()
    trained = compare(task, options, updates=500, every=100)

    batch = task.batch(np.random.default_rng(options.seed + 1), 50, heldout=True)
    n = int(np.argsort(batch.lengths)[25])  # one of middle length
    length = batch.lengths[n]
    read = [SYMBOLS[i] for i in batch.x[:length, n].argmax(-1)]
    cell, (net, _) = list(trained.items())[-1]
    with tg.no_grad():
        chances = net(tg.tensor(batch.x[:length, n : n + 1]))[:, 0].softmax(-1).numpy()
    spelt = lambda mask: " ".join(f"{''.join(np.array(list(SYMBOLS))[row]):2}" for row in mask)
    print(f"read   {' '.join(f'{symbol:2}' for symbol in read)}")
    print(f"legal  {spelt(batch.more[:length, n])}\n{cell:6} {spelt(chances > LEGAL)}")

    def draw(axes) -> None:
        axes.imshow(chances.T, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        t, symbol = np.nonzero(batch.more[:length, n])
        axes.plot(t, symbol, "o", color="#d55e00", markerfacecolor="none", label="legal")
        axes.set(xlabel="after reading", yticks=range(len(SYMBOLS)), yticklabels=list(SYMBOLS))
        axes.set_xticks(range(length), read)
        axes.legend(frameon=False, loc="upper right")

    picture(task, trained, options.out, draw, f"{cell}: chances of the next symbol in a held-out string")


if __name__ == "__main__":
    main()
