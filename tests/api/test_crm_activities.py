"""Crm activities by the API: logged, scheduled, changed, done; each refusal says where and why."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest

from store.database import Database
from tests.api.asking import create_lead, refused, save_lead

CALL = {"type": "call", "status": "scheduled", "due_at": "2026-03-02T09:30:00+01:00"}


@pytest.fixture
async def record(api: httpx2.AsyncClient) -> str:
    await save_lead(api)
    return (await create_lead(api)).json()["id"]


async def add(api: httpx2.AsyncClient, record: str, **parts: Any) -> httpx2.Response:
    return await api.post(f"/records/{record}/activities", json=CALL | parts)


async def added(api: httpx2.AsyncClient, record: str, **parts: Any) -> dict[str, Any]:
    answer = await add(api, record, **parts)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_one_is_scheduled_changed_and_completed(api: httpx2.AsyncClient, record: str) -> None:
    grace = (await api.put("/employees/grace@example.com", json={"name": "Grace"})).json()["id"]
    activity = await added(api, record, assigned_to="Grace@example.com", assigned_role="sales", note="Seats?", by="ada")
    assert (activity["status"], activity["due_at"], activity["assigned_to"]) == ("scheduled", "2026-03-02T08:30:00Z", grace)
    assert (activity["assigned_role"], activity["execution_id"]) == ("sales", None)
    address = f"/activities/{activity['id']}"
    assert (await api.get(address)).json() == activity
    changed = (await api.patch(address, json={"due_at": "2026-03-03T08:30:00Z", "assigned_to": None, "by": "bob"})).json()
    assert (changed["due_at"], changed["assigned_to"], changed["note"]) == ("2026-03-03T08:30:00Z", None, "Seats?")
    again = (await api.patch(address, json={"assigned_to": grace, "assigned_role": None, "note": None})).json()
    assert (again["note"], again["assigned_role"]) == ("", None)
    done = (await api.post(f"{address}/complete", json={"by": "eve"})).json()
    assert (done["status"], done["by"], done["due_at"], done["assigned_to"]) == (
        "completed", "eve", "2026-03-03T08:30:00Z", grace,
    )  # fmt: skip
    assert done["completed_at"]
    assert (await api.post(f"{address}/complete")).json() == done


async def test_one_is_logged_as_done(api: httpx2.AsyncClient, record: str) -> None:
    logged = await added(api, record, status="completed", type="site_visit", due_at=None)
    assert (logged["status"], logged["type"], logged["completed_at"]) == ("completed", "site_visit", logged["created_at"])


async def test_what_is_to_be_done_can_be_listed_alone(api: httpx2.AsyncClient, record: str) -> None:
    one, two, three = [await added(api, record) for _ in range(3)]
    canceled = (await api.post(f"/activities/{two['id']}/cancel")).json()
    address = f"/records/{record}/activities"
    assert (await api.get(address)).json()["items"] == [three, canceled, one]
    page = (await api.get(address, params={"open": True, "size": 1})).json()
    rest = (await api.get(address, params={"open": True, "size": 1, "cursor": page["next_cursor"]})).json()
    assert (page["items"] + rest["items"], rest["next_cursor"]) == ([three, one], None)


@pytest.mark.parametrize(
    ("parts", "path", "code"),
    [
        ({"due_at": None}, "due_at", "missing_key"),
        ({"status": "completed"}, "due_at", "unknown_key"),
        ({"assigned_to": "nobody@example.com"}, "assigned_to", "unknown_employee"),
        ({"assigned_to": "Grace"}, "assigned_to", "unknown_employee"),
        ({"assigned_to": "0197f2d0-0000-7000-8000-000000000000"}, "assigned_to", "unknown_employee"),
    ],
)
async def test_what_does_not_go_together_is_refused_by_its_path(
    parts: dict[str, Any], path: str, code: str, api: httpx2.AsyncClient, record: str
) -> None:
    found = refused(await add(api, record, **parts), 422, code)
    assert [(item["path"], item["code"]) for item in found["errors"]] == [(path, code)]
    assert (await api.get(f"/records/{record}/activities")).json()["items"] == []


@pytest.mark.parametrize(
    ("parts", "path"),
    [
        ({"type": "A call"}, "type"),
        ({"type": None}, "type"),
        ({"status": "canceled"}, "status"),
        ({"due_at": "2026-03-02T09:30:00"}, "due_at"),
        ({"due_at": "tomorrow"}, "due_at"),
        ({"due_at": "0001-01-01T00:00:00+14:00"}, "due_at"),
        ({"due_at": 1_700_000_000}, "due_at"),
        ({"note": "x" * 10_001}, "note"),
        ({"by": "x" * 201}, "by"),
        ({"assigned_role": " "}, "assigned_role"),
        ({"subject": "x"}, "subject"),
    ],
)
async def test_what_cannot_be_read_is_refused_by_its_path(
    parts: dict[str, Any], path: str, api: httpx2.AsyncClient, record: str
) -> None:
    found = refused(await add(api, record, **parts), 422, "invalid_request")
    assert [item["path"] for item in found["errors"]] == [path]


async def test_a_change_keeps_it_due_and_its_assignee_known(api: httpx2.AsyncClient, record: str) -> None:
    address = f"/activities/{(await added(api, record))['id']}"
    assert refused(await api.patch(address, json={"due_at": None}), 422, "missing_key")["errors"][0]["path"] == "due_at"
    found = refused(await api.patch(address, json={"assigned_to": "x"}), 422, "unknown_employee")
    assert found["errors"][0]["path"] == "assigned_to"
    assert refused(await api.patch(address, json={"type": "x"}), 422, "invalid_request")["errors"][0]["path"] == "type"


async def test_what_is_over_stays_so(api: httpx2.AsyncClient, record: str) -> None:
    address = f"/activities/{(await added(api, record))['id']}"
    await api.post(f"{address}/cancel")
    refused(await api.post(f"{address}/complete"), 409, "activity_closed")
    refused(await api.patch(address, json={"note": "x"}), 409, "activity_closed")
    assert (await api.post(f"{address}/cancel")).status_code == 200


async def test_an_archived_record_is_left_alone(api: httpx2.AsyncClient, record: str) -> None:
    activity = await added(api, record)
    await api.post(f"/records/{record}/archive")
    refused(await add(api, record), 409, "record_archived")
    refused(await api.post(f"/activities/{activity['id']}/complete"), 409, "record_archived")
    assert (await api.get(f"/records/{record}/activities")).json()["items"] == [activity]


async def test_what_does_not_exist_is_not_found(api: httpx2.AsyncClient, record: str) -> None:
    refused(await add(api, str(uuid4())), 404, "record_not_found")
    refused(await api.get(f"/records/{uuid4()}/activities"), 404, "record_not_found")
    address = f"/activities/{uuid4()}"
    for answer in (
        await api.get(address),
        await api.patch(address, json={"note": "x"}),
        await api.post(f"{address}/complete"),
        await api.post(f"{address}/cancel"),
    ):
        refused(answer, 404, "crm_activity_not_found")


async def test_each_doing_is_told_once(api: httpx2.AsyncClient, record: str, database: Database) -> None:
    address = f"/activities/{(await added(api, record))['id']}"
    await api.patch(address, json={"note": "x"})
    await api.patch(address, json={"note": "x"})
    await api.post(f"{address}/complete")
    await added(api, record, status="completed", due_at=None)
    refused(await add(api, record, assigned_to="nobody@example.com"), 422, "unknown_employee")
    async with database.connection() as connection:
        rows = await connection.fetch("select kind from events where record_id = $1 order by number", record)
    assert [row["kind"] for row in rows][1:] == [
        "activity_scheduled", "activity_changed", "activity_completed", "activity_logged",
    ]  # fmt: skip
