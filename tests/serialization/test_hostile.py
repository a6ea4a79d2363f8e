"""Files that try to run code, to be more than they are, or that are broken: an error, and nothing else happens."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import sys
import zipfile
from copy import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_rnn.serialization import CheckpointError, UnsafeError, load

from .test_torch_files import GOLDEN
from .zips import named, number, numbers, program, storage, tensor, text, torch_zip


class Bomb:
    """Makes a folder when it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("wrap", [bytes, torch_zip], ids=["pickle", "zip"])
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_payload_runs_only_for_who_said_so(wrap, protocol, tmp_path):
    folder = tmp_path / "exploded"
    path = tmp_path / "x.pt"
    path.write_bytes(wrap(pickle.dumps({"weights": [1, Bomb(folder)]}, protocol)))
    with pytest.raises(UnsafeError, match="weights_only=False") as caught:
        load(path)
    assert isinstance(caught.value, pickle.UnpicklingError)
    assert str(path) in str(caught.value)
    assert not folder.exists()
    load(path, weights_only=False)
    assert folder.exists()


def test_a_refused_name_is_not_even_imported(tmp_path, monkeypatch):
    (tmp_path / "trap_of_the_test.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UnsafeError, match=r"GLOBAL trap_of_the_test\.f was not an allowed global"):
        load(io.BytesIO(torch_zip(program(named("trap_of_the_test", "f")))))
    assert "trap_of_the_test" not in sys.modules


@pytest.mark.parametrize("name", ["eval", "exec", "getattr", "__import__", "open", "type", "object", "map"])
def test_builtins_are_not_plain(name):
    for module in ("builtins", "__builtin__"):
        with pytest.raises(UnsafeError, match=f"builtins.{name} was not an allowed global"):
            load(io.BytesIO(torch_zip(program(named(module, name)))))


def called(function: bytes, *arguments: bytes) -> bytes:
    return program(function + pickle.MARK + b"".join(arguments) + pickle.TUPLE + pickle.REDUCE)


def bad_storage(kind: bytes) -> bytes:
    parts = text("storage"), kind, text("0"), text("cpu"), number(6)
    return pickle.MARK + b"".join(parts) + pickle.TUPLE + pickle.BINPERSID


def laughs(begin: bytes, end: bytes) -> bytes:
    """Sixty levels, each the one before twice: few bytes, which nobody can write out or walk through."""
    levels = (pickle.BINPUT + bytes([i]) + begin + (pickle.BINGET + bytes([i])) * 2 + end for i in range(60))
    return pickle.NONE + b"".join(levels)


LAUGHS = laughs(pickle.EMPTY_LIST + pickle.MARK, pickle.APPENDS)
TUPLES = laughs(pickle.MARK, pickle.TUPLE)
OBJECTS = b"".join([storage(count=6), number(0), numbers(1), numbers(1), pickle.NEWFALSE, pickle.NONE, text("O")])
OPCODES = [
    b"(",
    b"t",
    b"R",
    b"b",
    b"s",
    b"u",
    b"a",
    b"e",
    b"Q",
    b"\x85",
    b"h\0",
    b"q\0",
    b"]",
    b"}",
    b"\x81",
    b"\x93",
    b"0",
]
DEEP = pickle.EMPTY_TUPLE + pickle.TUPLE1 * 100_000
MANY = b"".join(pickle.BININT1 + bytes([i]) for i in range(200))


def again_and_again(function: bytes, arguments: bytes) -> bytes:
    """The same call with the same arguments, a hundred times in a few hundred bytes."""
    once = function + pickle.BINPUT + b"\0" + pickle.MARK + arguments + pickle.TUPLE + pickle.BINPUT + b"\1"
    call = pickle.BINGET + b"\0" + pickle.BINGET + b"\1" + pickle.REDUCE
    return program(once, pickle.REDUCE, pickle.EMPTY_LIST, pickle.MARK + call * 100 + pickle.APPENDS)


LETTERS = pickle.BINBYTES + (1000).to_bytes(4, "little") + bytes(1000)
HOSTILE = {
    "calls what it did not name": called(text("x")),
    "calls a dtype": called(named("torch", "float32")),
    "another codec": called(named("_codecs", "encode"), text("x"), text("rot13")),
    "state of a list": program(pickle.EMPTY_LIST, pickle.EMPTY_DICT, pickle.BUILD),
    "items for a number": program(number(1), number(2), pickle.APPEND),
    "an extension": program(b"\x82\x01"),
    "an instance": program(pickle.MARK, b"i", b"os\nsystem\n"),
    "nothing on the stack": program(),
    "no end": pickle.PROTO + b"\2" + pickle.NONE,
    "an unknown opcode": program(b"\xff"),
    "a list as a key": program(pickle.EMPTY_DICT, pickle.EMPTY_LIST, pickle.NONE, pickle.SETITEM),
    "deep tuples, to be hashed": program(pickle.EMPTY_DICT, DEEP, pickle.NONE, pickle.SETITEM),
    "a far memo": program(pickle.LONG_BINGET + b"\xff\xff\xff\xff"),
    "a string of 2**63 bytes": program(pickle.BINUNICODE8 + (2**63).to_bytes(8, "little")),
    "a missing storage": program(tensor(storage(key="7"), 0, (6,), (1,))),
    "a storage elsewhere": program(tensor(storage(key="../data.pkl"), 0, (6,), (1,))),
    "a storage of 2**63 elements": program(tensor(storage(count=2**63), 0, (6,), (1,))),
    "a persistent id of text": program(text("x"), pickle.BINPERSID),
    "a view beyond its storage": program(tensor(storage(), 1, (6,), (1,))),
    "a view before its storage": program(tensor(storage(), -1, (6,), (1,))),
    "a size of 2**63": program(tensor(storage(), 0, (2**63,), (0,))),
    "a size of 2**32 by 2**32": program(tensor(storage(), 0, (2**32, 2**32), (1, 1))),
    "a stride of 2**62": program(tensor(storage(), 0, (2, 2), (2**62, 1))),
    "a negative size": program(tensor(storage(), 0, (-1,), (1,))),
    "a size without its stride": program(tensor(storage(), 0, (2, 3), (1,))),
    "a tensor of text": program(tensor(text("x"), 0, (1,), (1,))),
    "a call of a list that takes ages to print": program(LAUGHS, pickle.EMPTY_TUPLE, pickle.REDUCE),
    "a call with a list": program(named("collections", "OrderedDict"), pickle.EMPTY_LIST, pickle.REDUCE),
    "a name that takes ages to print": program(LAUGHS, text("x"), pickle.STACK_GLOBAL),
    "text that takes ages to print": called(named("_codecs", "encode"), LAUGHS, LAUGHS),
    "a storage that takes ages to print": program(tensor(bad_storage(LAUGHS), 0, (6,), (1,))),
    "a view that takes ages to print": program(tensor(LAUGHS, 0, (1,), (1,))),
    "a device that takes ages to print": called(named("torch", "device"), LAUGHS),
    "a tuple that takes ages to hash": program(pickle.EMPTY_DICT, TUPLES, pickle.NONE, pickle.SETITEM),
    "a byte array of 2**62 bytes": called(named("builtins", "bytearray"), number(2**62)),
    "objects in the bytes of a storage": called(named("torch._utils", "_rebuild_tensor_v3"), OBJECTS),
    "a name in two lines": program(pickle.BINUNICODE + b"\3\0\0\0a\nb", text("\x1b[2J"), pickle.STACK_GLOBAL),
    "a name that is long when it is printed": program(named("a" + "\x16" * 300, "\U000e0001" * 100)),
    "a device in two lines": program(tensor(storage(location="cuda\n0"), 0, (6,), (1,))),
    "a size of 65 dimensions": called(named("torch", "Size"), pickle.MARK + pickle.NONE * 65 + pickle.TUPLE),
    "a set copied again and again": again_and_again(
        named("builtins", "set"), pickle.EMPTY_LIST + pickle.MARK + MANY + pickle.APPENDS
    ),
    "bytes copied again and again": again_and_again(named("builtins", "bytearray"), LETTERS),
    "text copied again and again": again_and_again(named("_codecs", "encode"), text("x" * 1000) + text("latin1")),
    "a view of a view": program(tensor(tensor(storage(), 0, (6,), (1,)), 0, (6,), (1,))),
    "a parameter of a list": called(named("torch._utils", "_rebuild_parameter"), pickle.EMPTY_LIST, pickle.NEWTRUE),
}


@pytest.mark.parametrize("pickled", HOSTILE.values(), ids=HOSTILE)
def test_hostile_pickles_are_refused(pickled):
    with pytest.raises(CheckpointError, match="the file: ") as caught:
        load(io.BytesIO(torch_zip(pickled, _0=bytes(24))))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1100


def test_views_of_one_storage_are_widened_once():
    """Tensors of uint16 come as int32: copied once, or a few bytes would fill the memory."""
    parts = text("storage"), named("torch.storage", "UntypedStorage"), text("0"), text("cpu"), number(24)
    untyped = pickle.MARK + b"".join(parts) + pickle.TUPLE + pickle.BINPERSID
    arguments = untyped, number(0), numbers(12), numbers(1), pickle.NEWFALSE, pickle.NONE, named("torch", "uint16")
    pickled = again_and_again(named("torch._utils", "_rebuild_tensor_v3"), b"".join(arguments))
    found = load(io.BytesIO(torch_zip(pickled, _0=bytes(24))))
    found[0][0] = 7
    assert [tensor[0].item() for tensor in found] == [7] * 100


def test_object_arrays_are_refused():
    for dtype in (object, "f8"):
        data = pickle.dumps({"a": np.array([1, 2], dtype)}, 2)
        with pytest.raises(UnsafeError, match=r"GLOBAL numpy\._core.* was not an allowed global"):
            load(io.BytesIO(torch_zip(data)))


def test_lists_in_lists_and_in_themselves_are_only_data():
    deep = program(pickle.EMPTY_LIST * 100_000, pickle.APPEND * 99_999)
    found, depth = load(io.BytesIO(torch_zip(deep))), 1
    while found:
        (found,), depth = found, depth + 1
    assert depth == 100_000
    circle = program(pickle.EMPTY_LIST, pickle.BINPUT + b"\0", pickle.BINGET + b"\0", pickle.APPEND)
    found = load(io.BytesIO(torch_zip(circle)))
    assert found[0] is found


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_entries_that_are_there_twice_or_overlap_are_refused():
    good = torch_zip(program(tensor(storage(), 0, (6,), (1,))), _0=bytes(24))
    file = io.BytesIO(good)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("x/data/0", bytes(24))
    with pytest.raises(CheckpointError, match="twice"):
        load(io.BytesIO(file.getvalue()))
    file = io.BytesIO(good)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("y/data.pkl", b"")
    with pytest.raises(CheckpointError, match="twice"):
        load(io.BytesIO(file.getvalue()))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x/data.pkl", pickle.dumps("x" * 100, 2))
        for i in range(100):  # one entry under a hundred names
            copied = copy(archive.infolist()[0])
            copied.filename = f"x/data/{i}"
            archive.filelist.append(copied)
    with pytest.raises(CheckpointError, match="overlap"):
        load(io.BytesIO(file.getvalue()))


def test_compressed_entries_and_other_zips_are_refused():
    bomb = torch_zip(pickle.dumps("x" * 1_000_000, 2), compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(CheckpointError, match="compressed"):
        load(io.BytesIO(bomb))
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("a.txt", "x")
    other.seek(0)
    with pytest.raises(CheckpointError, match=r"not one of torch\.save"):
        load(other)


def test_every_truncation_of_a_zip_is_refused():
    data = GOLDEN.read_bytes()
    for length in range(len(data)):
        with pytest.raises(CheckpointError, match="the file: "):
            load(io.BytesIO(data[:length]))


@given(st.data())
def test_a_pickle_that_was_tampered_with_loads_or_is_refused(data):
    """Bytes are changed, put in or taken out behind the back of the checksums."""
    with zipfile.ZipFile(GOLDEN) as golden:
        entries = {name.partition("/")[2]: golden.read(name) for name in golden.namelist()}
    pickled = bytearray(entries["data.pkl"])
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(pickled) - 1))
        pickled[start : start + data.draw(st.integers(0, 3))] = data.draw(
            st.binary(max_size=3) | st.sampled_from(OPCODES)
        )
    storages = {"_" + name.removeprefix("data/"): entries[name] for name in entries if name.startswith("data/")}
    with contextlib.suppress(CheckpointError):
        load(io.BytesIO(torch_zip(bytes(pickled), **storages)))


def test_a_flipped_byte_loads_or_is_refused():
    data = GOLDEN.read_bytes()
    for i in range(0, len(data), 3):
        damaged = bytearray(data)
        damaged[i] ^= 0x15
        with contextlib.suppress(CheckpointError):
            load(io.BytesIO(bytes(damaged)))
