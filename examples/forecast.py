"""Forecasting a time series: an LSTM reads a chaotic one, that of Mackey and Glass, and goes on from its own forecasts.

    python examples/forecast.py -o forecast.svg

    dx/dt = 0.2 x(t - 17) / (1 + x(t - 17)^10) - 0.1 x(t)           physiology: cells in the blood, after a delay

It learns to foretell the change in the next sample, at every step of a piece of the series. To foretell many samples it
reads what it foretold, so its small errors grow, as chaos has it. Who says that nothing changes is the one to beat.
Source: Mackey & Glass 1977.
Expected: after 150 samples of a part of the series it has not seen, the root mean squared error, in standard deviations
of the series, is .002 for the next sample, .012 for the 20th, .05 for the 84th; of "nothing changes" .30, 1.2 and 1.7.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from _training import RIGHT, WRONG, command, fit, save, whole

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.nn.functional import mse_loss

DELAY, EVERY, FINE = 17, 2.0, 20  # units of time between samples; steps of integration in one unit
SAMPLES = 3000  # of the series to learn from, and of another one to measure with
STEPS = 100  # samples in a piece to learn from
SCALE = 10  # changes are small


def mackey_glass(samples: int, seed: int) -> np.ndarray:
    """The series from a random beginning, its first part left out, with mean 0 and standard deviation 1."""
    past, skip = DELAY * FINE, 200
    count = past + round((samples + skip) * EVERY * FINE)
    x = np.empty(count)
    x[:past] = np.random.default_rng(seed).uniform(0.5, 1.3)
    for t in range(past, count):
        late = x[t - past]
        x[t] = x[t - 1] + (0.2 * late / (1 + late**10) - 0.1 * x[t - 1]) / FINE
    x = x[past :: round(EVERY * FINE)][skip:]
    return ((x - x.mean()) / x.std()).astype(np.float32)


class Forecaster(nn.Module):
    """x_{t+1} = x_t + W h_t / SCALE, h_t from an LSTM."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.rnn, self.readout = nn.LSTM(1, hidden), nn.Linear(hidden, 1)

    def forward(self, x, state=None):
        """The next sample at every step, for x [T, N, 1], and the state."""
        y, state = self.rnn(x, state)
        return x + self.readout(y) / SCALE, state

    @tg.no_grad()
    def go_on(self, x, horizon: int):
        """The samples after x [T, N, 1], each foretold from the ones before: [horizon, N, 1]."""
        y, state = self(x)
        found = [y[-1:]]
        while len(found) < horizon:
            y, state = self(found[-1], state)
            found.append(y)
        return tg.cat(found)


def pieces(series: np.ndarray, starts: np.ndarray, length: int) -> tg.Tensor:
    """[length, N, 1], from each start on."""
    return tg.tensor(series[starts + np.arange(length)[:, None]][:, :, None])


def picture(seen: np.ndarray, truth: np.ndarray, found: np.ndarray, errors: dict[str, np.ndarray], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.6, 1))
    after = np.arange(1, len(truth) + 1)
    left.plot(np.arange(1 - len(seen), 1), seen, color="0.6", label="read")
    for curve, style in ((truth, {"color": "0.6", "linestyle": ":"}), (found, {"color": RIGHT, "label": "foretold"})):
        left.plot([0, *after], [seen[-1], *curve], **style)
    left.set(title="a forecast from its own forecasts (dotted: what came)", xlabel="samples ahead")
    for (name, error), color in zip(errors.items(), (RIGHT, WRONG), strict=True):
        right.semilogy(after, error, color=color, label=name)
    right.set(title="error, in standard deviations", xlabel="samples ahead")
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    save(figure, path)


def main() -> None:
    parser = command(__doc__, updates=2500, quick=60, lr=0.005)
    parser.add_argument("--read", type=whole, default=150, help="samples before the forecast")
    parser.add_argument("--horizon", type=whole, default=84, help="samples to foretell")
    options = parser.parse_args()
    if options.read + options.horizon > SAMPLES:
        parser.error(f"the series has {SAMPLES} samples, --read and --horizon ask for more")
    learnt, new = mackey_glass(SAMPLES, 2 * options.seed), mackey_glass(SAMPLES, 2 * options.seed + 1)
    tg.manual_seed(options.seed)
    random, net = np.random.default_rng(options.seed), Forecaster(options.hidden)

    def loss():
        x = pieces(learnt, random.integers(0, len(learnt) - STEPS, options.batch), STEPS + 1)
        return mse_loss(SCALE * net(x[:-1])[0], SCALE * x[1:])

    fit("forecast", net, loss, options)
    starts = np.linspace(0, len(new) - options.read - options.horizon, 200).astype(int)
    x = pieces(new, starts, options.read + options.horizon)
    seen, truth = x[: options.read], x[options.read :].numpy()
    found = net.go_on(seen, options.horizon).numpy()
    errors = {
        "LSTM": np.sqrt(((found - truth) ** 2).mean((1, 2))),
        "nothing changes": np.sqrt(((seen.numpy()[-1:] - truth) ** 2).mean((1, 2))),
    }
    ahead = sorted({1, min(20, options.horizon), options.horizon})
    for name, error in errors.items():
        told = ", ".join([f"{error[k - 1]:.4f} {k} ahead" for k in ahead])
        print(f"{name}: error {told}")
    picture(seen.numpy()[-60:, 0, 0], truth[:, 0, 0], found[:, 0, 0], errors, options.out)


if __name__ == "__main__":
    main()
