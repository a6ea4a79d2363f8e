"""One neuron with recurrence, in plain numbers: h_t = tanh(w x_t + u h_{t-1}), unrolled over three steps.

    python examples/scalar_neuron.py -o neuron.svg

Backpropagation through time by hand and by the engine; then a picture with value and gradient on every node, and in
neuron-rolled.svg the same cell rolled up: one step and a delayed edge, as textbooks draw it. That step stands for all,
so only the two weights show numbers there.
Expected: both gradients agree to the last digits, dw = -0.805584 and du = 0.098263; h_T = -0.7501.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from tinygrad_rnn import Value, draw, step

W, U, XS = 0.5, -0.9, [1.0, 2.0, -1.0]


def by_hand() -> tuple[float, float]:
    """dh_T / dw and dh_T / du: forward through time, then back."""
    hs = [0.0]
    for x in XS:
        hs.append(math.tanh(W * x + U * hs[-1]))
    dw, du, dh = 0.0, 0.0, 1.0
    for t in reversed(range(len(XS))):
        dz = dh * (1 - hs[t + 1] ** 2)  # through the tanh
        dw += dz * XS[t]  # the same w at every step: its gradients add up
        du += dz * hs[t]
        dh = dz * U  # on to the step before
    return dw, du


def by_engine() -> tuple[Value, Value, Value]:
    """h_T, w and u after backward; each step in a frame of its own, for the picture."""
    w, u, h = Value(W), Value(U), Value(0.0)
    for t, x in enumerate(XS):
        with step(t):
            h = (w * x + u * h).tanh()
    h.backward()
    return h, w, u


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--out", type=Path, default=Path("neuron.svg"))
    parser.add_argument("--quick", action="store_true", help="as without: nothing in it takes long")
    options = parser.parse_args()
    dw, du = by_hand()
    h, w, u = by_engine()
    print(f"by hand:   dw = {dw:.6f}  du = {du:.6f}")
    print(f"by engine: dw = {w.grad:.6f}  du = {u.grad:.6f}  h_T = {h.data:.4f}")
    for view in ("unrolled", "rolled"):
        path = options.out if view == "unrolled" else options.out.with_stem(f"{options.out.stem}-rolled")
        draw(h, view=view, params={"w": w, "u": u}).save(path)
        print(f"{view}: {path}")


if __name__ == "__main__":
    main()
