"""Listening to an execution by server-sent events."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import httpx2

from activities.settings import Settings
from deploy.postgres import LocalPostgres
from tests.api.asking import refused
from tests.api.test_bulk_starts import served
from tests.api.test_executions import ask, waiting
from tests.engine import Engine, until
from tests.keys import ADMIN_KEY, bearing


@dataclass(frozen=True)
class Event:
    kind: str
    id: str
    data: Any


Listening = tuple[httpx2.AsyncClient, AsyncIterator[Event]]


async def heard(stream: httpx2.Response) -> AsyncIterator[Event]:
    """Events as they come; comments are passed over."""
    parts: dict[str, str] = {}
    async for line in stream.aiter_lines():
        name, _, value = line.partition(": ")
        if line and name:
            parts[name] = value
        elif "event" in parts:
            yield Event(parts["event"], parts["id"], json.loads(parts["data"]))
            parts = {}


@asynccontextmanager
async def listening(settings: Settings, execution: dict[str, Any]) -> AsyncIterator[Listening]:
    """On a gateway with a port of its own, whose answers come piece by piece."""
    async with (
        served(settings) as url,
        httpx2.AsyncClient(base_url=url, headers=bearing(ADMIN_KEY), timeout=30) as client,
        client.stream("GET", f"/executions/{execution['id']}/stream") as stream,
    ):
        yield client, heard(stream)


async def whole_stream(api: httpx2.AsyncClient, execution: dict[str, Any], last: str | None = None) -> list[Event]:
    """Of an execution that is over."""
    headers = {"Last-Event-ID": last} if last else {}
    streamed = await api.get(f"/executions/{execution['id']}/stream", headers=headers)
    assert streamed.headers["content-type"].startswith("text/event-stream")
    return [event async for event in heard(streamed)]


def shown(events: list[Event]) -> list[tuple[Any, ...]]:
    """Step and status of step runs, state of executions."""
    return [
        (event.kind, event.data["step_id"], event.data["status"])
        if event.kind == "step_run"
        else (event.kind, event.data["state"])
        for event in events
    ]


async def test_a_stream_that_breaks_off_goes_on_where_it_was_and_loses_nothing(
    api: httpx2.AsyncClient, engine: Engine, settings: Settings
) -> None:
    execution = await waiting(api, engine)
    before: list[Event] = []
    async with listening(settings, execution) as (_, events):
        async for event in events:
            before.append(event)
            if event.kind == "execution":
                break
    assert shown(before) == [
        ("step_run", "v", "completed"),
        ("step_run", "w", "completed"),
        ("step_run", "rest", "waiting"),
        ("execution", "paused"),
    ]
    await ask(api, execution, "skip")
    await engine.ended(UUID(execution["id"]))
    missed = [("step_run", "rest", "skipped"), ("step_run", "end", "completed"), ("execution", "completed"), ("end", "completed")]
    assert shown(await whole_stream(api, execution, before[-1].id)) == missed
    # It broke off within what it was told at once: the rest comes again, and only that.
    assert shown(await whole_stream(api, execution, before[0].id)) == [("step_run", "w", "completed"), *missed]
    everything = await whole_stream(api, execution)
    assert shown(everything) == [("step_run", "v", "completed"), ("step_run", "w", "completed"), *missed]
    for place, event in enumerate(everything[:-1]):
        assert shown(await whole_stream(api, execution, event.id)) == shown(everything[place + 1 :])


async def test_a_listener_hears_of_each_change_while_it_happens(api: httpx2.AsyncClient, engine: Engine) -> None:
    execution = await waiting(api, engine)
    told: list[Event] = []
    reasons: list[str | None] = []
    async with listening(engine.settings, execution) as (_, events):
        async for event in events:
            told.append(event)
            if event.kind == "execution":
                reasons.append(event.data["pause_reason"])
                if reasons == ["delay"]:
                    await ask(api, execution, "pause")
                elif reasons[-1] == "manual":
                    await ask(api, execution, "cancel")
    assert list(dict.fromkeys(reasons)) == ["delay", "manual", None]
    assert shown(told)[-3:] == [("step_run", "rest", "canceled"), ("execution", "canceled"), ("end", "canceled")]


async def test_an_id_that_says_nothing_begins_from_the_start(api: httpx2.AsyncClient, engine: Engine) -> None:
    execution, other = await waiting(api, engine), await waiting(api, engine)
    for each in (execution, other):
        await ask(api, each, "cancel")
        await engine.in_state(UUID(each["id"]), "canceled")
    everything = await whole_stream(api, execution)
    elsewhere = (await whole_stream(api, other))[-1].id
    later = everything[-1].id.replace(".3.", ".7000.")
    for bad in ("7", "x" * 50_000, elsewhere, later, f"{everything[-1].id}~x"):
        assert await whole_stream(api, execution, bad) == everything


async def test_an_execution_that_is_not_there_is_not_found(api: httpx2.AsyncClient) -> None:
    refused(await api.get(f"/executions/{uuid4()}/stream"), 404, "execution_not_found")


async def test_a_long_history_is_told_completely(api: httpx2.AsyncClient, engine: Engine) -> None:
    execution = await waiting(api, engine)
    await ask(api, execution, "cancel")
    await engine.in_state(UUID(execution["id"]), "canceled")
    async with engine.database.connection() as connection:
        await connection.execute(
            """
            insert into step_runs (execution_id, sequence, step_id, step_type, revision, status, attempt, started_at, finished_at)
            select $1, n, 'rest', 'delay', 1, 'completed', 1, now(), now() from generate_series(4, 450) n
            """,
            UUID(execution["id"]),
        )  # fmt: skip
    told = await whole_stream(api, execution)
    assert [event.data["sequence"] for event in told if event.kind == "step_run"] == list(range(1, 451))
    assert max(len(event.id) for event in told) < 100
    assert [event.kind for event in told[-2:]] == ["execution", "end"]
    resumed = await whole_stream(api, execution, told[222].id)
    assert [event.data for event in resumed] == [event.data for event in told[223:]]


async def test_listeners_beyond_the_places_are_refused_until_one_leaves(
    api: httpx2.AsyncClient, engine: Engine, settings: Settings
) -> None:
    execution = await waiting(api, engine)
    path = f"/executions/{execution['id']}/stream"
    async with listening(settings.model_copy(update={"max_streams": 1}), execution) as (client, events):
        assert (await anext(events)).kind == "step_run"
        full = await client.get(path)
        refused(full, 503, "too_many_streams")
        assert full.headers["retry-after"]
        await ask(api, execution, "cancel")
        assert [event.kind async for event in events][-1] == "end"

        async def is_free() -> bool:
            return (await client.get(path)).status_code == 200

        await until(is_free)


async def is_there(client: httpx2.AsyncClient) -> bool:
    return (await client.get("/executions")).status_code == 200


async def test_a_stream_outlives_the_connections_to_the_database(
    api: httpx2.AsyncClient, engine: Engine, settings: Settings, postgres: LocalPostgres
) -> None:
    execution = await waiting(api, engine)
    name = urlsplit(settings.database_url).path.strip("/")
    server = await asyncpg.connect(postgres.dsn)
    async with listening(settings, execution) as (client, events):
        while (await anext(events)).kind != "execution":
            pass
        for _ in range(2):
            await server.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name)
            await until(lambda: is_there(client))

        async def is_canceled() -> bool:
            return (await ask(api, execution, "cancel")).status_code in (202, 409)

        await until(is_canceled)
        assert [event.kind async for event in events][-1] == "end"
    await server.close()
