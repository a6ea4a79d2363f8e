"""`device("cpu")`: the name scripts pass around. Every name of PyTorch's can be said; only the CPU can be used."""

from __future__ import annotations

from contextvars import ContextVar

KINDS = (
    "cpu cuda ipu xpu mkldnn opengl opencl ideep hip ve fpga maia xla lazy vulkan mps meta hpu mtia privateuseone"
).split()


class device:
    """The place of a tensor, "cpu" or "cuda:1"; to ask for a tensor anywhere but on the CPU is an error.

    Within `with device("cpu"):` tensors are made there, unless they say another place.

    Args:
        type: its name, which may end in an index; or a device.
        index: its number, where there are several.

    Attributes:
        type: "cpu", or what else was asked for.
        index: its number, or None.

    Raises:
        RuntimeError: no such kind of device, or a negative index; a number alone, which means an accelerator.

    Source: `torch.device`.
    """

    __slots__ = ("index", "type")

    type: str
    index: int | None

    def __init__(self, type: str | device, index: int | None = None) -> None:
        if isinstance(type, int):
            raise RuntimeError(f"device({type}): a number means an accelerator, and there is none; use device('cpu')")
        if isinstance(type, device):
            self.type, self.index = type.type, type.index
            return
        if not isinstance(type, str):
            raise TypeError(f"device(): expected a name such as 'cpu', got {type.__class__.__name__}: {type!r:.60}")
        kind, colon, number = type.partition(":")
        if kind not in KINDS:
            raise RuntimeError(f"Expected one of {', '.join(KINDS)} at the start of a device's name: {type!r}")
        if colon and not (number.isascii() and number.isdigit()):
            raise RuntimeError(f"Invalid device string: {type!r}; behind the colon must be a number")
        if colon and index is not None:
            raise RuntimeError(f"device({type!r}, {index}): the index is said twice")
        if index is not None and index < 0:
            raise RuntimeError(f"Device index must not be negative, got {index}")
        self.type, self.index = kind, int(number) if colon else index

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        return f"device(type='{self.type}'{'' if self.index is None else f', index={self.index}'})"

    def __enter__(self) -> device:
        _defaults.set((*_defaults.get(), self))
        return self

    def __exit__(self, *_: object) -> None:
        _defaults.set(_defaults.get()[:-1])

    def __reduce__(self):
        return device, (str(self),)


CPU = device("cpu")
_defaults: ContextVar[tuple[device, ...]] = ContextVar("defaults", default=(CPU,))  # the outermost first


def set_default_device(device: str | device | None) -> None:
    """Make tensors there that do not say another place; None means the CPU again.

    As in PyTorch's CPU-only build, it is the next tensor that fails if the device cannot be used.
    """
    _defaults.set((CPU if device is None else named(device), *_defaults.get()[1:]))


def get_default_device() -> device:
    """Where tensors are made that do not say another place."""
    found = _defaults.get()[-1]
    if found.index is None:
        check_device(found)
    return found


def named(wanted) -> device:
    """A device from what scripts pass for one."""
    return wanted if isinstance(wanted, device) else device(wanted)


def check_device(wanted: int | str | device | None) -> None:
    """Refuse any device but the CPU, with the types of error of PyTorch's CPU-only build.

    Raises:
        AssertionError: for "cuda" and "xpu".
        NotImplementedError: for others (it is a RuntimeError as well).
        RuntimeError: for what is no device.
    """
    if wanted is None or wanted is CPU or (kind := named(wanted).type) == "cpu":
        return
    refusal = f"device '{wanted}': tinygrad_rnn computes on the CPU alone; leave the device out or use 'cpu'"
    if kind in ("cuda", "xpu"):
        raise AssertionError(f"{refusal} (not compiled with {kind.upper()} enabled)")
    raise NotImplementedError(refusal)


def check_place(wanted: str | device | None) -> None:
    """Refuse a new tensor anywhere but on the CPU; without a wish it is made on the default device."""
    check_device(_defaults.get()[-1] if wanted is None else wanted)


def check_cuda(wanted: int | str | device | None = None) -> None:
    """Refuse what `.cuda(wanted)` asks for."""
    if wanted is not None and named(wanted).type != "cuda":
        raise RuntimeError(f"Invalid device, must be cuda device, got {wanted!r}; use .to({str(wanted)!r})")
    check_device(wanted or "cuda")
