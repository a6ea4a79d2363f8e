"""torch.cuda as in PyTorch's CPU-only build: it answers that there is no CUDA, and refuses what needs it.

Seeding and emptying caches do nothing, so that scripts can call them unguarded.

Source: `torch.cuda` of PyTorch 2.13, built without CUDA.
"""

from __future__ import annotations

from .absent import Absent
from .device import named

_REFUSAL = "{}: there is no CUDA here (not compiled with CUDA enabled); ask cuda.is_available() first"
_TENSORS = {f"{kind}Tensor" for kind in "Bool Byte Char Double Float Half Int Long Short".split()}


def is_available() -> bool:
    """False."""
    return False


def is_initialized() -> bool:
    """False."""
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """False, also `including_emulation`."""
    return False


def device_count() -> int:
    """How many devices there are: none."""
    return 0


# --- what does nothing ------------------------------------------------------------------------------------------


def manual_seed(seed: int) -> None:
    """Nothing: there is no generator to seed."""


def manual_seed_all(seed: int) -> None:
    """Nothing: there is no generator to seed."""


def seed() -> None:
    """Nothing: there is no generator to seed."""


def seed_all() -> None:
    """Nothing: there is no generator to seed."""


def set_rng_state(new_state, device="cuda") -> None:
    """Nothing: there is no generator to continue from `new_state`."""


def set_rng_state_all(new_states) -> None:
    """Nothing: there are no generators to continue from `new_states`."""


def get_rng_state_all() -> list:
    """Where the generators of all devices are: an empty list."""
    return []


def empty_cache() -> None:
    """Nothing: there is no cache."""


def memory_allocated(device=None) -> int:
    """Bytes in use: none."""
    return 0


max_memory_allocated = memory_reserved = max_memory_reserved = memory_allocated


# --- what is refused --------------------------------------------------------------------------------------------


def _refused(name: str):
    def refuse(*args, **kwargs):
        raise AssertionError(_REFUSAL.format(f"cuda.{name}()"))

    refuse.__name__, refuse.__doc__ = name, "Refused with an AssertionError, whatever the arguments: there is no CUDA."
    return refuse


init, synchronize, current_device = _refused("init"), _refused("synchronize"), _refused("current_device")
get_device_name, get_device_properties = _refused("get_device_name"), _refused("get_device_properties")
get_device_capability, mem_get_info = _refused("get_device_capability"), _refused("mem_get_info")
initial_seed, get_rng_state = _refused("initial_seed"), _refused("get_rng_state")
current_stream, ipc_collect = _refused("current_stream"), _refused("ipc_collect")


def set_device(device) -> None:
    """Refused, but for negative numbers, which mean no device.

    Raises:
        ValueError: another kind of device.
        AssertionError: a CUDA device.
    """
    if isinstance(device, int) and device < 0:
        return
    if not isinstance(device, int) and named(device).type != "cuda":
        raise ValueError(f"Expected a cuda device, but got: {device}")
    raise AssertionError(_REFUSAL.format(f"cuda.set_device({device!r})"))


class Stream:
    """Refused with a RuntimeError, whatever the arguments: there is no CUDA."""

    def __init__(self, *args, **kwargs) -> None:
        raise RuntimeError(_REFUSAL.format(f"cuda.{type(self).__name__}"))


class Event(Stream):
    """Refused with a RuntimeError, whatever the arguments: there is no CUDA."""


class _Unavailable:
    """`cuda.FloatTensor`, which a script may name but not call."""

    def __init__(self, name: str) -> None:
        self.__name__ = f"torch.cuda.{name}"

    def __call__(self, *args, **kwargs):
        raise TypeError(_REFUSAL.format(self.__name__))


def __getattr__(name: str):
    if name not in _TENSORS:
        raise Absent(__name__, name)
    return _Unavailable(name)
