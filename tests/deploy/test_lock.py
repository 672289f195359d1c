from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.errors import AlreadyRunningError
from deploy.lock import FolderLock

PROJECT = Path(__file__).parents[2]


def asked(folder: Path) -> subprocess.CompletedProcess[str]:
    """What `make clean` asks."""
    command = [sys.executable, "-m", "deploy.lock", str(folder)]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)


def test_a_second_process_is_told_who_is_there_and_ends_with_1(tmp_path: Path) -> None:
    with FolderLock(tmp_path) as lock:
        lock.note({"Web UI": "http://127.0.0.1:8233"})
        answer = asked(tmp_path)
    assert answer.returncode == 1
    assert f"process {os.getpid()}" in answer.stderr
    assert "Web UI: http://127.0.0.1:8233" in answer.stderr


def test_a_folder_in_use_is_refused_and_can_be_had_after_release(tmp_path: Path) -> None:
    first = FolderLock(tmp_path / "new")
    first.acquire()
    with pytest.raises(AlreadyRunningError) as refused:
        FolderLock(tmp_path / "new").acquire()
    assert refused.value.pid == os.getpid()
    first.release()
    with FolderLock(tmp_path / "new"):
        pass


def test_a_killed_holder_leaves_the_folder_free(tmp_path: Path) -> None:
    code = "import os, pathlib; from deploy.lock import FolderLock; "
    code += f"FolderLock(pathlib.Path({str(tmp_path)!r})).acquire(); os.kill(os.getpid(), 9)"
    killed = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=False)
    assert killed.returncode == -9
    with FolderLock(tmp_path):
        pass


def test_a_folder_nobody_made_is_free(tmp_path: Path) -> None:
    assert asked(tmp_path / "none").returncode == 0
    assert not (tmp_path / "none").exists()
