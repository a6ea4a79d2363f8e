"""Files that torch.save wrote: a golden one, every recurrent layer's weights, any view of a storage."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn.nn.parameter import Parameter
from tinygrad_rnn.serialization import CheckpointError, load, save

from .zips import program, storage, tensor, torch_zip

GOLDEN = Path(__file__).parent / "golden" / "torch.pt"  # by make.py beside it


def same(found, expected) -> bool:
    expected = np.asarray(expected)
    return found.array.dtype == expected.dtype and np.array_equal(found.array, expected)


@pytest.mark.parametrize("weights_only", [True, False])
def test_a_file_of_torch_is_read_without_torch(weights_only):
    found = load(GOLDEN, weights_only=weights_only)
    values = np.arange(12, dtype="f4") / 4
    model = found["model"]
    assert list(model) == ["weight", "tied", "bias"]
    assert same(model["weight"], values[:6].reshape(2, 3).T)
    assert same(model["tied"], values)
    assert same(model["bias"], 2.5)
    assert isinstance(found["parameter"], Parameter) and found["parameter"].requires_grad
    assert same(found["parameter"], np.array([1, -2], "f4"))
    assert isinstance(found["frozen"], Parameter) and not found["frozen"].requires_grad
    assert found["optimizer"]["param_groups"] == [{"betas": (0.9, 0.999), "lr": 1e-3}]
    assert same(found["optimizer"]["state"][0]["step"], np.float32(3))
    assert same(found["brain"], np.array([1, -2.5], "f4"))
    assert same(found["half"], np.array([1, -2.5], "f4"))
    assert same(found["words"], np.array([65535, 1], "i4"))
    assert same(found["empty"], np.zeros((0, 3), "f4"))
    assert same(found["mask"], [True, False])
    assert (found["size"], found["dtype"], found["device"]) == (tg.Size([2, 3]), tg.float32, tg.device("cpu"))
    assert isinstance(found["size"], tg.Size)
    assert found["plain"] == [None, True, 2**70, 0.5, "ünï", b"\xff\0", {1}, 1 + 2j, ()]


def test_tensors_of_one_storage_share_their_memory():
    model = load(GOLDEN)["model"]
    model["tied"].array[1] = 7
    assert model["weight"].array[1, 0] == 7


@pytest.mark.parametrize(
    "map_location", ["cpu", tg.device("cpu"), {"cuda:0": "cpu"}, lambda storage, location: storage]
)
def test_what_was_saved_from_a_gpu_is_mapped_to_the_cpu(map_location):
    data = torch_zip(program(tensor(storage(location="cuda:0"), 0, (6,), (1,))), _0=np.arange(6, dtype="<f4").tobytes())
    assert same(load(io.BytesIO(data), map_location), np.arange(6, dtype="f4"))
    for refused in (None, {"cuda:1": "cpu"}, {"cuda:0": "cuda:1"}, lambda storage, location: None, "cuda", "mps"):
        with pytest.raises(RuntimeError, match="Attempting to deserialize object on device .*map_location='cpu'"):
            load(io.BytesIO(data), refused)
    with pytest.raises(TypeError, match="map_location must be"):
        load(io.BytesIO(data), 3)


def test_big_endian_storages():
    view = program(tensor(storage(count=2), 0, (2,), (1,)))
    data = torch_zip(view, order="big", _0=np.array([1, 2], ">f4").tobytes())
    assert same(load(io.BytesIO(data)), np.array([1, 2], "f4"))


@given(st.data())
def test_any_view_of_a_storage_or_a_refusal(data):
    """A view is what NumPy's indices say, and one that reaches beyond the storage is refused."""
    memory = np.arange(6, dtype="<f4")
    size = data.draw(st.lists(st.integers(0, 3), max_size=3).map(tuple))
    stride = tuple(data.draw(st.integers(-2, 4)) for _ in size)
    offset = data.draw(st.integers(-2, 8))
    file = io.BytesIO(torch_zip(program(tensor(storage(), offset, size, stride)), _0=memory.tobytes()))
    indices = offset + sum((np.indices(size)[i] * stride[i] for i in range(len(size))), np.zeros(size, int))
    if indices.size and indices.min() >= 0 and indices.max() < 6:
        assert same(load(file), memory[indices])
    elif indices.size:
        with pytest.raises(CheckpointError):
            load(file)


# --- with torch ---------------------------------------------------------------------------------------------------

LAYERS = [
    ("RNN", (3, 4, 2), {"nonlinearity": "relu"}),
    ("RNN", (3, 4), {"bidirectional": True}),
    ("LSTM", (3, 4, 2), {"bidirectional": True}),
    ("LSTM", (3, 4), {"proj_size": 2}),
    ("GRU", (3, 4, 2), {"batch_first": True}),
    ("GRU", (3, 4), {"bias": False}),
    ("Linear", (3, 4), {}),
    ("Embedding", (10, 3), {"padding_idx": 0}),
]


@pytest.mark.filterwarnings("ignore:LSTM with projections")
@pytest.mark.parametrize(("name", "args", "options"), LAYERS)
def test_weights_go_from_torch_and_back_and_give_the_same_output(name, args, options, tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file

    try:
        ours = getattr(tg.nn, name)(*args, **options)
    except (TypeError, NotImplementedError, ValueError) as error:
        pytest.skip(str(error))
    theirs = getattr(torch.nn, name)(*args, **options)
    x = np.arange(24).reshape(2, 4, 3) % 10 if name == "Embedding" else np.random.default_rng(0).normal(size=(2, 4, 3))
    x = x if name == "Embedding" else x.astype("f4")

    def outputs():
        with torch.no_grad():
            y, ours_y = theirs(torch.tensor(x)), ours(tg.tensor(x))
        pair = (y[0], ours_y[0]) if isinstance(y, tuple) else (y, ours_y)
        return [part.detach().numpy() for part in pair]

    torch.save(theirs.state_dict(), tmp_path / "theirs.pt")
    assert repr(ours.load_state_dict(load(tmp_path / "theirs.pt"))) == "<All keys matched successfully>"
    np.testing.assert_allclose(*outputs(), rtol=1e-5, atol=1e-6)

    fresh = getattr(tg.nn, name)(*args, **options)
    ours.load_state_dict(fresh.state_dict())
    save(ours.state_dict(), tmp_path / "ours.safetensors")
    theirs.load_state_dict(load_file(tmp_path / "ours.safetensors"))
    np.testing.assert_allclose(*outputs(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_protocol(protocol):
    torch = pytest.importorskip("torch")

    file = io.BytesIO()
    obj = {"n": [1, 1000, 10**6, -(10**20), 0.5, b"x" * 300, "y" * 300, {1, 2}, (1, 2, 3, 4)], "w": torch.arange(3)}
    torch.save(obj, file, pickle_protocol=protocol)
    file.seek(0)
    found = load(file)
    assert found["n"] == obj["n"]
    assert same(found["w"], np.arange(3))


def test_what_torch_refuses_is_refused():
    """Sparse and complex tensors, whole modules: torch's own classes are never asked for."""
    torch = pytest.importorskip("torch")

    for obj in (torch.zeros(2, dtype=torch.complex64), torch.eye(2).to_sparse(), torch.nn.Linear(2, 2)):
        for weights_only in (True, False):
            file = io.BytesIO()
            torch.save([obj], file)
            file.seek(0)
            with pytest.raises(CheckpointError, match="holds torch.*PyTorch's own"):
                load(file, weights_only=weights_only)


def test_a_file_in_the_format_before_torch_1_6(tmp_path):
    torch = pytest.importorskip("torch")

    torch.save({"a": 1}, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(CheckpointError, match="weights_only=False"):
        load(tmp_path / "old.pt")
    with pytest.raises(CheckpointError, match=r"before 1\.6"):
        load(tmp_path / "old.pt", weights_only=False)
