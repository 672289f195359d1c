"""Texts come in at Twilio's address: signed, kept once, an event of the record that they belong to."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from activities.settings import Settings
from deploy.text_sink import AUTH_TOKEN, NUMBER, KeptText, TextSink, signed
from store.database import Database
from store.messages import NewMessage, mark_sent, queue_message, read_message
from store.suppressions import suppressed_among
from tests.api.asking import refused
from tests.fixtures.api import gateway
from tests.store.test_notifications import executed

ADA, BEA, TEAM = "+4915112345678", "+4915187654321", "+4930555010"
INCOMING, STATUS = "http://gateway/texts/twilio/incoming", "http://gateway/texts/twilio/status"
CONTACT = {
    "api_name": "contact", "name": "Contact", "contact": True,
    "fields": [{"name": "home", "type": "phone"}, {"name": "mobile", "type": "phone"}],
}  # fmt: skip
NOW = datetime.now(UTC)


@pytest.fixture
async def api(settings: Settings, texts: TextSink) -> AsyncIterator[httpx2.AsyncClient]:
    """Without Temporal. What the provider calls comes here, without a key."""
    async with gateway(settings) as api, gateway(settings) as stranger:
        stranger.headers.pop("authorization")
        texts.client = stranger
        await api.put("/objects/contact", json=CONTACT)
        yield api


async def contact(api: httpx2.AsyncClient, name: str = "Ada", **values: Any) -> str:
    return (await api.post("/objects/contact/records", json={"name": name, "values": values})).json()["id"]


async def received(api: httpx2.AsyncClient, **parameters: Any) -> list[dict[str, Any]]:
    return (await api.get("/texts", params=parameters)).json()["items"]


async def events(api: httpx2.AsyncClient) -> list[dict[str, Any]]:
    return (await api.get("/events", params={"kind": "text_received"})).json()["items"]


async def sent(database: Database, number: str, record: str | None, sid: str = "SM1") -> UUID:
    """A text that went out, to the record's person or to the team."""
    execution = await executed(database)
    async with database.connection() as connection:
        new = NewMessage(execution, 1, "text", NUMBER, [number], record_id=UUID(record) if record else None, body="Hello")
        message = await queue_message(connection, new, NOW)
        await mark_sent(connection, message["id"], NOW, provider_id=sid)
        return message["id"]


async def test_a_text_is_kept_and_told_once_however_often_it_is_brought(api: httpx2.AsyncClient, texts: TextSink) -> None:
    ada = await contact(api, mobile=ADA)
    for _ in range(2):
        answer = await texts.receive(INCOMING, ADA, "Yes, please ☀", sid="SM7")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")
        assert answer.text.endswith("<Response/>")
    [text], [event] = await received(api), await events(api)
    assert text == {
        "id": text["id"], "provider_id": "SM7", "sender": ADA, "recipient": NUMBER, "body": "Yes, please ☀", "record_id": ada,
        "message_id": None, "event_id": event["id"], "received_at": text["received_at"],
    }  # fmt: skip
    assert (event["record_id"], event["payload"]) == (ada, {"from": ADA, "to": NUMBER, "body": "Yes, please ☀"})


async def test_a_text_belongs_to_the_record_last_written_to_at_the_number(
    api: httpx2.AsyncClient, texts: TextSink, database: Database
) -> None:
    oldest, last = await contact(api, home=ADA), await contact(api, "Last", mobile=ADA)
    await texts.receive(INCOMING, ADA, "before")
    message = await sent(database, ADA, last)
    await sent(database, ADA, None)
    await texts.receive(INCOMING, ADA, "after")
    await api.post(f"/records/{last}/archive")
    await texts.receive(INCOMING, ADA, "archived")
    await texts.receive(INCOMING, BEA, "nobody's\0")
    found = [(text["body"], text["record_id"], text["message_id"]) for text in await received(api)][::-1]
    assert found == [
        ("before", oldest, None), ("after", last, str(message)), ("archived", oldest, None), ("nobody's\ufffd", None, None)
    ]  # fmt: skip
    assert [event["payload"].get("message") for event in await events(api)][::-1] == [None, str(message), None]
    assert [text["body"] for text in await received(api, record_id=oldest)] == ["archived", "before"]
    await api.delete(f"/records/{oldest}", headers={"if-match": "*"})
    assert {text["body"] for text in await received(api, record_id=oldest)} == {""}


async def test_who_says_stop_is_written_to_no_more_until_start(
    api: httpx2.AsyncClient, texts: TextSink, database: Database
) -> None:
    async def stopped() -> bool:
        async with database.connection() as connection:
            return bool(await suppressed_among(connection, "text", [ADA]))

    for word in ("STOP", " Stopall. ", "unsubscribe", "Cancel", "END", "quit!"):
        await texts.receive(INCOMING, ADA, word)
        assert await stopped(), word
        await texts.receive(INCOMING, ADA, "please stop")
        await texts.receive(INCOMING, ADA, "Start")
        assert not await stopped(), word
    await texts.receive(INCOMING, ADA, "Don't stop")
    assert not await stopped()


async def test_the_status_of_a_text_is_written_and_what_is_final_stays(
    api: httpx2.AsyncClient, texts: TextSink, database: Database
) -> None:
    async def told(sid: str, *statuses: str, **more: Any) -> list[Any]:
        message = await sent(database, ADA, None, sid)
        text = KeptText(sid, ADA, NUMBER, "Hello", STATUS, None)
        assert [await texts.report(text, status, **more) for status in statuses] == [204] * len(statuses)
        async with database.connection() as connection:
            row = await read_message(connection, message)
        assert row
        return [row["delivery"], row["error"]]

    assert await told("SM1", "queued", "sent") == ["sent", None]
    assert await told("SM2", "delivered", "sent") == ["delivered", None]
    error = {"code": "not_delivered", "sentence": "Twilio says undelivered: error 30003."}
    assert await told("SM3", "sent", "undelivered", error_code=30003) == ["undelivered", {**error}]
    assert await told("SM4", "failed") == ["failed", None]
    assert await texts.report(KeptText("SM-other", ADA, NUMBER, "", STATUS, None), "sent") == 204


async def test_what_twilio_did_not_sign_is_refused(api: httpx2.AsyncClient, texts: TextSink, settings: Settings) -> None:
    form = {"MessageSid": "SM1", "From": ADA, "To": NUMBER, "Body": "Hello"}
    assert texts.client
    for url in (INCOMING, STATUS):
        refused(await texts.call(url, form, token="wrong"), 403, "not_from_twilio")
        refused(await texts.client.post(url, data=form), 403, "not_from_twilio")
        refused(await api.post(url, content=b"\xff%00", headers=[(b"x-twilio-signature", b"\xfc")]), 403, "not_from_twilio")
    good = {"x-twilio-signature": (await texts.call(INCOMING, form)).request.headers["x-twilio-signature"]}
    refused(await texts.client.post(INCOMING, data={**form, "Body": "Bye"}, headers=good), 403, "not_from_twilio")
    refused(await texts.call(INCOMING, {"From": ADA}), 422, "invalid_request")
    async with gateway(settings.model_copy(update={"twilio_auth_token": None})) as without:
        refused(await without.post(INCOMING, data=form), 403, "not_from_twilio")
    assert len(await received(api)) == 1


async def test_a_signature_is_made_over_the_address_from_outside(texts: TextSink, settings: Settings) -> None:
    """Whatever stands between; without one said, over the address that was called."""
    form = {"MessageSid": str(uuid4()), "From": BEA, "To": NUMBER, "Body": ""}
    outside = settings.model_copy(update={"public_url": "https://crm.example.com/everstep"})
    async with gateway(outside) as api:
        signature = signed("https://crm.example.com/everstep/texts/twilio/incoming?a=b", form, AUTH_TOKEN)
        answer = await api.post("/texts/twilio/incoming?a=b", data=form, headers={"x-twilio-signature": signature})
        assert answer.status_code == 200
    async with gateway(settings.model_copy(update={"public_url": None})) as api:
        texts.client = api
        assert (await texts.call(INCOMING, form)).status_code == 200
