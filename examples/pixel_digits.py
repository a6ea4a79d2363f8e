"""Pixel sequences: a digit is read as 64 pixels, one a step, and named at the end.

    python examples/pixel_digits.py -o pixels.svg
    python examples/pixel_digits.py --cell lstm --updates 8000

The images, 8 x 8 pixels, are generated, each one a little different: nothing is downloaded. By chance one is right in
a tenth of cases. Networks whose gradient reaches back to the first pixels learn it sooner.
Expected after 300 updates: LSTM and IRNN are right in about 0.8 of cases, tanh in about 0.6. Later tanh follows them:
64 steps are not beyond its reach.
"""

from __future__ import annotations

import numpy as np
from _compare import command, compare, picture

import tinygrad_rnn as tg
from tinygrad_rnn.tasks import Digits
from tinygrad_rnn.tasks.digits import SIDE

ROWS, COLUMNS = 6, 10


def main() -> None:
    options = command(__doc__).parse_args()
    task = Digits()
    trained = compare(task, options, updates=200, every=50)

    batch = task.batch(np.random.default_rng(options.seed + 1), ROWS * COLUMNS)
    cell, (net, _) = list(trained.items())[-1]
    with tg.no_grad():
        said = net(tg.tensor(batch.x)).numpy().argmax(-1)
    images = batch.x[:, :, 0].T.reshape(ROWS, COLUMNS, SIDE, SIDE)

    def draw(axes) -> None:
        axes.imshow(
            np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1))).swapaxes(1, 2).reshape(ROWS * 10, -1),
            cmap="gray_r",
            vmin=0,
            vmax=1,
        )
        for k, (digit, truth) in enumerate(zip(said, batch.target, strict=True)):
            row, column = divmod(k, COLUMNS)
            color = "#009e73" if digit == truth else "#d55e00"
            axes.text(10 * column + 9, 10 * row + 2, str(digit), color=color, fontsize=8, ha="right")
        axes.axis("off")

    picture(task, trained, options.out, draw, f"{cell}: what it says of new digits (green: right)")


if __name__ == "__main__":
    main()
