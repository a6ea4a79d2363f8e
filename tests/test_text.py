"""Reading, numbering and cutting text."""

from __future__ import annotations

import re
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_rnn.text import TextError, Vocabulary, batches, load_text, split, stdlib_text


@given(st.text(min_size=1))
def test_encode_and_decode_are_inverse(text):
    vocabulary = Vocabulary(text)
    ids = vocabulary.encode(text)
    assert ids.dtype == np.int64
    assert ids.tolist() == [sorted(set(text)).index(c) for c in text]
    assert vocabulary.decode(ids) == text
    assert vocabulary.decode(ids.tolist()) == text


def test_vocabularies_are_equal_where_their_characters_are():
    assert Vocabulary("hello") == Vocabulary("ehlo") != Vocabulary("help")
    assert len(Vocabulary("hello")) == 4
    assert eval(repr(Vocabulary("he'"))) == Vocabulary("he'")


def test_unknown_characters_are_named():
    vocabulary = Vocabulary("abc")
    with pytest.raises(TextError, match=r"vocabulary of 3 characters does not have '\\n', 'd', 'é'$"):
        vocabulary.encode("abcdé\n")
    with pytest.raises(ValueError, match="and 16 more"):
        vocabulary.encode("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def test_several_files_are_joined(tmp_path):
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfone\r\ntwo")
    (tmp_path / "b").write_text("drei ü", encoding="utf-8")
    assert load_text([tmp_path / "a", str(tmp_path / "b")]) == "one\ntwo\ndrei ü"
    assert load_text(tmp_path / "a") == "one\ntwo"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"abc\xff\xfe", r"bad\.txt is not UTF-8 text \(byte 0xff at position 3\)"),
        (b"abc\0def", r"bad\.txt is binary, not text \(a zero byte at position 3\)"),
        (b"", r"bad\.txt is empty"),
        (b" \n\n", r"bad\.txt is empty"),
    ],
)
def test_files_that_are_not_text_are_named(content, message, tmp_path):
    (tmp_path / "good.txt").write_text("fine")
    (tmp_path / "bad.txt").write_bytes(content)
    with pytest.raises(TextError, match=message):
        load_text([tmp_path / "good.txt", tmp_path / "bad.txt"])


def test_missing_files_and_folders_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        load_text(tmp_path / "absent")
    with pytest.raises(OSError, match=re.escape(str(tmp_path))):
        load_text(tmp_path)


def test_no_files_are_no_text():
    with pytest.raises(TextError, match="one file or several to read text from, got none"):
        load_text([])


def test_the_text_of_the_standard_library():
    text = stdlib_text()
    assert len(text) > 300_000
    assert "assert" in text
    if sys.version_info[:2] == (3, 11):
        assert (len(text), len(set(text))) == (465_048, 103)


def test_a_python_without_the_help_topics_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    with pytest.raises(TextError, match="give a text file instead"):
        stdlib_text()


@pytest.mark.parametrize(
    ("length", "heldout", "cut"), [(10, 0.1, 9), (465_048, 0.1, 418_543), (7, 0.5, 4), (2, 0.5, 1)]
)
def test_the_end_of_the_text_is_held_out(length, heldout, cut):
    text = "".join(chr(65 + i % 26) for i in range(length))
    learnt, rest = split(text, heldout)
    assert len(learnt) == cut
    assert learnt + rest == text


@pytest.mark.parametrize(("text", "heldout"), [("", 0.1), ("abc", 0.1), ("abcdef", 0.0), ("abcdef", 1.0)])
def test_a_split_without_two_parts_is_refused(text, heldout):
    with pytest.raises(TextError, match="cannot be split"):
        split(text, heldout)


@pytest.mark.parametrize("rest", [False, True])
@pytest.mark.parametrize(("length", "n", "t"), [(100, 1, 7), (100, 3, 4), (25, 4, 6), (26, 5, 5), (1000, 7, 13)])
def test_streams_read_on_from_chunk_to_chunk(length, n, t, rest):
    ids = np.arange(length)
    chunks = list(batches(ids, n, t, rest))
    stream = (length - 1) // n
    assert len(chunks) == len(batches(ids, n, t, rest)) == (-(-stream // t) if rest else stream // t)
    for j in range(n):
        read = np.concatenate([inputs[:, j] for inputs, _ in chunks])
        assert read.tolist() == list(range(j * stream, j * stream + len(read)))
    for inputs, targets in chunks:
        assert inputs.shape == targets.shape
        assert inputs.flags.c_contiguous
        assert targets.flags.c_contiguous
        assert np.array_equal(targets, inputs + 1)
    assert all(len(inputs) == t for inputs, _ in chunks[:-1])
    assert rest or len(chunks[-1][0]) == t
    assert not rest or sum(inputs.size for inputs, _ in chunks) == n * stream


@pytest.mark.parametrize(("rest", "needed"), [(False, 4 * 5 + 1), (True, 4 + 1)])
def test_a_text_too_short_for_one_chunk_is_refused(rest, needed):
    assert len(batches(np.arange(needed), 4, 5, rest)) == 1
    words = f"has {needed - 1} characters, and {needed} are needed for 4 streams{'' if rest else ' of 5 steps'};"
    with pytest.raises(TextError, match=words):
        batches(np.arange(needed - 1), 4, 5, rest)


@pytest.mark.parametrize(("n", "t"), [(0, 5), (4, 0), (-1, -1)])
def test_no_streams_and_no_steps_are_refused(n, t):
    with pytest.raises(ValueError, match=f"one stream and one step or more, got {n} streams of {t} steps"):
        batches(np.arange(100), n, t)
