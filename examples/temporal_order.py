"""Temporal order: an X or Y early, an X or Y later, noise around them; say which came in which order.

    python examples/temporal_order.py -o order.svg
    python examples/temporal_order.py --cell tanh --clip 1000 --longest 100

Sequences have 20 to 50 steps, different ones in a batch: the state after each one's own last step is read. By chance
one is right in a quarter of cases. `--clip` shows what clipping is good for.
Expected: LSTM and GRU are right in at least 99% within 10,000 updates (after about 500 to 1,400 and 200).
"""

from __future__ import annotations

import numpy as np
from _compare import COLORS, command, compare, picture

import tinygrad_rnn as tg
from tinygrad_rnn.tasks import TemporalOrder


def main() -> None:
    parser = command(__doc__)
    parser.add_argument("--shortest", type=int, help="steps, 20 by default")
    parser.add_argument("--longest", type=int, help="steps, 50 by default")
    options = parser.parse_args()
    shortest, longest = (10, 12) if options.quick else (20, 50)
    task = TemporalOrder(options.shortest or shortest, options.longest or max(longest, options.shortest or 0))
    trained = compare(task, options, updates=300, every=50)

    batch = task.batch(np.random.default_rng(options.seed + 1), 4000)
    lengths = np.unique(batch.lengths)

    def draw(axes) -> None:
        for cell, (net, _) in trained.items():
            with tg.no_grad():
                right = net(tg.tensor(batch.x), batch.lengths).numpy().argmax(-1) == batch.target
            share = [right[batch.lengths == length].mean() for length in lengths]
            axes.plot(lengths, share, ".-", color=COLORS[cell])
        axes.axhline(task.baseline, color="0.6", linestyle=":")
        axes.set(xlabel="steps", ylabel="share that is right", ylim=(0, 1.05))

    picture(task, trained, options.out, draw, "new sequences, by length")


if __name__ == "__main__":
    main()
