"""What is not there raises AttributeError and names what is nearest."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import tinygrad_rnn as tg


@pytest.mark.parametrize(("place", "name", "hint"), [
    ("", "LSTM", "the nearest there is: nn.LSTM"),
    ("", "zero_", "the nearest there is: Tensor.zero_ or zeros"),
    ("", "half", "the nearest there is: float32"),
    ("", "HalfTensor", "the nearest there is: FloatTensor"),
    ("", "quantize_per_tensor", "there is nothing like it"),
    ("nn", "Relu", "the nearest there is: nn.ReLU or nn.RReLU"),
    ("nn", "Transformer", "there is nothing like it"),
    ("nn", "conv2d", "there is nothing like it"),
    ("nn.functional", "clip_grad_norm_", "the nearest there is: nn.utils.clip_grad_norm_"),
    ("nn.init", "zero_", "the nearest there is: Tensor.zero_ or nn.init.zeros_"),
    ("nn.utils", "clip_grad_values_", "nn.utils.clip_grad_value_"),
    ("optim", "AdamWR", "the nearest there is: optim.AdamW or "),
    ("optim.lr_scheduler", "StepLr", "optim.lr_scheduler.StepLR"),
    ("autograd", "gradchek", "autograd.gradcheck"),
    ("utils.dlpack", "from_dlpac", "utils.dlpack.from_dlpack"),
    ("autograd.functional", "jacobain", "autograd.functional.jacobian"),
    ("func", "hvp", "the nearest there is: autograd.functional.hvp"),
    ("func", "vmap", "there is nothing like it"),
    ("", "jacobian", "the nearest there is: autograd.functional.jacobian"),
])  # fmt: skip
def test_the_nearest(place, name, hint):
    module = importlib.import_module(f"tinygrad_rnn.{place}".rstrip("."))
    with pytest.raises(AttributeError) as caught:
        getattr(module, name)
    assert str(caught.value).startswith(f"module {module.__name__!r} has no attribute {name!r}; ")
    assert hint in str(caught.value)
    assert not hasattr(module, name)


def test_asking_is_cheap():
    """Nothing is imported to find out that there is no such name."""
    code = "import sys, tinygrad_rnn as tg; hasattr(tg, 'LSTM'); print('tinygrad_rnn.nn' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


def test_an_import_of_what_is_not_there():
    with pytest.raises(ImportError, match="no_such_name"):
        from tinygrad_rnn.nn import no_such_name  # noqa: F401
    assert "Variable" in dir(tg.autograd)
