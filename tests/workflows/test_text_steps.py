"""Texts while providers are away, workers die, or nobody answers."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from temporalio.client import Client

from activities.settings import Settings
from automations.fields import ObjectDefinition
from deploy.temporal import TemporalDevServer
from deploy.text_sink import NUMBER, TextSink
from store.database import Database
from store.objects import put_object, read_object
from store.records import create_record
from store.texts import ReceivedText, keep_received_text
from tests.builders import ask, change, text
from tests.engine import Engine, until
from tests.workflows.processes import Start, worker_processes
from tests.workflows.skipping import over_the_waits

ADA = "+4915112345678"
FIELDS = [{"name": "phone", "type": "phone"}, {"name": "seats", "type": "integer"}, {"name": "status", "type": "text"}]
CONTACT = ObjectDefinition.model_validate({"api_name": "contact", "name": "Contact", "contact": True, "fields": FIELDS})
QUESTION = ask(
    "q", into={"field": "seats"}, answered=[change("yes", status="Answered")], not_answered=[change("no", status="Silent")]
)  # fmt: skip


@pytest.fixture
async def start_worker(settings: Settings, temporal: TemporalDevServer, tmp_path: Path) -> AsyncIterator[Start]:
    async with worker_processes(settings, temporal.address, tmp_path) as start:
        yield start


async def ada(engine: Engine) -> UUID:
    async with engine.database.transaction() as connection:
        await put_object(connection, CONTACT)
        stored = await read_object(connection, "contact")
        assert stored
        return (await create_record(connection, stored, name="Ada", values={"phone": ADA}, now=datetime.now(UTC)))["id"]


async def answer(engine: Engine, body: str, id: str = "SM1") -> None:
    async with engine.database.transaction() as connection:
        assert await keep_received_text(connection, ReceivedText(id, ADA, NUMBER, body), datetime.now(UTC))


async def rows(engine: Engine) -> list[Any]:
    async with engine.database.connection() as connection:
        return await connection.fetch("select * from messages")


async def test_who_does_not_answer_in_time_is_gone_on_without(skipping_engine: Engine, texts: TextSink) -> None:
    """An answer that is late is kept, and changes nothing."""
    engine, person = skipping_engine, await ada(skipping_engine)
    await engine.save(object="contact", steps=[{**QUESTION, "timeout": {"days": 2}}])
    execution = await engine.start(record=person)
    await engine.in_state(execution, "paused", reason="goal")
    await over_the_waits(engine, execution)
    await answer(engine, "5")
    assert await engine.visits(execution) == [("q", "completed"), ("no", "completed")]
    assert (await engine.record(person))["field_values"] == {"phone": ADA, "status": "Silent"}
    assert [text.body for text in texts.texts()] == ["How many?"]


async def test_a_provider_that_is_away_gets_the_text_once_it_is_back(engine: Engine, texts: TextSink) -> None:
    person = await ada(engine)
    await texts.stop()
    await engine.save(object="contact", steps=[text("t")])
    execution = await engine.start(record=person)
    row = await engine.in_state(execution, "retrying")
    assert "Twilio cannot be reached" in row["reason"]
    [message] = await rows(engine)
    assert (message["state"], message["in_doubt"]) == ("queued", 0)
    await texts.start()
    await engine.order(execution, "retry")
    await engine.ended(execution)
    [message] = await rows(engine)
    assert (message["state"], len(texts.texts())) == ("sent", 1)
    [step] = await engine.steps(execution)
    assert [failure["code"] for failure in step["failures"]] == ["text_unavailable"]


async def test_killed_before_the_answer_was_heard_it_goes_out_twice_at_most_under_one_key(
    database: Database, temporal_client: Client, settings: Settings, texts: TextSink, start_worker: Start
) -> None:
    """The wait for the person's answer begins once, and nothing of it is lost."""
    engine = Engine(database, temporal_client, settings)
    person = await ada(engine)
    await engine.save(object="contact", steps=[QUESTION])
    texts.hold()
    worker = start_worker()
    execution = await engine.start(record=person)
    await until(lambda: _arrived(texts), says="the text arrived")
    await worker.kill()
    texts.let_go()
    start_worker()
    await engine.in_state(execution, "retrying", seconds=25)
    await engine.order(execution, "retry")
    await engine.in_state(execution, "paused", reason="goal")
    await answer(engine, "5")
    await engine.ended(execution, seconds=30)
    assert (await engine.record(person))["field_values"]["seats"] == 5
    assert [text.idempotency_key for text in texts.texts()] == [f"{execution}:1"] * 2
    assert [(row["state"], row["in_doubt"]) for row in await rows(engine)] == [("sent", 0)]


async def _arrived(texts: TextSink) -> bool:
    return len(texts.texts()) == 1
