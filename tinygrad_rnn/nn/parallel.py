"""DataParallel, which without several devices is the module in it."""

from __future__ import annotations

from typing import Any

from .module import Module


class DataParallel(Module):
    """Calls `module`, whose parameters are called `module.…` here.

    Args:
        module: what to call.
        device_ids, output_device, dim: how PyTorch divides a batch among devices, of which there is one here.

    Source: `torch.nn.DataParallel` without CUDA.
    """

    def __init__(self, module: Module, device_ids=None, output_device=None, dim: int = 0) -> None:
        super().__init__()
        self.module = module
        self.device_ids: list = []

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)
