"""Starts a service, prints its process id, and waits to be killed: `python -m tests.deploy.abandoned KIND FOLDER`."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import psutil

from deploy.postgres import LocalPostgres
from deploy.processes import ChildProcess
from deploy.temporal import TemporalDevServer
from deploy.timeskipping import start_time_skipping_environment


async def start(kind: str, folder: Path) -> int | None:
    match kind:
        case "postgres":
            postgres = LocalPostgres(folder, durable=False)
            await postgres.start()
            return postgres.pid
        case "temporal":
            server = TemporalDevServer(folder, port=0, ui=False)
            await server.start()
            return server.pid
        case "time-skipping":
            await start_time_skipping_environment()
            return psutil.Process().children()[0].pid
        case _:
            process = ChildProcess(["sleep", "1000"], log=folder / "sleep.log")
            process.start()
            return process.pid


async def main() -> None:
    print("pid", await start(sys.argv[1], Path(sys.argv[2])), flush=True)
    await asyncio.sleep(1000)


if __name__ == "__main__":
    os.chdir(Path(__file__).parents[2])
    asyncio.run(main())
