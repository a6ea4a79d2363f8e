"""Layers under stress, each result compared bit for bit: python -m tests.trust.stress --calls 200 --forks 50 --cold 8

Threads that train layers of different sizes, some of one module, at once, with more threads than processors each;
processes that are forked in the midst of that, and compute; and processes that all start with an empty cache.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable
from itertools import count
from pathlib import Path

import numpy as np

import tinygrad_rnn as tg
from tests.kernels.cases import KINDS
from tests.kernels.test_sizes import sized
from tinygrad_rnn import nn, optim
from tinygrad_rnn.kernels import threads

SIZES = (3, 5, 7, 9), (2, 33, 16, 70), (4, 12, 65, 17), (1, 1, 100, 33), (2, 17, 3, 129)  # T, N, I, H
PATIENCE = 120  # seconds that a child has
Job = Callable[[], str]


def digest(arrays: list[np.ndarray]) -> str:
    whole = hashlib.sha256()
    for array in arrays:
        whole.update(np.ascontiguousarray(array))
    return whole.hexdigest()[:16]


def of_kernel(number: int) -> Job:
    """A sequence forward and back, of a kind and sizes that depend on the number."""
    kind, (T, N, I, H) = KINDS[number % len(KINDS)], SIZES[number // len(KINDS) % len(SIZES)]
    inputs = sized(kind, T, N, I, H, 7, (np.float32, np.float64)[number % 2])

    def job() -> str:
        outputs, saved = kind.sequence(inputs)
        return digest(
            [a for a in (*outputs, *kind.sequence_vjp(kind.cotangents(outputs), inputs, saved)) if a is not None]
        )

    return job


def of_module(module: nn.Module, x: tg.Tensor) -> Job:
    """A module that other threads use as well, forward, and back to an input of this call."""

    def job() -> str:
        own = x.detach().clone().requires_grad_()
        y, _ = module(own)
        (dx,) = tg.autograd.grad(y.square().sum(), own)
        return digest([y.detach().numpy(), dx.numpy()])

    return job


def jobs() -> list[Job]:
    tg.manual_seed(0)
    module, x = nn.LSTM(5, 40, num_layers=2), tg.randn(6, 18, 5)
    return [*map(of_kernel, range(len(KINDS) * len(SIZES))), of_module(module, x), of_module(module, x[:3, :5])]


def at_once(wanted: list[tuple[Job, str]], callers: int, calls: int) -> int:
    """Calls from so many threads, so many each; how many gave other bits or failed."""
    wrong, numbers, start = [], count(), threading.Barrier(callers)

    def caller(first: int) -> None:
        start.wait()
        for k in range(calls):
            job, expected = wanted[(first + k * 7) % len(wanted)]
            try:
                if job() != expected:
                    wrong.append(next(numbers))
            except Exception as error:
                wrong.append(error)

    running = [threading.Thread(target=caller, args=(i,)) for i in range(callers)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return len(wrong)


def forked(wanted: list[tuple[Job, str]], forks: int) -> int:
    """Children forked while three threads compute; how many did not give the same bits in time."""
    stop, failed = threading.Event(), 0
    leaf = tg.ones(300_000, requires_grad=True)

    def work(first: int) -> None:
        for k in count(first):
            if stop.is_set():
                break
            wanted[k % len(wanted)][0]()
            (leaf * 2).sum().backward()

    running = [threading.Thread(target=work, args=(i,)) for i in range(3)]
    for thread in running:
        thread.start()
    for k in range(forks):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of what is tested here
            child = os.fork()
        if child == 0:
            signal.alarm(PATIENCE)
            job, expected = wanted[k % len(wanted)]
            (leaf * 2).sum().backward()
            os._exit(job() != expected)
        failed += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0
    stop.set()
    for thread in running:
        thread.join()
    return failed


def train() -> str:
    """A few updates of a small model."""
    tg.manual_seed(0)
    model, head = nn.GRU(3, 20), nn.Linear(20, 1)
    optimizer = optim.Adam([*model.parameters(), *head.parameters()], lr=0.1)
    x = tg.randn(5, 16, 3)
    for _ in range(3):
        optimizer.zero_grad()
        loss = head(model(x)[0]).square().mean()
        loss.backward()
        optimizer.step()
    return repr(loss.item())


def cold(processes: int) -> tuple[int, str]:
    """Trainings that start at once with an empty cache: how many failed or differ, and the loss of a warm one."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"TINYGRAD_RNN_CACHE_DIR": folder}
        command = [sys.executable, "-c", f"from {__spec__.name} import train; print(train())"]
        started = [
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(processes)
        ]
        losses = [process.communicate()[0].strip() for process in started]
        expected = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True).stdout.strip()
        leftover = [*Path(folder).rglob("*.tmp")]
    return sum([loss != expected for loss in losses]) + len(leftover), expected


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--callers", type=int, default=8, help="threads that call")
    parser.add_argument("--calls", type=int, default=200, help="of each of them")
    parser.add_argument("--threads", type=int, default=8, help="that kernels may use")
    parser.add_argument("--forks", type=int, default=50)
    parser.add_argument("--cold", type=int, default=8, help="processes with an empty cache")
    options = parser.parse_args()
    threads.WORTH_SHARING = threads.WORTH_WAKING = 0
    threads.set_num_threads(1)
    wanted = [(job, job()) for job in jobs()]
    threads.set_num_threads(options.threads)
    wrong = at_once(wanted, options.callers, options.calls)
    print(
        f"{options.callers} threads x {options.calls} calls at once, {options.threads} threads each, "
        f"{len(wanted)} jobs: {wrong} differ"
    )
    failed = forked(wanted, options.forks)
    print(f"{options.forks} forks while 3 threads compute: {failed} children failed")
    unlike = 0
    if options.cold:
        unlike, loss = cold(options.cold)
        print(f"{options.cold} processes with one empty cache: {unlike} differ from the loss {loss} of a warm one")
    return wrong + failed + unlike > 0


if __name__ == "__main__":
    sys.exit(main())
