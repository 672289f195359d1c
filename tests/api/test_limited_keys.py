"""Keys that are limited to an object or an automation: what is within their reach, and what is not."""

from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from store.database import Database
from tests.api.asking import refused
from tests.builders import delay, document, stop, webhook
from tests.keys import bearing, key_for

Json = dict[str, Any]
Headers = dict[str, str]


@dataclass(frozen=True)
class Side:
    """All that belongs to one object: its automation, and what has come of that."""

    object: str
    automation: str
    record: str
    execution: str
    event: str
    activity: str
    bulk_start: str
    delivery: str

    def addresses(self) -> dict[str, str]:
        """What can be read, by kind."""
        return {
            "automation": f"/automations/{self.automation}",
            "its triggers": f"/automations/{self.automation}/evaluations",
            "its webhook": f"/automations/{self.automation}/webhooks/form/deliveries",
            "bulk starts": f"/automations/{self.automation}/bulk-starts",
            "execution": f"/executions/{self.execution}",
            "history": f"/executions/{self.execution}/history",
            "bulk start": f"/bulk-starts/{self.bulk_start}",
            "delivery": f"/webhook-deliveries/{self.delivery}",
            "event": f"/events/{self.event}",
            "record": f"/records/{self.record}",
            "records": f"/objects/{self.object}/records",
            "activity": f"/activities/{self.activity}",
            "activities": f"/records/{self.record}/activities",
        }


@dataclass(frozen=True)
class Office:
    """A gateway with two objects, each with all that there can be."""

    api: httpx2.AsyncClient
    database: Database
    lead: Side
    contact: Side

    async def key(self, *scopes: str) -> Headers:
        return await key_for(self.database, *scopes)


async def ok(answer: httpx2.Response) -> Any:
    assert answer.status_code < 300, (answer.request.url, answer.text)
    return answer.json()


def greeting(object: str, api_name: str | None = None) -> Json:
    hook = webhook(record={"id": "$.record"})
    return document(api_name=api_name or f"greet-{object}", object=object, active=True, triggers=[hook], steps=[delay("rest")])


async def side(api: httpx2.AsyncClient, object: str) -> Side:
    await ok(await api.put(f"/objects/{object}", json={"api_name": object, "name": object, "fields": []}))
    automation = (await ok(await api.put(f"/automations/greet-{object}", json=greeting(object))))["api_name"]
    record = (await ok(await api.post(f"/objects/{object}/records", json={"name": "Ada"})))["id"]
    [event] = (await ok(await api.get("/events", params={"record_id": record})))["items"]
    done = {"type": "call", "status": "completed"}
    activity = await ok(await api.post(f"/records/{record}/activities", json=done))
    execution = await ok(await api.post(f"/automations/{automation}/executions", json={"record_id": record}))
    bulk_start = await ok(await api.post(f"/automations/{automation}/bulk-starts", json={"all": True}))
    called = await api.post(f"/webhooks/{automation}/form", json={"record": record})
    return Side(
        object=object, automation=automation, record=record, execution=execution["id"], event=event["id"],
        activity=activity["id"], bulk_start=bulk_start["id"], delivery=called.headers["everstep-delivery"],
    )  # fmt: skip


@pytest.fixture
async def office(api: httpx2.AsyncClient, database: Database) -> Office:
    await ok(await api.put("/automations/everywhere", json=document(api_name="everywhere", active=True, steps=[delay("rest")])))
    return Office(api, database, await side(api, "lead"), await side(api, "contact"))


async def reads(office: Office, key: Headers, side: Side) -> set[str]:
    """The kinds of things that the key lets its caller read; all else is refused."""
    answers = {kind: await office.api.get(address, headers=key) for kind, address in side.addresses().items()}
    for answer in answers.values():
        assert answer.status_code == 200 or refused(answer, 403, "scope_missing")
    return {kind for kind, answer in answers.items() if answer.status_code == 200}


OF_RECORDS = {"record", "records", "activity", "activities"}


async def test_a_key_for_an_object_reads_what_belongs_to_it(office: Office) -> None:
    everything = set(office.lead.addresses())
    key = await office.key("automations:view@object/lead", "records:view@object/lead")
    assert await reads(office, key, office.lead) == everything
    assert await reads(office, key, office.contact) == set()
    refused(await office.api.get("/automations/everywhere", headers=key), 403, "scope_missing")
    operator = await office.key("executions:operate@object/lead")
    assert await reads(office, operator, office.lead) == everything - OF_RECORDS
    assert await reads(office, await office.key("records:*@object/contact"), office.contact) == OF_RECORDS


async def test_a_key_for_an_automation_reads_what_came_of_it(office: Office) -> None:
    key = await office.key("automations:view@automation/greet-lead")
    assert await reads(office, key, office.lead) == set(office.lead.addresses()) - OF_RECORDS - {"event"}
    assert await reads(office, key, office.contact) == set()
    of_delivery = (await ok(await office.api.get(f"/webhook-deliveries/{office.lead.delivery}")))["event_id"]
    assert (await office.api.get(f"/events/{of_delivery}", headers=key)).status_code == 200


async def test_a_key_for_an_object_operates_what_belongs_to_it(office: Office) -> None:
    key = await office.key("executions:operate@object/lead", "records:edit@object/lead")
    for mine, answers in ((office.lead, {200, 201, 202, 409}), (office.contact, {403})):
        asked: list[tuple[str, str, Json]] = [
            ("POST", f"/automations/{mine.automation}/executions", {"record_id": mine.record}),
            ("POST", f"/automations/{mine.automation}/bulk-starts", {"record_ids": [mine.record]}),
            ("POST", f"/executions/{mine.execution}/pause", {}),
            ("POST", f"/bulk-starts/{mine.bulk_start}/cancel", {}),
            ("POST", f"/webhook-deliveries/{mine.delivery}/replay", {}),
            ("PATCH", f"/records/{mine.record}", {"name": "Grace"}),
            ("POST", f"/objects/{mine.object}/records", {"name": "New"}),
            ("POST", f"/activities/{mine.activity}/complete", {}),
            ("PUT", "/kill-switches", {"scope": "automation", "key": mine.automation, "mode": "hold", "why": "slow down"}),
        ]
        for method, address, body in asked:
            answer = await office.api.request(method, address, json=body, headers=key)
            assert answer.status_code in answers, (method, address, answer.text)


async def test_a_key_starts_its_automation_on_records_of_that_object_only(office: Office) -> None:
    key = await office.key("executions:operate@object/lead")
    foreign = {"record_id": office.contact.record}
    refused(await office.api.post("/automations/greet-lead/executions", json=foreign, headers=key), 422, "unknown_record")


async def test_a_key_for_an_object_saves_automations_of_it(office: Office) -> None:
    key = await office.key("automations:edit@object/lead")
    put = office.api.put
    assert (await put("/automations/new", json=greeting("lead", "new"), headers=key)).status_code == 201
    assert (await put("/automations/greet-lead", json=greeting("lead"), headers=key)).status_code == 200
    refused(await put("/automations/newer", json=greeting("contact", "newer"), headers=key), 403, "scope_missing")
    refused(await put("/automations/newer", json=document(api_name="newer"), headers=key), 403, "scope_missing")
    refused(await put("/automations/greet-contact", json=greeting("lead", "greet-contact"), headers=key), 403, "scope_missing")
    refused(await put("/automations/everywhere", json=greeting("lead", "everywhere"), headers=key), 403, "scope_missing")
    refused(await put("/automations/greet-lead", json=greeting("contact", "greet-lead"), headers=key), 403, "scope_missing")
    assert (await office.api.get("/automations/newer")).status_code == 404


async def test_a_key_for_an_automation_saves_that_one_alone(office: Office) -> None:
    key = await office.key("automations:edit@automation/mine", "automations:edit@automation/greet-lead")
    put = office.api.put
    assert (await put("/automations/mine", json=greeting("contact", "mine"), headers=key)).status_code == 201
    assert (await put("/automations/greet-lead", json=greeting("lead"), headers=key)).status_code == 200
    refused(await put("/automations/yours", json=greeting("lead", "yours"), headers=key), 403, "scope_missing")
    refused(await put("/automations/mine", json=greeting("lead", "greet-contact"), headers=key), 422, "invalid_document")


async def test_what_an_automation_does_is_not_limited_by_who_saved_it(office: Office) -> None:
    """Its steps act as the system: who may save automations of one object may have them start others."""
    key = await office.key("automations:edit@object/lead", "executions:operate@object/lead")
    steps = [{"id": "go", "type": "start_automation", "automations": ["everywhere"], "on": "global"}, stop("end")]
    body = greeting("lead", "relay") | {"steps": steps}
    assert (await office.api.put("/automations/relay", json=body, headers=key)).status_code == 201
    refused(await office.api.post("/automations/everywhere/executions", json={}, headers=key), 403, "scope_missing")


async def test_events_are_told_of_records_within_reach(office: Office) -> None:
    key = await office.key("events:write@object/lead")

    def visit(mine: Side) -> Json:
        return {"kind": "website_visited", "url": "https://example.com", "record": {"object": mine.object, "id": mine.record}}

    before = (await ok(await office.api.get("/events")))["items"]
    assert (await office.api.post("/events", json=visit(office.lead), headers=key)).status_code == 202
    for body in (visit(office.contact), {"events": [visit(office.lead), visit(office.contact)]}):
        found = refused(await office.api.post("/events", json=body, headers=key), 403, "scope_missing")
        assert "object contact" in found["detail"]
    assert len((await ok(await office.api.get("/events")))["items"]) == len(before) + 1


async def test_a_kill_switch_for_more_than_an_automation_is_for_administrators(office: Office) -> None:
    everywhere, lead = await office.key("executions:operate"), await office.key("executions:operate@object/lead")
    for scope, key in (("all", ""), ("step_type", "delay"), ("host", "example.com")):
        body = {"scope": scope, "key": key, "mode": "hold", "why": "x"}
        for limited in (everywhere, lead):
            refused(await office.api.put("/kill-switches", json=body, headers=limited), 403, "scope_missing")
        stands = await ok(await office.api.put("/kill-switches", json=body))
        lift = f"/kill-switches/{stands['id']}/lift"
        refused(await office.api.post(lift, json={"why": "x"}, headers=everywhere), 403, "scope_missing")
    body = {"scope": "automation", "key": "greet-contact", "mode": "hold", "why": "x"}
    stands = await ok(await office.api.put("/kill-switches", json=body, headers=everywhere))
    lift = f"/kill-switches/{stands['id']}/lift"
    refused(await office.api.post(lift, json={"why": "x"}, headers=lead), 403, "scope_missing")
    assert (await office.api.post(lift, json={"why": "x"}, headers=everywhere)).status_code == 200


async def paged(office: Office, address: str, key: Headers, **parameters: Any) -> list[Json]:
    """All of a list, one item a page."""
    found: list[Json] = []
    cursor: str | None = None
    while True:
        asked = {"size": 1, **parameters} | ({"cursor": cursor} if cursor else {})
        page = await ok(await office.api.get(address, params=asked, headers=key))
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


async def test_lists_show_what_is_within_reach_page_by_page(office: Office) -> None:
    for key, reached in (
        (await office.key("automations:view@object/lead"), {"greet-lead"}),
        (
            await office.key("automations:view@automation/everywhere", "automations:edit@object/contact"),
            {"everywhere", "greet-contact"},
        ),
        (await office.key("automations:view@object/nothing"), set[str]()),
    ):
        assert {each["api_name"] for each in await paged(office, "/automations", key)} == reached
        executions = await paged(office, "/executions", key)
        everything = await paged(office, "/executions", bearing(_own(office)))
        assert executions == [each for each in everything if each["automation"] in reached]


def _own(office: Office) -> str:
    return office.api.headers["authorization"].removeprefix("Bearer ")


async def test_events_are_listed_of_records_and_automations_within_reach(office: Office) -> None:
    everything = await paged(office, "/events", bearing(_own(office)))
    of_lead = await office.key("automations:view@object/lead")
    found = await paged(office, "/events", of_lead)
    assert found == [each for each in everything if each["record_id"] == office.lead.record]
    assert len(found) >= 2
    of_greeting = await office.key("automations:view@automation/greet-contact")
    assert [each["kind"] for each in await paged(office, "/events", of_greeting)] == ["webhook"]
    assert await paged(office, "/events", of_lead, record_id=office.contact.record) == []
    assert [each["id"] for each in await paged(office, "/events", of_lead, kind="record_created")] == [office.lead.event]
    assert await paged(office, "/events", of_lead, kind="record_created", record_id=office.lead.record) != []
