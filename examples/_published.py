"""The claims that `reproduce.py` tests: what was published, and the figures that a reader can hold this package to."""

from __future__ import annotations

import math
from typing import Any

from _claims import Claim, lowest, sooner, training
from _dates import WITH, WITHOUT, translation
from _measures import by_hand, checkpointed, identity, long_sequence, rescaled, spectral, vanished

from tinygrad_rnn.tasks import Adding, Copying, Digits, Reber, TemporalOrder

SIX, FIVE = tuple(range(6)), tuple(range(5))

adding, copying, order, reber, pixels = Adding(), Copying(), TemporalOrder(), Reber(), Digits()
summed = "MSE at most 0.01 within 2,000 updates, T=100"
copied = "cross entropy at most 0.17 within 15,000 updates, delay 50"
ordered = "accuracy at least 0.99 within 10,000 updates, L 20 to 50"
strings = "500 of 500 held-out strings within 10,000 updates"
early: dict[str, Any] = {"updates": 300, "seeds": SIX}

MEMORY = [
    training(adding, "tanh", "MSE never below 0.12 in 2,000 updates, T=100", lambda curve: lowest(curve) > 0.12),
    training(adding, "relu", "MSE at most 0.01 within 20,000 updates, T=100", updates=20_000),
    training(adding, "relu", summed, note=", inputs' weights 0.1", input_std=0.1),
    training(adding, "gru", summed),
    training(adding, "lstm", summed),
    training(copying, "tanh", "never below 0.99 of the baseline, 0.2971, in 15,000 updates, delay 50",
        lambda curve: lowest(curve) > 0.99 * copying.baseline),
    training(copying, "relu", "cross entropy never below 0.25 in 15,000 updates, delay 50",
        lambda curve: lowest(curve) > 0.25),
    training(copying, "gru", copied),
    training(copying, "lstm", copied),
    training(order, "tanh", ordered),
    training(order, "tanh", "not solved in 10,000 updates, L 20 to 50", lambda curve: not curve.solved,
        note=", not clipped", clip=math.inf),
    training(order, "relu", ordered),
    training(order, "gru", ordered),
    training(order, "lstm", ordered),
    training(reber, "tanh", "not all of 500 held-out strings in 10,000 updates", lambda curve: not curve.solved),
    training(reber, "relu", "not all of 500 held-out strings in 10,000 updates", lambda curve: not curve.solved),
    training(reber, "gru", strings),
    training(reber, "lstm", strings),
    training(pixels, "tanh", "accuracy below 0.7 after 300 updates", lambda curve: curve.figure < 0.7, **early),
    training(pixels, "relu", "accuracy above 0.7 after 300 updates", lambda curve: curve.figure > 0.7, **early),
    training(pixels, "gru", "accuracy above 0.7 after 300 updates", lambda curve: curve.figure > 0.7, **early),
    training(pixels, "lstm", "accuracy above 0.7 after 300 updates", lambda curve: curve.figure > 0.7, **early),
]  # fmt: skip

REMEDIES = [
    sooner(TemporalOrder(40, 60), "lstm", "L 40 to 60", "forget_bias", (1.0, 0.0), FIVE, updates=6000),
    sooner(adding, "lstm", "T=100", "forget_bias", (1.0, 0.0), FIVE, updates=3000),
    Claim("IRNN property", "ReLU, identity", "d h_T / d h_0 = I bit for bit, T=1000", identity, show=".0f"),
    Claim("IRNN property", "tanh", "no number in d h_T / d h_0 above 1e-100, T=1000", vanished, show=".0e"),
    Claim("rescaled weights", "layer-norm LSTM", "output the same to 1e-8 with both matrices times 17, eps 1e-12",
        rescaled, show=".0e"),
]  # fmt: skip

TRANSLATION = [
    translation(WITH, "at least 0.98 of 1,000 texts exactly", lambda share, curve: share >= 0.98),
    translation(WITHOUT, "of the longest texts less than half the share right of the shortest",
        lambda share, curve: curve[-1][1] < curve[0][1] / 2),
]  # fmt: skip

GRADIENTS = [
    Claim("norm of dL/dh_t", "linear cell", "slope of its logarithm within 5% of log radius, radii 0.8 to 1.25 "
        "(figure: largest deviation)", spectral, FIVE, ".0e"),
    *[Claim("BPTT by hand", cell.upper(), "all gradients those of the engine, to 1e-12 in float64, 50 steps "
        "(figure: largest difference)", by_hand(cell), show=".0e") for cell in ("rnn", "lstm", "gru")],
]  # fmt: skip

COUNTS = {  # forward steps at T = 1000: Gruslys et al. 2016
    "graph": {1: 500_500, 2: 28_864, 3: 12_172, 5: 6_292, 10: 3_640, 20: 2_750, 32: 2_408, 50: 1_950, 100: 1_900},
    "state": {1: 500_500, 2: 29_820, 10: 4_636, 50: 2_948},
}
LONG = [
    *[Claim("1,000 steps, checkpointed", f"{memory} {keep}{'s' * (memory > 1)}", f"{count:,} forward steps, gradients "
        "bit for bit those of plain BPTT", checkpointed(memory, keep, count), (), ",")
      for keep, counts in COUNTS.items() for memory, count in counts.items()],
    Claim("100,000 steps", "LSTM, I=32, H=256, N=8", "trained in under 2,000 MB (figure: the peak of the process)",
        long_sequence, (), ","),
]  # fmt: skip

PARTS = {
    "Tasks that ask for memory": MEMORY,
    "Translation, with attention and without": TRANSLATION,
    "Remedies": REMEDIES,
    "Gradients through time": GRADIENTS,
    "Memory for long sequences": LONG,
}
