"""What an export refuses."""

from __future__ import annotations


class OnnxExporterError(RuntimeError):
    """The model cannot be said in ONNX; nothing was written. Source: `torch.onnx.OnnxExporterError`."""


class UnsupportedOperatorError(OnnxExporterError):
    """An operation has no translation. Source: `torch.onnx.errors.UnsupportedOperatorError`."""
