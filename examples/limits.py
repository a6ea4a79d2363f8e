"""The limits of recurrence, measured, and what answers each: a bottleneck, one step after the other, a short memory.

    python examples/limits.py -o limits.svg

An encoder hands on one vector, however much it has read: `translate_dates.py` shows how accuracy falls with length, and
that attention, which looks at every step of the encoder, answers it. The other two limits are measured here.

No parallelism: h_t needs h_{t-1}, so a step is a product with one row for each sequence, and each step waits for the
last. The gates of MinGRU and MinLSTM do not see the state: the products of all steps are one, and a scan does the rest.
Attention has no state at all, but every step looks at all others: its time for a step grows with T.

A short memory: on the way from the last output to the input k steps before, a gradient goes through k steps, and each
takes its part. It takes less where the forget gate is open from the start. Attention reaches every step in one.

Expected, for 128 units and a batch of one on one core: a training step takes a GRU about 6 microseconds for each time
step, however many there are, MinGRU 1.5, attention 13 at 128 steps and 160 at 2,048; other machines differ by a factor.
Of the gradient, 20 steps back, an untrained tanh network has left 1.5e-07, GRU 3.8e-05, LSTM 2.8e-05, LSTM with forget
bias 3 4.0e-01, and attention 2.5e-01, as at any distance.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import tinygrad_rnn as tg
from tinygrad_rnn import nn

COLORS = {  # apart for colour-blind readers too
    "tanh": "#d55e00", "LSTM": "#0072b2", "LSTM, forget bias 3": "#56b4e9", "GRU": "#cc79a7", "MinGRU": "#009e73",
    "MinLSTM": "#e69f00", "attention": "#000000",
}  # fmt: skip


class Attention(nn.Module):
    """Every step looks at itself and what came before; the interface of a recurrent layer."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.look = nn.MultiheadAttention(size, 4)

    def forward(self, x):
        T = len(x)
        hidden = tg.ones(T, T, dtype=tg.bool).triu(1)
        return self.look(x, x, x, attn_mask=hidden, need_weights=False)[0], None


NETWORKS: dict[str, Callable[[int], nn.Module]] = {
    "tanh": lambda size: nn.RNN(size, size),
    "LSTM": lambda size: nn.LSTM(size, size),
    "LSTM, forget bias 3": lambda size: nn.init.forget_bias_(nn.LSTM(size, size), 3.0),
    "GRU": lambda size: nn.GRU(size, size),
    "MinGRU": lambda size: nn.MinGRU(size, size),
    "MinLSTM": lambda size: nn.MinLSTM(size, size),
    "attention": Attention,
}
TIMED = ("LSTM", "GRU", "MinGRU", "MinLSTM", "attention")
FOLLOWED = ("tanh", "GRU", "LSTM", "LSTM, forget bias 3", "attention")


def microseconds(net: nn.Module, size: int, T: int, repeats: int) -> float:
    """For each of T time steps, forward and backward over one sequence: the best of some trials."""
    x, best = tg.randn(T, 1, size), math.inf
    for _ in range(repeats + 1):
        began = perf_counter()
        net(x)[0].sum().backward()
        best = min(best, perf_counter() - began)
    return 1e6 * best / T


def reach(net: nn.Module, size: int, T: int) -> list[float]:
    """The norm of the gradient of the last output by the input k steps before, k = 0, 1, ..., over that for k = 0."""
    x = tg.randn(T, 64, size, requires_grad=True)
    y = net(x)[0][-1]
    (dx,) = tg.autograd.grad((y * tg.randn(*y.shape)).sum(), x)
    norms = dx.double().square().sum((1, 2)).sqrt().flip(0)
    return (norms / norms[0]).tolist()


def picture(times: dict[str, list[float]], lengths: list[int], left: dict[str, list[float]], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4), layout="constrained")
    speed, memory = figure.subplots(1, 2)
    for name, taken in times.items():
        speed.loglog(lengths, taken, marker=".", color=COLORS[name], label=name)
    speed.set(title="no parallelism: a training step, for each time step", xlabel="time steps T", ylabel="microseconds")
    for name, norms in left.items():
        memory.semilogy(norms, color=COLORS[name], label=name)
    memory.set(title="short memory: gradient of the last output by x", xlabel="steps before", ylim=(1e-12, 3))
    for axes in (speed, memory):
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lengths", type=int, nargs="+", default=[32, 64, 128, 256, 512, 1024, 2048], help="T to time")
    parser.add_argument("--quick", dest="lengths", action="store_const", const=[16, 64], help="only short sequences")
    parser.add_argument("--size", type=int, default=128, help="features and units, a multiple of 4")
    parser.add_argument("--steps", type=int, default=60, help="how far back to follow the gradient")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--out", type=Path, default=Path("limits.svg"))
    options = parser.parse_args()
    tg.set_num_threads(options.threads)

    tg.manual_seed(options.seed)
    nets = {name: make(options.size) for name, make in NETWORKS.items()}
    print("microseconds for each time step, T =" + "".join([f"{T:8}" for T in options.lengths]))
    times: dict[str, list[float]] = {}
    for name in TIMED:
        times[name] = [microseconds(nets[name], options.size, T, 3 if T > 500 else 10) for T in options.lengths]
        print(f"{name:36}" + "".join([f"{taken:8.1f}" for taken in times[name]]))

    tg.manual_seed(options.seed)
    left = {name: reach(nets[name], options.size, options.steps + 1) for name in FOLLOWED}
    back = min(20, options.steps)
    for name, norms in left.items():
        print(f"{name}: {back} steps back {norms[back]:.1e} of the gradient is left")
    picture(times, options.lengths, left, options.out)
    print(f"picture: {options.out}")


if __name__ == "__main__":
    main()
