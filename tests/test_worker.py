"""The worker as a process."""

import os
import signal
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[1]
WORKER = [sys.executable, "worker.py"]


def test_worker_that_waits_for_its_services_ends_when_told_to() -> None:
    environment = {**os.environ, "EVERSTEP_DATABASE_URL": "postgresql://127.0.0.1:1/nowhere"}
    process = subprocess.Popen(WORKER, cwd=PROJECT, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        assert any("waiting_for" in line for line in process.stderr)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()


def test_missing_setting_is_named_in_one_line() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("EVERSTEP_")}
    ended = subprocess.run(WORKER, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=20)
    assert (ended.returncode, ended.stderr.strip()) == (1, "EVERSTEP_DATABASE_URL: Field required")
