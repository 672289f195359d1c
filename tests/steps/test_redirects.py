"""Redirects of http_request: followed where a step asks for it, and no further than a call may go."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.activities.test_secrets import set_secret
from tests.builders import request
from tests.http_server import HttpServer
from tests.steps.house import House, Where
from tests.steps.showing import shows

SECRET = "redirect_key"
VALUE = "sk/quite+secret"


@pytest.fixture
async def other(house: House) -> AsyncIterator[HttpServer]:
    """Another server, under another name of the same machine; and the secret of the calls is there."""
    await set_secret(house.engine, SECRET, VALUE)
    server = HttpServer()
    await server.start()
    yield server
    await server.stop()


def away(server: HttpServer) -> str:
    return f"http://2130706433:{server.port}/there"


def call(http: HttpServer, method: str = "POST", **more: Any) -> dict[str, Any]:
    secret = f"{{{{ secrets.{SECRET} }}}}"
    parts = {"json": {"n": 1}, "auth": {"bearer": secret}, "headers": {"X-Key": secret, "X-Plain": "yes"}, **more}
    return request("call", f"{http.url}/a?b=1", method=method, redirects=3, **parts)


@shows("http_request", "redirects")
async def test_the_same_server_is_asked_again_with_all_that_was_sent(
    house: House, where: Where, http: HttpServer, other: HttpServer
) -> None:
    http.answers = [(308, "", {"Location": "next"}), (307, "", {"Location": f"{http.url}/last?x=1"}), (201, {"id": 7})]
    run = await house.run(where, call(http))
    assert [(asked.method, asked.path, asked.body) for asked in http.asked] == [
        ("POST", path, b'{"n":1}') for path in ("/a?b=1", "/next", "/last?x=1")
    ]
    assert {asked.headers["authorization"] for asked in http.asked} == {f"Bearer {VALUE}"}
    assert {asked.headers["idempotency-key"] for asked in http.asked} == {f"{run.id}:1"}
    assert run.output("call")["status"] == 201


@pytest.mark.parametrize(("status", "method", "then"), [(303, "PUT", "GET"), (302, "POST", "GET"), (301, "PUT", "PUT")])
async def test_another_server_is_told_no_secret(
    status: int, method: str, then: str, house: House, http: HttpServer, other: HttpServer
) -> None:
    http.answers = [(status, "", {"Location": away(other), "Set-Cookie": "session=1"})]
    await house.run("global", call(http, method))
    [first], [asked] = http.asked, other.asked
    assert first.headers["x-key"] == VALUE
    assert (asked.method, asked.path, asked.body) == (then, "/there", b"" if then == "GET" else b'{"n":1}')
    assert asked.headers["host"] == f"2130706433:{other.port}"
    assert not {"authorization", "x-key", "cookie"} & asked.headers.keys()
    assert ("content-type" in asked.headers, asked.headers["x-plain"]) == (then != "GET", "yes")


async def test_a_body_with_a_secret_is_not_sent_to_another_server(house: House, http: HttpServer, other: HttpServer) -> None:
    http.answers = [(307, "", {"Location": away(other)})]
    found = await house.failure("global", call(http, json={"key": f"{{{{ secrets.{SECRET} }}}}"}))
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
    location: str, code: str, says: str, house: House, http: HttpServer, other: HttpServer
) -> None:
    http.answers = [(302, "", {"Location": location})]
    found, sentence = await house.failure("global", call(http))
    assert (found, says in sentence) == (code, True), sentence
    assert len(http.asked) == (4 if code == "too_many_redirects" else 1)
