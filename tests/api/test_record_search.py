"""Records by filters and criteria, in any order, page by page."""

import base64
import json
from typing import Any

import httpx2
import pytest

from tests.api.asking import refused

Json = dict[str, Any]
LEAD: Json = {
    "api_name": "lead",
    "name": "Lead",
    "fields": [
        {"name": "email", "type": "email"},
        {"name": "seats", "type": "integer"},
        {"name": "budget", "type": "money"},
        {"name": "city", "type": "text"},
        {"name": "born", "type": "date"},
        {"name": "seen", "type": "datetime"},
        {"name": "key", "type": "checkbox"},
        {"name": "labels", "type": "tags"},
        {"name": "friend", "type": "relationship", "object": "lead"},
    ],
    "stages": ["New", "Won"],
}
RECORDS: list[Json] = [
    {"name": "Ada", "stage": "New", "values": {"seats": 9, "city": "berlin", "seen": "2026-03-01T09:00:00Z", "budget": 100}},
    {"name": "Bea", "values": {"seats": 10, "city": "Aachen", "seen": "2026-03-01T09:00:00.5Z", "key": True}},
    {"name": "Cem", "stage": "Won", "values": {"seats": 10, "born": "1999-12-31", "budget": "20.5"}},
    {"name": "Dan", "values": {"city": "Köln", "seen": "2026-03-01T08:00:00Z"}},
    {"name": "Eve"},
]


@pytest.fixture(autouse=True)
async def ids(api: httpx2.AsyncClient) -> list[str]:
    await api.put("/objects/lead", json=LEAD)
    made = [await api.post("/objects/lead/records", json=record) for record in RECORDS]
    assert {answer.status_code for answer in made} == {201}
    return [answer.json()["id"] for answer in made]


async def search(api: httpx2.AsyncClient, **body: Any) -> httpx2.Response:
    return await api.post("/objects/lead/records/search", json=body)


async def names(api: httpx2.AsyncClient, **body: Any) -> str:
    """First letters, over as many pages as there are."""
    found: list[Json] = []
    cursor: str | None = None
    while True:
        answer = await search(api, **body, **({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return "".join(record["name"][0] for record in found)


@pytest.mark.parametrize("size", [1, 2, 50])
@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ([], "ABCDE"),
        (["name"], "ABCDE"),
        (["-name"], "EDCBA"),
        (["seats"], "ABCDE"),
        (["-seats"], "CBAED"),
        (["-seats", "name"], "BCADE"),
        (["budget"], "CABDE"),
        (["city"], "BADCE"),
        (["-city", "-name"], "DABEC"),
        (["seen"], "DABCE"),
        (["born", "seats"], "CABDE"),
        (["key", "-created_at"], "EDCAB"),
        (["stage"], "ACBDE"),
        (["-updated_at"], "EDCBA"),
    ],
)
async def test_pages_follow_each_other_in_any_order_blanks_last(
    sort: list[str], expected: str, size: int, api: httpx2.AsyncClient
) -> None:
    keys = [{"field": key.removeprefix("-"), "direction": "desc" if key.startswith("-") else "asc"} for key in sort]
    assert await names(api, sort=keys, size=size) == expected


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ({"field": "seats", "op": ">=", "value": 10}, "BC"),
        ({"field": "city", "op": "contains", "value": "KÖ"}, "D"),
        ({"any": [{"field": "city", "op": "=", "value": "AACHEN"}, {"field": "stage", "op": "=", "value": "Won"}]}, "BC"),
        (
            {
                "all": [
                    {"field": "city", "op": "is_not_blank"},
                    {"field": "seen", "op": "<", "value": "2026-03-01T10:00:00+01:00"},
                ]
            },
            "D",
        ),
        ({"related": "friend.name", "op": "is_blank"}, "ABCDE"),
        ({"field": "name", "op": "=", "value": "'; drop table records; --"}, ""),
    ],
)
async def test_a_filter_finds_its_records(filter: Json, expected: str, api: httpx2.AsyncClient) -> None:
    assert await names(api, filter=filter, size=1) == expected


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"name": "A"}, "ABD"),
        ({"stage": "Won"}, "C"),
        ({"created_after": "2020-01-01T00:00:00Z", "sort": "-name"}, "EDCBA"),
        ({"updated_before": "2020-01-01T00:00:00Z"}, ""),
        ({"owner": "grace@example.com"}, "B"),
        ({"archived": True, "sort": "-seats,name"}, "BCADE"),
    ],
)
async def test_a_list_is_narrowed_by_its_address(params: Json, expected: str, ids: list[str], api: httpx2.AsyncClient) -> None:
    await api.put("/employees/grace@example.com", json={"name": "Grace"})
    await api.patch(f"/records/{ids[1]}", json={"owner": "grace@example.com"})
    found = await api.get("/objects/lead/records", params=params)
    assert "".join(record["name"][0] for record in found.json()["items"]) == expected


async def test_archived_records_are_left_out_unless_asked_for(ids: list[str], api: httpx2.AsyncClient) -> None:
    await api.post(f"/records/{ids[0]}/archive")
    assert await names(api) == "BCDE"
    assert await names(api, archived=True) == "ABCDE"


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        ({"filter": {"field": "none", "op": "=", "value": 1}}, "invalid_filter", "filter.field"),
        ({"filter": {"all": [{"variable": "v", "op": "=", "value": 1}]}}, "invalid_filter", "filter.all[0].variable"),
        ({"filter": {"any": [{"field": "city", "op": "is_blank"}] * 501}}, "filter_too_large", None),
        ({"sort": [{"field": "none"}]}, "invalid_sort", None),
        ({"sort": [{"field": "labels"}]}, "invalid_sort", None),
        ({"sort": [{"field": "owner"}]}, "invalid_sort", None),
        ({"sort": [{"field": "name"}] * 4}, "invalid_request", "sort"),
    ],
)
async def test_what_cannot_be_asked_is_refused(body: Json, code: str, path: str | None, api: httpx2.AsyncClient) -> None:
    found = refused(await search(api, **body), 422, code)
    assert path is None or found["errors"][0]["path"] == path


async def test_an_owner_who_is_nobody_is_refused(api: httpx2.AsyncClient) -> None:
    answer = await api.get("/objects/lead/records", params={"owner": "nobody@example.com"})
    assert refused(answer, 422, "unknown_employee")["errors"][0]["path"] == "owner"


@pytest.mark.parametrize("key", ["x", None, 1, [], {}, "1e99999", "NaN", "\0"])
async def test_a_cursor_that_was_made_up_is_refused(key: Any, ids: list[str], api: httpx2.AsyncClient) -> None:
    for field, list_name in (("seats", "records of lead by seats"), ("created_at", "records of lead by created_at")):
        for keys in ([key], [key, key], []):
            cursor = base64.urlsafe_b64encode(json.dumps([list_name, json.dumps([*keys, ids[0]])]).encode()).decode()
            answer = await search(api, sort=[{"field": field}], cursor=cursor)
            assert answer.status_code == 400 or (key in (None, 1) and len(keys) == 1 and answer.status_code == 200), answer.text
