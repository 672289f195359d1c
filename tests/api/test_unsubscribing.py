"""Who unsubscribes, bounces or is put on the list gets no more; and the list of messages that tells of all that went out."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx2
import pytest
from temporalio.client import Client

from activities.settings import Settings
from deploy.mail import MailSink
from store.database import Database
from store.messages import NewMessage, mark_sent, queue_message
from tests.api.asking import refused
from tests.builders import send_email, stop
from tests.engine import Engine
from tests.fixtures.api import gateway
from tests.keys import key_for
from tests.store.test_notifications import executed

NOW = datetime.now(UTC)
PERSON = {
    "api_name": "person", "name": "Person", "contact": True,
    "fields": [{"name": "email", "type": "email"}, {"name": "home", "type": "email"}],
}  # fmt: skip


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """Without Temporal."""
    async with gateway(settings) as api:
        await api.put("/objects/person", json=PERSON)
        yield api


async def person(api: httpx2.AsyncClient, **values: Any) -> str:
    return (await api.post("/objects/person/records", json={"name": "Ada", "values": values})).json()["id"]


async def listed(api: httpx2.AsyncClient, **parameters: Any) -> dict[str, str]:
    """Reasons by address."""
    answer = await api.get("/suppressions", params=parameters)
    return {item["address"]: item["reason"] for item in answer.json()["items"]}


async def sent(database: Database, record: str | None, address: str, **parts: Any) -> UUID:
    execution = await executed(database)
    async with database.connection() as connection:
        new = NewMessage(
            execution, 1, "email", "us@example.com", [address], record_id=UUID(record) if record else None, subject="Spring",
            **parts,
        )  # fmt: skip
        message = await queue_message(connection, new, NOW)
        await mark_sent(connection, message["id"], NOW)
        return message["id"]


async def test_one_click_ends_the_mails_and_starts_an_automation(
    api: httpx2.AsyncClient, settings: Settings, database: Database, temporal_client: Client, mail: MailSink
) -> None:
    """From the link in the mail to the next mail, which is not sent."""
    public = settings.model_copy(update={"public_url": "https://crm.example.com"})
    ada = UUID(await person(api, email="Ada@Example.com"))
    async with Engine(database, temporal_client, public).working() as engine:
        await engine.save(object="person", steps=[send_email("write", subject="Spring")])
        trigger = {"id": "gone", "type": "email_event", "event": "unsubscribed", "message": "Spring"}
        await engine.save(api_name="lost", object="person", triggers=[trigger], steps=[stop("end")])
        await engine.ended(await engine.start(record=ada))
        [message] = mail.messages()
        path = urlsplit(message["List-Unsubscribe"].strip("<>")).path
        api.headers.pop("authorization")
        page = await api.get(path)
        assert ("<button>Unsubscribe</button>" in page.text, page.headers["content-type"]) == (True, "text/html; charset=utf-8")
        form = {"List-Unsubscribe": "One-Click"}
        for _ in range(2):
            answer = await api.post(path, data=form)
            assert (answer.status_code, "You are unsubscribed" in answer.text) == (200, True)
        assert "<button>" not in (await api.get(path)).text
        await engine.ended((await engine.latest("lost"))["id"])
        row = await engine.in_state(await engine.start(record=ada), "paused", reason="error")
        assert "gets no mails any more" in row["reason"]
    assert len(mail.messages()) == 1
    async with database.connection() as connection:
        events = await connection.fetch("select payload from events where kind = 'email_event'")
        [entry] = await connection.fetch("select * from suppressions")
    assert [event["payload"] for event in events] == [{"event": "unsubscribed", "message": "Spring"}]
    assert (entry["address"], entry["reason"], entry["message_id"] is None) == ("ada@example.com", "unsubscribed", False)


async def test_a_link_that_leads_nowhere_says_so_and_changes_nothing(api: httpx2.AsyncClient, database: Database) -> None:
    """Nor does the link of somebody whose record is gone; that of an archived record works, and tells no automation."""
    deleted, archived = await person(api), await person(api)
    await sent(database, deleted, "d@example.com", unsubscribe_token="deleted")
    await sent(database, archived, "a@example.com", unsubscribe_token="archived")
    await api.delete(f"/records/{deleted}")
    await api.post(f"/records/{archived}/archive")
    for token in ("nothing", "deleted", "%00", "x" * 5000):
        answers = [await api.get(f"/unsubscribe/{token}"), await api.post(f"/unsubscribe/{token}")]
        assert all(answer.status_code in (404, 422) for answer in answers), token
    assert await listed(api) == {}
    assert (await api.post("/unsubscribe/archived", content=b"anything")).status_code == 200
    assert await listed(api) == {"a@example.com": "unsubscribed"}


async def test_pages_of_strangers_are_counted_by_their_address(settings: Settings) -> None:
    async with gateway(settings.model_copy(update={"requests_per_minute": 3})) as api:
        api.headers.pop("authorization")
        answers = [await api.get("/unsubscribe/nothing") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [404, 404, 404, 429]
        refused(answers[3], 429, "too_many_requests")


async def test_what_others_tell_of_bounces_puts_addresses_on_the_list(api: httpx2.AsyncClient) -> None:
    """The one that names the record, else the only one that it has."""
    one = await person(api, email="one@example.com", home="ONE@example.com")
    two = await person(api, email="two@example.com", home="other@example.com")
    await person(api, email="named@example.com", home="second@example.com")
    kinds = [
        ("bounced", {"id": one}), ("unsubscribed", {"id": two}), ("unsubscribed", {"email": "named@example.com"}),
        ("opened", {"email": "two@example.com"}),
    ]  # fmt: skip
    events = [
        {"kind": "email_event", "event": event, "record": {"object": "person", **key}, "id": str(uuid4())} for event, key in kinds
    ]
    for _ in range(2):
        assert (await api.post("/events", json={"events": events})).status_code == 202
    assert await listed(api) == {"named@example.com": "unsubscribed", "one@example.com": "bounced"}
    assert (await api.delete("/suppressions/email/one@example.com")).status_code == 204
    await api.post("/events", json={"events": events})
    assert "one@example.com" not in await listed(api)


async def test_people_keep_the_list_too(api: httpx2.AsyncClient, database: Database) -> None:
    put = await api.put("/suppressions/email/Eve@Example.com", json={"reason": "complained"})
    assert (put.status_code, put.json()["address"], put.json()["created_by"]) == (201, "eve@example.com", "test")
    assert (await api.put("/suppressions/email/eve@example.com", json={})).json() == put.json()
    assert (await api.put("/suppressions/text/+49 151 2345678", json={})).json()["address"] == "+491512345678"
    assert await listed(api) == {"eve@example.com": "complained", "+491512345678": "by_hand"}
    assert await listed(api, channel="text") == {"+491512345678": "by_hand"}
    first = (await api.get("/suppressions?size=1")).json()
    rest = (await api.get("/suppressions", params={"size": 1, "cursor": first["next_cursor"]})).json()
    assert [first["items"][0]["channel"], rest["items"][0]["channel"]] == ["email", "text"]
    for address in ("email/no", "text/no", "email/a@b.example/c"):
        answer = await api.put(f"/suppressions/{address}", json={})
        assert answer.status_code in (422, 404), address
    assert (await api.delete("/suppressions/email/EVE@example.com")).status_code == 204
    refused(await api.delete("/suppressions/email/eve@example.com"), 404, "suppression_not_found")
    actions = [entry["action"] for entry in (await api.get("/audit")).json()["items"]]
    assert (actions.count("suppression.saved"), actions.count("suppression.deleted")) == (2, 1)
    viewer = await key_for(database, "records:view")
    refused(await api.put("/suppressions/email/a@b.example", json={}, headers=viewer), 403, "scope_missing")


async def test_messages_are_listed_by_what_is_asked_and_wiped_with_their_record(
    api: httpx2.AsyncClient, database: Database
) -> None:
    ada = await person(api)
    about = await sent(database, ada, "ada@example.com", body="Dear Ada", html="<p>Dear Ada", cc=["c@example.com"])
    other = await sent(database, None, "team@example.com")

    async def ids(**parameters: Any) -> list[str]:
        return [item["id"] for item in (await api.get("/messages", params=parameters)).json()["items"]]

    assert await ids() == [str(other), str(about)]
    assert await ids(record_id=ada) == await ids(channel="email", state="sent", record_id=ada) == [str(about)]
    assert await ids(state="failed") == await ids(channel="text") == []
    whole = (await api.get(f"/messages/{about}")).json()
    assert (whole["body"], whole["recipients"], whole["state"], whole["error"]) == ("Dear Ada", ["ada@example.com"], "sent", None)
    assert await ids(execution_id=whole["execution_id"]) == [str(about)]
    limited = await key_for(database, f"automations:view@automation/{whole['automation']}")
    seen = (await api.get("/messages", headers=limited)).json()["items"]
    assert [item["id"] for item in seen] == [str(about)]
    refused(await api.get(f"/messages/{other}", headers=limited), 403, "scope_missing")
    refused(await api.get(f"/messages/{uuid4()}"), 404, "message_not_found")
    await api.delete(f"/records/{ada}")
    wiped = (await api.get(f"/messages/{about}")).json()
    assert [wiped[name] for name in ("recipients", "cc", "subject", "body", "html")] == [[], [], "", "", None]
