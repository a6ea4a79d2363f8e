"""Ctrl-C at any moment: an optimiser's step is applied as a whole or not at all.

`python -m tests.trust.interrupts` tries every moment of a step of every optimiser (of L-BFGS some), then random times
during training, and prints how many interrupts came and that all were survived.
"""

from __future__ import annotations

import random
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dis import opname
from time import perf_counter
from typing import Any

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn import nn, optim
from tinygrad_rnn.autograd.scope import frames

OPTIMIZERS: dict[str, Callable] = {
    "Adadelta": optim.Adadelta, "Adagrad": optim.Adagrad, "Adam": lambda p: optim.Adam(p, amsgrad=True),
    "Adamax": optim.Adamax, "AdamW": optim.AdamW, "ASGD": optim.ASGD,
    "LBFGS": lambda p: optim.LBFGS(p, max_iter=2, line_search_fn="strong_wolfe"), "NAdam": optim.NAdam,
    "RAdam": optim.RAdam, "RMSprop": lambda p: optim.RMSprop(p, momentum=0.5), "Rprop": optim.Rprop,
    "SGD": lambda p: optim.SGD(p, 0.1, momentum=0.9),
}  # fmt: skip

LOOKS = "RESUME", "CALL", "JUMP_BACKWARD"  # the instructions after which CPython looks for signals


def frozen(x: Any) -> Any:
    """A state to the last bit, comparable."""
    if isinstance(x, tg.Tensor):
        return x.array.tobytes()
    if isinstance(x, dict):
        return {key: frozen(each) for key, each in x.items()}
    return [frozen(each) for each in x] if isinstance(x, (list, tuple)) else x


class Training:
    """A model that an optimiser fits; `step` is one update, the same whenever it is done from the same place."""

    def __init__(self, make: Callable) -> None:
        tg.manual_seed(0)
        self.model, self.x = nn.Linear(3, 2), tg.randn(4, 3)
        self.optimizer = make(self.model.parameters())

    def loss(self) -> Any:
        self.optimizer.zero_grad()
        loss = (self.model(self.x) ** 2).sum()
        loss.backward()
        return loss

    def step(self) -> None:
        if isinstance(self.optimizer, optim.LBFGS):
            self.optimizer.step(self.loss)
        else:
            self.optimizer.step()

    @property
    def state(self) -> Any:
        return frozen([list(self.model.parameters()), self.optimizer.state_dict()["state"]])


@contextmanager
def default_handler() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt inside, whoever runs the tests."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def traced(function: Callable, at: int = -1) -> int:
    """How often the interpreter looks for signals meanwhile; the time number `at`, Ctrl-C has been pressed.

    CPython looks as a function begins, as a loop goes round, and after a call; not before `with` has released a lock.
    """
    count, last = 0, ""

    def trace(frame, event, _):
        nonlocal count, last
        frame.f_trace_opcodes = True
        if event == "opcode":
            looks = last.startswith(LOOKS)
            last = opname[frame.f_code.co_code[frame.f_lasti]]
            count += looks
            if looks and count - 1 == at:
                signal.raise_signal(signal.SIGINT)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(before)
    return count


def prepared(make: Callable, steps: int) -> Training:
    """A training after some steps, its next gradient ready."""
    training = Training(make)
    for _ in range(steps):
        training.loss()
        training.step()
    training.loss()
    return training


def halved(name: str, steps: int, moments: Iterable[int]) -> tuple[int, list[int]]:
    """Press Ctrl-C at these moments of a step: how often it came, and where the step was then half done."""
    make = OPTIMIZERS[name]
    training = prepared(make, steps)
    before = training.state
    training.step()
    after, came, wrong = training.state, 0, []
    for at in moments:
        training = prepared(make, steps)
        try:
            traced(training.step, at)
        except KeyboardInterrupt:
            came += 1
        whole = training.state in (before, after) and tg.is_grad_enabled()
        if not whole or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            wrong.append(at)
        tg.set_grad_enabled(True)
    return came, wrong


def length(name: str, steps: int) -> int:
    """Moments of a step."""
    return traced(prepared(OPTIMIZERS[name], steps).step)


class Recurrent:
    """An LSTM that Adam fits, with all states on its way, each to the last bit."""

    def __init__(self) -> None:
        tg.manual_seed(0)
        self.lstm, self.x = nn.LSTM(4, 8), tg.randn(5, 2, 4)
        self.start = {name: p.clone() for name, p in self.lstm.state_dict().items()}
        self.begin()
        self.way = [self.state]

    def begin(self) -> None:
        self.lstm.load_state_dict(self.start)
        self.optimizer = optim.Adam(self.lstm.parameters(), lr=0.01)

    @property
    def state(self) -> Any:
        return frozen([list(self.lstm.parameters()), self.optimizer.state_dict()["state"]])

    @property
    def steps(self) -> int:
        """How many updates the first parameter had."""
        first = self.optimizer.state.get(self.lstm.weight_ih_l0, {})
        return int(first["step"].item()) if "step" in first else 0

    def train(self, steps: int) -> None:
        for _ in range(steps):
            self.optimizer.zero_grad()
            self.lstm(self.x)[0].square().sum().backward()
            self.optimizer.step()


def at_random_times(number: int, most: int = 40, seed: int = 0) -> tuple[int, int, int]:
    """Interrupt trainings of so many steps at most: (interrupts, steps done in all, how many were half done)."""
    rng, training = random.Random(seed), Recurrent()
    for _ in range(most):
        training.train(1)
        training.way.append(training.state)
    begun = perf_counter()
    training.train(most)
    length = perf_counter() - begun
    came = total = wrong = 0
    before = signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        while came < number:
            training.begin()
            try:
                signal.setitimer(signal.ITIMER_REAL, rng.uniform(0.01, 0.9) * length)
                training.train(most)
                signal.setitimer(signal.ITIMER_REAL, 0.0)
            except KeyboardInterrupt:
                came += 1
                total += training.steps
                wrong += training.state != training.way[training.steps] or not tg.is_grad_enabled() or frames() != ()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    return came, total, wrong


def main() -> None:
    bad = all_came = 0
    with default_handler(), np.errstate(all="ignore"):
        for name in OPTIMIZERS:
            n = length(name, 1)
            came, wrong = halved(name, 1, range(n) if n < 5_000 else random.Random(0).sample(range(n), 300))
            print(f"{name}: {came:,} interrupts, of {n:,} moments of a step; {len(wrong)} steps half done")
            all_came, bad = all_came + came, bad + len(wrong)
        came, steps, wrong_ones = at_random_times(500)
        print(f"LSTM with Adam: {came} interrupts at random times, {steps:,} steps; {wrong_ones} half done")
    print(f"{all_came + came:,} interrupts survived, {bad + wrong_ones} half-applied steps")
    sys.exit(bad + wrong_ones > 0)


if __name__ == "__main__":
    main()
