import httpx2

from tests.api.asking import refused


async def test_an_employee_is_put_and_listed(api: httpx2.AsyncClient) -> None:
    put = await api.put("/employees/Grace@EXAMPLE.com", json={"name": "Grace", "roles": ["sales"]})
    assert put.status_code == 200
    assert put.json()["email"] == "Grace@example.com"
    again = (await api.put("/employees/grace@example.com", json={"name": "Grace H."})).json()
    assert (again["id"], again["roles"], again["active"]) == (put.json()["id"], [], True)
    await api.put("/employees/ada@example.com", json={"name": "Ada"})
    first = (await api.get("/employees", params={"size": 1})).json()
    rest = (await api.get("/employees", params={"size": 1, "cursor": first["next_cursor"]})).json()
    assert [item["name"] for item in first["items"] + rest["items"]] == ["Ada", "Grace H."]


async def test_an_address_that_is_none_is_refused(api: httpx2.AsyncClient) -> None:
    found = refused(await api.put("/employees/grace", json={"name": "Grace"}), 422, "invalid_request")
    assert found["errors"] == [{"path": "email", "code": "value_error", "sentence": "Must be an email address."}]


async def test_the_business_is_read_and_changed(api: httpx2.AsyncClient) -> None:
    assert (await api.get("/business")).json() == {"name": "Everstep", "timezone": "UTC", "locale": "en"}
    changed = {"name": "Bakery", "timezone": "Europe/Vienna", "locale": "de-AT"}
    assert (await api.put("/business", json=changed)).json() == changed
    assert (await api.get("/business")).json() == changed
    found = refused(await api.put("/business", json=changed | {"timezone": "Mars/Base"}), 422, "invalid_request")
    assert found["errors"][0]["path"] == "timezone"
