"""What is computed, not trained: gradients, invariances, steps and memory."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import bptt_by_hand
import exploding_gradients
import numpy as np
from _claims import Found, Test

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.tasks import recurrent, state_jacobian
from tinygrad_rnn.utils.checkpoint import bptt, forward_steps

LONG_SEQUENCE = Path(__file__).parent.parent / "tests" / "utils" / "long_sequence.py"


def identity(seed: int, quick: bool) -> Found:
    """Whether an IRNN's d h_T / d h_0 is the identity, bit for bit, and the largest number in it."""
    tg.manual_seed(seed)
    jacobian = state_jacobian(recurrent("relu", 2, 100), 1000)
    return Found(np.array_equal(jacobian, np.eye(100)), float(jacobian.max()))


def vanished(seed: int, quick: bool) -> Found:
    """The largest number of a tanh network's; in float64, as in float32 there is nothing left at all."""
    tg.manual_seed(seed)
    left = float(np.abs(state_jacobian(recurrent("tanh", 2, 100).double(), 1000)).max())
    return Found(left < 1e-100, left)


def spectral(seed: int, quick: bool) -> Found:
    """How far, relatively, the slope of log |dL/dh_t| is from log(radius), at most, for a linear cell."""
    off = []
    for radius in exploding_gradients.RADII:
        if radius != 1:
            cell = exploding_gradients.Cell(32, radius, linear=True, seed=seed)
            found = exploding_gradients.norms(cell, 1000, seed)
            off.append(abs(exploding_gradients.slope(found) / np.log(radius) - 1))
    return Found(max(off) <= 0.05, max(off))


def by_hand(cell: str) -> Test:
    """How far gradients worked out by hand are from the engine's, at most."""

    def test(seed: int, quick: bool) -> Found:
        difference = bptt_by_hand.largest_difference(cell, 5 if quick else 50, seed)
        return Found(difference < 1e-12, difference)

    return test


def rescaled(seed: int, quick: bool) -> Found:
    """How much the output of a layer-norm LSTM changes, at most, when each of its matrices is 17 times as large."""
    tg.manual_seed(seed)
    double = {"dtype": tg.float64}
    layer = nn.Recurrent(nn.LayerNormLSTMCell(8, 32, eps=1e-12, **double))
    x = tg.randn(100, 4, 8, **double)
    with tg.no_grad():
        before, _ = layer(x)
        for weight in (layer.cells[0].weight_ih, layer.cells[0].weight_hh):
            weight.mul_(17.0)
        after, _ = layer(x)
    change = (after - before).abs().max().item()
    return Found(change < 1e-8, change)


def checkpointed(memory: int, keep: str, published: int) -> Test:
    """Forward steps counted while 1,000 steps are pulled back, the gradients compared with those of the plain loop."""

    def test(seed: int, quick: bool) -> Found:
        tg.manual_seed(seed)
        T = 30 if quick else 1000
        cell, x, count = nn.RNNCell(2, 3), tg.randn(T, 1, 2), 0

        def step(x, h):
            nonlocal count
            count += 1
            h = cell(x, h)
            return h.sum(), h

        def gradients(loss) -> list[np.ndarray]:
            return [dp.numpy() for dp in tg.autograd.grad(loss, list(cell.parameters()))]

        found = gradients(bptt(step, x, memory=memory, keep=keep, preserve_rng_state=False)[0])
        taken = count
        loss, h = step(x[0], None)
        for t in range(1, T):
            more, h = step(x[t], h)
            loss = loss + more
        same = all(map(np.array_equal, found, gradients(loss)))
        return Found(same and taken == (forward_steps(T, memory, keep) if quick else published), taken)

    return test


def long_sequence(seed: int, quick: bool) -> Found:
    """The peak in MB of a process that trains through 100,000 steps."""
    size = ["--steps", "2000", "--updates", "1"] if quick else []
    command = [sys.executable, str(LONG_SEQUENCE), *size]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.findall(r"([\d.]+) s, peak (\d+) MB", done.stdout)
    peak = max(int(mb) for _, mb in found)
    return Found(peak < 2000, peak, len(found), {"seconds of an update": [float(s) for s, _ in found]})
