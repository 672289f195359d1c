"""Whatever changes a record tells the automations so: exactly once, with what changed, in the transaction of the change."""

from typing import Any
from uuid import UUID

import httpx2
import pytest

from store.database import Database
from tests.api.asking import create_lead, save_lead
from tests.builders import start
from tests.engine import Engine

Told = list[tuple[str, dict[str, Any]]]


async def events(database: Database, record_id: str) -> Told:
    async with database.connection() as connection:
        rows = await connection.fetch("select kind, payload from events where record_id = $1 order by number", UUID(record_id))
    return [(row["kind"], row["payload"]) for row in rows]


@pytest.fixture
async def grace(api: httpx2.AsyncClient) -> str:
    await save_lead(api)
    return (await api.put("/employees/grace@example.com", json={"name": "Grace"})).json()["id"]


@pytest.fixture
async def record(api: httpx2.AsyncClient, grace: str) -> str:
    return (await create_lead(api, values={"seats": 5}, stage="New", owner=grace)).json()["id"]


async def test_a_new_record_is_told_with_all_that_it_has(record: str, grace: str, database: Database) -> None:
    new = {"seats": 5, "name": "Ada", "stage": "New", "owner": grace}
    assert await events(database, record) == [("record_created", {"new": new})]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"values": {"seats": 6}}, [("field_updated", {"old": {"seats": 5}, "new": {"seats": 6}})]),
        ({"values": {"seats": None}}, [("field_updated", {"old": {"seats": 5}, "new": {"seats": None}})]),
        ({"values": {"note": "x"}}, [("field_updated", {"old": {"note": None}, "new": {"note": "x"}})]),
        ({"name": "Bob"}, [("field_updated", {"old": {"name": "Ada"}, "new": {"name": "Bob"}})]),
        ({"stage": "Won"}, [("stage_updated", {"old": "New", "new": "Won"})]),
        ({"stage": None}, [("stage_updated", {"old": "New", "new": None})]),
        (
            {"values": {"seats": 6, "note": ""}, "name": "Bob", "stage": "Won"},
            [
                ("field_updated", {"old": {"name": "Ada", "seats": 5}, "new": {"name": "Bob", "seats": 6}}),
                ("stage_updated", {"old": "New", "new": "Won"}),
            ],
        ),
        ({"values": {"seats": "5"}, "name": "Ada", "stage": "New", "owner": "grace@example.com"}, []),
        ({"values": {"seats": "many"}, "name": "Bob"}, []),
    ],
)
async def test_a_change_is_told_with_what_changed(
    change: dict[str, Any], told: Told, api: httpx2.AsyncClient, record: str, database: Database
) -> None:
    await api.patch(f"/records/{record}", json=change)
    assert (await events(database, record))[1:] == told


async def test_another_owner_is_a_changed_field(api: httpx2.AsyncClient, record: str, grace: str, database: Database) -> None:
    await api.patch(f"/records/{record}", json={"owner": None})
    assert (await events(database, record))[1:] == [("field_updated", {"old": {"owner": grace}, "new": {"owner": None}})]


async def test_archiving_and_unarchiving_are_told_once_each(api: httpx2.AsyncClient, record: str, database: Database) -> None:
    for way in ("archive", "archive", "unarchive", "unarchive"):
        await api.post(f"/records/{record}/{way}")
    assert (await events(database, record))[1:] == [("record_archived", {}), ("record_unarchived", {})]


@pytest.mark.parametrize("way", ["archive", "unarchive", "create", "change"])
async def test_what_cannot_be_told_is_not_done(way: str, api: httpx2.AsyncClient, record: str, database: Database) -> None:
    if way == "unarchive":
        await api.post(f"/records/{record}/archive")
    before = (await api.get(f"/records/{record}")).json()
    async with database.connection() as connection:
        await connection.execute("alter table events add constraint broken check (false) not valid")
    if way == "create":
        answer = await create_lead(api)
    elif way == "change":
        answer = await api.patch(f"/records/{record}", json={"values": {"seats": 6}})
    else:
        answer = await api.post(f"/records/{record}/{way}")
    assert answer.status_code == 500
    assert (await api.get(f"/records/{record}")).json() == before
    assert len((await api.get("/objects/lead/records", params={"archived": True})).json()["items"]) == 1


async def test_a_step_tells_what_it_changed_and_which_chain_it_belongs_to(engine: Engine) -> None:
    lead = await engine.lead(seats=5, status="Open")
    changes = [{"field": "seats", "value": 6}, {"field": "status", "how": "clear"}, {"field": "country", "value": "DE"}]
    await engine.save(api_name="child", object="lead", steps=[{"id": "set", "type": "change_field_value", "changes": changes}])
    await engine.save(api_name="parent", object="lead", steps=[start("go", "child", on="this_record")])
    parent = await engine.start("parent", lead)
    await engine.ended(parent)
    child = await engine.latest("child")
    await engine.ended(child["id"])
    async with engine.database.connection() as connection:
        rows = await connection.fetch("select * from events where record_id = $1 order by number", lead)
    [created, updated] = rows
    assert (created["root_id"], created["depth"]) == (None, 0)
    assert (updated["kind"], updated["root_id"], updated["depth"]) == ("field_updated", parent, 1)
    assert updated["payload"] == {
        "old": {"seats": 5, "status": "Open", "country": None},
        "new": {"seats": 6, "status": None, "country": "DE"},
    }


async def test_a_step_that_changes_nothing_tells_nobody(engine: Engine) -> None:
    lead = await engine.lead(seats=5)
    changes = [{"field": "seats", "value": 5}]
    await engine.save(object="lead", steps=[{"id": "set", "type": "change_field_value", "changes": changes}])
    await engine.ended(await engine.start(record=lead))
    assert [kind for kind, _ in await events(engine.database, str(lead))] == ["record_created"]
