import base64
from uuid import uuid4

import httpx2
import pytest

from store.database import Database
from tests.api.asking import LEAD, create_lead, refused, save_lead


@pytest.fixture(autouse=True)
async def lead(api: httpx2.AsyncClient) -> None:
    assert (await save_lead(api)).status_code == 200


async def test_a_record_is_created_read_and_changed(api: httpx2.AsyncClient) -> None:
    created = await create_lead(api, values={"email": "ada@EXAMPLE.com", "seats": "5"}, stage="New")
    assert created.status_code == 201
    record = created.json()
    assert (record["object"], record["values"]) == ("lead", {"email": "ada@example.com", "seats": 5})
    assert (await api.get(f"/records/{record['id']}")).json() == record
    changed = (await api.patch(f"/records/{record['id']}", json={"values": {"seats": None}, "stage": "Won"})).json()
    assert (changed["values"], changed["stage"], changed["revision"]) == ({"email": "ada@example.com"}, "Won", 2)
    assert changed["name"] == "Ada"


async def test_null_clears_and_what_is_left_out_stays(api: httpx2.AsyncClient) -> None:
    await api.put("/employees/grace@example.com", json={"name": "Grace"})
    record = (await create_lead(api, stage="New", owner="grace@example.com")).json()
    assert record["owner_id"]
    unchanged = (await api.patch(f"/records/{record['id']}", json={})).json()
    assert unchanged == record
    cleared = (await api.patch(f"/records/{record['id']}", json={"owner": None, "stage": None})).json()
    assert (cleared["owner_id"], cleared["stage"], cleared["revision"]) == (None, None, 2)
    refused(await api.patch(f"/records/{record['id']}", json={"name": None}), 422, "invalid_record_values")


async def test_twenty_mistakes_are_answered_at_once(api: httpx2.AsyncClient) -> None:
    fields = [{"name": f"number_{n}", "type": "integer"} for n in range(17)]
    await save_lead(api, fields=[*LEAD["fields"], *fields])
    wrong = {field["name"]: "many" for field in fields}
    response = await create_lead(api, name=" ", values=wrong, stage="Lost", owner="nobody@example.com")
    found = refused(response, 422, "invalid_record_values")
    paths = {item["path"]: item["code"] for item in found["errors"]}
    assert len(found["errors"]) == 20
    assert paths["values.number_7"] == "invalid_field_value"
    assert (paths["name"], paths["stage"], paths["owner"]) == ("required_field", "unknown_stage", "unknown_employee")
    assert (await api.get("/objects/lead/records")).json()["items"] == []


async def test_a_field_that_is_called_like_an_attribute_is_unknown_where_it_stands(api: httpx2.AsyncClient) -> None:
    found = refused(await create_lead(api, values={"stage": "New", "none": 1}), 422, "invalid_record_values")
    assert [(item["path"], item["code"]) for item in found["errors"]] == [
        ("values.stage", "unknown_field"),
        ("values.none", "unknown_field"),
    ]


async def test_a_relationship_needs_a_record_of_its_object(api: httpx2.AsyncClient) -> None:
    found = refused(await create_lead(api, values={"account": str(uuid4())}), 422, "invalid_record_values")
    assert [(item["path"], item["code"]) for item in found["errors"]] == [("values.account", "unknown_record")]


async def test_a_lost_update_is_refused(api: httpx2.AsyncClient) -> None:
    record = (await create_lead(api)).json()
    change = {"values": {"seats": 1}, "revision": 1}
    assert (await api.patch(f"/records/{record['id']}", json=change)).status_code == 200
    refused(await api.patch(f"/records/{record['id']}", json=change), 412, "record_changed")


async def test_an_archived_record_leaves_the_list_until_it_is_back(api: httpx2.AsyncClient) -> None:
    record = (await create_lead(api)).json()
    archived = (await api.post(f"/records/{record['id']}/archive")).json()
    assert archived["archived_at"]
    assert (await api.get("/objects/lead/records")).json()["items"] == []
    assert (await api.get("/objects/lead/records", params={"archived": True})).json()["items"] == [archived]
    refused(await api.patch(f"/records/{record['id']}", json={"name": "B"}), 409, "record_archived")
    assert (await api.post(f"/records/{record['id']}/unarchive")).json()["archived_at"] is None


@pytest.mark.parametrize("address", ["/records/{id}", "/records/{id}/archive", "/records/{id}/unarchive"])
async def test_an_unknown_record_is_not_found(address: str, api: httpx2.AsyncClient) -> None:
    path = address.format(id=uuid4())
    answered = await (api.post(path) if path.endswith("archive") else api.get(path))
    refused(answered, 404, "record_not_found")
    refused(await api.patch(f"/records/{uuid4()}", json={}), 404, "record_not_found")


async def test_an_id_that_is_none_is_refused_with_its_path(api: httpx2.AsyncClient) -> None:
    found = refused(await api.get("/records/7"), 422, "invalid_request")
    assert [item["path"] for item in found["errors"]] == ["record_id"]


async def test_each_change_is_told_once_with_what_changed(api: httpx2.AsyncClient, database: Database) -> None:
    record = (await create_lead(api, values={"seats": 1})).json()
    for _ in range(2):
        await api.patch(f"/records/{record['id']}", json={"values": {"seats": 2}})
    async with database.connection() as connection:
        rows = await connection.fetch("select kind, payload from events order by id")
    assert [row["kind"] for row in rows] == ["record_created", "field_updated"]
    assert rows[1]["payload"] == {"old": {"seats": 1}, "new": {"seats": 2}}


async def test_a_list_goes_page_by_page_to_its_end(api: httpx2.AsyncClient) -> None:
    names = [str((await create_lead(api, name=name)).json()["name"]) for name in "abcde"]
    seen: list[str] = []
    cursor = None
    sizes: list[int] = []
    while True:
        params = {"size": 2} | ({"cursor": cursor} if cursor else {})
        page = (await api.get("/objects/lead/records", params=params)).json()
        seen += [item["name"] for item in page["items"]]
        sizes.append(len(page["items"]))
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert (seen, sizes) == (names, [2, 2, 1])


async def test_a_last_page_that_is_full_says_so(api: httpx2.AsyncClient) -> None:
    for name in "ab":
        await create_lead(api, name=name)
    assert (await api.get("/objects/lead/records", params={"size": 2})).json()["next_cursor"] is None


@pytest.mark.parametrize("content", [b"x", b"null", b"[]", b'["records:lead", "7"]', b'["records:lead", 7]', b'["records:lead"]'])
async def test_a_broken_cursor_is_refused(content: bytes, api: httpx2.AsyncClient) -> None:
    for cursor in (content.decode(), base64.urlsafe_b64encode(content).decode(), "ä"):
        refused(await api.get("/objects/lead/records", params={"cursor": cursor}), 400, "invalid_cursor")


async def test_a_cursor_belongs_to_its_list(api: httpx2.AsyncClient) -> None:
    for name in "ab":
        await create_lead(api, name=name)
    await save_lead(api)
    await api.put("/objects/deal", json=LEAD | {"api_name": "deal"})
    cursor = (await api.get("/objects/lead/records", params={"size": 1})).json()["next_cursor"]
    refused(await api.get("/objects/deal/records", params={"cursor": cursor}), 400, "invalid_cursor")
    refused(await api.get("/objects", params={"cursor": cursor}), 400, "invalid_cursor")


@pytest.mark.parametrize("size", [0, 201, -1, "x"])
async def test_a_page_has_one_to_two_hundred_items(size: object, api: httpx2.AsyncClient) -> None:
    found = refused(await api.get("/objects/lead/records", params={"size": str(size)}), 422, "invalid_request")
    assert found["errors"][0]["path"] == "size"
