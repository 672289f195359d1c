import httpx2

from tests.api.asking import LEAD, create_lead, refused, save_lead


async def test_an_object_is_saved_read_and_listed(api: httpx2.AsyncClient) -> None:
    saved = await save_lead(api)
    assert saved.status_code == 200
    assert saved.json()["revision"] == 1
    assert (await save_lead(api, name="Prospect")).json()["revision"] == 2
    read = (await api.get("/objects/lead")).json()
    assert (read["name"], read["id"], read["stages"]) == ("Prospect", saved.json()["id"], ["New", "Won"])
    assert (await api.get("/objects")).json() == {"items": [read], "next_cursor": None}


async def test_an_unknown_object_is_not_found(api: httpx2.AsyncClient) -> None:
    refused(await api.get("/objects/nothing"), 404, "object_not_found")
    refused(await api.post("/objects/nothing/records", json={"name": "x"}), 404, "object_not_found")


async def test_the_address_and_the_definition_agree(api: httpx2.AsyncClient) -> None:
    refused(await api.put("/objects/deal", json=LEAD), 422, "api_name_differs")


async def test_a_definition_without_a_name_goes_by_its_address(api: httpx2.AsyncClient) -> None:
    nameless = {key: value for key, value in LEAD.items() if key != "api_name"}
    assert (await api.put("/objects/deal", json=nameless)).json()["api_name"] == "deal"


async def test_a_save_heeds_what_its_author_saw(api: httpx2.AsyncClient) -> None:
    refused(await api.put("/objects/lead", json=LEAD, headers={"If-Match": '"1"'}), 412, "revision_changed")
    assert (await save_lead(api)).headers["etag"] == (await api.get("/objects/lead")).headers["etag"] == '"1"'
    again = await api.put("/objects/lead", json=LEAD, headers={"If-Match": '"1"'})
    assert (again.status_code, again.headers["etag"]) == (200, '"2"')
    refused(await api.put("/objects/lead", json=LEAD, headers={"If-Match": '"1"'}), 412, "revision_changed")


async def test_mistakes_of_a_definition_come_with_their_paths(api: httpx2.AsyncClient) -> None:
    fields = [{"name": "country", "type": "dropdown"}, {"name": "Bad name", "type": "text"}, {"name": "x", "type": "nothing"}]
    found = refused(await save_lead(api, fields=fields, colour="red"), 422, "invalid_request")
    paths = {item["path"]: item["code"] for item in found["errors"]}
    assert paths["colour"] == "extra_forbidden"
    assert paths["fields[0].dropdown.options"] == "missing"
    assert len(paths) == 4


async def test_a_field_in_use_keeps_its_type(api: httpx2.AsyncClient) -> None:
    await save_lead(api)
    await create_lead(api, values={"seats": 5})
    found = refused(await save_lead(api, fields=[{"name": "seats", "type": "text"}]), 409, "field_type_in_use")
    assert "seats" in found["detail"]
