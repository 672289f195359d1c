"""One record for one value, however many ask for it at once."""

import asyncio
from typing import Any

import httpx2
import pytest

from tests.api.asking import refused, save_lead

ADA = {"email": "ada@example.com"}


@pytest.fixture(autouse=True)
async def lead(api: httpx2.AsyncClient) -> None:
    fields = [{"name": "email", "type": "email"}, {"name": "seats", "type": "integer"}, {"name": "note", "type": "longtext"}]
    assert (await save_lead(api, fields=[*fields, {"name": "number", "type": "text"}])).status_code == 200


async def upsert(api: httpx2.AsyncClient, match: Any = ADA, **body: Any) -> httpx2.Response:
    return await api.post("/objects/lead/records/upsert", json={"match": match, **body})


async def listed(api: httpx2.AsyncClient) -> list[Any]:
    return (await api.get("/objects/lead/records", params={"archived": True})).json()["items"]


async def test_it_is_created_first_and_changed_then(api: httpx2.AsyncClient) -> None:
    first = await upsert(api, name="Ada", values={"seats": 1}, stage="New")
    assert (first.status_code, first.headers["etag"], first.json()["values"]) == (201, '"1"', {**ADA, "seats": 1})
    second = await upsert(api, {"email": "ada@EXAMPLE.com"}, values={"note": "x"})
    assert (second.status_code, second.headers["etag"]) == (200, '"2"')
    assert second.json()["values"] == {**ADA, "seats": 1, "note": "x"}
    assert (second.json()["id"], second.json()["name"], second.json()["stage"]) == (first.json()["id"], "Ada", "New")
    assert (await upsert(api, values={"note": "x"})).headers["etag"] == '"2"'


async def test_twenty_at_once_make_one_record(api: httpx2.AsyncClient) -> None:
    answers = await asyncio.gather(*(upsert(api, values={"seats": n}) for n in range(20)))
    assert sorted(answer.status_code for answer in answers) == [*[200] * 19, 201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(await listed(api)) == 1


@pytest.mark.parametrize(
    ("match", "name"), [(ADA, "ada@example.com"), ({"name": " Ada "}, "Ada"), ({"number": "K-7"}, "K-7"), ({"seats": "7"}, "7")]
)
async def test_a_new_record_is_named_by_what_it_is_known_by(match: Any, name: str, api: httpx2.AsyncClient) -> None:
    made = await upsert(api, match)
    assert (made.status_code, made.json()["name"]) == (201, name)
    assert (await upsert(api, match)).status_code == 200


async def test_of_several_none_is_guessed(api: httpx2.AsyncClient) -> None:
    made = [await api.post("/objects/lead/records", json={"name": "A", "values": ADA}) for _ in range(2)]
    found = refused(await upsert(api), 409, "several_records")
    assert all(each.json()["id"] in found["detail"] for each in made)


async def test_an_archived_record_is_brought_back_refused_or_left_as_asked(api: httpx2.AsyncClient) -> None:
    old = (await upsert(api)).json()["id"]
    await api.post(f"/records/{old}/archive")
    refused(await upsert(api, on_archived="refuse"), 409, "record_archived")
    beside = await upsert(api, on_archived="create")
    assert (beside.status_code, beside.json()["id"] == old) == (201, False)
    await api.delete(f"/records/{beside.json()['id']}")
    back = await upsert(api, values={"seats": 2})
    assert (back.status_code, back.json()["id"], back.json()["archived_at"]) == (200, old, None)
    assert back.json()["values"]["seats"] == 2


@pytest.mark.parametrize(
    "match", [{"note": "x"}, {"none": 1}, {"email": "nobody"}, {"email": ""}, {"name": None}, {"seats": "many"}, {"number": [1]}]
)
async def test_what_no_record_can_be_known_by_is_refused(match: Any, api: httpx2.AsyncClient) -> None:
    refused(await upsert(api, match), 422, "invalid_match")


@pytest.mark.parametrize("match", [{}, {"email": "a@example.com", "name": "A"}])
async def test_a_record_is_known_by_one_value(match: Any, api: httpx2.AsyncClient) -> None:
    refused(await upsert(api, match), 422, "invalid_request")
