"""The smallest recurrent network: it reads "I love mathematics" word by word and predicts the next word.

    h_t = tanh(W_xh x_t + W_hh h_{t-1})        x_t a one-hot word, the same three weights at every step
    y_t = W_hy h_t                             softmax(y_t) are the chances of each word to come next

    python examples/minimal_rnn.py -o words.svg

First in NumPy, with backpropagation through time by hand, then with the engine, which unrolls the same loop and needs
no hand: only `backward()`. Then a picture of it.
Expected: the gradients differ by less than 1e-12; after 200 updates the predictions are love, mathematics, ".", and the
loss has fallen from 4.05 to 0.02.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn.nn.functional import cross_entropy

SENTENCE = "I love mathematics .".split()
WORDS = sorted(set(SENTENCE))
HIDDEN, RATE = 8, 0.1
READ, NEXT = [WORDS.index(word) for word in SENTENCE[:-1]], [WORDS.index(word) for word in SENTENCE[1:]]

Weights = dict[str, np.ndarray]


def initial(seed: int) -> Weights:
    """Small random weights; they are shared by all steps."""
    normal = np.random.default_rng(seed).standard_normal
    V, H = len(WORDS), HIDDEN
    return {"W_xh": 0.3 * normal((H, V)), "W_hh": 0.3 * normal((H, H)), "W_hy": 0.3 * normal((V, H))}


def by_hand(w: Weights) -> tuple[float, Weights]:
    """The loss over the sentence, and its gradient: forward through time, then back."""
    xs, hs, ps, loss = np.eye(len(WORDS))[READ], [np.zeros(HIDDEN)], [], 0.0
    for x, target in zip(xs, NEXT, strict=True):
        hs.append(np.tanh(w["W_xh"] @ x + w["W_hh"] @ hs[-1]))
        y = w["W_hy"] @ hs[-1]
        ps.append(np.exp(y - y.max()) / np.exp(y - y.max()).sum())
        loss -= np.log(ps[-1][target])
    dw = {name: np.zeros_like(weight) for name, weight in w.items()}
    dh = np.zeros(HIDDEN)  # what comes back from the step after
    for t in reversed(range(len(READ))):
        dy = ps[t].copy()
        dy[NEXT[t]] -= 1  # softmax and cross entropy together
        dw["W_hy"] += np.outer(dy, hs[t + 1])
        dz = (w["W_hy"].T @ dy + dh) * (1 - hs[t + 1] ** 2)  # both ways out of h_t, through the tanh
        dw["W_xh"] += np.outer(dz, xs[t])  # the same weight at every step: its gradients add up
        dw["W_hh"] += np.outer(dz, hs[t])
        dh = w["W_hh"].T @ dz  # on to the step before
    return loss, dw


class MinimalRNN(tg.nn.Module):
    """The same cell for the engine: one step of the network."""

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        for name, weight in weights.items():
            setattr(self, name, tg.nn.Parameter(tg.tensor(weight)))

    def forward(self, x, h):
        h = tg.tanh(self.W_xh @ x + self.W_hh @ h)
        return self.W_hy @ h, h


def by_engine(w: Weights) -> tuple[tg.Tensor, MinimalRNN]:
    """The loss over the sentence, with the graph behind it, and the network."""
    rnn = MinimalRNN(w)
    h, loss = tg.zeros(HIDDEN, dtype=tg.float64), 0.0
    for t, (word, target) in enumerate(zip(READ, NEXT, strict=True)):
        with tg.step(t):  # a column in the picture
            y, h = rnn(tg.eye(len(WORDS), dtype=tg.float64)[word], h)
            loss = loss + cross_entropy(y, tg.tensor(target))
    return loss, rnn


def predictions(w: Weights) -> list[str]:
    """The word that is thought most probable after each word."""
    h, found = np.zeros(HIDDEN), []
    for word in READ:
        h = np.tanh(w["W_xh"][:, word] + w["W_hh"] @ h)
        found.append(WORDS[int(np.argmax(w["W_hy"] @ h))])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--updates", type=int, default=200)
    parser.add_argument("--quick", dest="updates", action="store_const", const=40, help="40 updates")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--out", type=Path, default=Path("words.svg"))
    options = parser.parse_args()

    weights = initial(options.seed)
    loss, dw = by_hand(weights)
    total, rnn = by_engine(weights)
    total.backward()
    apart = max(np.abs(dw[name] - p.grad.numpy()).max() for name, p in rnn.named_parameters())
    print(f"loss by hand {loss:.6f}, by the engine {total:.6f}; the gradients differ by {apart:.1e}")

    for update in range(options.updates + 1):
        loss, dw = by_hand(weights)
        if update % max(1, options.updates // 4) == 0:
            print(f"update {update:4d}: loss {loss:.4f}, after {', '.join(SENTENCE[:-1])}: {predictions(weights)}")
        for name in weights:
            weights[name] -= RATE * dw[name]

    tg.draw(by_engine(weights)[0], level="op").save(options.out)
    print(f"picture: {options.out}")


if __name__ == "__main__":
    main()
