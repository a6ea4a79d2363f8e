"""Any bytes at all: every loader answers or refuses, as `loaders.py` says. `fuzz.py` tries many more."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest

from tests.trust.fuzz import LOADERS
from tests.trust.loaders import Broken, CheckpointError, Loader, Watch, judge, loaders, warm

PIECES = b"99999999999999999999", b"-1", b"null", b"[]", b"{}", b"true", b'"', b"\\", b"1e999", b"\0", b"\xff" * 4


@pytest.fixture(scope="module", autouse=True)
def everything_imported():
    warm()


def damaged(data: bytes, chance: random.Random) -> bytes:
    """A few bytes changed, put in, taken out or repeated."""
    result = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        start = chance.randint(0, len(result))
        match chance.randrange(4):
            case 0:
                result[start : start + 1] = bytes([chance.randrange(256)])
            case 1:
                result[start : start + chance.randint(0, 3)] = chance.choice(PIECES)
            case 2:
                del result[start : start + chance.randint(1, 30)]
            case 3:
                other = chance.randint(0, len(result))
                result[start:start] = result[other : other + chance.randint(1, 30)]
    return bytes(result)


def test_the_fuzzer_knows_every_loader():
    assert tuple(loaders()) == LOADERS


@pytest.mark.parametrize("name", LOADERS)
def test_damaged_files_load_or_are_refused(name):
    loader, chance, taken = loaders()[name], random.Random(7), 0
    for _ in range(300):
        taken += judge(loader, damaged(chance.choice(loader.seeds), chance))[0]
    assert 0 < taken < 300


@pytest.mark.parametrize("name", [name for name in LOADERS if name != "text"])
def test_every_truncation_is_refused(name):
    """But for the pickle's: what is behind its end is not read."""
    loader = loaders()[name]
    for seed in loader.seeds:
        for length in range(0, len(seed), max(1, len(seed) // 200)):
            assert not judge(loader, seed[:length])[0]


def opens(data: bytes) -> None:
    with open(__file__):
        pass


def imports(data: bytes) -> None:
    sys.modules.pop("this", None)
    sys.modules["this"] = sys


def allocates(data: bytes) -> None:
    bytearray(10_000_000)


def refuses_at_length(data: bytes) -> None:
    raise CheckpointError("one line\nand another")


def stumbles(data: bytes) -> None:
    raise KeyError(data)


def catches_what_it_caused(data: bytes) -> None:
    try:
        subprocess.run(["true"])
    except BaseException:
        raise CheckpointError("caught") from None


@pytest.mark.parametrize(
    "load", [opens, imports, allocates, refuses_at_length, stumbles, catches_what_it_caused], ids=lambda f: f.__name__
)
def test_a_broken_promise_is_noticed(load):
    with pytest.raises(Broken):
        judge(Loader(load, []), b"x")
    sys.modules.pop("this", None)
    assert not Watch.open
