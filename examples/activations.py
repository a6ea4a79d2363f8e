"""Why ReLU keeps a gradient and tanh shrinks it: activations, their derivatives, and what is left of one after T steps.

    python examples/activations.py -o activations.svg

Backpropagation through time multiplies by the derivative of the activation once a step. That of sigmoid is at most 1/4,
that of tanh is 1 at zero alone, that of ReLU is 1 wherever the unit is active. So over T steps of h = f(h), from h = 1:
Expected: of a gradient of 1, sigmoid leaves 3.2e-33 after 50 steps, tanh 4.4e-03, and ReLU leaves all of it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import tinygrad_rnn as tg

ACTIVATIONS = {"sigmoid": tg.sigmoid, "tanh": tg.tanh, "ReLU": tg.relu}
COLORS = {"sigmoid": "#0072b2", "tanh": "#d55e00", "ReLU": "#009e73"}  # apart for colour-blind readers too


def curve(f, x):
    """f(x) and f'(x): the engine differentiates the sum, of which each x has its own part."""
    x = x.detach().requires_grad_()
    y = f(x)
    y.sum().backward()
    return y.detach(), x.grad


def survival(f, steps: int) -> list[float]:
    """|dh_t / dh_0| after 0, 1, ... steps of h = f(h), from h_0 = 1."""
    start = h = tg.tensor(1.0, dtype=tg.float64, requires_grad=True)
    left = [1.0]
    for _ in range(steps):
        h = f(h)
        (dh,) = tg.autograd.grad(h, start, retain_graph=True)
        left.append(abs(dh.item()))
    return left


def picture(steps: int, path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.4), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    x = tg.linspace(-4, 4, 401)
    for name, f in ACTIVATIONS.items():
        y, slope = curve(f, x)
        style = {"color": COLORS[name], "label": name}
        left.plot(x.numpy(), y.numpy(), **style)
        middle.plot(x.numpy(), slope.numpy(), **style)
        right.semilogy(survival(f, steps), **style)
    left.set(title="activation f(x)", xlabel="x", ylim=(-1.2, 2))
    middle.set(title="derivative f'(x)", xlabel="x")
    right.set(title="gradient left after t steps of h = f(h)", xlabel="t")
    for axes in (left, middle, right):
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--quick", action="store_true", help="as without: nothing in it takes long")
    parser.add_argument("-o", "--out", type=Path, default=Path("activations.svg"))
    options = parser.parse_args()
    for name, f in ACTIVATIONS.items():
        _, slope = curve(f, tg.linspace(-4, 4, 401))
        left = survival(f, options.steps)[-1]
        print(f"{name:8} steepest {slope.max():.2f}, after {options.steps} steps {left:.1e} of the gradient is left")
    picture(options.steps, options.out)
    print(f"picture: {options.out}")


if __name__ == "__main__":
    main()
