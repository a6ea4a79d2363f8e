"""Sequences of different length, under PyTorch's names.

`lstm(x, lengths=lengths)` needs none of this; packing is the other way to say the same.
"""

from .last_output import last_output
from .packed import PackedSequence, invert_permutation
from .packing import (
    pack_padded_sequence,
    pack_sequence,
    pad_packed_sequence,
    pad_sequence,
    unpack_sequence,
    unpad_sequence,
)

__all__ = [
    "PackedSequence", "invert_permutation", "last_output", "pack_padded_sequence", "pack_sequence",
    "pad_packed_sequence", "pad_sequence", "unpack_sequence", "unpad_sequence",
]  # fmt: skip
