"""The table of aims: which rows a line is about, what it computes from them, and when it is met."""

from __future__ import annotations

import json
from dataclasses import asdict
from math import inf

import pytest

from tinygrad_rnn.bench import bits, layers, memory, minimal, products, startup, tables
from tinygrad_rnn.bench.aims import AIMS, Aim, group
from tinygrad_rnn.bench.measure import geometric_mean, spread
from tinygrad_rnn.bench.report import Report
from tinygrad_rnn.bench.row import BETTER, Row, limit, rivals
from tinygrad_rnn.bench.summary import summary

EVERY = {"of ceiling": 0.5}


def row(name="r", threads=1, group="a", section="layers", ours=1.0, more=EVERY, sizes=None, busy=False, **ratios):
    found = {k.replace("_", " ").strip(): spread([v]) for k, v in ratios.items()}
    return Row(section, group, name, "ms", {"ours": spread([ours])}, found, threads, more, sizes or {}, busy)


def judge(rows, over=BETTER, **aim):
    return summary(rows, [Aim("speed", group("a"), over, **aim)])


def test_the_better_is_chosen_in_every_row_and_the_lowest_is_named():
    (line,) = judge([row("first", torch=2.0, jax=8.0), row("second", torch=9.0, jax=0.5)], each=0.5, mean=1)
    assert (line.mean, line.worst, line.which, line.rows) == (1, 0.5, "second", 2)
    assert line.over == "the better of torch and jax"
    assert line.aim == "each >= 0.5, mean >= 1"
    assert line.met


@pytest.mark.parametrize(
    ("each", "mean", "met"),
    [(0.5, None, True), (0.51, None, False), (None, 1, True), (None, 1.01, False), (0.5, 1.01, False), (0.6, 1, False)],
)
def test_a_line_is_met_if_every_row_and_the_mean_are_good_enough(each, mean, met):
    assert judge([row(torch=2.0), row(torch=0.5)], each=each, mean=mean)[0].met == met


@pytest.mark.parametrize("each", [1, 3])
def test_a_busy_machine_decides_nothing(each):
    assert judge([row(torch=2.0), row(torch=2.0, busy=True)], each=each)[0].met is None


@pytest.mark.parametrize(("most", "met"), [(3, True), (2.9, False)])
def test_where_less_is_better_the_highest_row_is_the_worst(most, met):
    (line,) = judge([row("short", ours=1.0), row("long", ours=3.0)], "ours", each=most, less=True)
    assert (line.worst, line.which, line.met, line.aim, line.over) == (3, "long", met, f"each <= {most}", "ours")


def test_threads_have_a_line_each_unless_the_aim_is_for_one_number():
    rows = [row(threads=threads, torch=float(threads)) for threads in (1, 2, 1, 4)]
    assert [(line.threads, line.rows, line.mean) for line in judge(rows)] == [(1, 2, 1), (2, 1, 2), (4, 1, 4)]
    assert [(line.threads, line.worst) for line in judge(rows, threads=2)] == [(2, 2)]
    assert judge(rows, threads=3) == []


def test_a_missing_peer_is_said():
    both, torch, jax = row(torch=2.0, jax=3.0), row(torch=2.0), row(jax=2.0)
    assert judge([torch, torch])[0].over == "torch only"
    assert judge([jax])[0].over == "jax only"
    assert judge([both, torch, both])[0].over == "the better of torch and jax, 1 with torch only"
    assert judge([torch, jax])[0].over == "the better of torch and jax, 1 with torch only, 1 with jax only"
    assert judge([both], "torch")[0].over == "torch / ours"
    assert judge([both], "of ceiling")[0].over == "of ceiling"


def test_rows_without_the_number_do_not_count():
    alone = row(_1_thread=1.9)  # no peer is installed
    assert judge([alone]) == judge([alone], "torch") == []
    assert judge([alone], "1 thread")[0].worst == 1.9
    assert judge([alone, row("r", torch=2.0)])[0].rows == 1
    failed = Row("layers", "a", "r", "ms", {"torch": spread([1.0])}, {}, 1)  # ours did not run
    assert judge([failed]) == judge([failed], "ours") == judge([failed], "torch") == []
    assert judge([row(group="b", torch=2.0)]) == []


def test_no_mean_where_a_number_is_zero():
    for counts, worst in (((0, 0), 0), ((0, 1), 1)):
        (line,) = judge([row(more={"arrays": n}) for n in counts], "arrays", each=0, less=True)
        assert (line.mean, line.worst, line.met) == (None, worst, worst == 0)


def test_the_limit_is_the_ratio_at_the_ceiling():
    seconds, torch, flops, rate = 4.0, 6.0, 100.0, 50.0  # the ceiling would take 2 s
    share = flops / seconds / rate
    assert limit(torch / seconds, share) == torch / (flops / rate) == 3
    rows = [row(torch=1.5, jax=2.0, more={"of ceiling": share}), row(torch=6.0, more={"of ceiling": 0.5})]
    assert judge(rows)[0].limit == pytest.approx(geometric_mean([3, 12]))
    assert judge(rows[:1], "jax")[0].limit == 4
    assert judge([rows[0], row(torch=2.0, more={})])[0].limit is None
    assert judge(rows, "of ceiling")[0].limit is None
    assert judge([row(_1_thread=1.9)], "1 thread")[0].limit is None


def test_the_group_is_named_where_rows_are_of_several():
    rows = [row("r", group=group, torch=ratio) for group, ratio in (("training", 2.0), ("inference", 1.0))]
    (line,) = summary(rows, [Aim("speed", lambda row: True, "torch")])
    assert line.which == "inference: r"


def test_rivals_are_other_libraries():
    ratios = {name: spread([2.0]) for name in ("torch", "jax", "numpy", "1 thread")}
    assert rivals(ratios) == {"torch": 2, "jax": 2}


# --- the aims --------------------------------------------------------------------------------------------------------


def full_run(ratio=inf, share=1.0, seconds=0.0, differing=0):
    """A row for everything that the sections measure, all of them equally good."""
    peers = {"torch": spread([ratio]), "jax": spread([ratio])}

    def line(section, group, name, threads, more, sizes, ratios=peers):
        return Row(section, group, name, "", {"ours": spread([seconds])}, ratios, threads, more, sizes)

    for threads in (1, 2):
        scaling = {"1 thread": spread([ratio])} if threads == 2 else {}
        for job in layers.plan(quick=False):
            ratios = {peer: peers[peer] for peer in job.peers} | scaling
            yield line("layers", job.group, str(job.layer), threads, {"of ceiling": share}, job.layer.sizes, ratios)
        for layer in minimal.plan(quick=False):
            group = f"{layer.cell} {'training' if layer.training else 'inference'}"
            yield line("minimal", group, str(layer), threads, {}, layer.sizes, {"GRU": peers["torch"]})
        for product in products.plan(quick=False):
            yield line("products", "forward", str(product), threads, {"of ceiling": share}, {}, {})
        yield line("characters", "character model, training", "LSTM", threads, {}, {}, {"torch": peers["torch"]})
    for layer in bits.plan(quick=False):
        yield line("bits", "training", str(layer), None, {"arrays that differ": differing}, layer.sizes, {})
    for cache in ("empty kernel cache", "second process"):
        yield line("startup", startup.STEP, f"{startup.LAYER}, {cache}", 2, {}, {})
    for kind in ("of training", "of the process"):
        yield line("memory", "peak memory of training", f"{memory.LONG}, {kind}", 2, {}, {})


@pytest.fixture(scope="module")
def perfect():
    return {(line.measure, line.over, line.threads): line for line in summary(full_run(ratio=1e9))}


def test_everything_that_is_measured_is_judged_and_a_perfect_run_meets_all(perfect):
    assert {measure for measure, _, _ in perfect} == {aim.measure for aim in AIMS}
    assert all(line.met for line in perfect.values())


def test_a_run_that_reaches_nothing_meets_nothing():
    assert not any(line.met for line in summary(full_run(ratio=1e-9, share=1e-9, seconds=1e9, differing=1)))


@pytest.mark.parametrize(
    ("measure", "over", "threads", "rows"),
    [
        ("LSTM training", "the better of torch and jax", 1, 8),
        ("LSTM training", "torch / ours", 2, 8),
        ("GRU and RNN training", "the better of torch and jax", 2, 8),
        ("LSTM inference", "the better of torch and jax", 1, 8),
        ("GRU and RNN inference", "the better of torch and jax", 2, 8),
        ("RNN training in float64", "torch / ours", 1, 2),
        ("MinGRU training, T = 512", "GRU / ours", 1, 12),
        ("MinLSTM training, T = 512", "GRU / ours", 2, 12),
        ("per-step products, N >= 20, H >= 128", "of ceiling", 2, 22),
        ("LSTM training, N >= 32, H >= 256", "of ceiling", 1, 3),
        ("two threads over one, N >= 20, H >= 256", "1 thread / ours", 2, 14),
        ("two threads over one, N >= 20, H < 256", "1 thread / ours", 2, 8),
        ("same bits on 1, 2, 3, 4 threads", "arrays that differ", None, 6),
        ("LSTMCell loop, training", "torch / ours", 2, 1),
        ("character model", "torch / ours", 1, 1),
        ("cold first training step, s", "ours", 2, 1),
        ("peak memory of training, T = 1000", "torch / ours", 2, 2),
    ],
)
def test_a_line_is_about_its_rows(measure, over, threads, rows, perfect):
    assert perfect[measure, over, threads].rows == rows


def test_two_threads_over_one_needs_two(perfect):
    assert {threads for measure, _, threads in perfect if measure.startswith("two threads")} == {2}


# --- for readers -----------------------------------------------------------------------------------------------------


def test_the_summary_is_a_table_and_in_the_json(capsys):
    rows = [
        row("LSTM 1", group="LSTM training", torch=1.5, more={"of ceiling": 0.8}, sizes={"N": 1, "H": 64}),
        row(section="bits", more={"arrays that differ": 0}, threads=None),
        row(section="characters", torch=2.0, busy=True),
    ]
    report = Report({"processor": "p"}, {}, {}, rows)
    tables.show(report)
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "### Summary" in lines
    assert "| LSTM training | torch / ours | mean >= 1.5 | LSTM 1 | 1 | 1 | 1.50 | 1.50 | 1.88 | yes |" in lines
    assert any(line.startswith("| LSTM training | torch only | each >= 1, mean >= 1.4 | LSTM 1 |") for line in lines)
    assert "| same bits on 1, 2, 3, 4 threads | arrays that differ | each <= 0 | r | | 1 | | 0 | | yes |" in lines
    assert "| character model | torch / ours | each >= 1.7 | r | 1 | 1 | 2.00 | 2.00 | 4.00 | busy |" in lines
    assert any(line.startswith("3 of 4 lines are met") for line in lines)
    assert json.loads(json.dumps(report.as_json()))["summary"] == [asdict(line) for line in summary(rows)]


def test_nothing_is_judged_where_nothing_was_measured(capsys):
    tables.show(Report({"processor": "p"}, {}, {}, [row(section="overhead", torch=2.0)]))
    assert "Summary" not in capsys.readouterr().out
