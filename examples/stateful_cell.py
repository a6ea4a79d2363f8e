"""A cell that keeps its state itself, `self.h`, as introductions write it: what that needs, and where it ends.

    python examples/stateful_cell.py -o stateful.svg

Calls go on from each other, so nobody passes the state on; but then somebody has to say when a sequence begins
(`reset_state`) and where gradients end (`detach_state`). Without the latter every call adds to one graph: it would grow
for ever, and a second `backward()` runs into steps whose graph was freed; the engine's error says so. With it, a long
series is read in chunks (truncated backpropagation through time), and memory stays where it is.
Expected: the error of the second backward, then a loss below 0.01 on a sine wave read in chunks of 20 steps.
"""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path

import tinygrad_rnn as tg
from tinygrad_rnn import nn, optim


class StatefulCell(nn.Module):
    """h = tanh(W_xh x + W_hh h), with h kept from call to call."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.cell = nn.RNNCell(input_size, hidden_size)
        self.out = nn.Linear(hidden_size, 1)
        self.reset_state()

    def reset_state(self) -> None:
        """A new sequence begins: nothing was seen yet."""
        self.h = None

    def detach_state(self) -> None:
        """Go on from the number, but not from how it came about: gradients end here."""
        self.h = self.h.detach()

    def forward(self, x):
        self.h = self.cell(x, self.h)
        return self.out(self.h)


def loss_of(net: StatefulCell, xs, targets):
    """The mean squared error over some steps, which the cell reads from where it is."""
    losses = []
    for t, (x, target) in enumerate(zip(xs, targets, strict=True)):
        with tg.step(t):
            losses.append((net(x) - target).square().mean())
    return tg.stack(losses).mean()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chunk", type=int, default=20, help="steps between two updates")
    parser.add_argument("--passes", type=int, default=15, help="how often the series is read")
    parser.add_argument("--quick", dest="passes", action="store_const", const=5, help="5 passes")
    parser.add_argument("-o", "--out", type=Path, default=Path("stateful.svg"))
    options = parser.parse_args()

    tg.manual_seed(0)
    wave = tg.sin(0.3 * tg.arange(401.0)).reshape(-1, 1, 1)
    xs, targets = wave[:-1].split(options.chunk), wave[1:].split(options.chunk)
    net = StatefulCell(1, 16)

    loss_of(net, xs[0], targets[0]).backward()
    print("without detaching, the second chunk still hangs on the first:")
    try:
        loss_of(net, xs[1], targets[1]).backward()
    except RuntimeError as error:
        print(textwrap.indent(textwrap.fill(str(error), 100), "    "))

    optimizer = optim.Adam(net.parameters(), lr=0.01)
    for number in range(1, options.passes + 1):
        net.reset_state()
        total = 0.0
        for x, target in zip(xs, targets, strict=True):
            loss = loss_of(net, x, target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            net.detach_state()
            total += loss.item() / len(xs)
        if number % max(1, options.passes // 5) == 0:
            print(f"pass {number:2d}: loss {total:.4f}")

    net.reset_state()
    tg.draw(loss_of(net, xs[0][:3], targets[0][:3])).save(options.out)
    print(f"picture: {options.out}")


if __name__ == "__main__":
    main()
