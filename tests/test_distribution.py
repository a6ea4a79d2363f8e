"""The wheel and the source distribution: they build, and hold what they should and nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("hatchling")

ROOT = Path(__file__).parents[1]
OURS = "tinygrad_rnn", "tests", "examples", "docs"
FILES = {"README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml"}


def tracked() -> set[str]:
    """What belongs to the project."""
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("not a clone")
    return set(done.stdout.splitlines())


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder with both."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-W", "error", "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder


def test_the_wheel_holds_the_package_and_no_more(built):
    (path,) = built.glob("*.whl")
    with zipfile.ZipFile(path) as wheel:
        names = set(wheel.namelist())
        (about,) = (name.partition("/")[0] for name in names if name.endswith("/METADATA"))
        metadata = wheel.read(f"{about}/METADATA").decode()
        commands = wheel.read(f"{about}/entry_points.txt").decode()
    expected = {name for name in tracked() if name.startswith("tinygrad_rnn/")}
    described = {f"{about}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")}
    assert names == expected | described
    assert "tinygrad-rnn = tinygrad_rnn.cli:main" in commands
    assert "Requires-Python: >=3.11" in metadata


def test_the_source_distribution_holds_what_is_tracked_and_no_more(built):
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    expected = {name for name in tracked() if name.startswith(tuple(f"{folder}/" for folder in OURS)) or name in FILES}
    assert names - {".gitignore", "PKG-INFO"} == expected


@pytest.mark.skipif(not (ROOT / ".ci").exists(), reason="not a clone")
def test_the_oldest_versions_that_are_admitted_are_those_that_are_tested():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [line for name in ("plots", "onnx", "test") for line in project["optional-dependencies"][name]]
    admitted = dict(re.match(r"(\w+)>=([\d.]+)", line).groups() for line in [*project["dependencies"], *extras])
    tested = dict(re.findall(r"^(\w+)==([\d.]+)$", (ROOT / ".ci" / "oldest.txt").read_text(), re.MULTILINE))
    assert {name for line in project["dependencies"] for name in re.findall(r"^\w+", line)} <= set(tested)
    for name, version in tested.items():
        assert re.fullmatch(rf"{re.escape(admitted[name])}(\.0)*", version), name
