"""What PyTorch calls the nodes of operations, where that is not simply the operation's name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .autograd.backward import Freed
from .autograd.graph import Node

NAMES: dict[str, str | Callable[[Node], str]] = {
    "amax": lambda node: f"{'Amax' if node.shape else 'Max'}Backward{int(not node.shape)}",
    "amin": lambda node: f"{'Amin' if node.shape else 'Min'}Backward{int(not node.shape)}",
    "batch_norm": "NativeBatchNormBackward0",
    "cast": "ToCopyBackward0",
    "clamp": "ClampBackward1",
    "cross_entropy": lambda node: "NllLossBackward0" if len(node.shape) < 2 else "NllLoss2DBackward0",
    "dropout": "MulBackward0",
    "getitem": lambda node: part_name(known(node).get("index", 0)),
    "layer_norm": "NativeLayerNormBackward0",
    "linear": lambda node: linear_name(len(node.shape), node.inputs[2] is not None),
    "log1p": "Log1PBackward0",
    "matmul": lambda node: ("Dot", "Mv", "Mm", "Bmm")[min(len(node.shape), 3)] + "Backward0",
    "mean": lambda node: f"MeanBackward{int(len(node.shape) > 0)}",
    "p_norm": "LinalgVectorNormBackward0",
    "pad": "ConstantPadNdBackward0",
    "prod": lambda node: f"ProdBackward{int(len(node.shape) > 0)}",
    "reshape": "ViewBackward0",
    "square": "PowBackward0",
    "sum": lambda node: f"SumBackward{int(len(node.shape) > 0)}",
}


def grad_fn_name(node: Node) -> str:
    """`MulBackward0` for a product: the name PyTorch would show.

    A loss or an activation that is made of several operations here is called after the last of them.
    """
    op = node.inputs[0] if node.rule.op is None and node.inputs else node
    name = NAMES.get(op.name, "".join([part[:1].upper() + part[1:] for part in op.name.split("_")]) + "Backward0")
    return name if isinstance(name, str) else name(op)


def known(node: Node) -> dict:
    """What the node keeps for its gradient, by name."""
    return node.saved.attrs if isinstance(node.saved, Freed) else dict(zip(node.rule.saves, node.saved or ()))


def linear_name(ndim: int, biased: bool) -> str:
    if ndim == 2:
        return "AddmmBackward0" if biased else "MmBackward0"
    return "AddBackward0" if biased else "UnsafeViewBackward0"


def part_name(index) -> str:
    """By the last entry of the index, which PyTorch applies last."""
    entries = index if isinstance(index, tuple) else (index,)
    if any([isinstance(entry, np.ndarray) for entry in entries]):
        return "IndexBackward0"
    last = next((entry for entry in reversed(entries) if entry is not Ellipsis and entry != slice(None)), ...)
    kinds = {slice: "Slice", type(None): "Unsqueeze", type(...): "Alias"}
    return kinds.get(type(last), "Select") + "Backward0"
