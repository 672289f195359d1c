"""What is killed: real processes on real services, each brought up again by what brought it up before."""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Protocol

from deploy.admin_key import make_admin_key
from deploy.mail import MailSink
from deploy.ports import free_port
from deploy.postgres import LocalPostgres
from deploy.processes import ChildProcess
from deploy.services import running
from deploy.temporal import TemporalDevServer
from tests.keys import ENCRYPTION_KEY

_ROOT = Path(__file__).parents[2]
_WORKERS = ("worker-1", "worker-2")


class Victim(Protocol):
    """Killed without a word, and started again."""

    async def kill(self) -> None: ...

    async def start(self) -> None: ...


class Program:
    """A process of ours."""

    def __init__(self, process: ChildProcess) -> None:
        self._process = process

    async def start(self) -> None:
        self._process.start()

    async def kill(self) -> None:
        await self._process.kill()


@dataclass(frozen=True)
class System:
    api: str
    key: str
    postgres: LocalPostgres
    temporal: TemporalDevServer
    mail: MailSink
    victims: Mapping[str, Victim]


@asynccontextmanager
async def system_in(folder: Path) -> AsyncIterator[System]:
    """Everything up, until the end of the block; Temporal keeps its data in a file."""
    postgres = LocalPostgres(folder / "postgres")
    temporal = TemporalDevServer(folder / "temporal", port=0, ui=False)
    mail = MailSink(folder / "mail")
    async with running(postgres, temporal, mail):
        port = free_port()
        env = _environment(postgres, temporal, mail) | {"EVERSTEP_API_PORT": str(port)}
        workers = {name: _program(folder, name, env, "worker.py") for name in _WORKERS}
        programs = {**workers, "API": _program(folder, "API", env, "-m", "api")}
        try:
            for program in programs.values():
                await program.start()
            key = await make_admin_key(postgres.dsn, "chaos")
            yield System(f"http://127.0.0.1:{port}", key, postgres, temporal, mail, {**programs, "Temporal": temporal})
        finally:
            for program in programs.values():
                await program.kill()


def _program(folder: Path, name: str, env: Mapping[str, str], *arguments: str) -> Program:
    return Program(ChildProcess([sys.executable, *arguments], log=folder / "logs" / f"{name}.log", env=env, cwd=_ROOT))


def _environment(postgres: LocalPostgres, temporal: TemporalDevServer, mail: MailSink) -> dict[str, str]:
    ours = {
        "EVERSTEP_DATABASE_URL": postgres.dsn,
        "EVERSTEP_TEMPORAL_ADDRESS": temporal.address,
        "EVERSTEP_SMTP_HOST": mail.host,
        "EVERSTEP_SMTP_PORT": str(mail.port),
        "EVERSTEP_HTTP_ALLOW": "127.0.0.1",
        "EVERSTEP_ENCRYPTION_KEYS": ENCRYPTION_KEY,
    }
    others = {name: value for name, value in os.environ.items() if not name.startswith("EVERSTEP_")}
    return {**others, **ours}


async def kill_at_random(system: System, random: Random, kills: int, *, every_seconds: float) -> Counter[str]:
    """So many kills, of whom by name; the next begins when the one before is up again."""
    killed: Counter[str] = Counter()
    for _ in range(kills):
        await asyncio.sleep(random.uniform(0.2, 2) * every_seconds)
        name = random.choice(list(system.victims))
        await system.victims[name].kill()
        killed[name] += 1
        await asyncio.sleep(random.uniform(0, 2))
        await system.victims[name].start()
    return killed
