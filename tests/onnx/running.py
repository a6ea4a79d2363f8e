"""Exporting a model and comparing what onnxruntime computes with what the model does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn

pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")
ort.set_default_logger_severity(3)  # errors only


class Wrapped(nn.Module):
    """A function as a module, with modules and buffers of its own."""

    def __init__(self, function, **members: Any) -> None:
        super().__init__()
        self.function = function
        for name, member in members.items():
            if isinstance(member, tg.Tensor) and not isinstance(member, nn.Parameter):
                self.register_buffer(name, member)
            else:
                setattr(self, name, member)

    def forward(self, *args):
        return self.function(self, *args)


def flat(nested: Any) -> list[np.ndarray]:
    """The arrays of a nest of tensors, in order."""
    if isinstance(nested, tg.Tensor):
        return [nested.detach().array]
    if isinstance(nested, dict):
        nested = list(nested.values())
    return [array for item in nested for array in flat(item)] if isinstance(nested, (tuple, list)) else []


def run(proto, *inputs: Any) -> list[np.ndarray]:
    """What onnxruntime makes of these inputs."""
    session = ort.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]
    return session.run(None, dict(zip(names, flat(list(inputs)), strict=True)))


def check(model: nn.Module, example: tuple, *others: tuple, tolerance: float = 1e-5, **options: Any):
    """Export on the example, compare on it and on other arguments; the onnx.ModelProto."""
    model.eval()
    proto = tg.onnx.export(model, example, **options).model_proto
    for args in (example, *others):
        found, expected = run(proto, args), flat(model(*args))
        assert len(found) == len(expected)
        for y, wanted in zip(found, expected):
            assert y.dtype == wanted.dtype
            assert y.shape == wanted.shape
            np.testing.assert_allclose(y, wanted, rtol=tolerance, atol=tolerance)
    return proto


def operations(proto) -> list[str]:
    return [node.op_type for node in proto.graph.node]


def randn(*shape: int, seed: int = 0, dtype: str = "f4") -> tg.Tensor:
    return tg.tensor(np.random.default_rng([seed, *shape]).standard_normal(shape).astype(dtype))


def tokens(*shape: int, below: int = 7) -> tg.Tensor:
    return tg.tensor(np.random.default_rng(list(shape)).integers(below, size=shape))
