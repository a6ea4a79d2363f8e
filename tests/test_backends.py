"""What scripts set before they start: asked of both libraries."""

from __future__ import annotations

import importlib

import pytest

import tinygrad_rnn as tg

ANSWERS = {
    "backends.cudnn.is_available": False,
    "backends.cudnn.version": None,
    "backends.cuda.is_built": False,
    "backends.mps.is_available": False,
    "backends.mps.is_built": False,
    "are_deterministic_algorithms_enabled": False,
    "get_float32_matmul_precision": "highest",
}
SETTINGS = {"enabled": True, "deterministic": False, "benchmark": False, "allow_tf32": True}


def found(module, name):
    for part in name.split("."):
        module = getattr(module, part)
    return module


@pytest.mark.parametrize("name", ANSWERS)
def test_answers(name):
    assert found(tg, name)() == ANSWERS[name]
    torch = pytest.importorskip("torch")
    assert found(torch, name)() == ANSWERS[name]


@pytest.mark.parametrize("name", SETTINGS)
def test_settings(name, monkeypatch):
    cudnn = importlib.import_module("tinygrad_rnn.backends.cudnn")  # as scripts import it
    assert getattr(cudnn, name) == SETTINGS[name]
    monkeypatch.setattr(cudnn, name, not SETTINGS[name])
    assert getattr(tg.backends.cudnn, name) != SETTINGS[name]
    torch = pytest.importorskip("torch")
    assert getattr(torch.backends.cudnn, name) == SETTINGS[name]


def test_deterministic():
    tg.use_deterministic_algorithms(True, warn_only=True)
    assert tg.are_deterministic_algorithms_enabled()
    tg.use_deterministic_algorithms(False)
    assert not tg.are_deterministic_algorithms_enabled()
    with pytest.raises(TypeError, match="mode must be bool, not int"):
        tg.use_deterministic_algorithms(1)


def test_precision():
    tg.set_float32_matmul_precision("high")
    assert tg.get_float32_matmul_precision() == "high"
    tg.set_float32_matmul_precision("highest")
    with pytest.raises(ValueError, match="highest, high, medium, got 'higher'"):
        tg.set_float32_matmul_precision("higher")


def test_what_is_missing():
    with pytest.raises(AttributeError, match="backends' has no attribute 'mkldnn'"):
        tg.backends.mkldnn  # noqa: B018
