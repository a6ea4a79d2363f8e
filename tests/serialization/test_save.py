"""Saving and loading: what comes back, what other libraries see, what happens when something goes wrong."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import math
import os
import stat
import struct
import sys
import threading
from argparse import Namespace
from collections import Counter, OrderedDict, defaultdict
from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn import atomic, nn, serialization
from tinygrad_rnn.autograd.graph import Tensor
from tinygrad_rnn.serialization import CheckpointError, UnsafeError, load, save


def arrays(dtype="f4", *shapes):
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


def same(a, b) -> bool:
    """Equal in type, structure, dtype and every bit."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, Tensor):
        a, b = a.array, b.array
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    return a == b or (a != a and b != b)


def round_trip(obj, **options):
    file = io.BytesIO()
    save(obj, file)
    file.seek(0)
    return load(file, **options)


# --- what comes back ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "i4", "i2", "i1", "u1", "u2", "u4", "?"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3, 4)])
def test_tensors_of_every_dtype_and_shape(dtype, shape, tmp_path):
    array = np.arange(math.prod(shape), dtype="i8").reshape(shape).astype(dtype)
    save({"w": Tensor(array), "a": array}, tmp_path / "x.safetensors")
    back = load(tmp_path / "x.safetensors")
    wider = {"u2": "i4", "u4": "i8"}.get(dtype, dtype)  # tensors do not have these two
    assert same(back, {"w": Tensor(array.astype(wider)), "a": array})
    assert back["w"].array.flags.writeable
    assert back["a"].flags.writeable


def test_strided_and_foreign_endian_arrays_come_back_with_the_same_values():
    (x,) = arrays("f4", (6, 4))
    for array in (x.T, x[::-2], x[:, 1:3], x.astype(">f4"), np.broadcast_to(x[0], (5, 4)), np.asfortranarray(x)):
        back = round_trip({"x": Tensor(array)})["x"].array
        assert np.array_equal(back, array)
        assert back.dtype == np.float32
        assert back.flags.c_contiguous


def test_an_optimiser_like_state_comes_back_as_it_was():
    a, b = arrays("f4", (2, 3), (4,))
    state = {
        "state": {0: {"exp_avg": Tensor(a), "step": 3}, 1: {"exp_avg": Tensor(b), "step": Tensor(np.array(3.0))}},
        "param_groups": [{"lr": 3e-3, "betas": (0.9, 0.999), "foreach": None, "amsgrad": False, "params": [0, 1]}],
        "generator": {"state": 2**127 + 1, "words": np.arange(4, dtype="u4")},
        "text": 'ünï "quoted" \\ \n \0 \U0001f600 \ud800',
        "numbers": [math.inf, -math.inf, math.nan, -0.0, 5e-324, 10**40],
        "nothing": [(), [], {}, ((),), [[]]],
        1.5: {True: "a", "1": "b"},
    }
    back = round_trip(state)
    assert same(back, state)
    assert math.copysign(1, back["numbers"][3]) == -1


json_like = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.builds(np.float32, st.floats(width=32)).map(np.asarray),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text() | st.integers(), inner),
)


@given(json_like)
def test_any_nesting_comes_back(obj):
    assert same(round_trip(obj), obj)


def test_names_that_collide_are_kept_apart():
    a, b, c = arrays("f4", (1,), (2,), (3,))
    state = {"a.b": Tensor(a), "a": {"b": Tensor(b)}, "__metadata__": Tensor(c), "": Tensor(a)}
    assert same(round_trip(state), state)


def test_a_single_tensor_and_numpy_numbers():
    (a,) = arrays("f8", (2, 2))
    assert same(round_trip(Tensor(a)), Tensor(a))
    assert same(round_trip([np.float32(0.5), np.int64(3), np.True_]), [0.5, 3, True])


def test_what_scripts_put_around_their_tensors_comes_back():
    bigrams = {("a", "b"): 3, ("<s>", ("x", 1)): np.int64(4), None: 0, math.inf: 1, 7: {1, 2}}
    back = round_trip({"bigrams": bigrams, "bytes": b"\0\xff", "empty": b"", "size": tg.zeros(2, 3).shape})
    assert same(back["bigrams"], {**bigrams, ("<s>", ("x", 1)): 4})
    assert back["bigrams"][7] == {1, 2}
    assert (back["bytes"], back["empty"]) == (b"\0\xff", b"")
    assert isinstance(back["size"], tg.Size) and back["size"] == (2, 3)
    counted = round_trip([Counter("abba"), OrderedDict(b=1, a=2), defaultdict(int, x=1)])
    assert [type(found) for found in counted] == [Counter, OrderedDict, dict]
    assert counted == [Counter("abba"), OrderedDict(b=1, a=2), {"x": 1}]
    assert round_trip([tg.float32, tg.device("cpu")]) == [tg.float32, tg.device("cpu")]


def test_tensors_require_grad_as_they_did():
    w = tg.ones(2, requires_grad=True)
    p = nn.Parameter(tg.ones(2), requires_grad=False)
    back = round_trip([w, w * 2, tg.ones(2), nn.Parameter(tg.ones(2)), p, p])
    assert [x.requires_grad for x in back] == [True, True, False, True, False, False]
    assert all(x.is_leaf for x in back)
    assert [type(x) for x in back[3:]] == [nn.Parameter] * 3
    assert back[4] is back[5]


# --- whole modules --------------------------------------------------------------------------------------------------


class Vocabulary:
    """What scripts save beside their weights."""

    def __init__(self, words: list[str]) -> None:
        self.index = {word: i for i, word in enumerate(words)}


class Slotted:
    __slots__ = ("value",)


class Tagger(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.vocabulary = Vocabulary(["a", "b"])
        self.embedding = nn.Embedding(2, 4)
        self.layers = nn.ModuleList([nn.LSTM(4, 4), nn.GRU(4, 4, bidirectional=True), nn.RNN(8, 4)])
        self.head = nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 2))
        self.head[1].weight = nn.Parameter(tg.randn(2, 4))
        self.tied = self.head[1].weight
        self.norm = nn.BatchNorm1d(4)

    def forward(self, words):
        x = self.embedding(words)
        for layer in self.layers:
            x, _ = layer(x)
        return self.head(self.norm(x.transpose(1, 2)).transpose(1, 2))


def test_a_whole_module_comes_back_where_the_file_is_trusted():
    model = Tagger().eval()
    words = tg.tensor([[0, 1, 1], [1, 0, 0]])
    with pytest.raises(UnsafeError, match=r"GLOBAL .*Tagger was not an allowed global.*weights_only=False"):
        round_trip(model)
    back = round_trip({"model": model}, weights_only=False)["model"]
    assert isinstance(back, Tagger) and not back.training
    assert back.tied is back.head[1].weight and back.vocabulary.index == {"a": 0, "b": 1}
    assert np.array_equal(back(words).detach().numpy(), model(words).detach().numpy())
    assert list(back.state_dict()) == list(model.state_dict())
    back.train()(words).sum().backward()
    assert back.layers[0].weight_ih_l0.grad is not None


def test_single_classes_can_be_allowed():
    linear = nn.Linear(2, 3)
    with serialization.safe_globals([nn.Linear]):
        assert serialization.get_safe_globals() == [nn.Linear]
        assert same(round_trip(linear).weight.detach(), linear.weight.detach())
        with pytest.raises(UnsafeError, match="LSTM"):
            round_trip(nn.LSTM(2, 3))
    with pytest.raises(UnsafeError, match="Linear"):
        round_trip(linear)
    serialization.add_safe_globals([(Vocabulary, f"{__name__}.Vocabulary"), Namespace])
    try:
        assert round_trip(Vocabulary(["x"])).index == {"x": 0}
        assert round_trip(Namespace(lr=0.1)) == Namespace(lr=0.1)
    finally:
        serialization.clear_safe_globals()
    assert serialization.get_safe_globals() == []
    with pytest.raises(TypeError, match="must be classes or functions"):
        serialization.add_safe_globals([3])


def test_objects_functions_and_classes_by_name():
    slotted = Slotted()
    slotted.value = [tg.ones(1)]
    arguments = Namespace(lr=0.1, layers=[1, 2], activation=math.tanh, cell=nn.LSTM, model=slotted)
    back = round_trip([arguments, arguments], weights_only=False)
    assert back[0] is back[1]
    assert vars(back[0]) | {"model": slotted} == vars(arguments)
    assert back[0].model.value[0].item() == 1


def test_a_class_that_is_gone_is_named(monkeypatch):
    file = io.BytesIO()
    save(Vocabulary([]), file)
    monkeypatch.delattr(sys.modules[__name__], "Vocabulary")
    with pytest.raises(AttributeError, match="Vocabulary"):
        load(io.BytesIO(file.getvalue()), weights_only=False)


def test_weights_only_is_the_default_and_none_means_it():
    for options in ({}, {"weights_only": None}, {"weights_only": True}, {"weights_only": 1}):
        with pytest.raises(UnsafeError):
            round_trip(nn.Linear(1, 1), **options)


# --- other libraries ------------------------------------------------------------------------------------------------


def test_a_state_dict_is_a_plain_safetensors_file(tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file, save_file

    a, b = arrays("f4", (4, 3), (4,))
    save({"rnn.weight_ih_l0": Tensor(a), "rnn.bias_ih_l0": Tensor(b)}, tmp_path / "ours.safetensors")
    theirs = load_file(tmp_path / "ours.safetensors")
    assert set(theirs) == {"rnn.weight_ih_l0", "rnn.bias_ih_l0"}
    assert np.array_equal(theirs["rnn.weight_ih_l0"].numpy(), a)

    halves = torch.tensor([1.0, -2.5, 65504.0, float("inf")])
    foreign = {"w": torch.tensor(a), "half": halves.half(), "brain": halves.bfloat16(), "n": torch.tensor([3])}
    save_file(foreign, tmp_path / "theirs.safetensors")
    back = load(tmp_path / "theirs.safetensors")
    assert same(back["w"], Tensor(a))
    assert same(back["n"], Tensor(np.array([3])))
    for name in ("half", "brain"):
        assert same(back[name], Tensor(foreign[name].float().numpy()))


def test_files_are_those_that_safetensors_writes_for_torch_byte_for_byte():
    torch = pytest.importorskip("torch")
    from safetensors.torch import save as torch_save

    theirs = torch.nn.LSTM(3, 4, 2)
    ours = nn.LSTM(3, 4, 2)
    ours.load_state_dict({name: tg.tensor(value.numpy()) for name, value in theirs.state_dict().items()})
    file = io.BytesIO()
    save(ours.state_dict(), file)
    header = json.loads(file.getvalue()[8 : 8 + int.from_bytes(file.getvalue()[:8], "little")])
    assert file.getvalue() == torch_save(theirs.state_dict(), header["__metadata__"])

    foreign = torch_save(theirs.state_dict(), {"format": "pt", "epoch": "3"})
    assert repr(ours.load_state_dict(load(io.BytesIO(foreign)))) == "<All keys matched successfully>"


def test_a_dtype_without_counterpart_is_named(tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    save_file({"w": torch.zeros(2, dtype=torch.float8_e4m3fn)}, tmp_path / "x.safetensors")
    with pytest.raises(CheckpointError, match="'w' is of dtype F8_E4M3"):
        load(tmp_path / "x.safetensors")


# --- what cannot be saved --------------------------------------------------------------------------------------------


class Stateful:
    def state_dict(self):
        return {}


CYCLE: list = []
CYCLE.append(CYCLE)


@pytest.mark.parametrize(
    ("obj", "message"),
    [
        ({"a": [1, {"b": threading.Lock()}]}, r"cannot save a lock at obj\['a'\]\[1\]\['b'\]"),
        ({"model": Stateful()}, r"cannot save a Stateful at obj\['model'\]; save its state_dict"),
        ([lambda: 0], r"cannot save a function at obj\[0\]"),
        ({"z": 1 + 2j}, r"cannot save a complex at obj\['z'\]"),
        ({"z": np.array([1j])}, r"cannot save an array of complex128 at obj\['z'\]"),
        ({"s": np.array(["x"])}, r"cannot save an array of <U1 at obj\['s'\]"),
        ({"k": {(1, b"x"): 3}}, r"keys must be strings, numbers or tuples of them, got a bytes at obj\['k'\]"),
        ({"g": tg.Generator()}, r"cannot save a Generator at obj\['g'\]; save its get_state"),
        (tg.optim.SGD([tg.zeros(1)]), r"cannot save a SGD at obj; save its state_dict"),
        (reduce(lambda inner, _: [inner], range(200), 1), r"obj\[0\]\[0\]\[0\]... is nested more than 100 deep"),
        (CYCLE, r"the list at obj\[0\] contains itself"),
    ],
)
def test_what_cannot_be_saved_is_named_and_nothing_is_written(obj, message, tmp_path):
    path = tmp_path / "x.safetensors"
    save({"kept": 1}, path)
    with pytest.raises(TypeError, match=message):
        save(obj, path)
    assert load(path) == {"kept": 1}
    assert os.listdir(tmp_path) == ["x.safetensors"]


# --- damaged files ---------------------------------------------------------------------------------------------------


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "good.safetensors"
    save({"w": Tensor(arrays("f4", (5, 7))[0]), "nested": [1, 2]}, path)
    return path


def test_every_truncation_is_refused(good):
    data = good.read_bytes()
    for length in range(len(data)):
        with pytest.raises(CheckpointError, match="truncated, or not a safetensors file|nothing in it") as caught:
            load(io.BytesIO(data[:length]))
        assert "\n" not in str(caught.value)


def test_any_flipped_byte_loads_or_is_refused(good):
    data = good.read_bytes()
    for i in range(len(data)):
        damaged = bytearray(data)
        damaged[i] ^= 0x15
        with contextlib.suppress(CheckpointError):
            load(io.BytesIO(bytes(damaged)))


def with_entry(entry: str) -> io.BytesIO:
    header = json.dumps({"__metadata__": {"tinygrad_rnn": entry}}).encode()
    return io.BytesIO(struct.pack("<Q", len(header)) + header)


@pytest.mark.parametrize(
    "entry",
    [
        "not json",
        "[]",
        "{}",
        '{"version": "x", "structure": 1}',
        '{"version": 1, "structure": {"tensor": "missing"}}',
        '{"version": 1, "structure": {"execute": "x"}}',
        '{"version": 1, "structure": {"tuple": 3}}',
        '{"version": 1, "structure": {"a": 1, "b": 2}}',
        '{"version": 1, "structure": [{"dtype": "f4,(2)f4"}, {"dtype": "O"}]}',
        '{"version": 1, "structure": ' + "[" * 100_000 + "]" * 100_000 + "}",
    ],
)
def test_a_damaged_description_is_refused(entry):
    with pytest.raises(CheckpointError, match="description of its structure is damaged"):
        load(with_entry(entry))


def with_header(header: dict, data: bytes = b"") -> io.BytesIO:
    text = json.dumps(header).encode()
    return io.BytesIO(struct.pack("<Q", len(text)) + text + data)


@pytest.mark.parametrize("shape", [[0, 2**63], [2**62, 0, 4], [1] * 65 + [0]], ids=["2**63", "2**64", "65 dimensions"])
def test_shapes_that_numpy_does_not_have(shape):
    header = {"w": {"dtype": "F32", "shape": shape, "data_offsets": [0, 0]}}
    with pytest.raises(CheckpointError, match="the file: tensor 'w' of the shape"):
        load(with_header(header))


def test_metadata_may_be_null():
    header = {"__metadata__": None, "w": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}}
    assert load(with_header(header, b"ab"))["w"].tolist() == [97, 98]


def test_an_array_is_taken_once():
    """A short description could have the same megabytes copied without end."""
    entry = json.dumps({"version": 1, "structure": [{"bytes": "a"}] * 2})
    metadata = {"__metadata__": {"tinygrad_rnn": entry}}
    header = metadata | {"a": {"dtype": "U8", "shape": [3], "data_offsets": [0, 3]}}
    with pytest.raises(CheckpointError, match="description of its structure is damaged"):
        load(with_header(header, b"abc"))


def test_a_newer_version_is_refused():
    with pytest.raises(CheckpointError, match="written in format 2, this version of tinygrad_rnn reads up to 1"):
        load(with_entry('{"version": 2, "structure": null}'))


def test_neither_a_path_nor_a_file_of_bytes():
    for nonsense in (5, None, [1]):
        with pytest.raises(AttributeError, match="expected a path or a file with a 'write' method"):
            save(1, nonsense)
        with pytest.raises(AttributeError, match="expected a path or a file with a 'read' method"):
            load(nonsense)
    with pytest.raises(TypeError, match="open for reading bytes, it gave str"):
        load(io.StringIO("x"))


def test_a_buffer_that_was_not_wound_back():
    file = io.BytesIO()
    save(1, file)
    with pytest.raises(CheckpointError, match=r"nothing in it; .* seek\(0\)"):
        load(file)


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        load(tmp_path / "absent")
    with pytest.raises(FileNotFoundError, match="absent/x") as caught:
        save(1, tmp_path / "absent" / "x")
    assert ".tmp" not in str(caught.value)


def test_a_header_that_claims_more_than_there_is(tmp_path):
    for claim in (2**63, 2**64 - 1, 2**63 - 1, 2**32, 100_000_001):
        with pytest.raises(CheckpointError, match="truncated, or not a safetensors file"):
            load(io.BytesIO(struct.pack("<Q", claim) + b'{"w": {}}'))
    header = json.dumps({"w": {"dtype": "F32", "shape": [2**61], "data_offsets": [0, 2**63]}}).encode()
    with pytest.raises(CheckpointError, match="truncated, or not a safetensors file"):
        load(io.BytesIO(struct.pack("<Q", len(header)) + header))


# --- interrupted saves -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("where", ["fsync", "replace"])
def test_an_interrupted_save_leaves_the_previous_file(where, error, good, monkeypatch):
    before = good.read_bytes()

    def fails(*args):
        raise error

    monkeypatch.setattr(atomic.os, where, fails)
    with pytest.raises(type(error)):
        save({"other": 1}, good)
    monkeypatch.undo()
    assert good.read_bytes() == before
    assert os.listdir(good.parent) == [good.name]


def test_a_full_disk_is_said_of_the_file_that_was_asked_for(good, monkeypatch):
    """Writing fails without a name; that of the temporary file would not help."""

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(OSError, match=f"No space left on device: '{good}'") as caught:
        save({"other": 1}, good)
    assert caught.value.__notes__ == ["Nothing was changed: what was there before is still there."]


def test_what_killed_saves_left_is_removed_after_an_hour(good):
    old, young = (good.with_name(f".{good.name}.0123456{i}.tmp") for i in range(2))
    others = [good.with_name(name) for name in (".other.01234567.tmp", f".{good.name}.mine.tmp")]
    for path in (old, young, *others):
        path.touch()
    for path in (old, *others):
        os.utime(path, (1, 1))
    save({"new": 1}, good)
    assert sorted(os.listdir(good.parent)) == sorted(path.name for path in (good, young, *others))


def test_a_name_as_long_as_names_can_be(tmp_path):
    path = tmp_path / ("ü" * 127)
    save({"x": 1}, path)
    assert load(path) == {"x": 1}


def test_an_error_in_the_middle_of_writing_leaves_the_previous_file(good):
    before = good.read_bytes()

    def write() -> None:
        with atomic.replacing(good) as file:
            file.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    assert good.read_bytes() == before
    assert os.listdir(good.parent) == [good.name]


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions, links and devices")
class TestPosix:
    def test_permissions_and_links_survive(self, good):
        good.chmod(0o640)
        link = good.with_name("link")
        link.symlink_to(good)
        save({"new": 1}, link)
        assert link.is_symlink()
        assert load(good) == {"new": 1}
        assert stat.S_IMODE(good.stat().st_mode) == 0o640

    def test_a_new_file_has_the_usual_permissions(self, tmp_path):
        save(1, tmp_path / "a")
        (tmp_path / "b").touch()
        assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode

    def test_a_pipe_is_written_to_and_not_replaced(self, tmp_path):
        read, write = os.pipe()
        save({"x": 1}, f"/dev/fd/{write}" if sys.platform == "darwin" else f"/proc/self/fd/{write}")
        os.close(write)
        with open(read, "rb") as file:
            assert load(io.BytesIO(file.read())) == {"x": 1}
