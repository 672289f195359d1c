"""Whatever is sent in, the answer is a problem that says what to do, and nothing is written."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from store.database import Database
from tests.api.asking import create_lead, refused, save_lead

JSON = {"content-type": "application/json"}
YAML = {"content-type": "application/yaml"}
DEEP = 10_000
ID = uuid4()


@dataclass
class Case:
    method: str
    path: str
    status: int
    code: str
    content: bytes | None = None
    headers: dict[str, str] = field(default_factory=lambda: dict(JSON))


def get(path: str, status: int, code: str) -> Case:
    return Case("GET", path, status, code)


def lead(content: bytes, status: int, code: str) -> Case:
    return Case("POST", "/objects/lead/records", status, code, content)


def document(content: bytes, status: int, code: str) -> Case:
    return Case("PUT", "/automations/some", status, code, content, dict(YAML))


CASES = {
    "an empty body": lead(b"", 422, "invalid_request"),
    "a list for an object": lead(b"[]", 422, "invalid_request"),
    "null for an object": lead(b"null", 422, "invalid_request"),
    "a key too many": lead(b'{"name": "A", "nmae": "B"}', 422, "invalid_request"),
    "text for an object": lead(b'{"name": "A", "values": "x"}', 422, "invalid_request"),
    "a list of lists": lead(b'{"name": [[]]}', 422, "invalid_request"),
    "a lone surrogate": lead(b'{"name": "\\ud800"}', 422, "invalid_text"),
    "a NUL": lead(b'{"name": "a\\u0000"}', 422, "invalid_text"),
    "a key with a NUL": lead(b'{"name": "a", "values": {"\\u0000": 1}}', 422, "invalid_text"),
    "a number that is none": lead(b'{"name": "A", "values": {"seats": NaN}}', 400, "invalid_json"),
    "a number without an end": lead(b'{"name": "A", "values": {"seats": ' + b"9" * 10_000 + b"}}", 422, "invalid_number"),
    "a number with 300 digits": lead(b'{"name": "A", "values": {"seats": ' + b"9" * 300 + b"}}", 422, "invalid_record_values"),
    "a deep value": lead(b'{"name": "A", "values": {"note": ' + b"[" * DEEP + b"]" * DEEP + b"}}", 400, "nested_too_deep"),
    "a value that is a little deep": lead(
        b'{"name": "A", "values": {"note": ' + b"[" * 90 + b"]" * 90 + b"}}", 422, "invalid_record_values"
    ),
    "a key twice": lead(b'{"name": "A", "name": "B"}', 400, "duplicate_key"),
    "half of a body": lead(b'{"name": "A"', 400, "invalid_json"),
    "XML": Case("POST", "/objects/lead/records", 415, "unsupported_media_type", b"<a/>", {"content-type": "text/xml"}),
    "JSON of an unknown kind": Case(
        "POST", "/objects/lead/records", 415, "unsupported_media_type", b"{}", {"content-type": "json"}
    ),
    "a deep document": document(b"[" * DEEP + b"]" * DEEP, 400, "invalid_yaml"),
    "a deep document by lines": document(b"".join(b" " * n + b"a:\n" for n in range(400)), 400, "invalid_yaml"),
    "a document with a key twice": document(b"a: 1\na: 2\n", 400, "invalid_yaml"),
    "a document that is no text": document(b"\xff\xfe\x00", 422, "invalid_text"),
    "a document with a NUL": document(b"name: a\0", 422, "invalid_text"),
    "no document": document(b"", 422, "invalid_document"),
    "a document that grows": document(b"a: &a [x]\nb: [*a, *a]\n", 400, "invalid_yaml"),
    "a huge page": get("/automations?size=1000000", 422, "invalid_request"),
    "no page": get("/automations?size=0", 422, "invalid_request"),
    "a size that is none": get("/automations?size=many", 422, "invalid_request"),
    "a cursor that is none": get("/automations?cursor=%2e%2e", 400, "invalid_cursor"),
    "a cursor of another list": get("/executions?cursor=WyJldmVudHMiLCJ4Il0=", 400, "invalid_cursor"),
    "a cursor without an end": get("/executions?cursor=" + "A" * 5_000, 422, "invalid_request"),
    "a misspelled filter": get("/executions?autmation=demo", 422, "unknown_parameter"),
    "a parameter of another list": get("/employees?automation=demo", 422, "unknown_parameter"),
    "a NUL in a parameter": get("/automations?name=%00", 422, "invalid_text"),
    "a NUL in the path": get("/automations/a%00b", 422, "invalid_text"),
    "no UTF-8 in the path": get("/automations/%ff%fe", 404, "automation_not_found"),
    "no UTF-8 in a parameter": get("/executions?state=%ff", 422, "invalid_request"),
    "half a surrogate in a parameter": get("/executions?automation=%ed%a0%80", 404, "automation_not_found"),
    "an id that is none": get("/executions/42", 422, "invalid_request"),
    "an id with more behind it": get(f"/executions/{ID}x", 422, "invalid_request"),
    "an id of nothing": get(f"/executions/{ID}", 404, "execution_not_found"),
    "an unknown path": get("/executoins", 404, "not_found"),
    "a path with a slash too many": get("/executions/", 404, "not_found"),
    "an escape out of the path": get("/automations/..%2f..%2fetc", 404, "not_found"),
    "a wrong method": Case("DELETE", "/executions", 405, "method_not_allowed"),
    "a method of nobody": Case("BREW", "/executions", 405, "method_not_allowed"),
    "an unknown state": get("/executions?state=asleep", 422, "invalid_request"),
    "an ETag that is none": Case("PUT", "/automations/some", 400, "invalid_etag", b"{}", JSON | {"If-Match": "yesterday"}),
    "an idempotency key that is none": Case(
        "POST", "/objects/lead/records", 422, "invalid_idempotency_key", b'{"name": "A"}', JSON | {"Idempotency-Key": "x" * 256}
    ),
}


async def rows(database: Database) -> dict[str, int]:
    """How many rows each table has."""
    async with database.connection() as connection:
        tables = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
        names = [row["tablename"] for row in tables]
        return {name: await connection.fetchval(f'select count(*) from "{name}"') for name in names}


async def test_bad_input_is_refused_with_a_problem_and_nothing_is_written(api: httpx2.AsyncClient, database: Database) -> None:
    await save_lead(api)
    assert (await create_lead(api)).status_code == 201
    before, wrong = await rows(database), dict[str, Any]()
    for name, case in CASES.items():
        answered = await api.request(case.method, case.path, content=case.content, headers=case.headers)
        found = answered.json() if "problem+json" in answered.headers["content-type"] else {}
        if (answered.status_code, found.get("code")) != (case.status, case.code):
            wrong[name] = (answered.status_code, answered.text[:300])
    assert not wrong
    assert await rows(database) == before


@pytest.mark.parametrize("name", ["a list for an object", "a huge page", "an id that is none", "a key too many", "an empty body"])
async def test_the_sentences_are_for_people(name: str, api: httpx2.AsyncClient) -> None:
    case = CASES[name]
    answered = await api.request(case.method, case.path, content=case.content, headers=case.headers)
    found = refused(answered, case.status, case.code)
    assert found["errors"]
    for each in found["errors"]:
        assert each["sentence"].endswith((".", "?"))
        assert not {"Input", "should", "permitted", "required", "dictionary"} & set(each["sentence"].split())


async def test_a_misspelled_parameter_is_told_what_was_meant(api: httpx2.AsyncClient) -> None:
    found = refused(await api.get("/executions?autmation=demo"), 422, "unknown_parameter")
    assert found["detail"] == "There is no parameter autmation here: did you mean automation?"
    assert found["errors"][0]["path"] == "autmation"
