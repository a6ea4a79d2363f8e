"""An LSTM trained through every step of a very long sequence, and the most memory that takes.

    python tests/utils/long_sequence.py                     100,000 steps, I = 32, H = 256, N = 8
    python tests/utils/long_sequence.py --steps 10000 --keep graph --memory 4

It learns to repeat its first input feature. The output is never held whole: each chunk of steps has its loss.
Expected: a peak of 287 MB, of which 102 are the input; about 40 s an update on two cores with AVX-512 on which others
worked. The graph of all steps (`--keep graph`) would take 5 GB: 6 numbers for each hidden unit, sequence and step.
"""

from __future__ import annotations

import argparse
from time import perf_counter

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.bench.resident import forget_peak, peak_memory, resident_memory
from tinygrad_rnn.utils.checkpoint import bptt, forward_steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--chunk", type=int, default=100)
    parser.add_argument("--keep", choices=["state", "graph"], default="state")
    parser.add_argument("--memory", type=int, help="how many of them; by default 100 states, or all graphs: plain BPTT")
    parser.add_argument("--sizes", type=int, nargs=3, default=[8, 32, 256], help="N I H")
    parser.add_argument("--updates", type=int, default=2)
    options = parser.parse_args()
    N, inputs, H = options.sizes
    tg.manual_seed(0)
    lstm, head = nn.LSTM(inputs, H), nn.Linear(H, 1)
    optimizer = tg.optim.Adam([*lstm.parameters(), *head.parameters()], lr=1e-3)
    chunks = tg.randn(options.steps, N, inputs).split(options.chunk)

    def step(x, state):
        y, state = lstm(x, state)
        return nn.functional.mse_loss(head(y), x[..., :1], reduction="sum"), state

    def update(chunks, memory):
        loss, _ = bptt(step, chunks, memory=memory, keep=options.keep)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item() / sum(map(len, chunks)) / N

    memory = options.memory or (100 if options.keep == "state" else len(chunks))
    update(chunks[:2], 1)  # compiles
    forget_peak()
    before = resident_memory()
    again = forward_steps(len(chunks), memory, options.keep) / len(chunks)
    print(f"{options.steps} steps in {len(chunks)} chunks, each run {again:.2f} times")
    for number in range(options.updates):
        begun = perf_counter()
        loss = update(chunks, memory)
        peak = peak_memory()
        print(
            f"update {number}: loss {loss:.5f}, {perf_counter() - begun:.1f} s, peak {peak / 1e6:.0f} MB, "
            f"of it {(peak - before) / 1e6:.1f} MB for training"
        )


if __name__ == "__main__":
    main()
