"""The engine: it records operations and runs them backward. It knows no concrete operation.

Read it in this order: graph, op, backward; then scope, source, handle, binding, fastcall, view, writes,
inplace; then listen, nonfinite, anomaly; then forward_ad, function, functional, gradcheck.
"""

from . import forward_ad, functional
from .anomaly import detect_anomaly, set_detect_anomaly
from .backward import backward, expand, grad
from .function import Function, once_differentiable
from .gradcheck import GradcheckError, gradcheck, gradgradcheck
from .op import fused, nondifferentiable, primitive
from .scope import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from .source import record_source

__all__ = [
    "Function", "GradcheckError", "backward", "detect_anomaly", "enable_grad", "expand", "forward_ad", "functional",
    "fused", "grad", "gradcheck", "gradgradcheck", "inference_mode", "is_grad_enabled", "no_grad", "nondifferentiable",
    "once_differentiable", "primitive", "record_source", "set_detect_anomaly", "set_grad_enabled",
]  # fmt: skip
