"""Helpers around training, with PyTorch's names."""

from . import checkpoint, data, dlpack
from .truncation import bptt
