"""The same seed gives the same bits: in every process, and for what our kernels compute with any number of threads.

`python -m tests.trust.bits` runs `PROGRAMS` in processes with different hash seeds and numbers of threads, and prints
how many sets of bits they gave. Those whose products are NumPy's are run with one number of threads.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn import distributions, nn, optim
from tinygrad_rnn.utils.data import DataLoader, TensorDataset


def hashed(*tensors: Any) -> str:
    parts = [np.ascontiguousarray(x.array).tobytes() for x in tensors]
    return hashlib.sha256(b"".join(parts)).hexdigest()[:16]


def layer(kind: Callable) -> str:
    """Training a layer, with dropout between two of it, from initialisation to Adam's state."""
    net = kind(20, 64, num_layers=2, dropout=0.3)
    optimizer, x = optim.Adam(net.parameters()), tg.randn(12, 16, 20)
    for _ in range(3):
        optimizer.zero_grad()
        net(x)[0].square().mean().backward()
        nn.utils.clip_grad_norm_(net.parameters(), 0.1)
        optimizer.step()
    state = optimizer.state_dict()["state"].values()
    return hashed(*net.parameters(), *[entry["exp_avg_sq"] for entry in state])


def classifier() -> str:
    net = nn.Sequential(nn.Embedding(500, 64), nn.Flatten(), nn.Linear(640, 300), nn.LayerNorm(300), nn.ReLU())
    net.append(nn.Dropout(0.5))
    net.append(nn.Linear(300, 400))
    x, target = tg.randint(0, 500, (256, 10)), tg.randint(0, 400, (256,))
    optimizer = optim.SGD(net.parameters(), 0.1, momentum=0.9)
    for _ in range(2):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(x), target).backward()
        optimizer.step()
    return hashed(*net.parameters())


def order_of_data(workers: int) -> str:
    data = TensorDataset(tg.arange(40), tg.randn(40, 3))
    loader = DataLoader(data, batch_size=7, shuffle=True, num_workers=workers)
    return hashed(*[part for _ in range(2) for batch in loader for part in batch])


def drawn() -> str:
    shape = tg.Size((3, 5))
    kinds = distributions.Normal(0.0, 2.0), distributions.Bernoulli(0.3), distributions.Categorical(tg.rand(4))
    noise = [tg.rand(3), tg.randn(3), tg.randint(0, 9, (3,)), tg.randperm(9), tg.bernoulli(tg.rand(4))]
    return hashed(*noise, *[kind.sample(shape) for kind in kinds], nn.functional.gumbel_softmax(tg.zeros(5)))


def products() -> str:
    """What NumPy's BLAS multiplies."""
    a, b = tg.randn(300, 700, requires_grad=True), tg.randn(700, 500, requires_grad=True)
    y = a @ b
    y.square().sum().backward()
    return hashed(y, a.grad, b.grad)


PROGRAMS: dict[str, Callable[[], str]] = {
    "RNN": lambda: layer(nn.RNN), "LSTM": lambda: layer(nn.LSTM), "GRU": lambda: layer(nn.GRU),
    "classifier": classifier, "order of data": lambda: order_of_data(0), "two workers": lambda: order_of_data(2),
    "random numbers": drawn,
}  # fmt: skip
BY_BLAS: dict[str, Callable[[], str]] = {"products": products}


def hashes(programs: dict[str, Callable[[], str]], seed: int = 0) -> dict[str, str]:
    found = {}
    for name, program in programs.items():
        tg.manual_seed(seed)
        found[name] = program()
    return found


def in_a_process(programs: str, hash_seed: int, threads: int) -> str:
    """The hashes that a new process gives, one a line."""
    environment = os.environ | {"PYTHONHASHSEED": str(hash_seed), "TINYGRAD_NUM_THREADS": str(threads)}
    command = [sys.executable, "-m", "tests.trust.bits", programs, str(threads)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def main() -> None:
    if len(sys.argv) > 1:
        tg.set_num_threads(int(sys.argv[2]))
        for name, value in hashes(PROGRAMS if sys.argv[1] == "kernels" else BY_BLAS).items():
            print(name, value)
        return
    runs = [(1, 1), (2, 2), (3, 4), (4, 1)]
    kernels = {in_a_process("kernels", *run) for run in runs}
    blas = {in_a_process("blas", hash_seed, 2) for hash_seed in (1, 2, 3)}
    print(f"{len(PROGRAMS)} programs in {len(runs)} processes, with 1, 2 and 4 threads: {len(kernels)} set of bits")
    print(f"{len(BY_BLAS)} program of products by NumPy in 3 processes with 2 threads each: {len(blas)} set of bits")
    sys.exit(len(kernels) + len(blas) != 2)


if __name__ == "__main__":
    main()
