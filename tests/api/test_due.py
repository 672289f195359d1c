"""What date triggers wait for, and the business whose time they go by."""

from typing import Any
from uuid import UUID, uuid4

import httpx2

from tests.api.asking import refused
from tests.dated import WEEKDAYS, Leads, on_date, overdue

NOON = "03-01 12:00"
ADDRESS = "/automations/subject/triggers"


async def listed(api: httpx2.AsyncClient, trigger: str = "date", **how: Any) -> dict[str, Any]:
    answer = await api.get(f"{ADDRESS}/{trigger}/due", params=how)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_what_is_due_next_comes_first_with_what_it_goes_by(api: httpx2.AsyncClient, leads: Leads) -> None:
    await leads.business(calendar=WEEKDAYS)
    await leads.save(on_date(skip_non_working_days=True), overdue())
    later = await leads.create(NOON, name="Grace", due="2096-03-09")
    sooner = await leads.create(NOON, due="2096-03-04")
    call = await leads.schedule(NOON, sooner, "03-10")
    await leads.relay()
    assert (await listed(api))["items"] == [
        {
            "record_id": str(sooner),
            "record_name": "Ada",
            "due_at": "2096-03-06T00:00:00Z",
            "field": "due",
            "value": "2096-03-04",
            "activity": None,
            "moved": {
                "planned": "2096-03-04T00:00:00Z",
                "passed": [{"date": "2096-03-04", "why": "Sunday"}, {"date": "2096-03-05", "why": "Founders' day"}],
            },
        },
        {
            "record_id": str(later),
            "record_name": "Grace",
            "due_at": "2096-03-09T00:00:00Z",
            "field": "due",
            "value": "2096-03-09",
            "activity": None,
            "moved": None,
        },
    ]
    (item,) = (await listed(api, "late"))["items"]
    assert (item["due_at"], item["activity"]["id"], item["field"]) == ("2096-03-10T00:00:00Z", str(call), None)


async def test_it_is_listed_page_by_page_and_of_one_record(api: httpx2.AsyncClient, leads: Leads) -> None:
    await leads.save(on_date(), overdue())
    ids = [await leads.create(NOON, due="2096-03-09") for _ in range(5)]
    for _ in range(3):
        await leads.schedule(NOON, ids[0], "03-10")
    await leads.relay()
    for trigger, count in (("date", 5), ("late", 3)):
        found: list[str] = []
        page: dict[str, Any] = {"next_cursor": None}
        while not found or page["next_cursor"]:
            page = await listed(api, trigger, size=2, **({"cursor": page["next_cursor"]} if found else {}))
            found += [str(item["activity"] or item["record_id"]) for item in page["items"]]
        assert len(found) == len(set(found)) == count
    assert [UUID(item["record_id"]) for item in (await listed(api, record_id=str(ids[1])))["items"]] == [ids[1]]
    assert (await listed(api, record_id=str(uuid4())))["items"] == []
    first = await listed(api, size=2)
    refused(await api.get(f"{ADDRESS}/late/due", params={"cursor": first["next_cursor"]}), 400, "invalid_cursor")


async def test_what_is_not_there_is_not_found(api: httpx2.AsyncClient, leads: Leads) -> None:
    await leads.save(on_date())
    refused(await api.get("/automations/another/triggers/date/due"), 404, "automation_not_found")
    refused(await api.get(f"{ADDRESS}/another/due"), 404, "trigger_not_found")


async def test_a_change_of_the_business_plans_all_anew(api: httpx2.AsyncClient, leads: Leads) -> None:
    await leads.save(on_date())
    await leads.create(NOON, due="2096-03-09")
    await leads.relay()
    business = {"name": "Us", "timezone": "Asia/Tokyo", "locale": "en"}
    assert (await api.put("/business", json=business)).status_code == 200
    await leads.scan()
    assert await leads.planned() == ["03-08 15:00"]
    assert (await api.put("/business", json=business | {"name": "We"})).status_code == 200
    assert await leads.scans() == []


async def test_activating_plans_and_deactivating_forgets(api: httpx2.AsyncClient, leads: Leads) -> None:
    await leads.save(on_date(), active=False)
    await leads.create(NOON, due="2096-03-09")
    await leads.relay()
    assert (await api.post("/automations/subject/activate")).status_code == 200
    await leads.scan()
    assert len((await listed(api))["items"]) == 1
    assert (await api.post("/automations/subject/deactivate")).status_code == 200
    assert (await listed(api))["items"] == []
