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


def environment_of(settings: Settings, temporal: str) -> dict[str, str]:
    """What a process of ours is told so that it has these settings."""
    named = {"database_url", "smtp_host", "smtp_port", "queue_prefix", *_TEXTS}
    given = settings.model_dump(include=named, exclude_none=True)
    env = os.environ | {f"EVERSTEP_{name.upper()}": str(value) for name, value in given.items()}
    env |= {"EVERSTEP_TEMPORAL_ADDRESS": temporal, "EVERSTEP_HTTP_ALLOW": ",".join(settings.http_allow)}
    for name in ("encryption_keys", "twilio_auth_token"):
        if secret := getattr(settings, name):
            env[f"EVERSTEP_{name.upper()}"] = secret.get_secret_value()
    return env


@asynccontextmanager
async def worker_processes(settings: Settings, temporal: str, logs: Path) -> AsyncIterator[Start]:
    """Starts real worker processes; all are gone after the block."""
    processes: list[ChildProcess] = []
    env = environment_of(settings, temporal)

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
