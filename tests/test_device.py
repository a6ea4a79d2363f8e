"""Devices and torch.cuda: what torch's CPU-only build answers and refuses."""

from __future__ import annotations

import copy
import pickle

import pytest

import tinygrad_rnn as tg

from .autograd.both import as_torch, refused_as_torch


@pytest.fixture(autouse=True)
def without_cuda():
    """These tests compare with torch where it has no CUDA either; without torch they do not run."""
    if pytest.importorskip("torch").cuda.is_available():
        pytest.skip("this torch has CUDA")


NAMES = ["cpu", "cpu:0", "cpu:1", "cuda", "cuda:1", "mps", "meta", "xla:3"]


@pytest.mark.parametrize("name", NAMES)
def test_names_as_torch(name):
    def program(m):
        d = m.device(name)
        same = [d == m.device(d), d == m.device(d.type, d.index) if d.index is not None else None, d == m.device("cpu")]
        return repr(d), str(d), d.type, d.index, same, hash(d) == hash(m.device(name)), d == name

    as_torch(program)
    assert copy.deepcopy(tg.device(name)) == pickle.loads(pickle.dumps(tg.device(name))) == tg.device(name)


@pytest.mark.parametrize("args", [
    ("foo",), ("cpu:x",), ("cpu:-1",), ("cpu", -1), ("cuda:1", 1), (1,), (1.5,), (None,), (), ("cpu:",), ("",),
])  # fmt: skip
def test_wrong_names_as_torch(args):
    refused_as_torch(lambda m: m.device(*args))


PLACED = {
    "zeros": lambda m, d: m.zeros(1, device=d),
    "tensor": lambda m, d: m.tensor([1.0], device=d),
    "as_tensor": lambda m, d: m.as_tensor([1.0], device=d),
    "arange": lambda m, d: m.arange(3, device=d),
    "zeros_like": lambda m, d: m.zeros_like(m.ones(1), device=d),
    "new_zeros": lambda m, d: m.ones(1).new_zeros(1, device=d),
    "linspace": lambda m, d: m.linspace(0, 1, 3, device=d),
    "to": lambda m, d: m.ones(1).to(d),
    "to keyword": lambda m, d: m.ones(1).to(device=d),
    "Linear": lambda m, d: list(m.nn.Linear(1, 1, device=d).weight.shape),
    "module to": lambda m, d: list(m.nn.Linear(1, 1).to(d).weight.shape),
    "bare module to": lambda m, d: repr(m.nn.ReLU().to(d)),
}


@pytest.mark.parametrize("name", PLACED)
def test_places_as_torch(name):
    make = PLACED[name]
    for place in ("cpu", "cpu:0", None):
        as_torch(lambda m, place=place: make(m, place))
    for place in ("cuda", "cuda:0", "xpu"):
        if name == "bare module to":
            as_torch(lambda m, place=place: make(m, place))
        else:
            refused_as_torch(lambda m, place=place: make(m, place))
    for place in ("foo", 0):
        refused_as_torch(lambda m, place=place: make(m, place))


@pytest.mark.parametrize("program", [
    lambda m: m.ones(1).cuda(), lambda m: m.ones(1).cuda(None), lambda m: m.ones(1).cuda(0),
    lambda m: m.ones(1).cuda("cpu"), lambda m: m.nn.Linear(1, 1).cuda(), lambda m: m.nn.Linear(1, 1).cuda(0),
    lambda m: m.zeros(1, device="mps"), lambda m: m.tensor(1.0, pin_memory=True), lambda m: m.Generator("cuda"),
    lambda m: m.Generator("foo"),
])  # fmt: skip
def test_refused_as_torch(program):
    refused_as_torch(program)


def test_refusals_say_what_to_do():
    for make in (lambda: tg.zeros(2, device="cuda"), lambda: tg.ones(1).cuda(), lambda: tg.ones(1).to("cuda:1")):
        with pytest.raises(AssertionError, match=r"device 'cuda(:1)?': .* the CPU alone; .*'cpu' \(not compiled with"):
            make()
    with pytest.raises(NotImplementedError, match="device 'mps'"):
        tg.zeros(2, device="mps")


# --- the default device --------------------------------------------------------------------------------------------


def test_default_device_as_torch():
    def program(m):
        seen = [repr(m.get_default_device())]
        for place in ("cpu:0", m.device("cpu"), None, "cpu:1"):
            m.set_default_device(place)
            seen.append((repr(m.get_default_device()), repr(m.ones(1).device)))
        m.set_default_device(None)
        with m.device("cpu:2") as d:
            seen += [repr(m.get_default_device()), repr(d)]
        return [*seen, repr(m.get_default_device())]

    as_torch(program)


@pytest.mark.parametrize("attempt", [
    lambda m: m.ones(1), lambda m: m.get_default_device(), lambda m: m.tensor(1.0), lambda m: m.nn.Linear(1, 1),
    lambda m: m.set_default_device("foo"),
])  # fmt: skip
def test_default_device_that_is_not_there_as_torch(attempt):
    def program(m):
        m.set_default_device("cuda")
        try:
            return attempt(m)
        finally:
            m.set_default_device(None)

    refused_as_torch(program)
    assert tg.ones(1).device == tg.get_default_device() == tg.device("cpu")


# --- cuda ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", [
    "is_available()", "is_initialized()", "is_bf16_supported()", "device_count()", "manual_seed(1)",
    "manual_seed_all(1)", "seed()", "seed_all()", "empty_cache()", "memory_allocated()", "max_memory_allocated(0)",
    "memory_reserved()", "max_memory_reserved()", "get_rng_state_all()", "set_rng_state_all([])", "set_device(-1)",
])  # fmt: skip
def test_cuda_answers_as_torch(call):
    as_torch(lambda m: eval(f"m.cuda.{call}", {"m": m}))


@pytest.mark.parametrize("call", [
    "init()", "synchronize()", "current_device()", "get_device_name(0)", "get_device_properties(0)",
    "get_device_capability()", "mem_get_info()", "initial_seed()", "get_rng_state()", "current_stream()",
    "ipc_collect()", "set_device('cpu')", "Stream()", "Event()", "LongTensor(2)",
])  # fmt: skip
def test_cuda_refuses_as_torch(call):
    refused_as_torch(lambda m: eval(f"m.cuda.{call}", {"m": m}))


def test_cuda_refuses_in_words():
    with pytest.raises(AssertionError, match=r"cuda.set_device\(0\): there is no CUDA here"):
        tg.cuda.set_device(0)
    with pytest.raises(AttributeError, match="'tinygrad_rnn.cuda' has no attribute 'memory_summary'; there is nothing"):
        tg.cuda.memory_summary()
