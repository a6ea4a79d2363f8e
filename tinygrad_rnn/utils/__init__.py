"""Helpers around training, with PyTorch's names."""

from . import data, dlpack
