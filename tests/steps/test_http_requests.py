"""http_request: what arrives at the other side, what is taken from its answer, and which answers are failures."""

import json
from base64 import b64decode
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit
from xml.etree import ElementTree

from tests.builders import Json, request, variable
from tests.http_server import HttpServer
from tests.steps.house import House, Where
from tests.steps.showing import shows

AWKWARD = 'Jürgen "J" O\'Hara & Söhne <gmbh>\nline two; "}, {"admin": true}'
WHO = variable("who", {"static": AWKWARD}, type="string")
TAKEN = [variable(name, {"static": ""}, type="string") for name in ("city", "left", "text")] + [
    variable("status", {"static": ""}),
    variable("tags", {"static": []}, type="string", list=True),
]

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


@shows("http_request", "method=POST", "method=PUT", "method=PATCH", "url", "headers", "body", "content_type", "escape")
async def test_a_merged_value_arrives_as_it_is_whatever_kind_of_body_it_stands_in(
    house: House, where: Where, http: HttpServer
) -> None:
    steps = [request(name, http.url, method="POST", body=body, content_type=type) for name, (type, body, _) in BODIES.items()]
    by_header = request("own", http.url, method="PUT", body=BODIES["json"][1], headers={"content-type": "application/json"})
    raw = request("raw", http.url, method="PATCH", body="<p>{{ variables.who }}</p>", content_type="text/html", escape=False)
    await house.run(where, *steps, by_header, raw, variables=[WHO])
    *asked, own, unescaped = http.asked
    for (type, _, read), one in zip(BODIES.values(), asked, strict=True):
        assert read(one.body.decode()) == AWKWARD
        told = one.headers["content-type"]
        assert told == (f"{type}; charset=utf-8" if type.startswith("text/") and ";" not in type else type)
    assert json.loads(own.body)["who"] == AWKWARD
    assert own.headers["content-type"] == "application/json"
    assert unescaped.body.decode() == f"<p>{AWKWARD}</p>"


@shows(
    "http_request", "method=HEAD", "method=DELETE", "url", "query", "headers", "auth.basic.username", "auth.basic.password",
    "auth.bearer", "form", "json", "idempotency_header", "into.value",
)  # fmt: skip
async def test_query_form_structure_authorization_and_headers_are_sent_with_their_values(
    house: House, where: Where, http: HttpServer
) -> None:
    posted = request(
        "post", f"{http.url}/{{{{ variables.who }}}}?a=1#here", method="POST", query={"q ö": "{{ variables.who }}", "b": ""},
        form={"who": "{{ variables.who }}", "n": "{{ 1 + 1 }}"}, auth={"basic": {"username": "ada", "password": "pass: {{ 7 }}"}},
        headers={"X-Name": "Jürgen {{ business.timezone }}\n"}, idempotency_header="X-Request-Key",
    )  # fmt: skip
    head = request("head", http.url, method="HEAD", auth={"bearer": "t-{{ 1 }}"}, into=[{"variable": "who", "value": "$.a"}])
    delete = request("delete", http.url, method="DELETE", json=[{"who": "{{ variables.who }}", "n": 1}])
    run = await house.run(where, posted, delete, head, variables=[WHO])
    first, second, third = http.asked
    url = urlsplit(first.path)
    assert parse_qs(f"who={url.path[1:]}")["who"] == [AWKWARD]
    assert dict(parse_qsl(url.query, keep_blank_values=True)) == {"a": "1", "q ö": AWKWARD, "b": ""}
    assert dict(parse_qsl(first.body.decode())) == {"who": AWKWARD, "n": "2"}
    assert b64decode(first.headers["authorization"].removeprefix("Basic ")) == b"ada:pass: 7"
    assert first.headers["x-name"].startswith("Jürgen ")
    assert (first.headers["x-request-key"], "idempotency-key" in first.headers) == (f"{run.id}:2", False)
    assert (second.method, json.loads(second.body)) == ("DELETE", [{"who": AWKWARD, "n": 1}])
    assert (third.method, third.headers["authorization"], third.headers["idempotency-key"]) == (
        "HEAD",
        "Bearer t-1",
        f"{run.id}:4",
    )
    assert run.variables["who"] is None


@shows("http_request", "into.variable", "into.value=status", "into.value=body", "into.value", "into.header", "into.required")
async def test_parts_of_answers_go_into_variables_and_some_of_them_into_the_history(
    house: House, where: Where, http: HttpServer
) -> None:
    seen = {"X-Left": "42", "Content-Type": "text/plain; charset=latin-1", "Set-Cookie": "session=secret", "X-Else": "no"}
    http.answers = [(201, "Graz", seen), (200, {"city": "Linz", "tags": ["a", "b"]}), (204, ""), 200]
    taken = [
        {"variable": "status", "value": "status"},
        {"variable": "text", "value": "body"},
        {"variable": "left", "header": "x-LEFT", "required": True},
    ]
    found = [{"variable": "city", "value": "$.city", "required": True}, {"variable": "tags", "value": "$.tags[*]"}]
    blank = [{"variable": "city", "value": "$.city"}, {"variable": "left", "header": "X-Nowhere"}]
    needed = [{"variable": "city", "header": "X-Nowhere", "required": True}]
    steps = [request(id, http.url, into=into) for id, into in (("a", taken), ("b", found), ("c", blank), ("d", needed))]
    run = await house.run(where, *steps, variables=TAKEN, ends="paused")
    assert (float(run.variables["status"]), run.variables["text"], run.variables["tags"]) == (201, "Graz", ["a", "b"])
    assert run.step("a")["output"]["headers"] == {"content-type": "text/plain; charset=latin-1", "x-left": "42"}
    assert (run.step("c")["status"], run.variables["city"], run.variables["left"]) == ("completed", None, None)
    assert run.error == (
        "required_variable_blank",
        "Variable city is required and the header X-Nowhere of the answer from 127.0.0.1 is blank.",
    )


@shows(
    "http_request", "method=GET", "success=2xx", "success=3xx", "success=4xx", "success=5xx", "success", "max_bytes",
)  # fmt: skip
async def test_what_is_success_is_what_the_step_says(house: House, where: Where, http: HttpServer) -> None:
    tried: list[tuple[Any, Json, str | None]] = [
        ((404, {"city": "none"}), {"success": ["2xx", 404], "into": [{"variable": "city", "value": "$.city"}]}, None),
        ((302, "", {"Location": "/"}), {"success": ["3xx"]}, None),
        (403, {"success": ["4xx"]}, None),
        (503, {"success": ["5xx"]}, None),
        (429, {"success": [429]}, None),
        (200, {"success": [201]}, "GET 127.0.0.1 answered 200: {}"),
        ((302, "", {"Location": "/"}), {}, "GET 127.0.0.1 answered 302: redirects are not followed"),
        ((200, "x" * 1_001), {"max_bytes": 1_000}, "127.0.0.1 answered with more than 1,000 bytes."),
        ((200, "x" * 1_000), {"max_bytes": 1_000}, None),
        ((410, "x" * 1_001), {"max_bytes": 1_000}, f"GET 127.0.0.1 answered 410: {'x' * 200}"),
    ]
    http.answers = [answer for answer, _, _ in tried]
    steps = [request(f"s{n}", http.url, on_error="continue_silently", **rule) for n, (_, rule, _) in enumerate(tried)]
    run = await house.run(where, *steps, variables=TAKEN)
    errors = [run.step(f"s{n}")["error"] for n in range(len(tried))]
    assert [error and error["sentence"] for error in errors] == [sentence for _, _, sentence in tried]
    assert run.variables["city"] == "none"


@shows("http_request", "timeout_seconds")
async def test_an_answer_that_does_not_come_in_time_is_waited_for_no_longer(house: House, where: Where, http: HttpServer) -> None:
    http.hold()
    run = await house.run(where, request("call", http.url, timeout_seconds=1), ends="retrying")
    assert "GET 127.0.0.1 did not answer within 1 s" in run.row["reason"]
    await house.engine.until_over(run.id, "cancel")
