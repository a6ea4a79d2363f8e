"""A checkpoint outlives whatever happens while the next one is saved: kills, full disks, folders that refuse."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import atomic

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals, limits and permissions as on POSIX")
FULL = [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS]


def run(code: str, *arguments: object) -> str:
    """What a child process prints."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    tg.save({"old": tg.ones(100)}, path)
    return path


def assert_untouched(path: Path) -> None:
    assert tg.load(path)["old"].tolist() == [1.0] * 100
    assert os.listdir(path.parent) == [path.name]


def test_a_checkpoint_survives_kills_at_any_moment():
    """A sample of what `python -m tests.trust.kills` does thousands of times."""
    command = [sys.executable, "-m", "tests.trust.kills", "--random", "15", "--step", "40"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert (done.returncode, done.stderr) == (0, "")
    assert "kills survived" in done.stdout


class Failing:
    """A file whose n-th method call fails."""

    def __init__(self, file, calls, error):
        self.file, self.calls, self.error = file, calls, error

    def count(self):
        self.calls -= 1
        if self.calls == 0:
            raise self.error

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.count()

    def write(self, data):
        self.file.write(data[: len(data) // 2])
        self.count()
        return self.file.write(data[len(data) // 2 :])

    def flush(self):
        self.count()
        self.file.flush()

    def fileno(self):
        return self.file.fileno()


@pytest.mark.parametrize("number", FULL, ids=errno.errorcode.get)
@pytest.mark.parametrize("calls", [1, 2, 3], ids=["write", "flush", "close"])
def test_a_failing_write_changes_nothing_and_names_the_file(number, calls, path, monkeypatch):
    def opened(*arguments, **options):
        return Failing(open(*arguments, **options), calls, OSError(number, os.strerror(number)))

    monkeypatch.setattr(atomic, "open", opened, raising=False)
    with pytest.raises(OSError, match=f"{os.strerror(number)}: '{path}'") as caught:
        tg.save({"new": tg.zeros(200)}, path)
    assert caught.value.errno == number
    assert "what was there before is still there" in caught.value.__notes__[0]
    assert_untouched(path)


LIMITED = """
import resource, sys
import tinygrad_rnn as tg
path, new = sys.argv[1], {"new": tg.zeros(1000)}
tg.save(new, path + ".whole")
for limit in range(0, 4000, 200):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        tg.save(new, path)
    except OSError as error:
        print(error)
"""


def test_a_limit_at_any_byte_changes_nothing(path):
    """The system itself refuses to write on, which a full disk does as well."""
    lines = run(LIMITED, path).splitlines()
    Path(f"{path}.whole").unlink()
    assert lines == [f"[Errno {errno.EFBIG}] {os.strerror(errno.EFBIG)}: '{path}'"] * 20
    assert_untouched(path)


AS_NOBODY = """
import os, sys
import tinygrad_rnn as tg
tg.load(tg.save({"new": tg.zeros(3)}, sys.argv[1] + ".whole") or sys.argv[1] + ".whole")  # everything is imported
os.unlink(sys.argv[1] + ".whole")
if os.getuid() == 0:  # whom no permission stops
    os.setgid(65534), os.setuid(65534)
try:
    tg.save({"new": tg.zeros(3)}, sys.argv[2])
except OSError as error:
    print(type(error).__name__, error)
else:
    print("saved")
"""


@pytest.mark.parametrize(
    ("folder_mode", "file_mode", "name", "expected"),
    [
        (0o777, 0o666, "old", "saved"),
        (0o333, 0o666, "old", "saved"),  # may not be listed
        (0o555, 0o666, "old", "PermissionError [Errno 13] Permission denied: '{}'"),
        (0o555, 0o666, "new", "PermissionError [Errno 13] Permission denied: '{}'"),
        (0o000, 0o666, "old", "PermissionError [Errno 13] Permission denied: '{}'"),
        (0o777, 0o444, "old", "PermissionError [Errno 13] Permission denied: '{}'"),  # somebody protects it
        (0o777, 0o666, "directory", "IsADirectoryError [Errno 21] Is a directory: '{}'"),
        (0o777, 0o666, "old/new", "NotADirectoryError [Errno 20] Not a directory: '{}'"),
        (0o777, 0o666, "absent/new", "FileNotFoundError [Errno 2] No such file or directory: '{}'"),
    ],
)
def test_who_may_not_save_is_told_so_and_changes_nothing(folder_mode, file_mode, name, expected):
    with tempfile.TemporaryDirectory() as parent:
        os.chmod(parent, 0o777)
        folder = Path(parent, "folder")
        folder.mkdir()
        old, target = folder / "old", folder / name
        tg.save({"old": tg.ones(100)}, old)
        before = old.read_bytes()
        (folder / "directory").mkdir()
        shutil.copymode(parent, folder / "directory")
        old.chmod(file_mode)
        folder.chmod(folder_mode)
        said = run(AS_NOBODY, Path(parent, "first"), target).strip()
        folder.chmod(0o700)
        assert said == expected.format(target)
        assert sorted(os.listdir(folder)) == ["directory", "old"]
        assert (old.read_bytes() == before) == (said != "saved")
        assert "new" in tg.load(old) if said == "saved" else True
