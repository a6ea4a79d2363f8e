"""Copying memory: read ten symbols, keep them while nothing happens, then say them.

    python examples/copying.py -o copying.svg
    python examples/copying.py --cell gru lstm --delay 20

Who remembers nothing is sure of the blanks and guesses the ten symbols: a cross entropy of 10 ln 8 / (T + 20), 0.2971
for a delay of T = 50. A forget bias of 4 lets an LSTM keep what it has seen for about 1 / (1 - sigmoid(4)) = 55 steps.
Expected, delay 50, LSTM: 0.17 within 15,000 updates (after 6,500 to 8,000, about half a minute).
"""

from __future__ import annotations

import numpy as np
from _compare import COLORS, command, compare, picture

import tinygrad_rnn as tg
from tinygrad_rnn.tasks import Copying

LETTERS = "abcdefgh.?"  # a blank, and the sign to go


def main() -> None:
    parser = command(__doc__, "lstm")
    parser.add_argument("--delay", type=int, help="T, 50 by default")
    options = parser.parse_args()
    task = Copying(options.delay or (3 if options.quick else 50))
    trained = compare(task, options, updates=400, every=100)

    batch = task.batch(np.random.default_rng(options.seed + 1), 100)
    spelt = lambda symbols: "".join(LETTERS[i] for i in symbols)
    print(f"read  {spelt(batch.x[:, 0].argmax(-1))}\nasked {spelt(batch.target[:, 0])}")
    right = {}
    for cell, (net, _) in trained.items():
        with tg.no_grad():
            said = net(tg.tensor(batch.x)).numpy().argmax(-1)
        print(f"{cell:5} {spelt(said[:, 0])}")
        right[cell] = (said == batch.target)[-10:].mean(1)

    def draw(axes) -> None:
        for cell, share in right.items():
            axes.plot(range(1, 11), share, "o-", color=COLORS[cell])
        axes.axhline(1 / 8, color="0.6", linestyle=":", label="by chance")
        axes.set(xlabel="which of the ten symbols", ylabel="share that is right", ylim=(0, 1.05))
        axes.legend(frameon=False)

    picture(task, trained, options.out, draw, "new sequences")


if __name__ == "__main__":
    main()
