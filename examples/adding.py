"""The adding problem: two of a hundred numbers are marked, say at the end what they sum to.

    python examples/adding.py -o adding.svg
    python examples/adding.py --cell lstm --steps 200 --updates 5000

Who always says 1 has a mean squared error of 0.167. The gradient has to reach back as far as the first mark: in a tanh
network it vanishes on the way, the gates of GRU and LSTM carry it.
Expected, T=100 within 2,000 updates: GRU and LSTM below 0.01 (after about 500 and 1,300), tanh stays above 0.12.
"""

from __future__ import annotations

import numpy as np
from _compare import COLORS, command, compare, picture

import tinygrad_rnn as tg
from tinygrad_rnn.tasks import Adding


def main() -> None:
    parser = command(__doc__)
    parser.add_argument("--steps", type=int, help="T, 100 by default")
    options = parser.parse_args()
    task = Adding(options.steps or (12 if options.quick else 100))
    trained = compare(task, options, updates=300, every=50, hidden=32)

    batch = task.batch(np.random.default_rng(options.seed + 1), 200)

    def draw(axes) -> None:
        for cell, (net, _) in trained.items():
            with tg.no_grad():
                said = net(tg.tensor(batch.x)).numpy()
            axes.plot(batch.target[:, 0], said[:, 0], ".", color=COLORS[cell], markersize=4)
        axes.plot([0, 2], [0, 2], color="0.6")
        axes.set(xlabel="sum", ylabel="what is said")

    picture(task, trained, options.out, draw, "new sequences")


if __name__ == "__main__":
    main()
