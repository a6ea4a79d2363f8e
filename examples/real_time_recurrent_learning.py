"""Real-time recurrent learning: the gradient of a recurrent network as it runs, without looking back.

    python examples/real_time_recurrent_learning.py -o rtrl.svg

Backpropagation through time keeps every step and goes back over them. Real-time recurrent learning (Williams & Zipser
1989) carries along how the state depends on every weight, the influence matrix P_t = dh_t/dw, and keeps no past:

    P_t = dh_t/dh_{t-1} P_{t-1} + dh_t/dw        dL_t/dw = dL_t/dh_t P_t

The two Jacobians of the cell come from forward mode, `func.jacfwd`. So memory does not grow with time, and the weights
can be changed at every step; the price is P, units times weights, and as many runs of the cell as it has weights.
Expected: its gradient is that of backpropagation through time within 1e-12. A network of 4 units whose weights change
at every step learns the paper's exclusive or of what was read one and two steps ago: the last 200 of 2,000 answers are
right (of the default seed; of seed 1, 183).
"""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from _training import RIGHT, WRONG, options_of, save

import tinygrad_rnn as tg
from tinygrad_rnn import func, optim

SHOWN = 200


def cell(w: tg.Tensor, x: tg.Tensor, h: tg.Tensor) -> tg.Tensor:
    """h_t = tanh(w [x_t, h_{t-1}, 1])."""
    return tg.tanh(w @ tg.cat([x, h, tg.ones(1, dtype=w.dtype)]))


class Influence:
    """A state, and how it depends on the weights: P [units, *weights], zero at first."""

    def __init__(self, w: tg.Tensor) -> None:
        self.h = tg.zeros(len(w), dtype=w.dtype)
        self.P = tg.zeros(len(w), *w.shape, dtype=w.dtype)

    def step(self, w: tg.Tensor, x: tg.Tensor) -> None:
        """Read x."""
        by_w, by_h = func.jacfwd(cell, argnums=(0, 2))(w, x, self.h)
        self.P = tg.einsum("ij,jkl->ikl", by_h, self.P) + by_w
        self.h = cell(w, x, self.h)

    def gradient(self, dh: tg.Tensor) -> tg.Tensor:
        """From the gradient by the state that by the weights."""
        return tg.einsum("i,ikl->kl", dh, self.P)


def loss(h: tg.Tensor, v: tg.Tensor, said: float) -> tg.Tensor:
    """Half the squared error of the output v h."""
    return (v @ h - said).square() / 2


def in_both_ways(units: int, T: int, random: np.random.Generator) -> tuple[tg.Tensor, tg.Tensor]:
    """The gradient of the loss of a sequence by the weights: forward, and backward through time."""
    w, v, xs = (tg.tensor(random.standard_normal(shape)) for shape in ((units, units + 2), units, (T, 1)))
    w, said = w / units**0.5, random.standard_normal(T).tolist()
    run, forward = Influence(w), tg.zeros_like(w)
    for x, y in zip(xs, said, strict=True):
        run.step(w, x)
        forward += run.gradient(func.grad(loss)(run.h, v, y))

    def total(w: tg.Tensor) -> tg.Tensor:
        h, losses = tg.zeros(units, dtype=w.dtype), []
        for x, y in zip(xs, said, strict=True):
            h = cell(w, x, h)
            losses.append(loss(h, v, y))
        return tg.stack(losses).sum()

    return forward, func.grad(total)(w)


def main() -> None:
    parser = options_of(__doc__, updates=2000, hidden=4, lr=0.01)
    parser.add_argument("--quick", dest="updates", action="store_const", const=300, help="only 300 steps")
    options = parser.parse_args()
    tg.set_num_threads(options.threads)
    random = np.random.default_rng(options.seed)
    forward, backward = in_both_ways(options.hidden, 50, random)
    apart = (forward - backward).abs().max()
    print(f"50 steps, forward and backward through time: the gradients differ by {apart:.1e}")

    signs = random.choice([-1.0, 1.0], options.updates + 2)
    answers = signs[:-2] * signs[1:-1]  # the exclusive or, of signs
    w = tg.tensor(random.standard_normal((options.hidden, options.hidden + 2)) / 2, requires_grad=True)
    v = tg.tensor(random.standard_normal(options.hidden) / 2, requires_grad=True)
    optimizer, run, losses, outputs = optim.Adam([w, v], lr=options.lr), Influence(w), [], []
    for t in range(options.updates):
        run.step(w.detach(), tg.tensor([signs[t + 2]]))
        (dh, v.grad), value = func.grad_and_value(loss, argnums=(0, 1))(run.h, v.detach(), answers[t])
        w.grad = run.gradient(dh)
        outputs.append((v.detach() @ run.h).item())
        losses.append(value.item())
        optimizer.step()
        if (t + 1) % max(1, options.updates // 10) == 0:
            print(f"step {t + 1:5d}: loss {np.mean(losses[-SHOWN:]):.4f}")
    right = np.sign(outputs) == answers
    print(f"of the last {len(right[-SHOWN:])} answers {right[-SHOWN:].sum()} are right")

    figure, axes = plt.subplots(2, figsize=(7, 5), layout="constrained")
    mean = np.convolve(losses, np.ones(100) / 100, "valid")
    axes[0].semilogy(np.arange(len(mean)) + 100, mean, color=RIGHT)
    axes[0].set(xlabel="step", ylabel="loss, mean of 100 steps")
    last = np.arange(options.updates)[-40:]
    axes[1].step(last, answers[last], where="mid", color="0.7", label="exclusive or of the last two signs")
    axes[1].plot(last, np.array(outputs)[last], "o", color=WRONG, markersize=4, label="answer")
    axes[1].set(xlabel="step")
    axes[1].legend(frameon=False, loc="lower left", ncols=2, bbox_to_anchor=(0, 1))
    save(figure, options.out)


if __name__ == "__main__":
    main()
