"""The whole product on this machine: services, worker and gateway, in one folder."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from deploy.admin_key import kept_admin_key
from deploy.encryption_key import kept_encryption_key
from deploy.lock import FolderLock
from deploy.mail import MailSink
from deploy.ports import announced_port
from deploy.postgres import LocalPostgres
from deploy.processes import ChildProcess
from deploy.progress import Say, say
from deploy.services import running, until_ready
from deploy.settings import LocalSettings
from deploy.temporal import TemporalDevServer
from deploy.text_sink import TextSink

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Stack:
    """What runs, and where."""

    api: str
    key: str
    web_ui: str | None
    mail: MailSink
    texts: TextSink
    folder: Path
    processes: dict[str, ChildProcess]

    def ended(self) -> list[str]:
        """The processes of ours that are not there any more, with the log to look at."""
        return [f"{name} (see {process.log})" for name, process in self.processes.items() if not process.is_running]

    def addresses(self) -> dict[str, str]:
        ui = {"Temporal Web UI": self.web_ui, "Web UI sign-in": f"{self.api}/codec/sign-in"} if self.web_ui else {}
        mail = f"{self.mail.folder} (SMTP at {self.mail.address})"
        texts = f"{self.texts.folder} (Twilio's API at {self.texts.address})"
        return {"API docs": f"{self.api}/docs", **ui, "Mail": mail, "Texts": texts, "Logs": str(self.folder / "logs")}


@asynccontextmanager
async def whole_stack(folder: Path, *, say: Say = say) -> AsyncGenerator[Stack]:
    """Starts everything in the folder, one run at a time, and stops it at the end. Raises LocalServiceError."""
    settings = LocalSettings()
    postgres = LocalPostgres(folder / "postgres", external_url=settings.database_url)
    mail, texts = MailSink(folder / "mail", port=1025, say=say), TextSink(folder / "texts", port=1026, say=say)
    with FolderLock(folder) as lock:
        say("Starting Postgres, Temporal, and stand-ins for a mail server and for Twilio …")
        port = announced_port(8000, "API", say)
        temporal = _temporal(folder, settings, port, say)
        async with running(postgres, temporal, mail, texts):
            environment = _environment(postgres, temporal, mail, port) | texts.environment | _encryption(folder)
            say("Starting the worker and the API …")
            worker = _python("worker.py", log=folder / "logs" / "worker.log", env=environment)
            api = _python("-m", "api", log=folder / "logs" / "api.log", env={**environment, "EVERSTEP_API_PORT": str(port)})
            processes = {"the worker": worker, "the API": api}
            key = await kept_admin_key(postgres.dsn, folder / "admin-key")
            stack = Stack(f"http://127.0.0.1:{port}", key, temporal.ui_address, mail, texts, folder, processes)
            try:
                worker.start()
                api.start()
                await until_ready("API", lambda: _answers(f"{stack.api}/health/ready"), process=api)
                lock.note(stack.addresses())
                yield stack
            finally:
                await api.stop()
                await worker.stop()


def _temporal(folder: Path, settings: LocalSettings, port: int, say: Say) -> TemporalDevServer:
    """Its Web UI asks the gateway, which is to come to that port, for what is encrypted."""
    return TemporalDevServer(
        folder / "temporal", codec=f"http://127.0.0.1:{port}/codec", cli=settings.temporal_cli,
        external_address=settings.temporal_address, external_ui_address=settings.temporal_ui_address,
        log=folder / "logs" / "temporal.log", say=say,
    )  # fmt: skip


def _encryption(folder: Path) -> dict[str, str]:
    """A key that stays with the data, unless another one is said."""
    said = os.environ.get("EVERSTEP_ENCRYPTION_KEYS", "")
    return {"EVERSTEP_ENCRYPTION_KEYS": said or kept_encryption_key(folder / "encryption-key")}


def _environment(postgres: LocalPostgres, temporal: TemporalDevServer, mail: MailSink, port: int) -> dict[str, str]:
    """An example asks the gateway itself how it is."""
    unless_said = {"EVERSTEP_HTTP_ALLOW": f"127.0.0.1:{port}", "EVERSTEP_PUBLIC_URL": f"http://127.0.0.1:{port}"}
    ours = {
        "EVERSTEP_DATABASE_URL": postgres.dsn,
        "EVERSTEP_TEMPORAL_ADDRESS": temporal.address,
        "EVERSTEP_SMTP_HOST": mail.host,
        "EVERSTEP_SMTP_PORT": str(mail.port),
    }
    web_ui = {"EVERSTEP_WEB_UI_URL": temporal.ui_address} if temporal.ui_address else {}
    return {**unless_said, **os.environ, **ours, **web_ui}


def _python(*arguments: str, log: Path, env: dict[str, str]) -> ChildProcess:
    return ChildProcess([sys.executable, *arguments], log=log, env=env, cwd=PROJECT)


async def _answers(address: str) -> bool:
    try:
        async with httpx2.AsyncClient(timeout=2) as client:
            return (await client.get(address)).status_code == 200
    except httpx2.HTTPError:
        return False
