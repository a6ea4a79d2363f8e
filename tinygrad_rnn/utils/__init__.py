"""Helpers around training, with PyTorch's names."""

from . import data, dlpack
from .truncation import bptt
