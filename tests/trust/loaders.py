"""What every loader promises for any bytes at all: an answer or a refusal in words, and nothing else happens.

`judge` runs one loader on one input and raises `Broken` where the promise is not kept: another exception, an event
that loading has no business to cause (a file opened, a module imported, code compiled or a process started), or more
memory than a multiple of the input. Both the tests and the fuzzer call it.
"""

from __future__ import annotations

import atexit
import io
import json
import pickle
import shutil
import sys
import tempfile
import tracemalloc
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import tinygrad_rnn as tg
from tests.serialization.test_torch_files import GOLDEN
from tests.serialization.zips import torch_zip
from tinygrad_rnn.serialization import CheckpointError, load, save
from tinygrad_rnn.text import TextError, Vocabulary, load_text
from tinygrad_rnn.trainer import Config, Trainer, load_model

FACTOR, SPARE = 600, 1 << 20  # a list of dictionaries has one byte for each in a pickle, and 64 and more in memory
HARMLESS = "object.", "sys._getframe", "builtins.id", "gc.", "array.", "import"  # imports are looked at one by one


class Broken(BaseException):
    """A promise that was not kept; no loader catches it."""


@dataclass(frozen=True)
class Loader:
    """One way in: `load(data)`, valid inputs to begin from, and the exceptions that are refusals."""

    load: Callable[[bytes], Any]
    seeds: list[bytes]
    refusals: tuple[type[Exception], ...] = (CheckpointError,)


@cache
def scratch() -> Path:
    """A folder for the loaders that read files."""
    folder = tempfile.mkdtemp(prefix="tinygrad-rnn-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def of_bytes(data: bytes) -> Any:
    return load(io.BytesIO(data))


def saved(obj: Any) -> bytes:
    file = io.BytesIO()
    save(obj, file)
    return file.getvalue()


def golden() -> dict[str, bytes]:
    """The entries of a file that torch.save wrote."""
    with zipfile.ZipFile(GOLDEN) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


STORAGES = {"_" + name[5:]: data for name, data in golden().items() if name.startswith("data/")}
ARRAYS = {"w": ("F32", [2, 2], bytes(16)), "half": ("F16", [3], bytes(6)), "b": ("U8", [4], b"abcd")}


def in_a_zip(pickled: bytes) -> Any:
    """The pickle alone is damaged: behind the checksums, where damage to the whole file seldom gets."""
    return of_bytes(torch_zip(pickled, **STORAGES))


def in_a_header(entry: bytes) -> Any:
    """The description of the structure alone is damaged."""
    header: dict[str, Any] = {"__metadata__": {"tinygrad_rnn": entry.decode("latin1")}}
    offset = 0
    for name, (dtype, shape, data) in ARRAYS.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(header).encode()
    return of_bytes(len(text).to_bytes(8, "little") + text + b"".join(data for _, _, data in ARRAYS.values()))


def header_alone(header: bytes) -> Any:
    """The header of a safetensors file is damaged, its length is right."""
    return of_bytes(len(header).to_bytes(8, "little") + header + bytes(64))


def as_text(data: bytes) -> None:
    (scratch() / "text").write_bytes(data)
    text = load_text(scratch() / "text")
    vocabulary = Vocabulary(text)
    if vocabulary.decode(vocabulary.encode(text)) != text:
        raise Broken("another text comes back")


def as_model(data: bytes) -> None:
    (scratch() / "model").write_bytes(data)
    load_model(scratch() / "model")


def a_model() -> bytes:
    config = Config(cell="gru", embedding=1, hidden=2, layers=1, batch=1, steps=2)
    Trainer("abcabcabc" * 4, config).save(scratch() / "seed.safetensors")
    return (scratch() / "seed.safetensors").read_bytes()


STATE = OrderedDict(w=tg.ones(2, 3), b=tg.zeros(0), n=tg.tensor([1, 2]))
THINGS = {"state": STATE, "plain": [None, True, 1.5, float("inf"), b"x", {1}, (tg.Size([2]), tg.float32)]}
STRUCTURES = [
    b'{"version":1,"structure":{"dict":[["a",{"tensor":"w"}],[1,{"leaf":"half"}],[{"tuple":[1]},{"bytes":"b"}]]}}',
    b'{"version":1,"structure":[{"float":"nan"},{"device":"cpu"},{"dtype":"float32"},{"size":[1]},{"set":[1]}]}',
    b'{"version":1,"structure":[{"parameter":["w",true]},{"same":0},{"array":"half"},{"ordered":[]},{"counter":[]}]}',
    b'{"version":1,"structure":{"object":[["collections","Counter"],{"dict":[["a",1]]}]}}',
]
HEADERS = [
    b'{"__metadata__":{"a":"b"},"w":{"dtype":"F32","shape":[4,2],"data_offsets":[0,32]},'
    b'"v":{"dtype":"BF16","shape":[16],"data_offsets":[32,64]}}',
    b'{"w":{"dtype":"I64","shape":[8],"data_offsets":[0,64]},"e":{"dtype":"F64","shape":[0,3],"data_offsets":[64,64]}}',
]
TEXTS = ["hello, wörld\r\n\u2028 \U0001f600\n".encode(), b"\xef\xbb\xbfabc", b"\xff\xfea\0b\0", b"a\0b", b" \n"]


@cache
def loaders() -> dict[str, Loader]:
    """Every way in, by name."""
    return {
        "safetensors": Loader(of_bytes, [saved(THINGS), saved(STATE), saved(1)]),
        "safetensors header": Loader(header_alone, HEADERS),
        "structure": Loader(in_a_header, STRUCTURES),
        "torch zip": Loader(of_bytes, [GOLDEN.read_bytes(), torch_zip(pickle.dumps({"a": 1}, 2))]),
        "pickle in a zip": Loader(in_a_zip, [golden()["data.pkl"], pickle.dumps({"a": [1, (2.5, "x")]}, 4)]),
        "text": Loader(as_text, TEXTS, (TextError,)),
        "character model": Loader(as_model, [a_model()]),
    }


class Watch:
    """Listens to what a loader causes and measures what it holds, while it is open."""

    open = False
    listening = False

    def __enter__(self) -> None:
        if not Watch.listening:
            sys.addaudithook(self.listen)
            Watch.listening = True
        tracemalloc.start(1)
        self.modules = len(sys.modules)
        self.before, _ = tracemalloc.get_traced_memory()
        Watch.caused, Watch.open = "", True

    def __exit__(self, *_: object) -> None:
        Watch.open = False
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        self.held = peak - self.before
        if len(sys.modules) != self.modules:
            Watch.caused = f"import of {list(sys.modules)[self.modules :]}"

    @staticmethod
    def listen(event: str, arguments: tuple) -> None:
        if Watch.open and not event.startswith(HARMLESS):
            if event == "open" and str(arguments[0]).startswith(str(scratch())):
                return
            Watch.caused = f"{event} {arguments!r:.100}"
            raise Broken(Watch.caused)  # before it happens


def judge(loader: Loader, data: bytes) -> tuple[bool, int]:
    """Whether the loader took the input, and the most memory it held, in bytes.

    Raises:
        Broken: it did something else than to answer or to refuse.
    """
    taken, watch = True, Watch()
    try:
        with watch:
            loader.load(data)
    except loader.refusals as refusal:
        taken = False
        if not str(refusal).isprintable() or len(str(refusal)) > 1100:
            raise Broken(f"not a message for people: {str(refusal)!r:.200}") from refusal
    except Exception as error:
        raise Broken(f"not a refusal: {error!r:.200}") from error
    if Watch.caused:
        raise Broken(Watch.caused)
    if watch.held > FACTOR * len(data) + SPARE:
        raise Broken(f"{len(data):,} bytes made it hold {watch.held:,}")
    return taken, watch.held


def warm() -> None:
    """Load every seed once, so that what is imported at first use is there."""
    str(b"x", "raw-unicode-escape")  # pickletools decodes with it
    for loader in loaders().values():
        for seed in loader.seeds:
            with suppress(*loader.refusals):
                loader.load(seed)
