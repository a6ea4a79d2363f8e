"""Writes torch.pt and layers.pt, which torch 2.13 made: python tests/serialization/golden/make.py"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LAYERS = [
    ("RNN", (3, 4, 2), {"nonlinearity": "relu"}),
    ("LSTM", (3, 4, 2), {"bidirectional": True}),
    ("GRU", (3, 4, 2), {"batch_first": True}),
    ("Linear", (3, 4), {}),
    ("Embedding", (10, 3), {"padding_idx": 0}),
]


def checkpoint(torch) -> dict[str, Any]:
    """Something of everything that is read."""
    storage = torch.arange(12, dtype=torch.float32) / 4
    bias = torch.tensor(2.5, dtype=torch.float64)
    return {
        "model": OrderedDict(weight=storage[:6].view(2, 3).t(), tied=storage, bias=bias),
        "parameter": torch.nn.Parameter(torch.tensor([1.0, -2.0])),
        "frozen": torch.nn.Parameter(torch.tensor([3.0]), requires_grad=False),
        "optimizer": {"state": {0: {"step": torch.tensor(3.0)}}, "param_groups": [{"betas": (0.9, 0.999), "lr": 1e-3}]},
        "brain": torch.tensor([1.0, -2.5]).bfloat16(),
        "half": torch.tensor([1.0, -2.5]).half(),
        "words": torch.tensor([65535, 1], dtype=torch.uint16),
        "empty": torch.zeros(0, 3),
        "mask": torch.tensor([True, False]),
        "size": torch.Size([2, 3]),
        "dtype": torch.float32,
        "device": torch.device("cpu"),
        "plain": [None, True, 2**70, 0.5, "ünï", b"\xff\0", {1}, 1 + 2j, ()],
    }


def layers(torch) -> list[dict[str, Any]]:
    """Layers with their weights, and what they make of an input."""
    torch.manual_seed(0)
    x, words = torch.randn(2, 4, 3), torch.randint(10, (2, 4))
    found = []
    for name, args, options in LAYERS:
        layer = getattr(torch.nn, name)(*args, **options)
        given = words if name == "Embedding" else x
        y = layer(given)
        y = (y[0] if isinstance(y, tuple) else y).detach()
        found.append({"layer": (name, args, options), "weights": layer.state_dict(), "x": given, "y": y})
    return found


if __name__ == "__main__":
    import torch

    torch.save(checkpoint(torch), HERE / "torch.pt")
    torch.save(layers(torch), HERE / "layers.pt")
