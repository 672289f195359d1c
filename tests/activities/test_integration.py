"""http_request: what is asked, what is taken from the answer, and which answers are failures."""

import json
from base64 import b64decode
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit
from xml.etree import ElementTree

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


AWKWARD = 'Jürgen "J" O\'Hara & Söhne <gmbh>\nline two; "}, {"admin": true}'
WHO = [{"id": "v", "name": "who", "type": "string", "sources": [{"static": AWKWARD}]}]

BODIES: dict[str, tuple[str, str, Callable[[str], Any]]] = {
    "json": ("application/json", '{"who": "{{ variables.who }}"}', lambda text: json.loads(text)["who"]),
    "problem": ("application/problem+json", '{"who": "{{ variables.who }}"}', lambda text: json.loads(text)["who"]),
    "xml": ("application/xml", "<a who='{{ variables.who }}'>ü</a>", lambda text: ElementTree.fromstring(text).get("who")),
    "soap": ("text/xml", "<a>{{ variables.who }}</a>", lambda text: ElementTree.fromstring(text).text),
    "html": ("text/html", "<p>{{ variables.who }}</p>", lambda text: ElementTree.fromstring(text).text),
    "form": ("application/x-www-form-urlencoded", "a=1&who={{ variables.who }}", lambda text: parse_qs(text)["who"][0]),
    "plain": ("text/plain; charset=UTF-8", "{{ variables.who }}", lambda text: text),
    "csv": ("text/csv", "{{ variables.who }}", lambda text: text),
}


async def test_a_merged_value_arrives_as_it_is_whatever_kind_of_body_it_stands_in(engine: Engine, http: HttpServer) -> None:
    steps = [call(http, method="POST", body=body, content_type=type) | {"id": name} for name, (type, body, _) in BODIES.items()]
    by_header = call(http, method="PUT", body=BODIES["json"][1], headers={"content-type": "application/json"}) | {"id": "own"}
    raw = call(http, method="PATCH", body="<p>{{ variables.who }}</p>", content_type="text/html", escape=False) | {"id": "raw"}
    await engine.save(variables=WHO, steps=[*steps, by_header, raw])
    await engine.ended(await engine.start())
    *asked, own, unescaped = http.asked
    for (type, _, read), one in zip(BODIES.values(), asked, strict=True):
        assert read(one.body.decode()) == AWKWARD
        told = one.headers["content-type"]
        assert told == (f"{type}; charset=utf-8" if type.startswith("text/") and ";" not in type else type)
    assert json.loads(own.body)["who"] == AWKWARD
    assert own.headers["content-type"] == "application/json"
    assert unescaped.body.decode() == f"<p>{AWKWARD}</p>"


async def test_query_form_authorization_and_headers_are_sent_with_their_values(engine: Engine, http: HttpServer) -> None:
    step = call(
        http, method="POST", url=f"{http.url}/{{{{ variables.who }}}}?a=1#here", query={"q ö": "{{ variables.who }}", "b": ""},
        form={"who": "{{ variables.who }}", "n": "{{ 1 + 1 }}"}, auth={"basic": {"username": "ada", "password": "pass: {{ 7 }}"}},
        headers={"X-Name": "Jürgen {{ automation.api_name }}\n"}, idempotency_header="X-Request-Key",
    )  # fmt: skip
    head = call(http, method="HEAD", auth={"bearer": "t-{{ 1 }}"}, into=[{"variable": "who", "value": "$.a"}]) | {"id": "head"}
    await engine.save(variables=WHO, steps=[step, head])
    execution = await engine.start()
    row = await engine.ended(execution)
    posted, headed = http.asked
    url = urlsplit(posted.path)
    assert parse_qs(f"who={url.path[1:]}")["who"] == [AWKWARD]
    assert dict(parse_qsl(url.query, keep_blank_values=True)) == {"a": "1", "q ö": AWKWARD, "b": ""}
    assert dict(parse_qsl(posted.body.decode())) == {"who": AWKWARD, "n": "2"}
    assert b64decode(posted.headers["authorization"].removeprefix("Basic ")) == b"ada:pass: 7"
    assert (posted.headers["x-name"], posted.headers["x-request-key"]) == ("Jürgen subject", f"{execution}:2")
    assert "idempotency-key" not in posted.headers
    assert (headed.method, headed.headers["authorization"], row["variables"]["who"]) == ("HEAD", "Bearer t-1", None)


async def test_headers_and_bodies_of_answers_go_into_variables_and_into_the_history(engine: Engine, http: HttpServer) -> None:
    seen = {"X-Total": "42", "Content-Type": "text/plain; charset=latin-1", "Set-Cookie": "session=secret", "X-Else": "no"}
    http.answers = [(201, "Graz", seen), (204, "")]
    taken = [
        {"variable": "status", "header": "x-TOTAL", "required": True},
        {"variable": "city", "value": "body"},
        {"variable": "tags", "header": "X-Nowhere"},
    ]
    empty = call(http, into=[{"variable": "city", "value": "$.city"}]) | {"id": "empty"}
    needed = call(http, into=[{"variable": "city", "header": "X-Nowhere", "required": True}], on_error="continue") | {
        "id": "needed"
    }
    await engine.save(variables=VARIABLES, steps=[call(http, into=taken), empty, needed])
    execution = await engine.start()
    row = await engine.ended(execution)
    assert float(row["variables"]["status"]) == 42
    assert not row["variables"]["tags"]
    first, second, last = (await engine.steps(execution))[-3:]
    shown = {"content-type": "text/plain; charset=latin-1", "x-total": "42"}
    assert first["output"] | {"city": "Graz"} == {"status": 201, "headers": shown, "body": "Graz", "city": "Graz"}
    assert (second["status"], row["variables"]["city"]) == ("completed", None)
    assert last["error"] == {
        "code": "required_variable_blank",
        "sentence": "Variable city is required and the header X-Nowhere of the answer from 127.0.0.1 is blank.",
    }


async def test_what_is_success_is_what_the_step_says(engine: Engine, http: HttpServer) -> None:
    tried: list[tuple[Any, dict[str, Any], str | None]] = [
        ((404, {"city": "none"}), {"success": ["2xx", 404], "into": [{"variable": "city", "value": "$.city"}]}, None),
        ((302, "", {"Location": "/"}), {"success": ["3xx"]}, None),
        (503, {"success": ["5xx"]}, None),
        (429, {"success": [429]}, None),
        (200, {"success": [201]}, "GET 127.0.0.1 answered 200: {}"),
        ((302, "", {"Location": "/"}), {}, "GET 127.0.0.1 answered 302: redirects are not followed"),
        ((200, "x" * 1_001), {"max_bytes": 1_000}, "127.0.0.1 answered with more than 1,000 bytes."),
        ((200, "x" * 1_000), {"max_bytes": 1_000}, None),
        ((410, "x" * 1_001), {"max_bytes": 1_000}, f"GET 127.0.0.1 answered 410: {'x' * 200}"),
    ]
    http.answers = [answer for answer, _, _ in tried]
    steps = [call(http, on_error="continue_silently", **rule) | {"id": f"s{n}"} for n, (_, rule, _) in enumerate(tried)]
    await engine.save(variables=VARIABLES, steps=steps)
    execution = await engine.start()
    row = await engine.ended(execution)
    runs = (await engine.steps(execution))[len(VARIABLES) :]
    assert [run["error"] and run["error"]["sentence"] for run in runs] == [sentence for _, _, sentence in tried]
    assert row["variables"]["city"] == "none"


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
