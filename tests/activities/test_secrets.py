"""Secrets in HTTP requests: used, and in nothing that the step leaves behind."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from activities.secrets import place_of
from store.secrets import delete_secret, put_secret
from tests.engine import Engine
from tests.http_server import HttpServer

TOKEN = 'sk_live/51H+quite "secret"'
VARIABLES = [
    {"id": "v1", "name": "told", "type": "string", "sources": [{"static": ""}]},
    {"id": "v2", "name": "count", "type": "number", "sources": [{"static": ""}]},
]


def call(http: HttpServer, **more: Any) -> dict[str, Any]:
    return {
        "id": "call", "type": "http_request", "method": "POST", "url": f"{http.url}/charge?key={{{{ secrets.token }}}}",
        "headers": {"Authorization": "Bearer {{ secrets.token }}"}, "json": {"key": "{{ secrets.token }}"}, **more,
    }  # fmt: skip


async def set_secret(engine: Engine, name: str = "token", value: str = TOKEN) -> None:
    keyring = engine.settings.keyring
    assert keyring
    async with engine.database.connection() as connection:
        sealed = keyring.seal(value.encode(), place_of(name))
        await put_secret(connection, name, sealed, by="the tests", now=datetime.now(UTC))


async def left_behind(engine: Engine, execution: Any) -> str:
    rows = [await engine.execution(execution), *await engine.steps(execution)]
    return json.dumps([dict(row) for row in rows], default=str, ensure_ascii=False)


async def test_a_secret_is_sent_and_what_comes_back_of_it_is_not_kept(engine: Engine, http: HttpServer) -> None:
    await set_secret(engine)
    http.answers = [(200, {"echo": TOKEN, "auth": f"bearer {TOKEN.upper()}"})]
    await engine.save(variables=VARIABLES, steps=[call(http, into=[{"variable": "told", "value": "$.auth"}])])
    execution = await engine.start()
    row = await engine.ended(execution)
    [asked] = http.asked
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    assert json.loads(asked.body) == {"key": TOKEN}
    assert row["variables"]["told"] == "bearer [secret token]"
    assert (await engine.steps(execution))[-1]["output"]["body"] == '{"echo": "[secret token]", "auth": "bearer [secret token]"}'
    assert "quite" not in (await left_behind(engine, execution)).lower()


@pytest.mark.parametrize("padding", [0, 180, 3_990])
async def test_a_refusal_that_repeats_a_secret_is_told_without_it_wherever_it_is_cut(
    padding: int, engine: Engine, http: HttpServer
) -> None:
    await set_secret(engine)
    http.answers = [(422, "x" * padding + f"No such key: {TOKEN}")]
    await engine.save(steps=[call(http)])
    execution = await engine.start()
    row = await engine.in_state(execution, "paused", reason="error")
    assert "answered 422" in row["reason"]
    assert "sk_live" not in await left_behind(engine, execution)


async def test_a_variable_of_a_type_that_a_redacted_value_does_not_fit_is_an_expected_failure(
    engine: Engine, http: HttpServer
) -> None:
    await set_secret(engine, value="47110815")
    http.answers = [(200, {"n": 47110815})]
    await engine.save(variables=VARIABLES, steps=[call(http, into=[{"variable": "count", "value": "$.n"}])])
    execution = await engine.start()
    row = await engine.in_state(execution, "paused", reason="error")
    assert "[secret token]" in row["reason"]
    assert "47110815" not in await left_behind(engine, execution)


async def test_a_secret_that_is_not_there_any_more_fails_the_step_and_one_set_again_lets_it_go_on(
    engine: Engine, http: HttpServer
) -> None:
    await set_secret(engine)
    await engine.save(steps=[call(http)])
    async with engine.database.connection() as connection:
        await delete_secret(connection, "token")
    execution = await engine.start()
    await engine.in_state(execution, "paused", reason="error")
    [step] = await engine.steps(execution)
    assert step["error"] == {"code": "unknown_secret", "sentence": "There is no secret token (any more)."}
    await set_secret(engine)
    await engine.order(execution, "resume")
    await engine.ended(execution)


async def test_a_secret_of_a_key_that_is_gone_fails_the_step(engine: Engine, http: HttpServer) -> None:
    async with engine.database.connection() as connection:
        await put_secret(connection, "token", b"\x01" + bytes(40), by="the tests", now=datetime.now(UTC))
    await engine.save(steps=[call(http)])
    execution = await engine.start()
    await engine.in_state(execution, "paused", reason="error")
    [step] = await engine.steps(execution)
    assert step["error"]["code"] == "secret_unreadable"
    assert not http.asked


async def test_what_goes_wrong_unexpectedly_reaches_temporal_without_the_secret(engine: Engine, http: HttpServer) -> None:
    """The name of a host that nobody has, made of a secret."""
    await set_secret(engine, value="Hidden-Tenant")
    await engine.save(steps=[call(http, url="http://{{ secrets.token }}.invalid/")])
    execution = await engine.start()
    row = await engine.in_state(execution, "retrying")
    assert "[secret token]" in json.dumps(dict(row), default=str) or "hidden" not in str(dict(row)).lower()
    assert "hidden" not in (await left_behind(engine, execution)).lower()
    handle = await engine.handle(execution)
    events = (await handle.fetch_history()).events
    failures = [
        event.activity_task_failed_event_attributes.failure
        for event in events
        if event.HasField("activity_task_failed_event_attributes")
    ]
    read = [await engine.client.data_converter.decode_failure(failure) for failure in failures]
    assert read
    assert all("hidden" not in f"{error} {error.__cause__}".lower() for error in read)
    await engine.until_over(execution, "cancel")
