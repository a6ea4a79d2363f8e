"""The benchmark's machinery: statistics, processes, plans, tables. No figure is asserted, for machines differ."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import fields
from math import isclose, nan

import numpy as np
import pytest
from click.testing import CliRunner

import tinygrad_rnn as tg
from tinygrad_rnn.bench import bench as benchmark
from tinygrad_rnn.bench import (
    bits,
    ceiling,
    characters,
    child,
    engines,
    layers,
    memory,
    minimal,
    overhead,
    products,
    startup,
    tables,
)
from tinygrad_rnn.bench.bench import SECTIONS, Bench
from tinygrad_rnn.bench.child import Child, ChildError
from tinygrad_rnn.bench.engines import engine
from tinygrad_rnn.bench.measure import Spread, geometric_mean, quotients, spread, take_turns
from tinygrad_rnn.bench.report import Report, means
from tinygrad_rnn.bench.row import Row, compare
from tinygrad_rnn.bench.work import GATES, MINIMAL, Layer, Product, Work, digest, normal, weights
from tinygrad_rnn.cli import program

TINY = Layer("LSTM", 3, 2, 4, 5)


@pytest.fixture(autouse=True)
def threads_as_before():
    """An engine sets the number of threads of its library."""
    get = getattr(tg, "get_num_threads", None)
    before = get and get()
    yield
    if before:
        tg.set_num_threads(before)


@pytest.fixture
def hasty(monkeypatch):
    """Turns of one call."""
    monkeypatch.setattr(Bench, "seconds", 0.0)
    monkeypatch.setattr(Bench, "rounds", 2)


@pytest.fixture
def alone(hasty, monkeypatch):
    """No peer is installed."""
    monkeypatch.setattr(benchmark, "installed", lambda library: library in ("ours", "GRU", "ceiling"))


# --- statistics ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([7.0], (7, 7, 7)),
        ([1.0, 3.0], (2, 1.5, 2.5)),
        ([5.0, 1.0, 4.0, 2.0, 3.0], (3, 2, 4)),
        ([1.0] * 6 + [1e9], (1, 1, 1)),
    ],
)
def test_spread(values, expected):
    assert spread(values) == expected
    assert spread(values)[:1] == (np.median(values),)
    assert spread(values)[1:] == tuple(np.percentile(values, [25, 75]))


def test_geometric_mean():
    assert geometric_mean([2.0, 0.5]) == 1
    assert isclose(geometric_mean([1.0, 10.0, 100.0]), 10)


def test_a_ratio_is_taken_round_by_round():
    figures, ratios = compare({"ours": [1.0, 10.0, 2.0], "torch": [2.0, 20.0, 4.0]}, scale=1000)
    assert ratios == {"torch": Spread(2, 2, 2)}  # a slow round does not show
    assert figures["ours"].median == 2000
    assert quotients([4.0, 9.0], [2.0, 3.0]) == [2, 3]
    assert compare({"torch": [1.0]})[1] == {}


def test_everyone_has_a_turn_in_each_round_and_nobody_is_always_first():
    calls = []
    entrants = {name: lambda name=name: calls.append(name) or name for name in "abc"}
    assert take_turns(entrants, 4) == {name: [name] * 4 for name in "abc"}
    assert "".join(calls) == "abc" "bca" "cab" "abc"
    assert take_turns({}, 3) == {}


def row(group, torch, jax=None, threads=1):
    ratios = {"torch": torch} | ({"jax": jax} if jax else {}) | {"1 thread": 9.0}
    figures = {"ours": spread([1.0]), "torch": spread([torch])}
    return Row("layers", group, "LSTM", "ms", figures, {k: spread([v]) for k, v in ratios.items()}, threads)


def test_means_are_by_group_and_threads_and_the_better_by_row():
    found = {
        (mean.group, mean.threads, mean.over): (mean.mean, mean.least, mean.rows)
        for mean in means([row("a", 2.0, 8.0), row("a", 8.0, 2.0), row("b", 3.0), row("a", 5.0, 7.0, threads=2)])
    }
    assert found["a", 1, "torch"] == (pytest.approx(4), 2, 2)
    assert found["a", 1, "the better"] == (pytest.approx(2), 2, 2)
    assert found["a", 2, "the better"] == (pytest.approx(5), 5, 1)
    assert found["b", 1, "torch"] == (pytest.approx(3), 3, 1)
    assert ("b", 1, "the better") not in found


# --- what is timed ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", [*GATES, *MINIMAL])
def test_operations_are_those_of_the_products(cell):
    layer = Layer(cell, 3, 5, 7, 11, layers=2)
    matrices = [shape for name, shape in layer.shapes.items() if name.startswith("weight")]
    forward = sum([2 * layer.T * layer.N * rows * columns for rows, columns in matrices])
    assert layer.flops == 3 * forward
    assert layer._replace(training=False).flops == forward


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("cell", list(GATES))
def test_a_product_has_the_operations_of_its_operands(cell, backward):
    product = Product(cell, 3, 5, 11, backward)
    a, w = product.operands
    b = w if backward else w.T
    assert product.flops == product.T * 2 * a.size * b.shape[1]
    assert str(product) == f"{cell} [5, {a.shape[1]}] x [{b.shape[0]}, {b.shape[1]}]"


def test_work_is_the_same_in_every_process():
    first, second = (weights(TINY.shapes, TINY.H, "float32") for _ in range(2))
    assert digest(first) == digest(second)
    assert {array.dtype for array in first.values()} == {np.dtype("float32")}
    assert np.array_equal(normal((3, 4), "float64", 1), normal((3, 4), "float64", 1))
    assert not np.array_equal(normal((3, 4), "float32", 1), normal((3, 4), "float32", 2))
    assert digest({"a": [-1.0, 3.0]}) == {"a": 2}


LAYERS = [
    TINY,
    TINY._replace(layers=2, training=False),
    Layer("GRU", 4, 1, 3, 6, layers=2),
    Layer("RNN", 2, 3, 5, 4, dtype="float64"),
]


def arrays(library, kind, sizes):
    """What a library computes in the first call of some work."""
    work = getattr(engine(library, 1), kind)(*sizes)
    return {name: np.asarray(array) for name, array in work.arrays(work.call()).items()}


@pytest.mark.parametrize("peer", ["torch", "jax"])
@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_peers_do_the_same_layers(layer, peer):
    pytest.importorskip(peer)
    ours, theirs = (arrays(library, "layer", layer) for library in ("ours", peer))
    assert set(ours) == set(theirs) == ({"y"} | {f"d{name}" for name in layer.shapes} if layer.training else {"y"})
    for name, array in ours.items():
        assert array.dtype == theirs[name].dtype == layer.dtype
        np.testing.assert_allclose(array, theirs[name], rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("cell", list(MINIMAL))
def test_minimal_layers_are_those_of_the_library(cell):
    layer = Layer(cell, 4, 3, 5, 6, layers=2)
    module = getattr(tg.nn, cell)(5, 6, 2)
    assert {name: tuple(p.shape) for name, p in module.named_parameters()} == layer.shapes
    found = arrays("ours", "layer", layer)
    assert set(found) == {"y"} | {f"d{name}" for name in layer.shapes}
    np.testing.assert_array_equal(arrays("ours", "layer", layer._replace(training=False))["y"], found["y"])


@pytest.mark.parametrize("cell", list(GATES))
def test_torch_does_the_same_loops(cell):
    pytest.importorskip("torch")
    layer = Layer(cell, 4, 3, 5, 6, loop=True)
    ours, theirs = (arrays(library, "cell", layer) for library in ("ours", "torch"))
    assert set(ours) == set(theirs) == {"y"} | {f"d{name}" for name in layer.shapes}
    for name, array in ours.items():
        np.testing.assert_allclose(array, theirs[name], rtol=1e-4, atol=1e-5, err_msg=name)


def test_torch_trains_the_same_character_model():
    pytest.importorskip("torch")
    losses = []
    for library in ("ours", "torch"):
        work = engine(library, 1).characters(8, 4, 5, 3, 3e-3, 1.0)
        losses.append([work.call() for _ in range(6)])
    np.testing.assert_allclose(*losses, rtol=1e-4)
    assert len(set(losses[0])) == 6  # every update changes the model


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("backward", [False, True])
def test_products_are_those_of_a_layer_forward_summed_over_its_steps(backward, threads):
    product = Product("GRU", 3, 25, 13, backward)
    a, w = product.operands
    expected = a @ w if backward else 3 * a @ w.T
    for library in ("ours", "numpy"):
        work = engine(library, threads).product(*product)
        found = work.arrays(work.call())["c"]
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5, err_msg=library)


def test_bits_are_compared_with_those_of_one_thread(monkeypatch):
    ours = engine("ours", 2)

    def layer(*sizes):
        """The first array depends on the threads, if there are more than two, in the sign of a zero."""
        results = {"y": lambda: np.array([-0.0 if tg.get_num_threads() > 2 else 0.0]), "dw": lambda: np.ones(sizes)}
        return Work(lambda: None, lambda _: {name: make() for name, make in results.items()})

    monkeypatch.setattr(ours, "layer", layer)
    assert ours.bits((2, 3), (2, 3, 4)) == {"arrays": 2, "2 threads": 0, "3 threads": 1, "4 threads": 1}
    assert tg.get_num_threads() == 2


@pytest.mark.parametrize("layer", [layer for layer in bits.plan(quick=False) if layer.layers == 2], ids=str)
def test_results_have_the_same_bits_on_any_number_of_threads(layer):
    """Large enough to be divided."""
    found = engine("ours", 1).bits(layer, bits.THREADS)
    assert found.pop("arrays") == 1 + len(layer.shapes)
    assert found == {"2 threads": 0, "3 threads": 0, "4 threads": 0}


@pytest.mark.parametrize(
    ("peer", "kind", "sizes"),
    [("torch", "chain", [(3,), 4]), ("torch", "chain", [(), 4]), ("micrograd", "scalar", [4])],
)
def test_peers_do_the_same_chains(peer, kind, sizes):
    pytest.importorskip(peer)
    ours, theirs = (arrays(library, kind, sizes)["dx"] for library in ("ours", peer))
    np.testing.assert_allclose(ours, theirs)


def test_a_chain_has_the_gradient_of_its_formula():
    slope = sum([0.5**k for k in range(5)])  # x -> x w + x, four times: 1 + w + w^2 + ...
    assert arrays("ours", "scalar", [4])["dx"] == slope
    assert arrays("ours", "chain", [(2,), 4])["dx"].tolist() == [slope] * 2


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_ceiling_counts_what_it_does(dtype, monkeypatch):
    from tinygrad_rnn.bench.engines import processor

    steps = 8
    monkeypatch.setattr(processor, "STEPS", steps)
    work = engine("ceiling", 2).ceiling(dtype)
    size, sums = processor.registers()
    lanes = size // np.dtype(dtype).itemsize
    assert work.flops == 2 * steps * sums * lanes * 2
    assert work.call() == [sum([k + steps * 0.5**2 for k in range(sums)])] * 2


# --- processes -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ours():
    with Child("ours", 1) as process:
        yield process


def test_a_child_prepares_and_takes_turns(ours):
    prepared = ours.ask("prepare", work="scalar", sizes=[4])
    assert prepared["digest"] == {"dx": 1.9375}
    assert prepared["seconds"] > 0
    turn = ours.turn(0.0)
    assert turn["calls"] == 1
    assert turn["seconds"] > 0
    assert ours.turn(0.01)["calls"] > 1


def test_a_child_tells_its_memory(ours):
    few, many = (ours.ask("memory", work="layer", sizes=list(TINY._replace(T=steps))) for steps in (2, 20_000))
    assert 0 < few["before"] <= few["peak"]
    assert many["peak"] - few["peak"] > 20_000 * TINY.N * 4 * TINY.H * 4 / 2


def test_an_error_in_a_child_is_told_and_survived(ours):
    with pytest.raises(ChildError, match=r"^ours on 1 thread: Absent: .*no attribute 'LSTMM'; .*nn.LSTM$"):
        ours.ask("prepare", work="layer", sizes=["LSTMM", *TINY[1:]])
    assert ours.ask("prepare", work="scalar", sizes=[4])["digest"] == {"dx": 1.9375}


def test_a_child_that_ends_is_told():
    process = Child("ours", 1)
    process._process.kill()
    with pytest.raises(ChildError, match="ours on 1 thread ended with code"):
        process.ask("prepare", work="scalar", sizes=[4])
    process.close()
    assert process._process.returncode is not None


def test_a_library_that_cannot_be_imported_is_told(tmp_path):
    (tmp_path / "torch.py").write_text("print('noise')\nraise ImportError('broken installation')")
    with pytest.raises(ChildError, match="^torch on 2 threads: ImportError: broken installation$"):
        Child("torch", 2, {"PYTHONPATH": f"{tmp_path}{os.pathsep}{child.HOME}"}).ready()


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_are_set_before_a_process_starts(threads, monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--some_flag")
    found = child.environment(threads)
    assert {found[name] for name in child.OF_THREADS} == {str(threads)}
    assert found["XLA_FLAGS"].startswith("--some_flag")
    assert ("multi_thread_eigen=false" in found["XLA_FLAGS"]) == (threads == 1)


# --- sections --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("quick", [False, True])
def test_plans_are_what_is_promised(quick):
    jobs = layers.plan(quick)
    kinds = Counter(job.group for job in jobs)
    assert len(jobs) == len({str(job) for job in jobs})
    for group in ("LSTM training", "GRU and RNN training", "LSTM inference", "LSTMCell loop, training"):
        assert kinds[group] >= 1
    assert {job.layer.training for job in jobs if "training" in job.group} == {True}
    assert all(("float64" in job.group) == (job.layer.dtype == "float64") for job in jobs)
    if not quick:
        assert {kinds[f"{cell} training in float64"] for cell in GATES} == {2}
        assert kinds["LSTM training"] == 8 == kinds["LSTM inference"]
        assert kinds["GRU and RNN training"] == 8 == kinds["GRU and RNN inference"]
        assert {(each.layer.N, each.layer.H) for each in jobs} > {(each.N, each.H) for each in products.plan(quick)}
    assert all(each.N >= 20 and each.H >= 128 for each in products.plan(quick))
    assert len(set(products.plan(quick))) == len(products.plan(quick)) == (2 if quick else 22)
    assert {layer.cell for layer in bits.plan(quick)} == ({"LSTM"} if quick else set(GATES))
    each = Counter([(layer.cell, layer.training) for layer in minimal.plan(quick)])
    assert each == {(cell, training): 1 if quick else 12 for cell in MINIMAL for training in (True, False)}
    assert {layer.T for layer in minimal.plan(quick)} == {512}
    assert [len(section.plan(quick)) for section in (ceiling, characters, overhead, startup, memory)] == [2, 1, 4, 2, 1]


def test_a_contestant_that_cannot_start_leaves_a_note_in_every_race(hasty, monkeypatch, tmp_path):
    (tmp_path / "torch.py").write_text("raise ImportError('broken installation')")
    monkeypatch.setattr(child, "HOME", os.pathsep.join([str(tmp_path), str(child.HOME)]))
    monkeypatch.setattr(benchmark, "installed", lambda library: True)
    notes = []
    bench = Bench([1], True, notes.append)
    for name in ("first", "second"):
        assert bench.race(name, {("torch", 1): ("scalar", [3])}) == {}
    bench.close()
    assert notes == [f"{name}: torch on 1 thread: ImportError: broken installation" for name in ("first", "second")]


def test_a_contestant_that_fails_leaves_a_note(hasty, monkeypatch):
    notes = []
    bench = Bench([1], True, notes.append)
    found = bench.race("work", {("ours", 1): ("scalar", [3]), ("ceiling", 1): ("scalar", [3])})
    bench.close()
    assert list(found) == [("ours", 1)]
    assert len(found["ours", 1].seconds) == 2
    assert notes == ["work: ceiling on 1 thread: AttributeError: 'Processor' object has no attribute 'scalar'"]


class Scripted:
    """A child that answers from a script."""

    def __init__(self, dx, cores=1.0):
        self.answer = {"seconds": 1.0, "flops": 0.0, "digest": {"dx": dx}, "calls": 1, "cores": cores}

    def ready(self):
        return self

    def ask(self, do, **_):
        return self.answer

    def turn(self, seconds):
        return self.answer

    def dismiss(self):
        pass

    def close(self):
        pass


@pytest.mark.parametrize(
    ("theirs", "note"),
    [
        (Scripted(2.0001), None),
        (Scripted(2.1), "work: torch has 2.1 as mean of |dx|, ours 2"),
        (Scripted(nan), "work: torch has nan as mean of |dx|, ours 2"),
        (Scripted(2.0, cores=1.9), "work: torch on 1 thread(s) kept 1.9 cores busy"),
    ],
)
def test_other_results_and_other_threads_are_noted(theirs, note, hasty, monkeypatch):
    monkeypatch.setattr(benchmark, "installed", lambda library: True)
    notes = []
    bench = Bench([1], True, notes.append, {("ours", 1): Scripted(2.0), ("torch", 1): theirs})
    found = bench.race("work", dict.fromkeys([("ours", 1), ("torch", 1)], ("scalar", [3])))
    assert {each: times.seconds for each, times in found.items()} == {("ours", 1): [1.0] * 2, ("torch", 1): [1.0] * 2}
    assert notes == ([note] if note else [])


def test_other_work_has_other_results(hasty, monkeypatch):
    monkeypatch.setattr(benchmark, "installed", lambda library: True)
    notes = []
    bench = Bench([1], True, notes.append, {("ours", 1): Scripted(2.0), ("GRU", 1): Scripted(3.0)})
    bench.race("work", {("ours", 1): ("scalar", [3]), ("GRU", 1): ("scalar", [4])})
    bench.race("other work", {("GRU", 1): ("scalar", [4])})
    assert notes == []


@pytest.mark.parametrize(("cores", "busy"), [(1.9, False), (1.6, True)])
def test_a_busy_machine_is_told_by_the_ceiling(cores, busy, hasty, monkeypatch):
    monkeypatch.setattr(benchmark, "installed", lambda library: True)
    notes = []
    bench = Bench([2], True, notes.append, {("ours", 2): Scripted(2.0, 0.5), ("ceiling", 2): Scripted(2.0, cores)})
    found = bench.race("work", dict.fromkeys([("ours", 2), ("ceiling", 2)], ("scalar", [3])))
    assert benchmark.busy(found, 2) is busy
    assert not benchmark.busy(found, 1)
    told = ["work: the machine was busy with other things, 2 thread(s) got 1.6 cores"]
    assert notes == (told if busy else [])


def test_the_share_of_the_ceiling_is_taken_round_by_round():
    found = {
        ("ours", 1): benchmark.Times([2.0, 4.0], 0.0, 1.0),
        ("ceiling", 1): benchmark.Times([1.0, 2.0], TINY.flops, 1.0),  # twice as fast in both rounds
    }
    assert layers.rates(TINY, 1, found)["of ceiling"] == 0.5
    assert layers.rates(TINY, 1, found)["GF/s"] == TINY.flops / 3e9
    assert layers.rates(TINY, 2, found) == {}


# --- the command -----------------------------------------------------------------------------------------------------


def run(*args, code=0):
    result = CliRunner().invoke(program, ["bench", *map(str, args)], prog_name="tinygrad-rnn")
    assert result.exit_code == code, (result.output, result.exception)
    return result


def test_a_tiny_run_without_peers(alone, monkeypatch, tmp_path):
    jobs = [layers.Job("LSTM training", TINY), layers.Job("LSTMCell loop, training", TINY._replace(loop=True))]
    monkeypatch.setattr(layers, "plan", lambda quick: jobs)
    monkeypatch.setattr(products, "plan", lambda quick: [Product("RNN", 2, 20, 9)])
    monkeypatch.setattr(minimal, "plan", lambda quick: [TINY._replace(cell="MinGRU")])
    monkeypatch.setattr(bits, "plan", lambda quick: [TINY])
    monkeypatch.setattr(characters, "SIZES", (8, 4, 64, 32, 3e-3, 1.0))
    monkeypatch.setattr(startup, "MODULES", {"ours": "tinygrad_rnn", "numpy": "numpy"})
    monkeypatch.setattr(startup, "seconds_to_import", lambda module, threads: 0.25)
    monkeypatch.setattr(startup, "plan", lambda quick: [startup.IMPORT])
    monkeypatch.setattr(memory, "LONG", TINY)
    result = run("--quick", "--threads", 2, "--threads", 1, "--json", tmp_path / "bench.json")
    for peer in engines.PEERS:
        assert f"{peer} is not installed: pip install {peer}" in result.stderr
        assert f"- {peer} is not installed" in result.stdout
    found = json.loads((tmp_path / "bench.json").read_text())
    assert found["schema"] == 2
    assert set(found) == {"schema", "machine", "versions", "options", "rows", "means", "summary", "notes"}
    assert found["options"] == {"sections": list(SECTIONS), "quick": True, "threads": [1, 2]}
    assert list(dict.fromkeys([row["section"] for row in found["rows"]])) == list(SECTIONS)
    for each in found["rows"]:
        assert set(each) == {field.name for field in fields(Row)}
        for figure in each["figures"].values():
            assert 0 < figure["low"] <= figure["median"] <= figure["high"]
    layer = [each for each in found["rows"] if each["group"] == "LSTM training"]
    assert [each["threads"] for each in layer] == [1, 2]
    assert set(layer[0]["more"]) == {"GF/s", "of ceiling"}
    assert set(layer[1]["ratios"]) == {"1 thread"}
    assert layer[0]["sizes"] == {"T": 3, "N": 2, "I": 4, "H": 5, "layers": 1}
    assert [mean["over"] for mean in found["means"] if mean["section"] == "layers"] == ["1 thread"] * 2
    faster = [each for each in found["rows"] if each["group"] == "MinGRU training"]
    assert [list(each["figures"]) for each in faster] == [["ours", "GRU"]] * 2
    assert [list(each["ratios"]) for each in faster] == [["GRU"]] * 2
    assert [(line["measure"], line["threads"]) for line in found["summary"]] == [
        ("MinGRU training, T = 512", 1),
        ("MinGRU training, T = 512", 2),
        ("per-step products, N >= 20, H >= 128", 1),
        ("per-step products, N >= 20, H >= 128", 2),
        ("same bits on 1, 2, 3, 4 threads", None),
    ]
    assert found["summary"][-1]["met"]
    assert "### layers: LSTM training" in result.stdout
    assert "### Summary" in result.stdout
    assert "\x1b" not in result.output


def test_one_section_is_one_section(alone):
    result = run("--section", "overhead", "--quick", "--threads", 1)
    assert "### overhead" in result.stdout
    assert "### ceiling" not in result.stdout
    assert [line.split("  ")[0] for line in result.stderr.splitlines() if "/" in line] == [f"{k}/4" for k in range(5)]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--section", "latency"], "'latency' is not one of 'ceiling', 'products', 'layers'"),
        (["--threads", "0"], "0 is not in the range x>=1"),
        (["--json", "."], "is a directory"),
    ],
)
def test_bad_options_are_one_line(args, message):
    error = run(*args, code=2).stderr
    assert message in error
    assert error.count("\n") == 1


def test_tables_are_markdown_and_leave_out_what_is_missing(capsys):
    rows = [row("a", 2.0, 8.0), row("a", 4.0, threads=2)]
    tables.show(Report({"processor": "p"}, {"numpy": "2"}, {}, rows, ["a [note]"]))
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "| | threads | ours, ms | torch, ms | torch / ours | jax / ours | 1 thread / ours |" in lines
    assert "| LSTM | 1 | 1.00 (1.00-1.00) | 2.00 (2.00-2.00) | 2.00 | 8.00 | 9.00 |" in lines
    assert "| LSTM | 2 | 1.00 (1.00-1.00) | 4.00 (4.00-4.00) | 4.00 | | 9.00 |" in lines
    assert "| layers: a | 1 | 1 | the better / ours | 2.00 | 2.00 |" in lines
    assert "- a [note]" in lines


def test_the_bench_does_not_load_what_it_measures():
    code = "import sys, tinygrad_rnn.cli.bench; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"numba", "llvmlite", "torch", "jax", "rich"} & set(out.split())
