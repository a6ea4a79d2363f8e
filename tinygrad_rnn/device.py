"""`device("cpu")`: the name scripts pass around. There is one device, and no other is pretended."""

from __future__ import annotations


class device:
    """The place of a tensor: always the CPU.

    Raises:
        RuntimeError: for any other device, as PyTorch's CPU-only build does.
    """

    __slots__ = ("type", "index")

    def __init__(self, type: str | device = "cpu", index: int | None = None) -> None:
        name, _, number = str(type).partition(":")
        if name != "cpu" or index not in (None, 0) or number not in ("", "0"):
            raise RuntimeError(f"device '{type}' is not available: tinygrad_rnn computes on the CPU; use device('cpu')")
        self.type = "cpu"
        self.index = int(number) if number else index

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and self.index == other.index

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        return f"device(type='cpu'{'' if self.index is None else f', index={self.index}'})"


CPU = device("cpu")


def check_device(wanted: str | device | None) -> None:
    """Refuse any device but the CPU."""
    if wanted is not None and not isinstance(wanted, device):
        device(wanted)
