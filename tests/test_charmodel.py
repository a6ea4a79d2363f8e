"""The character model and its training: predictions against naive loops, exact resumption, honest failures."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from tinygrad_rnn.autograd.graph import Tensor
from tinygrad_rnn.charmodel import CELLS, CharModel, bits_per_character, choose, in_use, sample
from tinygrad_rnn.random import Generator, default_generator, manual_seed
from tinygrad_rnn.serialization import CheckpointError, load, save
from tinygrad_rnn.text import TextError, Vocabulary
from tinygrad_rnn.trainer import Config, Diverged, Trainer, load_model

TEXT = "".join(np.random.default_rng(0).choice(list("abcdefgh \n"), 700))
SMALL = {"hidden": 6, "embedding": 5, "steps": 7, "batch": 3}


def bits_one_by_one(model: CharModel, ids: np.ndarray) -> float:
    """Bits per character, each predicted on its own, the softmax written out in float64."""
    bits, state = [], None
    for now, following in pairwise(ids):
        scores, state = model(Tensor(np.array([[now]])), state)
        scores = scores.array[0, 0].astype(np.float64)
        bits.append((np.log(np.exp(scores - scores.max()).sum()) + scores.max() - scores[following]) / math.log(2))
    return np.mean(bits)


@pytest.mark.parametrize("cell", CELLS)
def test_evaluation_agrees_with_a_naive_loop(cell):
    manual_seed(1)
    model = CharModel(10, cell, embedding=4, hidden=5, layers=2, dropout=0.5)
    ids = np.random.default_rng(2).integers(0, 10, 60)
    found = bits_per_character(model, ids, n=1, t=7)
    assert model.training
    model.eval()
    assert found == pytest.approx(bits_one_by_one(model, ids), rel=1e-5)
    streams = [ids[k * 19 : k * 19 + 20] for k in range(3)]  # 3 streams of (60 - 1) // 3 predictions
    expected = np.mean([bits_one_by_one(model, stream) for stream in streams])
    assert bits_per_character(model, ids, n=3, t=8) == pytest.approx(expected, rel=1e-5)
    assert not model.training


def test_the_first_loss_is_that_of_knowing_nothing():
    trainer = Trainer(TEXT, Config(**SMALL))
    assert trainer.update().bits == pytest.approx(math.log2(10), abs=0.3)


@pytest.mark.parametrize("cell", CELLS)
def test_it_learns_what_can_be_learnt(cell):
    trainer = Trainer("hello world, " * 60, Config(cell=cell, hidden=16, embedding=8, steps=9, batch=4, lr=2e-2))
    for _ in range(150):
        update = trainer.update()
    assert update.bits < 0.3
    assert trainer.heldout_bits() < 0.3
    assert sample(trainer.model, trainer.vocabulary, "hello ", 20, temperature=0) == "world, hello world, "


def test_the_state_is_carried_but_not_its_past():
    trainer = Trainer(TEXT, Config(**SMALL))
    chunks = len(trainer.chunks)
    assert chunks == (630 - 1) // 3 // 7
    for k in range(chunks + 1):
        inputs, targets = trainer.chunks[k % chunks]
        expected, _ = trainer.model.loss(inputs, targets, trainer.state if 0 < k < chunks else None)
        assert trainer.update().bits == pytest.approx(expected.item() / math.log(2), rel=1e-6)
        assert all(not part.requires_grad for part in trainer.state)


# --- writing -------------------------------------------------------------------------------------------------------


def test_sampling_is_reproducible_and_needs_a_prompt():
    manual_seed(0)
    model, vocabulary = CharModel(10, hidden=6), Vocabulary(TEXT)
    first, second, other = (
        sample(model, vocabulary, "ab", 40, generator=Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert len(first) == 40
    assert first == second != other
    with pytest.raises(TextError, match="'Z'"):
        sample(model, vocabulary, "aZ")
    with pytest.raises(ValueError, match="at least one character"):
        sample(model, vocabulary, "")
    with pytest.raises(ValueError, match="temperature must not be negative, got -1"):
        sample(model, vocabulary, "a", temperature=-1)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_choices_follow_the_softmax(temperature):
    scores = Tensor(np.array([0.0, 1.0, 2.0, -30.0], "f4"))
    generator = Generator().manual_seed(3)
    counts = np.bincount([choose(scores, temperature, generator) for _ in range(4000)], minlength=4)
    weights = np.exp(scores.array.astype("f8") / temperature)
    expected = weights / weights.sum()
    assert np.abs(counts / 4000 - expected).max() < 5 * math.sqrt(0.25 / 4000)
    assert choose(scores, 0, generator) == choose(scores, 1e-30, generator) == 2


# --- checkpoints ---------------------------------------------------------------------------------------------------


def everything(trainer: Trainer) -> dict[str, bytes]:
    found = {name: tensor.array.tobytes() for name, tensor in trainer.model.state_dict().items()}
    for i, state in trainer.optimizer.state_dict()["state"].items():
        found |= {f"{i}.{name}": np.asarray(getattr(part, "array", part)).tobytes() for name, part in state.items()}
    return found


@pytest.mark.parametrize("at", [1, 5, 30])  # within the text, and where it begins anew after 29 updates
@pytest.mark.parametrize("cell", CELLS)
def test_resuming_is_exact(cell, at, tmp_path):
    config = Config(cell=cell, layers=2, dropout=0.3, seed=5, **SMALL)
    straight = Trainer(TEXT, config)
    expected = [straight.update() for _ in range(40)]

    trainer = Trainer(TEXT, config)
    found = [trainer.update() for _ in range(at)]
    trainer.save(tmp_path)
    trainer.update()  # the one left behind goes on: that must not matter
    trainer = Trainer.load(tmp_path, TEXT)
    found += [trainer.update() for _ in range(40 - at)]
    assert found == expected
    assert everything(trainer) == everything(straight)
    assert trainer.heldout_bits() == straight.heldout_bits()


def test_evaluating_and_sampling_do_not_change_the_training():
    config = Config(dropout=0.3, **SMALL)
    straight = Trainer(TEXT, config)
    expected = [straight.update() for _ in range(6)]
    trainer = Trainer(TEXT, config)
    for update in expected:
        assert trainer.update() == update
        trainer.heldout_bits()
        sample(trainer.model, trainer.vocabulary, "a", 5, generator=Generator())


def test_rates_may_change_on_the_way(tmp_path):
    Trainer(TEXT, Config(**SMALL)).save(tmp_path)
    trainer = Trainer.load(tmp_path, TEXT, lr=0.5, clip=2.0)
    assert (trainer.config.lr, trainer.config.clip) == (0.5, 2.0)
    assert [group["lr"] for group in trainer.optimizer.param_groups] == [0.5]


def test_a_model_is_loaded_from_folder_or_file(tmp_path):
    trainer = Trainer(TEXT, Config(cell="gru", **SMALL))
    file = trainer.save(tmp_path)
    for path in (tmp_path, file, str(file)):
        model, vocabulary = load_model(path)
        assert vocabulary == trainer.vocabulary
        assert bits_per_character(model, trainer.heldout) == trainer.heldout_bits()


def test_checkpoints_that_do_not_fit_are_refused(tmp_path):
    file = Trainer(TEXT, Config(**SMALL)).save(tmp_path)
    with pytest.raises(TextError, match="trained on another text"):
        Trainer.load(tmp_path, TEXT + "a")
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "absent")

    checkpoint = load(file)
    broken = tmp_path / "broken.safetensors"
    config = checkpoint["config"]
    for part, value, opens in (
        ("model", {"w": Tensor(np.zeros(2))}, load_model),
        ("config", config | {"cell": "elman"}, load_model),
        ("config", config | {"size": 3}, load_model),
        ("config", config | {"hidden": 7}, load_model),
        *[("config", config | {name: 10**9}, load_model) for name in ("hidden", "embedding", "layers")],
        ("vocabulary", None, load_model),
        ("vocabulary", "ab", load_model),
        ("optimizer", {"state": {}}, lambda path: Trainer.load(path, TEXT)),
        ("generator", Tensor(np.zeros(3, "u1")), lambda path: Trainer.load(path, TEXT)),
        ("config", config | {"cell": None}, lambda path: Trainer.load(path, TEXT)),
    ):
        save(checkpoint | {part: value}, broken)
        with pytest.raises(CheckpointError, match=r"broken\.safetensors: its parts do not fit together") as caught:
            opens(broken)
        assert "\n" not in str(caught.value)
    del checkpoint["optimizer"]
    save(checkpoint, broken)
    with pytest.raises(CheckpointError, match="the checkpoint has no optimizer"):
        load_model(broken)
    save({"weight": Tensor(np.zeros(2))}, broken)
    with pytest.raises(CheckpointError, match="is not the checkpoint of a character model"):
        load_model(broken)
    broken.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(CheckpointError, match="truncated"):
        load_model(broken)


# --- failures ------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
def test_a_loss_that_is_no_number_stops_in_words_and_changes_nothing():
    trainer = Trainer(TEXT, Config(**SMALL))
    trainer.update()
    trainer.model.output.bias.array[3] = np.nan
    before = everything(trainer)
    with pytest.raises(Diverged, match=r"the loss became nan: .* in CharModel / output, in update 2: try a smaller"):
        trainer.update()
    assert everything(trainer) == before
    assert trainer.updates == 1


@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        ("", {}, "0 characters cannot be split"),
        (TEXT, {}, "it has 630 characters, and 2,049 are needed for 32 streams of 64 steps; give a longer one"),
        ("a" * 22, {"batch": 4, "steps": 5}, r"has 20 characters, and 21 are .* \(the last 2 of 22 are held out\)$"),
        ("a" * 14, {"batch": 1, "steps": 3}, "of 14 characters the last 1 would be held out, and 2 are needed"),
        (TEXT, {"batch": 0}, "one stream and one step or more, got 0 streams of 64 steps"),
        (TEXT, {"batch": 1, "steps": 0}, "one stream and one step or more, got 1 streams of 0 steps"),
        (TEXT, {"batch": 1, "cell": "elman"}, "expected cell to be one of lstm, gru, rnn, got 'elman'"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(text, settings, message):
    with pytest.raises(ValueError, match=message):
        Trainer(text, Config(**settings))


def test_a_text_that_is_refused_leaves_chance_as_it_was():
    before = default_generator.get_state().array.tobytes()
    for text in ("", "a" * 14):
        with pytest.raises(TextError):
            Trainer(text, Config(batch=1, steps=3))
    assert default_generator.get_state().array.tobytes() == before


@pytest.mark.parametrize("training", [False, True])
def test_what_cannot_be_read_or_continued_leaves_the_mode_as_it_was(training):
    model, vocabulary = CharModel(10, hidden=6).train(training), Vocabulary(TEXT)
    for count in (0, 1):
        with pytest.raises(TextError, match=f"it has {count} characters, and 2 are needed for 1 stream;"):
            bits_per_character(model, np.zeros(count, np.int64))
    with pytest.raises(TextError, match="'Z'"):
        sample(model, vocabulary, "aZ")
    with pytest.raises(ValueError, match="length must not be negative, got -1"):
        sample(model, vocabulary, "a", -1)
    with pytest.raises(ZeroDivisionError), in_use(model):
        1 / model.training  # it is not
    assert model.training == training
    assert all([part.training == training for part in model.modules()])


def test_the_shortest_texts_are_trained_on():
    trainer = Trainer("ab" * 8, Config(batch=1, steps=13, hidden=3))
    assert len(trainer.chunks) == 1
    assert [trainer.update().number for _ in range(2)] == [1, 2]
    assert np.isfinite(trainer.heldout_bits())
    assert sample(trainer.model, trainer.vocabulary, "a", 0) == ""
