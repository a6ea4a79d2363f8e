"""Models as ONNX files, under PyTorch's names.

    tg.onnx.export(model, (x, h), "model.onnx", input_names=["x", "h"], output_names=["y"],
                   dynamic_axes={"x": {0: "batch", 1: "time"}, "h": {1: "batch"}})

The package `onnx` is imported when something is exported: pip install 'tinygrad-rnn[onnx]'.
"""

from ..absent import name_the_nearest
from .errors import OnnxExporterError, UnsupportedOperatorError
from .export import export
from .program import ONNXProgram, TrainingMode

name_the_nearest(__name__)

__all__ = ["ONNXProgram", "OnnxExporterError", "TrainingMode", "UnsupportedOperatorError", "export"]
