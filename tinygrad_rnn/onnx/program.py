"""What an export gives back: the model in ONNX, to be looked at, run and saved."""

from __future__ import annotations

import os
from enum import IntEnum
from importlib import import_module
from types import ModuleType
from typing import IO, Any

import numpy as np

from ..atomic import replacing
from ..tensor import Tensor
from .arguments import Arguments


class TrainingMode(IntEnum):
    """In which mode the model is exported. Source: `torch.onnx.TrainingMode`."""

    EVAL = 0  # evaluation; the model is as before afterwards
    PRESERVE = 1  # as it is
    TRAINING = 2  # not supported


def needed(package: str, what: str) -> ModuleType:
    """A package of the extra `onnx`.

    Raises:
        ImportError: it is not installed; the message says what to type.
    """
    try:
        return import_module(package)
    except ImportError as error:
        command = "pip install 'tinygrad-rnn[onnx]'" if package == "onnx" else f"pip install {package}"
        raise ImportError(f"{what} needs the package {package}: {command} ({error})") from error


class ONNXProgram:
    """An exported model, which `export` makes; `arguments` are those of its example call.

    Attributes:
        model_proto: the `onnx.ModelProto`.

    Source: `torch.onnx.ONNXProgram`.
    """

    def __init__(self, model_proto: Any, arguments: Arguments) -> None:
        self.model_proto, self._arguments = model_proto, arguments

    def save(self, destination: str | os.PathLike | IO[bytes]) -> None:
        """Write it to a path, whose old file is replaced when everything is written; or to a file open for bytes."""
        data = self.model_proto.SerializeToString()
        if hasattr(destination, "write"):
            destination.write(data)
        else:
            with replacing(destination) as file:
                file.write(data)

    def __call__(self, *inputs: Any) -> list[Tensor]:
        """Run it by onnxruntime on other tensors, as many as it has inputs; the list of its outputs."""
        runtime = needed("onnxruntime", "running an ONNXProgram")
        session = runtime.InferenceSession(self.model_proto.SerializeToString(), providers=["CPUExecutionProvider"])
        names = [given.name for given in session.get_inputs()]
        arrays = [x.array if isinstance(x, Tensor) else np.asarray(x) for x in inputs]
        if len(arrays) != len(names):
            raise TypeError(f"ONNXProgram: expected {len(names)} inputs {names}, got {len(arrays)}")
        return [Tensor(array) for array in session.run(None, dict(zip(names, arrays)))]
