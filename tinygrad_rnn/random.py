"""Random numbers: generators and seeds. Every random function draws from a Generator, by default from one."""

from __future__ import annotations

import os
from operator import index

import numpy as np

from .autograd.graph import Tensor
from .device import device, named

__all__ = [
    "Generator", "default_generator", "get_rng_state", "initial_seed", "manual_seed", "seed", "set_rng_state",
]  # fmt: skip


class Generator:
    """A stream of random numbers that can be seeded, stored and continued.

    The numbers are those of NumPy's `Generator(PCG64(seed))`, so they differ from PyTorch's.

    Args:
        device: "cpu".

    Raises:
        RuntimeError: any other device.

    Example:
        >>> from tinygrad_rnn import Generator, randn
        >>> a = randn(2, generator=Generator().manual_seed(0))
        >>> b = randn(2, generator=Generator().manual_seed(0))
        >>> bool((a == b).all())
        True
    """

    _stream: np.random.Generator | None

    def __init__(self, device: str | device = "cpu") -> None:
        self.device = named(device)
        if self.device.type != "cpu":
            raise RuntimeError(f"Generator: no generator on device '{device}': tinygrad_rnn draws on the CPU alone")
        self.manual_seed(67280421310721)  # PyTorch's too: a new generator always starts alike

    def manual_seed(self, seed: int) -> Generator:
        """Start anew from `seed`, any integer of 64 bits; negative ones count as seed + 2**64."""
        if not isinstance(seed, (int, np.integer)) or not -(2**63) <= seed < 2**64:
            raise RuntimeError(f"manual_seed: expected an integer in [-2**63, 2**64), got {seed!r}")
        self._seed = int(seed) % 2**64
        self._stream = None
        return self

    @property
    def numpy(self) -> np.random.Generator:
        """NumPy's stream, made when first drawn from: importing `numpy.random` takes a while."""
        if self._stream is None:
            self._stream = np.random.Generator(np.random.PCG64(self._seed))
        return self._stream

    def seed(self) -> int:
        """Start anew from a seed of the operating system's entropy, and return it."""
        self.manual_seed(int.from_bytes(os.urandom(8)) >> 1)
        return self._seed

    def initial_seed(self) -> int:
        """The seed from which this stream started."""
        return self._seed

    def get_state(self) -> Tensor:
        """Where the stream is, as a vector of bytes."""
        import json

        state = json.dumps({"seed": self._seed, "stream": self.numpy.bit_generator.state})
        return Tensor(np.frombuffer(state.encode(), np.uint8).copy())

    def set_state(self, state: Tensor) -> Generator:
        """Continue the stream from where `get_state` was called.

        Raises:
            TypeError: not a tensor of bytes.
            RuntimeError: not such a state.
        """
        import json

        if not isinstance(state, Tensor) or state.array.dtype != np.uint8:
            raise TypeError(f"set_state: expected a tensor of uint8, as get_state() returns, got {state!r:.60}")
        try:
            known = json.loads(state.array.tobytes())
            stream = np.random.PCG64()
            stream.state, seed = known["stream"], index(known["seed"])
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            raise RuntimeError(f"set_state: expected what get_state() returned, got {state!r:.60}") from error
        self._seed, self._stream = seed, np.random.Generator(stream)
        return self

    def __repr__(self) -> str:
        return f"Generator(seed={self._seed})"


default_generator = Generator()


def manual_seed(seed: int) -> Generator:
    """Seed the default generator with `seed`: any integer of 64 bits, or what `int` makes one of."""
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Seed the default generator from the operating system's entropy, and return the seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed from which the default generator started."""
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """Where the default generator is."""
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Continue the default generator from `new_state`, which `get_rng_state` returned."""
    default_generator.set_state(new_state)


def source(generator: Generator | None) -> np.random.Generator:
    """NumPy's stream behind a generator; None means the default one."""
    return (generator or default_generator).numpy
