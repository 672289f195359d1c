from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from deploy.temporal import TemporalDevServer

PROJECT = Path(__file__).parents[2]
RUNS = int(os.environ.get("EVERSTEP_EXIT_RUNS", "20"))
AT_ONCE = 4

CONNECTS = """
import sys
from temporalio.client import Client
from deploy import exits

async def main() -> int:
    await Client.connect(sys.argv[1])
    print("did its work", end="")
    return 7

if __name__ == "__main__":
    exits.run(main)
"""

ENDS = """
import asyncio, os, sys
from deploy import errors, exits

async def main() -> int:
    print("up", flush=True)
    try:
        {body}
    finally:
        print("cleaned up", end="")
    return 0

exits.run(main)
"""


async def ended(code: str, *arguments: str) -> tuple[int | None, str, str]:
    """Exit code, standard output and standard error of a Python process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        code,
        *arguments,
        cwd=PROJECT,
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_a_command_that_connects_to_temporal_always_ends_with_its_own_code(dev_server: TemporalDevServer) -> None:
    places = asyncio.Semaphore(AT_ONCE)

    async def once() -> tuple[int | None, str, str]:
        async with places:
            return await ended(CONNECTS, dev_server.address)

    assert set(await asyncio.gather(*(once() for _ in range(RUNS)))) == {(7, "did its work", "")}


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ("await asyncio.sleep(0)", 0, ""),
        ("sys.exit(5)", 5, ""),
        ("sys.exit('no')", 1, "no\n"),
        ("raise errors.MissingToolError('Install it.')", 1, "Install it.\n"),
        ("os.kill(os.getpid(), 2); await asyncio.sleep(9)", 128 + signal.SIGINT, ""),
        ("os.kill(os.getpid(), 15); await asyncio.sleep(9)", 128 + signal.SIGTERM, ""),
    ],
)
async def test_every_way_to_end_has_its_code_and_cleans_up(body: str, code: int, said: str) -> None:
    assert await ended(ENDS.format(body=body)) == (code, "up\ncleaned up", said)


async def test_an_error_nobody_expected_is_shown_with_its_traceback() -> None:
    code, out, err = await ended(ENDS.format(body="raise KeyError('seats')"))
    assert (code, out) == (1, "up\ncleaned up")
    assert err.startswith("Traceback")
    assert err.endswith("KeyError: 'seats'\n")


@pytest.mark.parametrize(("outcome", "code"), [("assert True", 0), ("assert False", 1), ("raise KeyboardInterrupt", 2)])
async def test_a_test_run_ends_with_its_own_code_and_all_its_output(outcome: str, code: int, tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["deploy.pytest_exit"]')
    (tmp_path / "test_one.py").write_text(f"def test_one() -> None:\n    {outcome}\n")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)),
        cwd=PROJECT,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},  # those of others are three of its four seconds
        stdout=PIPE,
    )
    out, _ = await process.communicate()
    assert process.returncode == code
    assert b"s =====" in out.splitlines()[-1]
