"""http_request: what is asked, what is taken from the answer, and which answers are failures."""

from typing import Any

import pytest

from tests.engine import Engine
from tests.http_server import HttpServer

VARIABLES = [
    {"id": "v1", "name": "status", "type": "number", "sources": [{"static": ""}]},
    {"id": "v2", "name": "city", "type": "string", "sources": [{"static": ""}]},
    {"id": "v3", "name": "tags", "type": "string", "list": True, "sources": [{"static": []}]},
]


def call(http: HttpServer, **more: Any) -> dict[str, Any]:
    return {"id": "call", "type": "http_request", "url": f"{http.url}/leads", **more}


async def test_the_answer_goes_into_variables_by_json_path(engine: Engine, http: HttpServer) -> None:
    http.answers = [(201, {"address": {"city": "Graz"}, "tags": ["a", "b"]})]
    into = [
        {"variable": "status", "value": "status"},
        {"variable": "city", "value": "$.address.city"},
        {"variable": "tags", "value": "$.tags[*]"},
    ]
    lead = await engine.lead(seats=3)
    body = {"seats": "{{ record.seats }}", "deep": [{"name": "{{ record.name }}"}]}
    step = call(http, method="POST", json=body, headers={"X-Lead": "{{ record.name }}"}, into=into)
    await engine.save(object="lead", variables=VARIABLES, steps=[step])
    execution = await engine.start(record=lead)
    row = await engine.ended(execution)
    assert row["variables"] == {"status": "201", "city": "Graz", "tags": ["a", "b"]} | {"status": row["variables"]["status"]}
    assert float(row["variables"]["status"]) == 201
    [asked] = http.asked
    assert (asked.method, asked.path, asked.headers["x-lead"]) == ("POST", "/leads", "Ada Lovelace")
    assert b'"name":"Ada Lovelace"' in asked.body
    assert asked.headers["idempotency-key"] == f"{execution}:4"


@pytest.mark.parametrize(
    ("answer", "into", "code"),
    [
        (404, [], "http_refused"),
        (302, [], "http_refused"),
        ((200, "no json"), [{"variable": "city", "value": "$.city"}], "answer_not_json"),
        ((200, "x" * (1024 * 1024 + 1)), [], "answer_too_large"),
        ((200, {"city": "Graz"}), [{"variable": "gone", "value": "$.city"}], "unknown_variable"),
        ((200, {"city": "Graz"}), [{"variable": "status", "value": "$.city"}], "invalid_field_value"),
    ],
)
async def test_an_answer_that_cannot_be_used_is_an_expected_failure(
    engine: Engine, http: HttpServer, answer: Any, into: list[Any], code: str
) -> None:
    http.answers = [answer]
    await engine.save(variables=VARIABLES, steps=[call(http, into=into)])
    execution = await engine.start()
    await engine.in_state(execution, "paused", reason="error")
    assert (await engine.steps(execution))[-1]["error"]["code"] == code
    assert len(http.asked) == 1


async def test_an_address_that_is_none_is_an_expected_failure(engine: Engine) -> None:
    for url in ("ftp://example.com", "http://", "not an address", "http://a\tb/"):
        await engine.save(steps=[{"id": "call", "type": "http_request", "url": url}])
        execution = await engine.start()
        await engine.in_state(execution, "paused", reason="error")
        assert (await engine.steps(execution))[-1]["error"]["code"] == "invalid_request", url


async def test_an_answer_that_takes_too_long_is_an_unexpected_failure(engine: Engine, http: HttpServer) -> None:
    http.hold()
    await engine.save(steps=[call(http, timeout_seconds=1)])
    row = await engine.in_state(await engine.start(), "retrying", seconds=5)
    assert "GET 127.0.0.1 did not answer within 1 s" in row["reason"]


async def test_a_skipped_call_is_not_made(engine: Engine, http: HttpServer) -> None:
    await engine.save(steps=[call(http, skip=True), {"id": "stop", "type": "stop_execution"}])
    execution = await engine.start()
    await engine.ended(execution)
    assert await engine.visits(execution) == [("call", "skipped"), ("stop", "completed")]
    assert http.asked == []


async def test_a_call_that_a_save_skips_while_it_is_retried_is_not_made_again(engine: Engine, http: HttpServer) -> None:
    http.answers = [500]
    await engine.save(steps=[call(http)])
    execution = await engine.start()
    await engine.in_state(execution, "retrying")
    await engine.save(steps=[call(http, skip=True)])
    await engine.ask(execution, "retry")
    await engine.ended(execution)
    assert await engine.visits(execution) == [("call", "skipped")]
    await engine.save(steps=[call(http, skip=False)])
    http.answers = [200]
    await engine.ended(await engine.start())
    await http.was_asked(2)
