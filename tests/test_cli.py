"""The command line: what it prints, what it writes, and one clear line for everything that goes wrong."""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tinygrad_rnn.cli import program
from tinygrad_rnn.serialization import load, save
from tinygrad_rnn.trainer import Trainer

TEXT = "the quick brown fox jumps over the lazy dog. " * 30
SMALL = ["--cell", "rnn", "--hidden", 5, "--embedding", 4, "--steps", 6, "--batch", 3, "--evaluate", 2]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory with a text in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text(TEXT)
    return tmp_path


def run(*args, code=0):
    result = CliRunner().invoke(program, [str(arg) for arg in args], prog_name="tinygrad-rnn")
    assert result.exit_code == code, (result.output, result.exception)
    return result


def train(*args, code=0):
    return run("train", "text.txt", *SMALL, "--checkpoint", "out", *args, code=code)


def error_line(result) -> str:
    """The one line on standard error, without the name of the command."""
    assert re.fullmatch(r"tinygrad-rnn: error: [^\n]+\n", result.stderr), result.stderr
    return result.stderr[len("tinygrad-rnn: error: ") : -1]


# --- training and writing --------------------------------------------------------------------------------------------


def test_train_prints_lines_and_writes_a_checkpoint(folder):
    output = train("--updates", 5).stdout
    lines = re.findall(
        r"update +(\d)/5  [\d.]+ bits/char  held-out [\d.]+  gradient norm [\d.]+  [\d,]+ chars/s\n", output
    )
    assert lines == ["2", "4", "5"]
    assert "\x1b" not in output
    assert load("out/checkpoint.safetensors")["updates"] == 5
    assert os.listdir("out") == ["checkpoint.safetensors"]


def test_resuming_equals_going_straight_on(folder):
    train("--updates", 6, "--dropout", 0.2, "--layers", 2)
    straight = load("out/checkpoint.safetensors")
    train("--updates", 3, "--dropout", 0.2, "--layers", 2, "--overwrite")
    train("--updates", 6, "--resume")
    resumed = load("out/checkpoint.safetensors")
    assert {k: v.array.tobytes() for k, v in resumed["model"].items()} == {
        k: v.array.tobytes() for k, v in straight["model"].items()
    }
    train("--updates", 7, "--resume", "--lr", 0.5)
    assert load("out/checkpoint.safetensors")["config"]["lr"] == 0.5


def test_sample_continues_a_prompt(folder):
    train("--updates", 2)
    first, second, other = (
        run("sample", "out", "--prompt", "the ", "--length", 30, "--seed", seed).stdout for seed in (1, 1, 2)
    )
    assert first == second != other
    assert first.startswith("the ")
    assert len(first) == len("the ") + 30 + len("\n")
    greedy = {
        run("sample", "out/checkpoint.safetensors", "--temperature", 0, "--seed", s, "--prompt", "q").stdout
        for s in (1, 2)
    }
    assert len(greedy) == 1


# --- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe\x00", "input.bin is not UTF-8 text"),
        (b"a\0b", "input.bin is binary"),
        (b"", "input.bin is empty"),
        (b"too short", "text is too short"),
        (None, "input.bin: No such file or directory"),
    ],
)
def test_a_bad_text_is_named(content, message, folder):
    if content is not None:
        (folder / "input.bin").write_bytes(content)
    assert message in error_line(
        run("train", "text.txt" if content != b"too short" else "input.bin", "input.bin", code=2)
    )
    assert not (folder / "tinygrad-rnn-checkpoint").exists()


@pytest.mark.parametrize("how", [[], ["--overwrite"], ["--resume"]], ids=["anew", "overwrite", "resume"])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "text.txt is empty"),
        ("x" * 20, "it has 18 characters, and 19 are needed for 3 streams of 6 steps; give a longer one"),
        ("x" * 14, "the last 1 would be held out"),
    ],
)
def test_a_text_too_short_leaves_everything_as_it_was(text, message, how, folder):
    if how:
        train("--updates", 2)
    before = {file: file.read_bytes() for file in folder.rglob("*.safetensors")}
    (folder / "text.txt").write_text(text)
    single = ["--batch", 1, "--steps", 3] if len(text) == 14 else []
    line = error_line(train("--updates", 4, *single, *how, code=2))
    assert (message if text == "" or how != ["--resume"] else "trained on another text") in line
    assert {file: file.read_bytes() for file in folder.rglob("*.safetensors")} == before
    assert sorted(os.listdir(folder)) == (["out", "text.txt"] if how else ["text.txt"])


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--no-such-option"], "No such option"),
        (["no-such-command"], "No such command"),
        (["train", "--cell", "elman"], "'elman' is not one of 'lstm', 'gru', 'rnn'"),
        (["train", "--lr", "0"], "0.0 is not in the range x>0"),
        (["train", "--hidden", "many"], "'many' is not a valid integer"),
        (["sample"], "Missing argument 'CHECKPOINT'"),
        (["sample", "absent"], "absent/checkpoint.safetensors: No such file or directory"),
        (["sample", "text.txt"], "text.txt: truncated, or not a safetensors file"),
        (["sample", "absent", "--prompt", ""], "--prompt must have at least one character"),
        (["train", "--checkpoint", "text.txt"], "'text.txt' is a file"),
        (["demo", "--out", "text.txt/inside"], "text.txt/inside: Not a directory"),
        (["draw", "-o", "text.txt/x.svg"], "text.txt: File exists"),
    ],
)
def test_bad_arguments_are_one_line(args, message, folder):
    assert message in error_line(run(*args, code=2))


def test_checkpoints_that_do_not_fit_are_one_line(folder):
    train("--updates", 2)
    assert "go on from it with --resume" in error_line(train("--updates", 4, code=2))
    assert "had 2 updates already" in error_line(train("--updates", 2, "--resume", code=2))
    assert "--hidden 7 does not fit: out began with --hidden 5" in error_line(
        train("--updates", 4, "--resume", "--hidden", 7, code=2)
    )
    assert "does not have 'Q'" in error_line(run("sample", "out", "--prompt", "Q", code=2))
    (folder / "text.txt").write_text(TEXT + "more")
    assert "trained on another text" in error_line(train("--updates", 4, "--resume", code=2))
    file = folder / "out" / "checkpoint.safetensors"
    file.write_bytes(file.read_bytes()[:1000])
    assert "truncated" in error_line(run("sample", "out", code=2))
    save({"weight": [1.0]}, file)
    assert "not the checkpoint of a character model" in error_line(run("sample", "out", code=2))


def test_a_folder_that_is_not_writable_is_found_before_training(folder, monkeypatch):
    def refuses(path, **_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "touch", refuses)  # file modes do not stop root
    monkeypatch.setattr(Trainer, "update", lambda self: pytest.fail("trained before looking"))
    assert error_line(train(code=2)) == "out: Permission denied"
    assert error_line(run("demo", code=2)) == "tinygrad-rnn-demo: Permission denied"


def test_a_failing_save_leaves_the_previous_checkpoint(folder, monkeypatch):
    train("--updates", 2)
    before = (folder / "out" / "checkpoint.safetensors").read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tinygrad_rnn.atomic.os.fsync", full)
    assert "No space left on device" in error_line(train("--updates", 4, "--resume", code=2))
    assert (folder / "out" / "checkpoint.safetensors").read_bytes() == before
    assert os.listdir("out") == ["checkpoint.safetensors"]


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
def test_a_loss_that_is_no_number_is_one_line(folder):
    assert "try a smaller learning rate" in error_line(train("--lr", 1e38, "--updates", 50, code=1))


# --- demo, draw, env -------------------------------------------------------------------------------------------------


def test_the_demo_leaves_everything_it_promises_and_runs_again(folder):
    pytest.importorskip("matplotlib")
    for _ in range(2):
        output = run("demo", "--updates", 2, "--out", "shown").stdout
        assert "held-out" in output
        assert "It writes:" in output
        assert sorted(os.listdir("shown")) == ["checkpoint.safetensors", "training.csv", "training.svg", "unrolled.svg"]
    with open("shown/training.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["update"] for row in rows] == ["1", "2"]
    assert 5 < float(rows[-1]["held-out bits"]) < 8
    assert "<svg" in (folder / "shown" / "unrolled.svg").read_text()
    assert "<svg" in (folder / "shown" / "training.svg").read_text()


def test_the_demo_keeps_to_its_time(folder):
    output = run("demo", "--seconds", 0.001, "--updates", 10**6).stdout
    assert "updates: 1\n" in output
    assert "held out:" in output


def test_the_demo_without_matplotlib_says_so(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert "matplotlib is not installed" in run("demo", "--updates", 1).stdout
    assert (folder / "tinygrad-rnn-demo" / "training.csv").exists()


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_draw_writes_a_picture(cell, folder):
    assert f"wrote {cell}.svg" in run("draw", "--cell", cell, "--steps", 3, "--layers", 2).stdout
    assert "<svg" in (folder / f"{cell}.svg").read_text()
    run("draw", "--cell", cell, "--level", "op", "-o", "x.dot")
    assert "digraph" in (folder / "x.dot").read_text()
    assert ".jpeg" in error_line(run("draw", "-o", "x.jpeg", code=2))
    run("draw", "--cell", cell, "--color", "gradient", "--show", "value", "--show", "saved", "-o", "y.dot")
    assert "norm of the gradient" in (folder / "y.dot").read_text()
    assert "unrolled" in error_line(run("draw", "--view", "rolled", "--color", "gradient", "-o", "z.dot", code=2))


def test_flow_prints_tables_and_plots(folder):
    pytest.importorskip("matplotlib")
    output = run("flow", "--steps", 8, "--hidden", 4, "--batch", 2, "-o", "flow.svg").stdout
    for line in ("| tanh", "| ReLU, identity", "| GRU, z", "| LSTM, by c_t", "### |dh_T/dh_t|", "wrote flow.svg"):
        assert line in output
    assert "\x1b" not in output
    heads = next(line for line in output.splitlines() if "t = " in line)
    assert re.findall(r"t = (\d+)", heads) == ["0", "1", "3", "4", "6", "7"]
    lines = [line.split("|")[1:-1] for line in output.split("dh_T/dh_t")[1].splitlines() if line.startswith("| ")]
    left = {name.strip(): float(norms[0]) / float(norms[-1]) for name, *norms in lines[1:6]}
    assert left["tanh"] < 0.1 < 0.5 < left["ReLU, identity"]
    assert "<svg" in (folder / "flow.svg").read_text()
    one = run("flow", "--cell", "lstm", "--layers", 2, "--steps", 1, "--hidden", 3, "--forget-bias", 1).stdout
    assert "| LSTM, layer 1" in one
    assert "tanh" not in one


def test_flow_says_what_it_cannot_write(folder, monkeypatch):
    assert "flow.bmp does not end in .svg, .png, .pdf" in error_line(run("flow", "-o", "flow.bmp", code=2))
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert "matplotlib" in error_line(run("flow", "-o", "flow.svg", code=2))
    assert "| GRU, r" in run("flow", "--cell", "gru", "--steps", 2).stdout


def test_env_names_what_a_bug_report_needs():
    output = run("env").stdout
    for name in ("python", "numpy", "numba", "pygraphviz", "platform", "processor", "cpu count", "layout engine"):
        assert re.search(rf"^{name}: \S", output, re.MULTILINE), output


# --- as a process ----------------------------------------------------------------------------------------------------


def process(*args, **options):
    command = [sys.executable, "-W", "error", "-m", "tinygrad_rnn", *map(str, args)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.Popen(command, text=True, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}, **pipes)


def test_help_imports_nothing_heavy():
    code = "import sys; from tinygrad_rnn.cli import program\ntry: program(['--help'])\nfinally: print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "Commands:" in out
    heavy = {"numba", "llvmlite", "matplotlib", "rich", "graphviz", "pygraphviz", "safetensors"}
    assert not heavy & set(out.splitlines()[-1].split())


def test_an_error_in_a_process_has_no_traceback(folder):
    child = process("train", "absent.txt")
    out, err = child.communicate()
    assert (child.returncode, out, err) == (2, "", "tinygrad-rnn: error: absent.txt: No such file or directory\n")


@pytest.mark.skipif(os.name != "posix", reason="signals and pipes of POSIX")
class TestPosix:
    def test_ctrl_c_writes_the_checkpoint_and_resume_goes_on(self, folder):
        child = process("train", "text.txt", *SMALL, "--updates", 10**6, "--evaluate", 10, "--checkpoint", "out")
        for line in child.stdout:
            if line.startswith("update"):
                break
        child.send_signal(signal.SIGINT)
        _, err = child.communicate()
        assert child.returncode == 130
        (done,) = re.fullmatch(
            r"tinygrad-rnn: interrupted after update ([\d,]+), the checkpoint is in out\n", err
        ).groups()
        done = int(done.replace(",", ""))
        assert load("out/checkpoint.safetensors")["updates"] == done >= 10
        assert f"{done + 1:,}/{done + 1:,}" in train("--resume", "--updates", done + 1).stdout

    def test_a_closed_pipe_is_quiet(self, folder):
        train("--updates", 2)
        read, write = os.pipe()
        os.close(read)
        child = process("sample", "out", "--length", 5, "--prompt", "the", stdout=write)
        os.close(write)
        assert child.communicate()[1] == ""
        assert child.returncode == 1

    @pytest.mark.parametrize("notebook", [False, True])
    def test_a_terminal_gets_a_progress_bar(self, folder, monkeypatch, notebook):
        import pty

        monkeypatch.delenv("JPY_PARENT_PID", raising=False)
        if notebook:
            monkeypatch.setenv("JPY_PARENT_PID", "1")
        master, slave = pty.openpty()
        child = process("train", "text.txt", *SMALL, "--updates", 4, stdout=slave)
        os.close(slave)
        shown = b""
        try:
            while part := os.read(master, 4096):
                shown += part
        except OSError:  # how Linux says that the other side was closed
            pass
        os.close(master)
        assert child.communicate()[1] == ""
        assert child.returncode == 0
        assert b"4/4" in shown
        assert b"chars/s" in shown
        assert b"held-out" in shown
        assert (b"\x1b[" in shown) != notebook  # JupyterLab knows colours, but not how to erase
        assert not notebook or "\r━".encode() in shown
