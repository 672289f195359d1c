"""Redirects of http_request: followed where a step asks for it, and no further than a call may go."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.activities.test_secrets import TOKEN, set_secret
from tests.activities.test_switching import held, switch
from tests.engine import Engine
from tests.http_server import HttpServer

BODY = {"n": 1}


@pytest.fixture
async def other() -> AsyncIterator[HttpServer]:
    """Another server, under another name of the same machine."""
    server = HttpServer()
    await server.start()
    yield server
    await server.stop()


def away(server: HttpServer, path: str = "/there") -> str:
    return f"http://2130706433:{server.port}{path}"


def call(http: HttpServer, **more: Any) -> dict[str, Any]:
    return {
        "id": "call", "type": "http_request", "method": "POST", "url": f"{http.url}/a?b=1", "redirects": 3, "json": BODY,
        "auth": {"bearer": "{{ secrets.token }}"}, "headers": {"X-Key": "{{ secrets.token }}", "X-Plain": "yes"}, **more,
    }  # fmt: skip


async def sentence_of_failure(engine: Engine, **step: Any) -> tuple[str, str]:
    await set_secret(engine)
    await engine.save(steps=[step])
    execution = await engine.start()
    await engine.in_state(execution, "paused", reason="error")
    error = (await engine.steps(execution))[-1]["error"]
    return error["code"], error["sentence"]


async def test_the_same_server_is_asked_again_with_all_that_was_sent(engine: Engine, http: HttpServer) -> None:
    await set_secret(engine)
    http.answers = [(308, "", {"Location": "next"}), (307, "", {"Location": f"{http.url}/last?x=1"}), (201, {"id": 7})]
    await engine.save(steps=[call(http)])
    execution = await engine.start()
    await engine.ended(execution)
    assert [(asked.method, asked.path, asked.body) for asked in http.asked] == [
        ("POST", path, b'{"n":1}') for path in ("/a?b=1", "/next", "/last?x=1")
    ]
    assert {asked.headers["authorization"] for asked in http.asked} == {f"Bearer {TOKEN}"}
    assert {asked.headers["idempotency-key"] for asked in http.asked} == {f"{execution}:1"}
    assert (await engine.steps(execution))[-1]["output"]["status"] == 201


@pytest.mark.parametrize(("status", "method", "then"), [(303, "PUT", "GET"), (302, "POST", "GET"), (301, "PUT", "PUT")])
async def test_another_server_is_told_no_secret(
    status: int, method: str, then: str, engine: Engine, http: HttpServer, other: HttpServer
) -> None:
    await set_secret(engine)
    http.answers = [(status, "", {"Location": away(other), "Set-Cookie": "session=1"})]
    await engine.save(steps=[call(http, method=method)])
    await engine.ended(await engine.start())
    [first], [asked] = http.asked, other.asked
    assert first.headers["x-key"] == TOKEN
    assert (asked.method, asked.path, asked.body) == (then, "/there", b"" if then == "GET" else b'{"n":1}')
    assert asked.headers["host"] == f"2130706433:{other.port}"
    assert not {"authorization", "x-key", "cookie"} & asked.headers.keys()
    assert ("content-type" in asked.headers, asked.headers["x-plain"]) == (then != "GET", "yes")


async def test_a_body_with_a_secret_is_not_sent_to_another_server(engine: Engine, http: HttpServer, other: HttpServer) -> None:
    http.answers = [(307, "", {"Location": away(other)})]
    found = await sentence_of_failure(engine, **call(http, json={"key": "{{ secrets.token }}"}))
    assert found == ("redirect_refused", "127.0.0.1 redirects to 2130706433, which is not told the secret in the body.")
    assert other.asked == []


@pytest.mark.parametrize(
    ("location", "code", "says"),
    [
        ("http://169.254.169.254/latest/meta-data", "address_forbidden", "169.254.169.254 is no public address"),
        ("http://127.0.0.2/", "address_forbidden", "loopback"),
        ("ftp://127.0.0.1/", "invalid_request", "ftp"),
        ("http://[::1/", "redirect_refused", "127.0.0.1 redirects to what is no address"),
        ("/again", "too_many_redirects", "POST 127.0.0.1 was redirected more than 3 times."),
    ],
)
async def test_a_redirect_to_where_no_call_may_go_is_an_expected_failure(
    location: str, code: str, says: str, engine: Engine, http: HttpServer
) -> None:
    http.answers = [(302, "", {"Location": location})]
    found, sentence = await sentence_of_failure(engine, **call(http))
    assert (found, says in sentence) == (code, True), sentence
    assert len(http.asked) == (4 if code == "too_many_redirects" else 1)


async def test_a_kill_switch_stands_in_the_way_of_each_host(engine: Engine, http: HttpServer, other: HttpServer) -> None:
    await set_secret(engine)
    http.answers = [(302, "", {"Location": away(other)})]
    await engine.save(steps=[call(http)])
    await switch(engine, "host", "2130706433")
    execution = await engine.start()
    assert (await held(engine, execution))["step_id"] == "call"
    assert (len(http.asked), other.asked) == (1, [])
