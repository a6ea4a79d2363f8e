"""Draw an LSTM unrolled through time: the picture of the README.

    python examples/unrolled_lstm.py                       writes docs/unrolled.svg
    python examples/unrolled_lstm.py --level op -o lstm.png

Expected: one column a time step, layers upwards, each layer's parameters once with a rail to every step.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import tinygrad_rnn as tg
from tinygrad_rnn import nn

PICTURE = Path(__file__).parent.parent / "docs" / "unrolled.svg"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--size", type=int, default=4, help="features and hidden units")
    parser.add_argument("--level", choices=["module", "layer", "step", "op"], default="step")
    parser.add_argument("--quick", action="store_true", help="as without: nothing in it takes long")
    parser.add_argument("-o", "--out", type=Path, default=PICTURE)
    options = parser.parse_args()
    lstm = nn.LSTM(options.size, options.size, num_layers=options.layers)
    y, _ = lstm(tg.randn(options.steps, 1, options.size))
    tg.draw(y, level=options.level).save(options.out)
    print(f"{options.layers} layers over {options.steps} steps: {options.out}")


if __name__ == "__main__":
    main()
