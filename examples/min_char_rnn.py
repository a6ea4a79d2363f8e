"""A character model in the setting of Karpathy's min-char-rnn (2015), by hand in NumPy and by the engine.

    python examples/min_char_rnn.py my.txt -o min-char-rnn.svg

    h_t = tanh(W_xh x_t + W_hh h_{t-1} + b_h)      100 units, x_t a one-hot character
    y_t = W_hy h_t + b_y                           softmax(y_t) are the chances of each character to come next

The text is read 25 characters at a time; the state is carried on, the gradient is not. Weights begin as N(0, .01), each
element of a gradient is cut at 5, and Adagrad has a rate of .1. The smooth loss, which is that of 25 characters, begins
at the 25 ln V of knowing nothing of V characters. Now and then the network writes.
Expected: in float64 the gradients by hand and by the engine differ by less than 1e-12, before training and after; on
Python's help texts the smooth loss falls from 115.9 to 46 in 20,000 updates, which take twenty seconds.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
from _text import check_picture, command, refusing, text_of

import tinygrad_rnn as tg
from tinygrad_rnn import nn, optim
from tinygrad_rnn.charmodel import sample
from tinygrad_rnn.nn.functional import cross_entropy, one_hot
from tinygrad_rnn.text import Vocabulary, batches
from tinygrad_rnn.viz.plot import save_plot

HIDDEN, STEPS, RATE, STD, CLIP, MEMORY = 100, 25, 0.1, 0.01, 5.0, 0.999
HIDDEN_NAMES = {"W_xh": "rnn.weight_ih_l0", "W_hh": "rnn.weight_hh_l0", "b_h": "rnn.bias_ih_l0"}
NAMES = HIDDEN_NAMES | {"W_hy": "readout.weight", "b_y": "readout.bias"}  # by hand, and in the module

Array = np.ndarray


def by_hand(w: dict[str, Array], inputs: Array, targets: Array, h: Array) -> tuple[float, dict[str, Array]]:
    """The loss over some characters [T] from a state [H], and its gradient: forward through time, then back."""
    hs = [h]
    for character in inputs:
        hs.append(np.tanh(w["W_xh"][:, character] + w["W_hh"] @ hs[-1] + w["b_h"]))
    before, after = np.stack(hs[:-1]), np.stack(hs[1:])
    y = after @ w["W_hy"].T + w["b_y"]
    p = np.exp(y - y.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    steps = np.arange(len(inputs))
    loss = -np.log(p[steps, targets]).sum()

    dy = p.copy()
    dy[steps, targets] -= 1  # softmax and cross entropy together
    dz, dh = np.empty_like(after), np.zeros_like(h)
    for t in reversed(steps):
        dz[t] = (dy[t] @ w["W_hy"] + dh) * (1 - after[t] ** 2)  # out of h_t to y_t, and to the step after
        dh = dz[t] @ w["W_hh"]
    one_hots = np.eye(w["W_xh"].shape[1])[inputs]
    dw = {"W_xh": dz.T @ one_hots, "W_hh": dz.T @ before, "b_h": dz.sum(0), "W_hy": dy.T @ after, "b_y": dy.sum(0)}
    return float(loss), dw


class MinCharRNN(nn.Module):
    """The same network for the engine, in float64."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.rnn, self.readout = nn.RNN(vocabulary, HIDDEN), nn.Linear(HIDDEN, vocabulary)
        for p in self.parameters():
            nn.init.normal_(p, std=STD) if p.ndim > 1 else nn.init.zeros_(p)
        self.rnn.bias_hh_l0.requires_grad_(False)  # one b_h is enough
        self.double()

    def forward(self, ids, h=None):
        """Scores of the next character after each one, [T, N, V], for ids [T, N]; and the state."""
        y, h = self.rnn(one_hot(ids, self.readout.out_features).double(), h)
        return self.readout(y), h

    def loss(self, inputs: Array, targets: Array, h=None):
        """The cross entropy of all characters, added up, and the state."""
        scores, h = self(tg.tensor(inputs), h)
        return cross_entropy(scores.flatten(0, 1), tg.tensor(targets.ravel()), reduction="sum"), h


def difference(net: MinCharRNN, inputs: Array, targets: Array, h=None) -> float:
    """The largest one between the loss and its gradient by hand, and by the engine."""
    parameters = {name: net.get_parameter(place) for name, place in NAMES.items()}
    weights = {name: p.detach().numpy() for name, p in parameters.items()}
    start = np.zeros(HIDDEN) if h is None else h.numpy()[0, 0]
    hand, dw = by_hand(weights, inputs[:, 0], targets[:, 0], start)
    loss, _ = net.loss(inputs, targets, h)
    gradients = tg.autograd.grad(loss, list(parameters.values()))
    apart = [np.abs(dw[name] - gradient.numpy()).max() for name, gradient in zip(parameters, gradients)]
    return float(max(abs(hand - loss.item()), *apart))


def train(net: MinCharRNN, chunks: batches, updates: int, show: Callable[[int, float, Array], None]):
    """Read the text, over and over: the smooth loss before each update and at the end, and the last state."""
    parameters = [p for p in net.parameters() if p.requires_grad]
    # 1e-8 inside of the root, as Karpathy has it
    optimizer = optim.Adagrad(parameters, lr=RATE, initial_accumulator_value=1e-8, eps=0)
    smooth, h = [STEPS * math.log(net.readout.out_features)], None
    for update in range(updates):
        position = update % len(chunks)
        inputs, targets = chunks[position]
        show(update, smooth[-1], inputs)
        loss, h = net.loss(inputs, targets, h.detach() if position else None)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_value_(parameters, CLIP)
        optimizer.step()
        smooth.append(MEMORY * smooth[-1] + (1 - MEMORY) * loss.item())
    return smooth, h.detach()


def curve(smooth: list[float], characters: int) -> Any:
    """The smooth loss, as a figure."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.8), layout="constrained")
    axes = figure.subplots()
    axes.plot(smooth, color="#0072b2")
    axes.axhline(smooth[0], color="0.6", linestyle=":")
    axes.text(len(smooth), smooth[0], f"{STEPS} ln {characters} ", ha="right", va="bottom", color="0.4")
    top = 1.1 * max(smooth) or 1.0
    axes.set(title=f"smooth loss of {STEPS} characters, nats", xlabel="updates", ylim=(0, top))
    axes.grid(alpha=0.3)
    return figure


def main() -> None:
    parser = command(__doc__, updates=20_000, quick=300)
    options = parser.parse_args()
    with refusing(parser):
        text = text_of(options.files)
        vocabulary = Vocabulary(text)
        chunks = batches(vocabulary.encode(text), 1, STEPS)
        check_picture(options.out)
    tg.set_num_threads(options.threads)
    tg.manual_seed(options.seed)
    V, began = len(vocabulary), perf_counter()
    net = MinCharRNN(V)
    print(f"{len(text):,} characters, {V} distinct: the smooth loss begins at {STEPS} ln {V} = {STEPS * math.log(V)!r}")
    print(f"gradients by hand and by engine differ by {difference(net, *chunks[0]):.0e} before training")

    def show(update: int, smooth: float, inputs: Array) -> None:
        if update % max(1, options.updates // 10) == 0:
            print(f"\nupdate {update}: smooth loss {smooth:.10g}, {perf_counter() - began:.0f} s", flush=True)
            written = sample(net, vocabulary, vocabulary.decode(inputs), 200)
            print(textwrap.indent(written, "    ", lambda _: True))

    smooth, h = train(net, chunks, options.updates, show)
    print(f"\nupdate {options.updates}: smooth loss {smooth[-1]:.10g}, {perf_counter() - began:.0f} s")
    apart = difference(net, *chunks[options.updates % len(chunks)], h)
    print(f"gradients by hand and by engine differ by {apart:.0e} after training")
    print(f"picture: {save_plot(lambda: curve(smooth, V), options.out)}")


if __name__ == "__main__":
    main()
