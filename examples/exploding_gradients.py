"""Exploding and vanishing gradients: the norm of dL/dh_t by the spectral radius of the recurrent weight, and clipping.

    python examples/exploding_gradients.py -o exploding.svg

Each step back multiplies dL/dh by W_hh, so its norm goes like radius^(T - t): on a logarithmic scale a straight line
whose slope is the logarithm of the radius. A tanh makes it steeper downwards. Clipping by norm bounds the update and
keeps its direction.
Expected: the linear cell's slopes are log(radius) within .005; the clipped gradient has norm 1 and the same direction.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn import nn

RADII = (0.8, 0.9, 1.0, 1.1, 1.25)


class Cell(nn.Module):
    """h' = f(W_hh h + W_xh x), f the identity or tanh."""

    def __init__(self, size: int, radius: float, linear: bool, seed: int) -> None:
        super().__init__()
        random = np.random.default_rng(seed)
        w = random.standard_normal((size, size))
        w *= radius / np.abs(np.linalg.eigvals(w)).max()
        self.W_hh = nn.Parameter(tg.tensor(w))
        self.W_xh = nn.Parameter(tg.tensor(0.1 * random.standard_normal((size, size))))
        self.linear = linear

    def forward(self, x, h=None):
        h = tg.zeros_like(x) if h is None else h
        z = h @ self.W_hh.T + x @ self.W_xh.T
        return z if self.linear else tg.tanh(z)


def norms(cell: Cell, steps: int, seed: int) -> np.ndarray:
    """The norm of dL/dh_t for every step t, L a random projection of the last state."""
    tg.manual_seed(seed)
    size = len(cell.W_hh)
    h, states = None, []
    for _ in range(steps):
        h = cell(tg.randn(1, size, dtype=tg.float64), h)
        states.append(h)
    loss = (h * tg.randn(1, size, dtype=tg.float64)).sum()
    return np.array([dh.norm().item() for dh in tg.autograd.grad(loss, states, retain_graph=True)])


def slope(found: np.ndarray) -> float:
    """Of log |dL/dh_t| against T - t, from a tenth on: at first other eigenvalues have their part."""
    logs = np.log(found[::-1])[len(found) // 10 :]
    return float(np.polyfit(np.arange(len(logs)), logs, 1)[0])


def clipped(cell: Cell, steps: int) -> tuple[float, float, float]:
    """The norm before and after clipping to 1, and the cosine between both gradients."""
    h = None
    for _ in range(steps):
        h = cell(tg.randn(1, len(cell.W_hh), dtype=tg.float64), h)
    cell.zero_grad()
    h.square().sum().backward()
    before = cell.W_hh.grad.clone()
    total = nn.utils.clip_grad_norm_([cell.W_hh], 1.0)
    after = cell.W_hh.grad
    return total.item(), after.norm().item(), ((before * after).sum() / before.norm() / after.norm()).item()


def picture(curves: dict, path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3.6), layout="constrained")
    for axes, linear in zip(figure.subplots(1, 2, sharey=True), (True, False), strict=True):
        for number, radius in enumerate(RADII):
            axes.semilogy(curves[linear, radius], color=f"C{number}", label=f"radius {radius}")
        axes.set(title="linear cell" if linear else "tanh", xlabel="step t")
        axes.grid(alpha=0.3)
    figure.axes[0].set(ylabel="norm of dL/dh_t")
    figure.axes[1].legend(frameon=False)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--quick", dest="steps", action="store_const", const=50, help="50 steps")
    parser.add_argument("--size", type=int, default=32, help="hidden units")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--out", type=Path, default=Path("exploding.svg"))
    options = parser.parse_args()
    curves = {}
    print("radius  log(radius)  slope: linear  tanh")
    for radius in RADII:
        for linear in (True, False):
            cell = Cell(options.size, radius, linear, options.seed)
            curves[linear, radius] = norms(cell, options.steps, options.seed)
        slopes = [slope(curves[linear, radius]) for linear in (True, False)]
        print(f"{radius:6.2f}  {math.log(radius):11.4f}  {slopes[0]:13.4f}  {slopes[1]:.4f}")
    before, after, cosine = clipped(Cell(options.size, RADII[-1], True, options.seed), 50)
    print(f"clipping: norm {before:.2e} before, {after:.4f} after, cosine {cosine:.10f}")
    picture(curves, options.out)
    print(f"picture: {options.out}")


if __name__ == "__main__":
    main()
