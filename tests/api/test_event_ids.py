"""The same event told again is one event; ids are those of a sender and a kind."""

import asyncio

import httpx2
import pytest

from store.database import Database
from tests.api.asking import create_lead, refused, save_lead
from tests.api.test_events import ADA, FORM, ago, listed, tell, told
from tests.keys import bearing, key_for


@pytest.fixture(autouse=True)
async def lead(api: httpx2.AsyncClient) -> str:
    await save_lead(api)
    return (await create_lead(api, values={"email": "ada@example.com"})).json()["id"]


async def test_an_event_is_told_once_by_its_id(api: httpx2.AsyncClient) -> None:
    [first] = await told(api, FORM | {"id": "7"})
    again, fresh, twice = await told(api, {"events": [FORM | {"id": "7"}, FORM | {"id": "8"}, FORM | {"id": "8"}]})
    assert (again, fresh["duplicate"], twice) == (
        {"id": first["id"], "duplicate": True}, False, {"id": fresh["id"], "duplicate": True},
    )  # fmt: skip
    assert len(await listed(api)) == 2


async def test_another_event_under_an_id_is_refused_with_all_that_came_with_it(api: httpx2.AsyncClient) -> None:
    [first] = await told(api, FORM | {"id": "7"})
    found = refused(await tell(api, FORM | {"id": "7", "form": "other"}), 409, "event_id_reused")
    assert first["id"] in found["detail"]
    batch = {"events": [FORM, FORM | {"id": "8"}, FORM | {"id": "8", "event_at": ago(hours=1)}]}
    found = refused(await tell(api, batch), 409, "event_id_reused")
    assert [error["path"] for error in found["errors"]] == ["events[2].id"]
    assert len(await listed(api)) == 1


async def test_an_id_is_that_of_a_kind(api: httpx2.AsyncClient) -> None:
    visit = {"kind": "website_visited", "record": ADA, "url": "https://example.com/", "id": "7"}
    kept = [(await told(api, event))[0] for event in (FORM | {"id": "7"}, visit)]
    assert [each["duplicate"] for each in kept] == [False, False]


async def test_the_ids_of_two_senders_are_no_business_of_each_other(api: httpx2.AsyncClient, database: Database) -> None:
    senders = [await key_for(database, "events:write", name=name) for name in ("shop", "mailer")]
    bounced = {"kind": "email_event", "record": ADA, "event": "bounced"}
    for event, key in ((bounced | {"id": "42"}, {}), (bounced, {"Idempotency-Key": "42"})):
        kept = [(await told(api, event, **sender, **key))[0] for sender in senders]
        again = [(await told(api, event, **sender, **key))[0] for sender in senders]
        assert [each["duplicate"] for each in kept] == [False, False]
        assert again == [each | {"duplicate": True} for each in kept]


async def test_a_key_that_is_rotated_tells_nothing_anew(api: httpx2.AsyncClient) -> None:
    made = (await api.post("/api-keys", json={"name": "shop", "scopes": ["events:write"]})).json()
    [first] = await told(api, FORM | {"id": "7"}, **bearing(made["key"]))
    for _ in range(2):
        made = (await api.post(f"/api-keys/{made['id']}/rotate")).json()
        assert await told(api, FORM | {"id": "7"}, **bearing(made["key"])) == [first | {"duplicate": True}]


async def test_what_an_earlier_release_kept_is_not_told_again(api: httpx2.AsyncClient, database: Database) -> None:
    [first] = await told(api, FORM | {"id": "7"})
    async with database.connection() as connection:
        await connection.execute(
            "update events set idempotency_key = 'told/7', told_hash = null where idempotency_key is not null"
        )
    assert await told(api, FORM | {"id": "7"}) == [first | {"duplicate": True}]
    assert not (await told(api, FORM | {"id": "7", "form": "other"}))[0]["duplicate"]


async def test_another_batch_under_a_key_is_refused(api: httpx2.AsyncClient) -> None:
    await told(api, {"events": [FORM, FORM]}, **{"Idempotency-Key": "a"})
    other = {"events": [FORM, FORM | {"form": "other"}]}
    found = refused(await tell(api, other, **{"Idempotency-Key": "a"}), 409, "event_id_reused")
    assert [error["path"] for error in found["errors"]] == ["events[1]"]


async def test_a_request_is_told_once_by_its_key(api: httpx2.AsyncClient) -> None:
    key = {"Idempotency-Key": "a"}
    batch = {"events": [FORM, FORM | {"id": "7"}, FORM]}
    first = await told(api, batch, **key)
    assert await told(api, batch, **key) == [{"id": each["id"], "duplicate": True} for each in first]
    assert len({each["id"] for each in first}) == 3
    assert not (await told(api, FORM, **{"Idempotency-Key": "b"}))[0]["duplicate"]
    assert not (await told(api, FORM))[0]["duplicate"]
    assert not (await told(api, FORM | {"id": "a"}))[0]["duplicate"]


async def test_an_id_cannot_take_the_place_of_another_key(api: httpx2.AsyncClient) -> None:
    await told(api, FORM, **{"Idempotency-Key": "a"})
    for id in ("a", "request/0/a", "told/a"):
        [kept] = await told(api, FORM | {"id": id})
        assert not kept["duplicate"]


async def test_told_at_the_same_time_it_is_kept_once(api: httpx2.AsyncClient) -> None:
    answers = await asyncio.gather(*(told(api, FORM | {"id": "7"}) for _ in range(10)))
    assert len({kept["id"] for [kept] in answers}) == 1
    assert sum(not kept["duplicate"] for [kept] in answers) == 1
