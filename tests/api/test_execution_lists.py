"""Lists and counts of executions by the API."""

from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx2
import pytest

from store.database import Database
from tests.api.asking import refused
from tests.keys import key_for
from tests.store.test_execution_lists import fill


async def pages(api: httpx2.AsyncClient, path: str, **params: Any) -> list[str]:
    """The ids of all pages."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await api.get(path, params={**params, **cursor, "size": 4})).json()
        found += [each["id"] for each in page["items"]]
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


async def test_a_list_is_filtered_sorted_and_paged(api: httpx2.AsyncClient, database: Database) -> None:
    async with database.connection() as connection:
        await fill(connection, 24)
    everything = await pages(api, "/executions")
    assert everything == sorted(everything, reverse=True)
    assert len(everything) == 24
    assert await pages(api, "/executions", sort="created_at") == everything[::-1]
    several = await pages(api, "/executions", state=["paused", "failed"], automation="automation-2")
    assert len(several) == 8
    assert await pages(api, "/automations/automation-2/executions", state=["failed", "paused"]) == several
    assert await pages(api, "/automations/automation-1/executions", state="failed") == []
    updated = [each["updated_at"] for each in (await api.get("/executions", params={"sort": "-updated_at"})).json()["items"]]
    assert updated == sorted(updated, reverse=True)
    assert (await api.get("/executions/count", params={"state": "paused"})).json() == {"count": 4, "more": False}


async def test_the_cursor_of_another_sort_or_filter_is_refused(api: httpx2.AsyncClient, database: Database) -> None:
    async with database.connection() as connection:
        await fill(connection, 24)
    cursor = (await api.get("/executions", params={"size": 2})).json()["next_cursor"]
    assert (await api.get("/executions", params={"size": 5, "cursor": cursor})).status_code == 200
    for others in ({"sort": "created_at"}, {"state": "paused"}, {"automation": "automation-1"}, {"open": "true"}):
        refused(await api.get("/executions", params={"cursor": cursor, **others}), 400, "invalid_cursor")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("state=gone", 422, "invalid_request"),
        ("sort=name", 422, "invalid_request"),
        ("created_after=2026-03-01T00:00:00", 422, "invalid_request"),
        (f"created_before={quote('0001-01-01T00:00:00+23:00')}", 422, "invalid_request"),
        ("automation=nobody", 404, "automation_not_found"),
        ("cursor=x", 400, "invalid_cursor"),
    ],
)
async def test_what_cannot_be_listed_says_why(api: httpx2.AsyncClient, query: str, status: int, code: str) -> None:
    for path in ("/executions", "/executions/count") if "cursor" not in query and "sort" not in query else ("/executions",):
        refused(await api.get(f"{path}?{query}"), status, code)


async def test_far_moments_and_unknown_things_find_nothing(api: httpx2.AsyncClient, database: Database) -> None:
    async with database.connection() as connection:
        await fill(connection, 6)
    for params in (
        {"created_after": "9999-12-31T23:59:59Z"},
        {"created_before": "0001-01-01T00:00:00Z"},
        {"bulk_start_id": str(uuid4())},
        {"object": "nothing"},
        {"step_id": "nowhere"},
    ):
        assert (await api.get("/executions", params=params)).json() == {"items": [], "next_cursor": None}


async def test_a_limited_key_sees_and_counts_its_own_only(api: httpx2.AsyncClient, database: Database) -> None:
    async with database.connection() as connection:
        await fill(connection, 24)
    headers = await key_for(database, "automations:view@automation/automation-1")
    items = (await api.get("/executions", headers=headers)).json()["items"]
    assert {each["automation"] for each in items} == {"automation-1"}
    assert (await api.get("/executions/count", headers=headers)).json() == {"count": 12, "more": False}
    assert (await api.get("/executions", params={"automation": "automation-2"}, headers=headers)).json()["items"] == []
    refused(await api.get("/automations/automation-2/executions", headers=headers), 403, "scope_missing")
