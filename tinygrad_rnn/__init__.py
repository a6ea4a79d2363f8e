"""tinygrad_rnn: a tiny autograd engine with recurrent networks that can be read, drawn and run fast.

    import tinygrad_rnn as tg

    lstm = tg.nn.LSTM(8, 16)
    y, (h, c) = lstm(tg.randn(5, 1, 8))
    y.sum().backward()
    tg.draw(y, level="step").save("unrolled.svg")

Names and semantics are PyTorch's wherever both have the thing. Numba, Graphviz and matplotlib are imported when
they are first needed, `nn`, `optim` and the other subpackages too.
"""

from __future__ import annotations

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING

import numpy as _np

from . import autograd, ops
from .absent import Absent as _Absent
from .absent import name_the_nearest as _name_the_nearest
from .autograd.anomaly import is_anomaly_check_nan_enabled, is_anomaly_enabled
from .autograd.graph import Node
from .autograd.op import fused, nondifferentiable, primitive
from .autograd.promotion import get_default_dtype, promote_types, set_default_dtype
from .autograd.scope import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled, step
from .determinism import (
    are_deterministic_algorithms_enabled,
    get_float32_matmul_precision,
    set_float32_matmul_precision,
    use_deterministic_algorithms,
)
from .device import device, get_default_device, set_default_device
from .interchange import from_dlpack, from_numpy, to_dlpack
from .limits import can_cast, finfo, iinfo, result_type
from .ops import *  # noqa: F403
from .ops import add_scaled as add
from .ops import div_rounded as div
from .ops import sub_scaled as sub
from .printing import set_printoptions
from .random import Generator, default_generator, get_rng_state, initial_seed, manual_seed, seed, set_rng_state
from .scalar import Value
from .tensor import Size
from .tensor import Tensor as _Handle

# isort: split
from .creation import *  # noqa: F403  # last: its function `tensor` takes the name of the module above
from .legacy import *  # noqa: F403

__version__ = "0.1.0"

float32 = float = _np.dtype("float32")
float64 = double = _np.dtype("float64")
int8 = _np.dtype("int8")
int16 = short = _np.dtype("int16")
int32 = int = _np.dtype("int32")
int64 = long = _np.dtype("int64")
uint8, bool = _np.dtype("uint8"), _np.dtype("bool")
dtype = _np.dtype
inf, nan, pi, e = _np.inf, _np.nan, _np.pi, _np.e

# What PyTorch calls so at the top are lower levels, with other arguments: only nn.functional's are here.
for _name in ("batch_norm", "binary_cross_entropy_with_logits", "cosine_embedding_loss", "embedding", "kl_div",
              "margin_ranking_loss", "triplet_margin_loss"):  # fmt: skip
    del globals()[_name]
newaxis = None

numel, is_floating_point, is_complex = _Handle.numel, _Handle.is_floating_point, _Handle.is_complex

_name_the_nearest(autograd.__name__)  # the engine knows neither this nor old spellings
_name_the_nearest(autograd.functional.__name__)
vars(autograd)["Variable"] = Variable  # noqa: F405
autograd.__all__ += ["Variable"]

_LAZY = {
    "backends": ".backends", "cuda": ".cuda", "distributions": ".distributions", "func": ".func",
    "linalg": ".linalg", "nn": ".nn", "onnx": ".onnx", "optim": ".optim", "serialization": ".serialization",
    "utils": ".utils", "viz": ".viz",
    "draw": ".viz:draw", "gradient_flow": ".viz:gradient_flow", "granularity": ".nn.granularity:granularity",
    "get_granularity": ".nn.granularity:get_granularity",
    "save": ".serialization:save", "load": ".serialization:load",
    "get_num_threads": ".kernels.threads:get_num_threads", "set_num_threads": ".kernels.threads:set_num_threads",
    "warmup": ".kernels.warmup:warmup",
}  # fmt: skip

if _TYPE_CHECKING:
    from . import backends, cuda, distributions, func, linalg, nn, onnx, optim, serialization, utils, viz
    from .kernels.threads import get_num_threads, set_num_threads
    from .kernels.warmup import warmup
    from .nn.granularity import get_granularity, granularity
    from .serialization import load, save
    from .tensor import Tensor
    from .viz import draw, gradient_flow
else:
    from .legacy import Tensor  # type: ignore[assignment]  # the same to look at, but called as in PyTorch


def __getattr__(name: str):
    if name not in _LAZY:
        raise _Absent(__name__, name)
    module, _, member = _LAZY[name].partition(":")
    found = _import_module(module, __name__)
    globals()[name] = getattr(found, member) if member else found
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})


def is_tensor(obj: object) -> bool:  # type: ignore[valid-type]
    """Whether `obj` is a Tensor."""
    return isinstance(obj, Tensor)
