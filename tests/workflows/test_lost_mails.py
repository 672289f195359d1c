"""Mails whose answer was lost: the same mail goes out twice at most, under one Message-ID, and is one message."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from temporalio.client import Client

from activities.settings import Settings
from deploy.temporal import TemporalDevServer
from store.database import Database
from store.messages import list_messages
from store.team import put_employee
from tests.builders import mail
from tests.engine import Engine, until
from tests.mail_servers import Server, reaching, running
from tests.workflows.processes import worker_processes

TELL = mail("tell", {"employee": "ada@example.com"}, "Hello")


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with running(Server(tmp_path / "held")) as server:
        yield server
        server.let_go.set()


async def messages(engine: Engine, execution: UUID) -> list[tuple[str, int, str | None]]:
    """State, doubt and what went wrong of each, oldest first."""
    async with engine.database.connection() as connection:
        rows = await list_messages(connection, execution_id=execution)
    return [(row["state"], row["in_doubt"], row["error"] and row["error"]["code"]) for row in rows][::-1]


async def saved(engine: Engine, *steps: Any) -> None:
    async with engine.database.transaction() as connection:
        await put_employee(connection, "ada@example.com", name="Ada")
    await engine.save(steps=list(steps))


async def test_a_worker_killed_between_effect_and_answer_leaves_one_message_and_one_message_id(
    database: Database, temporal: TemporalDevServer, temporal_client: Client, settings: Settings, server: Server, tmp_path: Path
) -> None:
    settings = reaching(server, settings)
    engine = Engine(database, temporal_client, settings)
    await saved(engine, TELL)
    server.next = ["hold"]
    async with worker_processes(settings, temporal.address, tmp_path) as start:
        worker = start()
        execution = await engine.start()

        async def has_left() -> bool:
            return len(server.messages()) == 1

        await until(has_left, seconds=40)
        assert await messages(engine, execution) == [("queued", 1, None)]
        await worker.kill()
        start()
        await engine.in_state(execution, "retrying", seconds=25)
        await engine.ask(execution, "retry")
        await engine.ended(execution)
    assert await messages(engine, execution) == [("sent", 0, None)]
    assert [message["Message-ID"] for message in server.messages()] == [f"<{execution}.1@everstep>"] * 2


async def test_a_mail_in_doubt_goes_out_once_more_and_then_a_person_decides(
    database: Database, temporal_client: Client, settings: Settings, server: Server
) -> None:
    """A busy server leaves no doubt; what a person resumes is a mail of its own."""
    server.next = ["be busy", "hang up after", "be busy", "hang up after"]
    async with Engine(database, temporal_client, reaching(server, settings)).working() as engine:
        await saved(engine, TELL)
        execution = await engine.start()
        seen: list[Any] = []
        for attempt in range(1, 5):

            async def has_failed(attempt: int = attempt) -> bool:
                row = await engine.execution(execution)
                return row["state"] == "retrying" and row["attempt"] == attempt + 1

            await until(has_failed)
            seen += await messages(engine, execution)
            await engine.ask(execution, "retry")
        row = await engine.in_state(execution, "paused", reason="error")
        assert [(state, doubt) for state, doubt, _ in seen] == [("queued", doubt) for doubt in (0, 1, 1, 2)]
        assert "may have been sent twice" in row["reason"]
        await engine.ask(execution, "resume")
        await engine.ended(execution)
        assert await messages(engine, execution) == [("failed", 2, "delivery_in_doubt"), ("sent", 0, None)]
    ids = [message["Message-ID"] for message in server.messages()]
    assert ids == [f"<{execution}.{sequence}@everstep>" for sequence in (1, 1, 2)]
