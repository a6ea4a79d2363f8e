"""Files that torch.save wrote: a golden one, every recurrent layer's weights, any view of a storage."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn.nn.parameter import Parameter
from tinygrad_rnn.serialization import CheckpointError, load, save

from .zips import program, storage, tensor, torch_zip

GOLDEN = Path(__file__).parent / "golden" / "torch.pt"  # by make.py beside it, like layers.pt


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


@pytest.mark.parametrize("i", range(5))
def test_the_weights_of_a_layer_of_torch_give_its_output(i):
    saved = load(GOLDEN.with_name("layers.pt"))[i]
    name, args, options = saved["layer"]
    layer = getattr(tg.nn, name)(*args, **options)
    assert repr(layer.load_state_dict(saved["weights"])) == "<All keys matched successfully>"
    y = layer(saved["x"])
    found = (y[0] if isinstance(y, tuple) else y).detach().numpy()
    np.testing.assert_allclose(found, saved["y"].numpy(), rtol=1e-5, atol=1e-6)


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

    ours = getattr(tg.nn, name)(*args, **options)
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


# --- checkpoints of torch -------------------------------------------------------------------------------------------

OPTIMIZERS = [
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    ("Adam", {"lr": 0.01, "amsgrad": True}),
    ("AdamW", {"lr": 0.01}),
    ("RMSprop", {"lr": 0.01, "momentum": 0.5, "centered": True}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1}),
    ("Adadelta", {"lr": 1.0}),
]
SCHEDULES = [
    ("StepLR", {"step_size": 2, "gamma": 0.5}),
    ("MultiStepLR", {"milestones": [2, 4, 4], "gamma": 0.5}),
    ("ExponentialLR", {"gamma": 0.9}),
    ("CosineAnnealingLR", {"T_max": 5}),
    ("ReduceLROnPlateau", {"patience": 0, "factor": 0.5}),
    ("OneCycleLR", {"max_lr": 0.1, "total_steps": 8}),
]


class Training:
    """The same few steps with either library."""

    def __init__(self, lib, optimizer, schedule):
        self.lib = lib
        self.model = lib.nn.ModuleDict({
            "embedding": lib.nn.Embedding(5, 3), "rnn": lib.nn.GRU(3, 4, batch_first=True), "head": lib.nn.Linear(4, 2),
        }).double()  # fmt: skip
        self.optimizer = getattr(lib.optim, optimizer[0])(self.model.parameters(), **optimizer[1])
        self.schedule = getattr(lib.optim.lr_scheduler, schedule[0])(self.optimizer, **schedule[1])

    def steps(self, count: int) -> list[float]:
        losses = []
        for _ in range(count):
            y, _ = self.model["rnn"](self.model["embedding"](self.lib.tensor([[0, 1, 2], [3, 4, 0]])))
            loss = self.lib.nn.functional.cross_entropy(self.model["head"](y[:, -1]), self.lib.tensor([0, 1]))
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.schedule.step(*[loss.item()] if "Plateau" in type(self.schedule).__name__ else [])
            losses.append(loss.item())
        return losses


@pytest.mark.parametrize(
    ("optimizer", "schedule"), [(o, SCHEDULES[0]) for o in OPTIMIZERS] + [(OPTIMIZERS[1], s) for s in SCHEDULES[1:]]
)
def test_a_checkpoint_of_torch_continues_as_torch_does(optimizer, schedule, tmp_path):
    torch = pytest.importorskip("torch")
    theirs, ours = Training(torch, optimizer, schedule), Training(tg, optimizer, schedule)
    theirs.steps(3)
    checkpoint = {
        "epoch": 3,
        "model": theirs.model.state_dict(),
        "optimizer": theirs.optimizer.state_dict(),
        "schedule": theirs.schedule.state_dict(),
        "loss": 0.5,
    }
    torch.save(checkpoint, tmp_path / "checkpoint.pt")
    found = load(tmp_path / "checkpoint.pt", map_location=tg.device("cpu"))
    assert (found["epoch"], found["loss"]) == (3, 0.5)
    assert type(found["model"]) is OrderedDict and found["model"]._metadata[""] == {"version": 1}
    ours.model.load_state_dict(found["model"])
    ours.optimizer.load_state_dict(found["optimizer"])
    ours.schedule.load_state_dict(found["schedule"])
    np.testing.assert_allclose(ours.steps(4), theirs.steps(4), rtol=1e-9)
    for name, value in theirs.model.state_dict().items():
        np.testing.assert_allclose(ours.model.state_dict()[name].numpy(), value.numpy(), rtol=1e-8, atol=1e-12)

    save(found, tmp_path / "again.pt")  # and once more through a file of ours
    again = load(tmp_path / "again.pt")
    assert repr(ours.model.load_state_dict(again["model"])) == "<All keys matched successfully>"
    ours.optimizer.load_state_dict(again["optimizer"])
    ours.schedule.load_state_dict(again["schedule"])
    ours.steps(1)


@pytest.mark.parametrize("view", ["x[1:]", "x.t()", "x[:, ::2]", "x[0].expand(4, 3)", "x[0, 0]", "x[:0]", "x.flip(0)"])
@pytest.mark.parametrize("dtype", "float64 float32 float16 bfloat16 int64 int32 int16 int8 uint8 bool uint16".split())
def test_views_of_every_dtype(dtype, view):
    torch = pytest.importorskip("torch")
    x = torch.arange(6).reshape(2, 3).to(getattr(torch, dtype))
    if dtype == "uint16" and "flip" in view:
        pytest.skip("torch has no flip for uint16")
    expected = eval(view, {"x": x})
    file = io.BytesIO()
    torch.save([expected, x], file)
    file.seek(0)
    found, whole = load(file)
    wider = {"float16": "f4", "bfloat16": "f4", "uint16": "i4"}.get(dtype, dtype)
    numbers = expected.float().numpy() if dtype == "bfloat16" else expected.numpy()
    assert same(found, numbers.astype(wider))
    if "flip" not in view and dtype != "uint16" and numbers.size:
        whole.zero_()
        assert not found.any()


def test_tensors_that_require_grad_and_old_archives():
    torch = pytest.importorskip("torch")
    file = io.BytesIO()
    torch.save([torch.ones(2, requires_grad=True), torch.nn.Parameter(torch.ones(1)), torch.ones(1)], file)
    kept = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(kept, "w") as new:
        for entry in old.namelist():  # torch 1.6 wrote these, in a folder that was always called so
            if entry.partition("/")[2] in ("data.pkl", "version") or "/data/" in entry:
                new.writestr("archive/" + entry.partition("/")[2], old.read(entry))
    kept.seek(0)
    found = load(kept)
    assert [type(x) for x in found] == [tg.Tensor, Parameter, tg.Tensor]
    assert [x.requires_grad for x in found] == [True, True, False]


def test_a_program_of_torchscript_is_named(tmp_path):
    torch = pytest.importorskip("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(torch.nn.Linear(1, 1)).save(str(tmp_path / "x.pt"))
    for weights_only in (True, False):
        with pytest.raises(CheckpointError, match="TorchScript"):
            load(tmp_path / "x.pt", weights_only=weights_only)
