"""README.md does what it says: its Python runs, its picture is the one the code draws, its commands are two."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_python_blocks_run_in_order(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), names)
    out = capsys.readouterr().out
    assert float(re.search(r"loss ([\d.]+)", out).group(1)) < 0.5  # it learnt: the targets have variance 1
    assert all(line in out for line in re.findall(r"print\(.*\)  # (<.*>)", README))
    text = re.compile(r">([^<>]+)</text>")
    drawn, shown = [text.findall(path.read_text(encoding="utf-8")) for path in (
        tmp_path / "unrolled.svg", ROOT / "docs" / "unrolled.svg")]  # fmt: skip
    assert drawn == shown
    assert (tmp_path / "neuron.svg").exists()


def test_the_first_two_blocks_are_the_commands() -> None:
    fences = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert [language for language, _ in fences[:2]] == ["sh", "sh"]
    assert all(len(block.strip().splitlines()) == 1 for _, block in fences[:2])


@pytest.mark.parametrize("target", re.findall(r"\]\((?!http)([^)#]+)\)", README))
def test_links_lead_somewhere(target) -> None:
    assert (ROOT / target).exists()
