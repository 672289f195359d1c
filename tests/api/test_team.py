from typing import Any

import httpx2
import pytest

from tests.api.asking import refused

NOBODY = {"operations_email": None}
BAKERY = {"name": "Bakery", "timezone": "Europe/Vienna", "locale": "de-AT"}
WEEKDAYS: dict[str, Any] = {
    "working_days": ["mon", "tue", "wed", "thu", "fri"], "country": None, "subdivision": None, "days_off": [], "working_dates": []
}  # fmt: skip


async def test_an_employee_is_put_and_listed(api: httpx2.AsyncClient) -> None:
    grace = {"name": "Grace", "roles": ["sales"], "phone": "+49 (30) 555-010"}
    put = await api.put("/employees/Grace@EXAMPLE.com", json=grace)
    assert put.status_code == 200
    assert put.json()["phone"] == "+4930555010"
    assert put.json()["email"] == "Grace@example.com"
    again = (await api.put("/employees/grace@example.com", json={"name": "Grace H."})).json()
    assert (again["id"], again["roles"], again["active"], again["phone"]) == (put.json()["id"], [], True, None)
    await api.put("/employees/ada@example.com", json={"name": "Ada"})
    first = (await api.get("/employees", params={"size": 1})).json()
    rest = (await api.get("/employees", params={"size": 1, "cursor": first["next_cursor"]})).json()
    assert [item["name"] for item in first["items"] + rest["items"]] == ["Ada", "Grace H."]


async def test_an_address_that_is_none_is_refused(api: httpx2.AsyncClient) -> None:
    found = refused(await api.put("/employees/grace", json={"name": "Grace"}), 422, "invalid_request")
    assert found["errors"] == [{"path": "email", "code": "value_error", "sentence": "Must be an email address."}]


async def test_a_number_without_a_country_is_refused(api: httpx2.AsyncClient) -> None:
    found = refused(await api.put("/employees/a@b.example", json={"name": "A", "phone": "030 555010"}), 422, "invalid_request")
    assert [each["path"] for each in found["errors"]] == ["phone"]


async def test_the_business_is_read_and_changed(api: httpx2.AsyncClient) -> None:
    plain = {"name": "Everstep", "timezone": "UTC", "locale": "en", "calendar": WEEKDAYS} | NOBODY
    assert (await api.get("/business")).json() == plain
    changed = {"name": "Bakery", "timezone": "Europe/Vienna", "locale": "de-AT"}
    assert (await api.put("/business", json=changed)).json() == changed | {"calendar": WEEKDAYS} | NOBODY
    assert (await api.get("/business")).json() == changed | {"calendar": WEEKDAYS} | NOBODY
    found = refused(await api.put("/business", json=changed | {"timezone": "Mars/Base"}), 422, "invalid_request")
    assert found["errors"][0]["path"] == "timezone"


async def test_the_business_calendar_is_read_and_changed(api: httpx2.AsyncClient) -> None:
    calendar = {
        "working_days": ["tue", "wed"], "country": "DE", "subdivision": "BY",
        "days_off": [{"date": "2026-08-07", "name": "Party"}], "working_dates": ["2026-10-03"],
    }  # fmt: skip
    assert (await api.put("/business", json=BAKERY | {"calendar": calendar})).json()["calendar"] == calendar
    assert (await api.get("/business")).json() == BAKERY | {"calendar": calendar} | NOBODY
    assert (await api.put("/business", json=BAKERY | {"calendar": {"country": "AT"}})).json()["calendar"] == WEEKDAYS | {
        "country": "AT"
    }
    assert (await api.put("/business", json=BAKERY)).json()["calendar"] == WEEKDAYS


@pytest.mark.parametrize(
    ("calendar", "path", "code", "says"),
    [
        ({"country": "XX"}, "calendar.country", "unknown_country", "There is no country 'XX'"),
        ({"country": "DE", "subdivision": "XX"}, "calendar.subdivision", "unknown_subdivision", "there are: BB, BE"),
        ({"working_days": []}, "calendar.working_days", "too_short", "at least 1 item"),
        ({"days_off": [{"date": "Monday"}]}, "calendar.days_off[0].date", "invalid_value", "It must be a date such as"),
        ({"country": 5}, "calendar.country", "string_type", "It has to be a text."),
        ("mon-fri", "calendar", "model_attributes_type", "It has to be an object with keys."),
    ],
)
async def test_a_calendar_that_does_not_fit_is_refused_with_its_place(
    api: httpx2.AsyncClient, calendar: Any, path: str, code: str, says: str
) -> None:
    found = refused(await api.put("/business", json=BAKERY | {"calendar": calendar}), 422, "invalid_request")
    assert [(error["path"], error["code"]) for error in found["errors"]] == [(path, code)]
    assert says in found["errors"][0]["sentence"]
    assert (await api.get("/business")).json()["name"] == "Everstep"
