"""Workers as processes of their own, to be killed."""

import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from activities.settings import Settings
from deploy.processes import ChildProcess

ROOT = Path(__file__).parents[2]
_TEXTS = ("text_provider", "twilio_account_sid", "twilio_from", "twilio_base_url")
Start = Callable[[], ChildProcess]


@asynccontextmanager
async def worker_processes(settings: Settings, temporal: str, logs: Path) -> AsyncIterator[Start]:
    """Starts real worker processes; all are gone after the block."""
    processes: list[ChildProcess] = []
    given = settings.model_dump(include={"database_url", "smtp_host", "smtp_port", "queue_prefix", *_TEXTS}, exclude_none=True)
    env = os.environ | {f"EVERSTEP_{name.upper()}": str(value) for name, value in given.items()}
    env |= {"EVERSTEP_TEMPORAL_ADDRESS": temporal, "EVERSTEP_HTTP_ALLOW": ",".join(settings.http_allow)}
    if settings.encryption_keys:
        env["EVERSTEP_ENCRYPTION_KEYS"] = settings.encryption_keys.get_secret_value()

    if settings.twilio_auth_token:
        env["EVERSTEP_TWILIO_AUTH_TOKEN"] = settings.twilio_auth_token.get_secret_value()

    def start() -> ChildProcess:
        process = ChildProcess([sys.executable, "worker.py"], log=logs / f"{len(processes)}.log", env=env, cwd=ROOT)
        processes.append(process)
        process.start()
        return process

    try:
        yield start
    finally:
        for process in processes:
            await process.kill()
