"""What happened elsewhere is told by the API, kept once, and shown with what became of it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from automations.outside_events import KINDS
from store.database import Database
from tests.api.asking import create_lead, refused, save_lead
from tests.engine import Engine, until

JSON = {"content-type": "application/json"}
ADA = {"object": "lead", "email": "ada@example.com"}
FORM = {"kind": "form_submitted", "record": ADA, "form": "demo", "values": {"seats": 5}}


@pytest.fixture(autouse=True)
async def lead(api: httpx2.AsyncClient) -> str:
    await save_lead(api)
    return (await create_lead(api, values={"email": "ada@example.com"})).json()["id"]


async def tell(api: httpx2.AsyncClient, body: Any, **headers: str) -> httpx2.Response:
    return await api.post("/events", json=body, headers=headers)


async def told(api: httpx2.AsyncClient, body: Any, **headers: str) -> list[dict[str, Any]]:
    answer = await tell(api, body, **headers)
    assert answer.status_code == 202, answer.text
    return answer.json()["events"]


async def listed(api: httpx2.AsyncClient, **parameters: Any) -> list[dict[str, Any]]:
    """All but the record's own beginning."""
    items = (await api.get("/events", params=parameters)).json()["items"]
    return [item for item in items if item["kind"] != "record_created"]


def ago(**length: float) -> str:
    return (datetime.now(UTC) - timedelta(**length)).isoformat()


async def wrong(api: httpx2.AsyncClient, body: Any, code: str) -> list[tuple[str, str]]:
    """Path and code of each mistake; nothing was kept."""
    found = refused(await tell(api, body), 422, code)
    assert await listed(api) == []
    return [(item["path"], item["code"]) for item in found["errors"]]


async def test_one_event_is_told_and_shown(api: httpx2.AsyncClient, lead: str) -> None:
    [kept] = await told(api, FORM)
    [event] = await listed(api)
    assert (event["id"], kept["duplicate"]) == (kept["id"], False)
    assert (event["kind"], event["record_id"], event["payload"]) == (
        "form_submitted", lead, {"form": "demo", "values": {"seats": 5}},
    )  # fmt: skip
    assert (event["evaluated_at"], event["evaluations"], event["root_id"], event["depth"]) == (None, [], None, 0)
    assert (await api.get(f"/events/{kept['id']}")).json() == event
    assert abs(datetime.fromisoformat(event["event_at"]) - datetime.now(UTC)) < timedelta(minutes=1)


async def test_several_are_kept_in_their_order(api: httpx2.AsyncClient, lead: str) -> None:
    events = [
        FORM,
        {"kind": "survey_submitted", "record": {"object": "lead", "id": lead}, "survey": "nps", "values": {"score": 9}},
        {"kind": "email_event", "record": {"object": "lead", "name": " ada "}, "event": "clicked", "link": "https://example.com"},
        {"kind": "website_visited", "record": ADA, "url": "https://example.com/", "event_at": ago(days=6)},
    ]
    kept = await told(api, {"events": events})
    shown = (await listed(api))[::-1]
    assert [event["id"] for event in shown] == [each["id"] for each in kept]
    assert [(event["kind"], event["record_id"]) for event in shown] == [(event["kind"], lead) for event in events]
    assert shown[3]["event_at"] < shown[0]["event_at"]


async def test_all_are_kept_or_none_and_every_mistake_is_named(api: httpx2.AsyncClient) -> None:
    gone = (await create_lead(api, name="Gone")).json()["id"]
    await api.post(f"/records/{gone}/archive")
    events = [
        FORM,
        FORM | {"form": ""},
        FORM | {"record": {"object": "lead", "name": "Nobody"}},
        FORM | {"record": {"object": "deal", "name": "Ada"}, "event_at": ago(days=8)},
        FORM | {"record": {"object": "lead", "id": gone}},
        FORM | {"event_at": ago(hours=-9)},
        FORM | {"record": {"object": "lead"}},
    ]
    found = refused(await tell(api, {"events": events}), 422, "invalid_events")
    assert [(item["path"], item["code"]) for item in found["errors"]] == [
        ("events[1].form", "invalid_value"),
        ("events[2].record", "unknown_record"),
        ("events[3].event_at", "event_too_old"),
        ("events[3].record", "unknown_object"),
        ("events[4].record", "record_archived"),
        ("events[5].event_at", "future_event"),
        ("events[6].record", "invalid_value"),
    ]
    assert [event["kind"] for event in await listed(api)] == ["record_archived"]


@pytest.mark.parametrize(
    ("parts", "path", "code"),
    [
        ({"record": {"object": "lead", "id": str(uuid4())}}, "record", "unknown_record"),
        ({"record": {"object": "deal", "name": "Ada"}}, "record", "unknown_object"),
        ({"event_at": ago(days=7.1)}, "event_at", "event_too_old"),
        ({"event_at": ago(hours=-9)}, "event_at", "future_event"),
        ({"kind": "tweeted"}, "kind", "unknown_event_kind"),
        ({"id": " "}, "id", "invalid_value"),
        ({"values": {"text": "x" * 66_000}}, "", "event_too_large"),
    ],
)
async def test_a_single_mistake_is_the_code_of_the_answer(
    parts: dict[str, Any], path: str, code: str, api: httpx2.AsyncClient
) -> None:
    assert await wrong(api, FORM | parts, code) == [(path, code)]


async def test_an_archived_record_is_told_of_by_itself(api: httpx2.AsyncClient, lead: str) -> None:
    await api.post(f"/records/{lead}/archive")
    for way in ({"id": lead}, {"email": "ada@example.com"}, {"name": "Ada"}):
        found = refused(await tell(api, FORM | {"record": {"object": "lead", **way}}), 422, "record_archived")
        assert [item["path"] for item in found["errors"]] == ["record"]


@pytest.mark.parametrize("body", [{"events": []}, {"events": [FORM] * 501}, {"events": None}, [], "x", 7])
async def test_what_is_no_event_is_refused(body: Any, api: httpx2.AsyncClient) -> None:
    await wrong(api, body, "invalid_value")


async def test_five_hundred_are_told_at_once(api: httpx2.AsyncClient) -> None:
    kept = await told(api, {"events": [FORM] * 500})
    assert len({each["id"] for each in kept}) == 500


@pytest.mark.parametrize("content", [b"{", b"", b"\xff", b"[" * 100_000, b'{"a": ' * 2_000 + b"1" + b"}" * 2_000])
async def test_what_is_no_json_is_told_so(content: bytes, api: httpx2.AsyncClient) -> None:
    answer = await api.post("/events", content=content, headers=JSON)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.status_code in (400, 422)


@pytest.mark.parametrize("headers", [{}, {"content-type": "text/plain"}, {"content-type": "application/x-www-form-urlencoded"}])
async def test_a_body_is_taken_as_json_only_if_it_says_so(headers: dict[str, str], api: httpx2.AsyncClient) -> None:
    content = json.dumps(FORM).replace('"demo"', '"a\\u0000"').encode()
    refused(await api.post("/events", content=content, headers=headers), 415, "unsupported_media_type")
    refused(await api.post("/events", content=content, headers=JSON), 422, "invalid_text")


async def test_a_number_that_is_none_is_refused(api: httpx2.AsyncClient) -> None:
    for number, status, code in (
        ("NaN", 400, "invalid_json"),
        ("Infinity", 400, "invalid_json"),
        ("1e999", 422, "invalid_number"),
    ):
        content = json.dumps(FORM).replace("5", number).encode()
        refused(await api.post("/events", content=content, headers=JSON), status, code)


async def test_large_numbers_and_deep_values_come_back_as_they_were(api: httpx2.AsyncClient) -> None:
    deep: Any = 1
    for _ in range(20):
        deep = {"in": [deep]}
    values = {"large": 10**399, "deep": deep, "text": "ä\U0001f600", "": None}
    [kept] = await told(api, FORM | {"values": values})
    assert (await api.get(f"/events/{kept['id']}")).json()["payload"]["values"] == values


async def test_events_are_listed_by_record_and_kind_a_page_at_a_time(api: httpx2.AsyncClient, lead: str) -> None:
    await create_lead(api, name="Bob")
    visit = {"kind": "website_visited", "url": "x"}
    await told(api, {"events": [FORM, visit | {"record": ADA}, visit | {"record": {"object": "lead", "name": "Bob"}}, FORM]})
    assert [event["kind"] for event in await listed(api, record_id=lead)] == [
        "form_submitted",
        "website_visited",
        "form_submitted",
    ]
    assert len(await listed(api, kind="website_visited")) == 2
    assert len(await listed(api, kind="website_visited", record_id=lead)) == 1
    assert await listed(api, kind="rained") == []
    seen: list[str] = []
    page: dict[str, Any] = {"next_cursor": None}
    while not seen or page["next_cursor"]:
        cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else {}
        page = (await api.get("/events", params={"size": 2} | cursor)).json()
        seen += [item["id"] for item in page["items"]]
    assert len(seen) == 6
    assert seen == sorted(seen, reverse=True)


async def test_what_became_of_an_event_is_shown_with_it(api: httpx2.AsyncClient, database: Database) -> None:
    for name in ("one", "two"):
        await api.put(f"/automations/{name}", json={"api_name": name, "name": name, "active": True})
    [kept] = await told(api, FORM)
    async with database.connection() as connection:
        await connection.execute("update events set evaluated_at = now()")
        await connection.execute(
            """
            insert into evaluations (id, event_id, automation_id, trigger_id, outcome, reason, detail, event_at, evaluated_at)
            select gen_random_uuid(), $1, id, 't', 'not_started', 'filtered', 'Seats are 5.', now(), now()
            from automations where api_name = 'two'
            """,
            UUID(kept["id"]),
        )
    event = (await api.get(f"/events/{kept['id']}")).json()
    assert event["evaluated_at"]
    [evaluation] = event["evaluations"]
    assert evaluation == {
        "automation": "two", "trigger_id": "t", "outcome": "not_started", "reason": "filtered", "detail": "Seats are 5.",
        "execution_id": None, "evaluated_at": evaluation["evaluated_at"],
    }  # fmt: skip
    assert await listed(api) == [event]


async def test_the_execution_that_an_event_started_is_shown_with_it(api: httpx2.AsyncClient, engine: Engine) -> None:
    filtered = {"id": "few", "type": "form_submitted", "filter": {"field": "seats", "op": ">", "value": 5}}
    triggers = [{"id": "sent", "type": "form_submitted", "form": "demo"}, filtered]
    document = {"api_name": "greet", "name": "Greet", "active": True, "object": "lead", "triggers": triggers}
    assert (await api.put("/automations/greet", json=document)).status_code == 201
    [kept] = await told(api, FORM)

    async def evaluations() -> Any:
        return (await api.get(f"/events/{kept['id']}")).json()["evaluations"]

    found = {each["trigger_id"]: each for each in await until(evaluations)}
    assert (found["few"]["outcome"], found["few"]["reason"], found["few"]["execution_id"]) == ("not_started", "filtered", None)
    assert (found["sent"]["automation"], found["sent"]["outcome"], found["sent"]["reason"]) == ("greet", "started", None)
    await engine.ended(UUID(found["sent"]["execution_id"]))


async def test_an_unknown_event_is_not_found(api: httpx2.AsyncClient) -> None:
    refused(await api.get(f"/events/{uuid4()}"), 404, "event_not_found")


async def test_the_description_of_the_body_leads_to_its_parts(api: httpx2.AsyncClient) -> None:
    described = (await api.get("/openapi.json")).json()
    schema = described["paths"]["/events"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    references = [part.split('"')[0] for part in json.dumps(schema).split('"$ref": "')[1:]]
    assert len(references) > 4
    for reference in references:
        found: Any = described
        for key in reference.removeprefix("#/").split("/"):
            found = found[key.replace("~1", "/")]
        assert isinstance(found, dict)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
RECORDS = st.dictionaries(
    st.sampled_from(["object", "id", "email", "name"]), st.sampled_from(["lead", "Ada", *ADA.values(), str(uuid4())])
)
PARTS = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from([*KINDS, "x"]) | VALUES, "record": st.just(ADA) | RECORDS | VALUES,
        "id": st.text(max_size=3) | VALUES, "event_at": VALUES, "other": VALUES,
        "form": st.text(max_size=3), "survey": VALUES, "url": VALUES,
        "values": st.dictionaries(st.text(max_size=8), VALUES) | VALUES,
        "event": st.just("opened") | VALUES, "message": VALUES, "link": VALUES,
    },
)  # fmt: skip
EVENT = st.one_of(
    PARTS, st.builds(FORM.__or__, PARTS), st.fixed_dictionaries({"events": st.lists(st.builds(FORM.__or__, PARTS), max_size=3)})
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=EVENT | VALUES)
async def test_any_json_is_taken_or_refused_with_a_problem(body: Any, api: httpx2.AsyncClient) -> None:
    answer = await api.post("/events", content=json.dumps(body).encode(), headers=JSON)
    assert answer.status_code in (202, 400, 422), answer.text
    if answer.status_code != 202:
        problem = refused(answer, answer.status_code, answer.json()["code"])
        assert all(item["sentence"] for item in problem["errors"])
