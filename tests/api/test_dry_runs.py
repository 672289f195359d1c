"""Dry runs: what would happen, told without its happening."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
from temporalio.client import Client

from activities import dry_running
from activities.settings import Settings
from automations.reading import read_yaml
from store.database import Database
from tests.api.triggering import LEAD
from tests.builders import (
    Json,
    archive,
    ask,
    branch,
    change,
    condition,
    create,
    delay,
    document,
    go_to,
    goal,
    mail,
    modify,
    modify_related,
    request,
    search,
    start,
    stop,
    variable,
    webhook,
)
from tests.engine import Engine
from tests.fixtures.api import gateway
from tests.keys import key_for

ROOT = Path(__file__).parents[2]
SEATS = {"if": {"field": "seats", "op": ">=", "value": 9}}
MONDAY = "2026-03-02T09:00:00+00:00"
WRONG = change("wrong", seats="{{ record.name }}")
UNSAVED = document(api_name="subject", object="lead")


class Rehearsing:
    """A gateway without Temporal, a record, and an automation to try on it."""

    def __init__(self, api: httpx2.AsyncClient) -> None:
        self.api = api
        self.record = ""

    async def put(self, address: str, body: Json) -> Json:
        answer = await self.api.put(address, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def save(self, *steps: Json, api_name: str = "subject", **parts: Any) -> None:
        about = {"name": "Subject", "object": "lead", "active": True, "steps": list(steps)}
        await self.put(f"/automations/{api_name}", document(api_name=api_name, **about | parts))

    async def ask(self, **body: Any) -> httpx2.Response:
        said = {"record_id": self.record, "at": MONDAY} | body
        return await self.api.post(
            "/automations/subject/dry-run", json={key: each for key, each in said.items() if each is not None}
        )

    async def run(self, *steps: Json, **body: Any) -> Json:
        if steps:
            await self.save(*steps)
        answer = await self.ask(**body)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
async def dry(settings: Settings, database: Database) -> AsyncIterator[Rehearsing]:
    nowhere = settings.model_copy(update={"temporal_address": "127.0.0.1:1"})
    async with gateway(nowhere) as client:
        dry = Rehearsing(client)
        await dry.put("/objects/lead", LEAD)
        made = await client.post("/objects/lead/records", json={"name": "Ada", "values": {"seats": 3, "status": "New"}})
        assert made.status_code == 201, made.text
        dry.record = made.json()["id"]
        yield dry


async def everything(database: Database) -> dict[str, list[str]]:
    """All rows of all tables, but for who called when."""
    async with database.connection() as connection:
        tables = await connection.fetch("select tablename from pg_tables where schemaname = 'public' and tablename <> 'api_keys'")
        return {
            name: [row[0] for row in await connection.fetch(f'select t::text from "{name}" t order by 1')]
            for name in (row["tablename"] for row in tables)
        }


def codes(answer: httpx2.Response) -> list[tuple[str, str]]:
    return [(each["path"], each["code"]) for each in answer.json()["errors"]]


async def test_it_tells_what_each_step_does(dry: Rehearsing) -> None:
    told = await dry.run(change("set", status="Booked"), change("more", seats=9))
    assert (told["outcome"], told["path"]) == ("completed", ["set", "more"])
    assert [(each["field"], each["before"], each["after"], each["step_id"]) for each in told["field_changes"]] == [
        ("status", "New", "Booked", "set"),
        ("seats", 3, 9, "more"),
    ]
    [first, _] = told["timeline"]
    assert (first["status"], first["step_type"], first["next"]["step"]) == ("completed", "change_field_value", "more")
    assert first["started_at"] == told["began_at"] == MONDAY.replace("+00:00", "Z")


async def test_nothing_of_it_remains(dry: Rehearsing, database: Database) -> None:
    await dry.save(api_name="other", object=None)
    await dry.put("/employees/ops@example.com", {"name": "Ops"})
    fork = branch(
        "fork", [delay("wait"), request("call")], [start("child", "other"), mail("tell", {"employee": "ops@example.com"})]
    )
    steps = [change("set", status="Booked"), fork, goal("met", timeout={"days": 1}), WRONG]
    await dry.save(*steps, error_notification={"to": "ops@example.com"}, variables=[variable("seats")])
    before = await everything(database)
    told = await dry.run()
    assert (told["outcome"], [each["kind"] for each in told["would"]]) == (
        "paused", ["start", "mail", "http_request", "error_notification"],
    )  # fmt: skip
    unsaved = document(
        api_name="subject", object="lead", triggers=[webhook(record={"name": "$.who"})], steps=[change("set", status="Hi")]
    )
    await dry.run(document=unsaved, trigger={"type": "webhook", "name": "form", "body": {}})
    assert await everything(database) == before


async def test_records_are_made_changed_found_and_archived_for_the_steps_after_it_alone(
    dry: Rehearsing, database: Database
) -> None:
    found = search("find", "lead", filter={"field": "status", "op": "=", "value": "Made"}, sort=[{"by": "seats"}], into="found")
    steps = [
        create("first", "lead", "Ada", values=[{"field": "status", "value": "Made"}], into="found", into_how="add"),
        create("again", "lead", "Ada", existing="use", into="found", into_how="add"),
        modify_related("change", {"variable": "found"}, {"field": "seats", "value": 7}),
        found,
        archive("end", {"variable": "found"}),
        archive("own"),
    ]
    await dry.save(*steps, variables=[variable("found", {"static": ""}, type="record", list=True)])
    before = await everything(database)
    told = await dry.run()
    outputs = {step["step_id"]: step["output"] for step in told["timeline"]}
    assert (outputs["first"]["name"], outputs["again"]["record_id"]) == ("Ada (2)", dry.record)
    assert (outputs["change"]["changed"], outputs["find"], outputs["end"]["archived"]) == (2, {"found": 1, "more": False}, 1)
    assert (told["outcome"], told["reason"]) == ("canceled", "its record was archived")
    assert await everything(database) == before


async def test_a_condition_asks_the_record_as_the_steps_before_it_left_it(dry: Rehearsing) -> None:
    big = condition("big", [change("yes", status="Big")], [change("no", status="Small")], **SEATS)
    told = await dry.run(change("more", seats=9), big)
    assert told["path"] == ["more", "big", "yes"]
    assert told["timeline"][1]["used"][0]["found"] == 9


async def test_a_condition_goes_down_the_path_that_is_chosen(dry: Rehearsing) -> None:
    told = await dry.run(condition("big", [change("yes", status="Big")], **SEATS), choices={"big": "yes"})
    assert told["path"] == ["big", "yes"]
    assert told["timeline"][0]["output"] == {"path": "yes", "chosen": True, "found": "no"}


async def test_a_condition_that_cannot_be_answered_pauses_unless_a_path_is_chosen(dry: Rehearsing) -> None:
    await dry.save(condition("big", [change("yes", status="Big")], **SEATS))
    await dry.put("/objects/lead", LEAD | {"fields": [field for field in LEAD["fields"] if field["name"] != "seats"]})
    told = await dry.run()
    assert (told["outcome"], told["path"], told["timeline"][0]["next"]["reason"]) == ("paused", ["big"], "condition_error")
    assert (await dry.run(choices={"big": "yes"}))["path"] == ["big", "yes"]


async def test_a_delay_is_jumped_over_to_the_next_working_day(dry: Rehearsing) -> None:
    friday = "2026-03-06T10:00:00Z"
    told = await dry.run(delay("rest", skip_non_working_days=True), change("set", status="Later"), at=friday)
    rest, later = told["timeline"]
    assert rest["waited_until"] == later["started_at"] == "2026-03-09T10:00:00Z"
    assert (rest["status"], told["ended_at"]) == ("completed", "2026-03-09T10:00:00Z")


async def test_a_goal_is_met_if_that_is_chosen(dry: Rehearsing) -> None:
    booked = goal("booked", met=[change("won", status="Won")], not_met=[change("lost", status="Lost")], timeout={"days": 2})
    told = await dry.run(booked, choices={"booked": "met"})
    assert (told["path"], told["ended_at"]) == (["booked", "won"], told["began_at"])


async def test_a_question_is_noted_and_answered_as_it_is_chosen(dry: Rehearsing) -> None:
    phone = {"name": "phone", "type": "phone"}
    await dry.put("/objects/lead", LEAD | {"contact": True, "fields": [*LEAD["fields"], phone]})
    await dry.api.patch(f"/records/{dry.record}", json={"values": {"phone": "+4915112345678"}})
    answered, silent = [change("yes", status="Answered")], [change("no", status="Silent")]
    question = ask("q", "How many?", answered, silent, into={"field": "seats"}, timeout={"days": 2})
    told = await dry.run(question, choices={"q": "met"})
    assert told["path"] == ["q", "yes"]
    assert [(each["kind"], each["says"]) for each in told["would"]] == [("text", "text to +4915112345678: How many?")]
    told = await dry.run()
    assert (told["path"], told["timeline"][0]["waited_until"]) == (["q", "no"], "2026-03-04T09:00:00Z")
    told = await dry.run(answers={"q": {"fails": "the line is cut"}})
    assert (told["outcome"], "the line is cut" in told["reason"]) == ("failed", True)


@pytest.mark.parametrize("choices", [{}, {"booked": "not_met"}])
async def test_a_goal_that_is_not_met_waits_until_its_time_is_up(dry: Rehearsing, choices: Json) -> None:
    booked = goal("booked", met=[change("won", status="Won")], not_met=[change("lost", status="Lost")], timeout={"days": 2})
    told = await dry.run(booked, choices=choices)
    assert (told["path"], told["timeline"][0]["waited_until"]) == (["booked", "lost"], "2026-03-04T09:00:00Z")
    assert not told["warnings"]


async def test_a_goal_without_a_time_limit_is_not_met_with_a_warning(dry: Rehearsing) -> None:
    told = await dry.run(goal("booked", not_met=[change("lost", status="Lost")]))
    assert told["path"] == ["booked", "lost"]
    assert "waits until it is met" in told["warnings"][0]


async def test_a_goal_is_met_by_a_date_that_comes(dry: Rehearsing) -> None:
    await dry.api.patch(f"/records/{dry.record}", json={"values": {"due": "2026-03-05"}})
    date = {"type": "on_or_around_date", "field": "due", "at": "08:00"}
    told = await dry.run(goal("due", date, met=[change("won", status="Won")], timeout={"days": 9}))
    assert (told["path"], told["ended_at"][:10]) == (["due", "won"], "2026-03-05")


async def test_lanes_take_turns_by_the_clock(dry: Rehearsing) -> None:
    left = [delay("two", days=2), change("last", status="Last")]
    right = [delay("one", days=1), change("first", status="First")]
    told = await dry.run(branch("fork", left, right), change("after", seats=1))
    assert told["path"] == ["fork", "two", "one", "first", "last", "after"]
    assert [(each["step_id"], each["lane"]) for each in told["timeline"]][3:] == [
        ("first", "fork:2"), ("last", "fork:1"), ("after", ""),
    ]  # fmt: skip
    assert told["timeline"][0]["status"] == "completed"


async def test_a_lane_that_pauses_keeps_no_other_from_going_on(dry: Rehearsing) -> None:
    told = await dry.run(branch("fork", [WRONG], [delay("one"), change("first", status="First")]))
    assert (told["outcome"], told["path"][-1]) == ("paused", "first")
    assert told["reason"].startswith("wrong: ")
    assert told["reason"].endswith("; a person would mend and resume it, or skip it.")


async def test_a_loop_ends_at_the_limit_of_true_executions(dry: Rehearsing) -> None:
    told = await dry.run(change("set", status="Again"), go_to("back", "set"))
    assert (told["outcome"], len(told["path"])) == ("failed", 200)
    assert "ran 100 times with no wait" in told["reason"]


async def test_a_loop_that_waits_ends_at_the_limit_of_dry_runs(dry: Rehearsing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dry_running, "MAX_STEP_RUNS", 30)
    told = await dry.run(delay("rest"), go_to("back", "rest"))
    assert (told["outcome"], told["reason"], len(told["path"])) == ("stopped", "A dry run ends after 30 step runs.", 30)


async def test_it_takes_no_longer_than_a_caller_waits(dry: Rehearsing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dry_running, "LONGEST", timedelta(0))
    told = await dry.run(change("set", status="Booked"))
    assert (told["outcome"], told["path"]) == ("stopped", [])


async def test_a_stop_ends_it_as_it_says(dry: Rehearsing) -> None:
    told = await dry.run(stop("end", "cancel", reason="{{ record.name }} is out"))
    assert (told["outcome"], told["reason"], told["path"]) == ("canceled", "Ada is out", ["end"])


async def test_a_call_is_told_of_and_answered_as_it_was_said(dry: Rehearsing) -> None:
    into = [{"variable": "city", "value": "$.city"}]
    call = request("call", "https://crm.example/leads", method="POST", json={"name": "{{ record.name }}"}, into=into)
    await dry.save(call, variables=[variable("city", {"static": ""}, type="string")])
    told = await dry.run(answers={"call": {"status": 201, "body": {"city": "Graz"}}})
    assert (told["outcome"], told["variables"]) == ("completed", {"city": "Graz"})
    [would] = told["would"]
    assert would["says"] == 'POST https://crm.example/leads with body {"name":"Ada"}'
    assert not would["assumed"]
    assert (await dry.run())["would"][0]["assumed"]


@pytest.mark.parametrize(
    ("answer", "outcome", "code"),
    [
        ({"status": 404, "body": "gone"}, "paused", "http_refused"),
        ({"status": 503}, "failed", "http_server_error"),
        ({"fails": "the line is cut"}, "failed", "http_unreachable"),
    ],
)
async def test_a_call_that_fails_does_as_in_truth(dry: Rehearsing, answer: Json, outcome: str, code: str) -> None:
    told = await dry.run(request("call"), change("never", status="x"), answers={"call": answer})
    assert (told["outcome"], told["path"], told["timeline"][0]["error"]["code"]) == (outcome, ["call"], code)
    assert bool(told["warnings"]) == (outcome == "failed")


async def test_a_secret_is_used_and_not_told(dry: Rehearsing) -> None:
    await dry.put("/secrets/crm_key", {"value": "sk live/4711"})
    headers = {"Authorization": "Bearer {{ secrets.crm_key }}"}
    call = request(
        "call", "https://crm.example/?key={{ secrets.crm_key }}", method="POST", headers=headers, body="{{ secrets.crm_key }}"
    )
    await dry.save(call)
    answer = await dry.ask(answers={"call": {"body": "you said sk live/4711"}})
    [would] = answer.json()["would"]
    assert "4711" not in answer.text
    assert would["details"]["headers"]["authorization"] == "Bearer [secret crm_key]"


async def test_an_automation_that_would_be_started_is_named_with_its_record(dry: Rehearsing) -> None:
    await dry.save(delay("rest"), api_name="other")
    told = await dry.run(start("child", "other", on="this_record"))
    assert [(each["kind"], each["says"]) for each in told["would"]] == [("start", "start automation other on Ada")]


async def test_what_would_be_asked_of_other_executions_and_of_itself_is_told(
    dry: Rehearsing, database: Database, settings: Settings, temporal_client: Client
) -> None:
    await dry.save(delay("rest"), api_name="other")
    engine = Engine(database, temporal_client, settings)
    other = await engine.start("other", UUID(dry.record), launched=False)
    told = await dry.run(modify("halt", "pause"), modify("end", "cancel", include_self=True), stop("never"))
    assert [(each["kind"], each["says"]) for each in told["would"]] == [
        ("request", "pause automation other on Ada"),
        ("request", "cancel automation other on Ada"),
    ]
    assert {each["details"]["execution_id"] for each in told["would"]} == {str(other)}
    assert (told["outcome"], told["path"]) == ("canceled", ["halt", "end"])
    assert told["reason"].startswith("canceled by automation subject: step end of execution ")
    row = await engine.execution(other)
    assert (row["request"], row["state"]) == (None, "active")


async def test_it_tells_who_would_hear_of_a_change(dry: Rehearsing) -> None:
    heard = {"id": "t", "type": "field_updated", "field": "status", "to": "Booked"}
    unheard = {**heard, "id": "u", "to": "Lost"}
    await dry.save(delay("rest"), api_name="other", triggers=[heard, unheard])
    told = await dry.run(change("set", status="Booked"), at=None)
    [event] = told["events"]
    assert (event["kind"], event["step_id"]) == ("field_updated", "set")
    assert [(each["trigger_id"], each["would_start"], each["reason"]) for each in event["heard_by"]] == [
        ("t", True, None),
        ("u", False, "filtered"),
    ]


async def test_a_document_that_is_not_saved_can_be_tried(dry: Rehearsing) -> None:
    unsaved = document(api_name="subject", object="lead", steps=[change("set", status="Tried")])
    assert (await dry.run(document=unsaved))["path"] == ["set"]
    assert (await dry.api.get("/automations/subject")).status_code == 404
    await dry.save(change("old", status="Old"))
    assert (await dry.run(document=unsaved))["path"] == ["set"]
    assert (await dry.run())["path"] == ["old"]
    wrong = await dry.ask(document=unsaved | {"steps": [change("set", gone="x")]})
    assert (wrong.status_code, codes(wrong)) == (422, [("steps[0].changes[0].field", "unknown_field")])


async def test_a_webhook_brings_its_record_and_its_values(dry: Rehearsing) -> None:
    hook = webhook(record={"name": "$.who"}, extract={"seats": "$.company.seats"})
    taken = variable("seats", {"webhook": "form", "value": "seats"})
    await dry.save(change("set", status="{{ trigger.body.note }}"), triggers=[hook], variables=[taken])
    body = {"who": "Ada", "company": {"seats": 70}, "note": "Hello"}
    told = await dry.run(trigger={"type": "webhook", "name": "form", "body": body}, record_id=None)
    assert (told["record_id"], told["field_changes"][0]["after"]) == (dry.record, "Hello")
    assert float(told["variables"]["seats"]) == 70


async def test_an_event_brings_its_facts(dry: Rehearsing) -> None:
    await dry.save(change("set", status="was {{ trigger.old }}"), triggers=[{"id": "t", "type": "stage_updated", "to": "Won"}])
    told = await dry.run(trigger={"type": "stage_updated", "facts": {"old": "New", "new": "Won"}})
    assert told["field_changes"][0]["after"] == "was New"


async def test_a_kill_switch_is_told_of_and_gone_past(dry: Rehearsing) -> None:
    switch = {"scope": "automation", "key": "subject", "mode": "hold", "why": "it ran away"}
    await dry.save(change("set", status="Booked"))
    await dry.put("/kill-switches", switch)
    told = await dry.run()
    assert (told["outcome"], told["path"]) == ("completed", ["set"])
    assert "it ran away" in told["warnings"][0]


async def test_an_automation_that_is_not_active_can_be_tried(dry: Rehearsing) -> None:
    await dry.save(change("set", status="Booked"), active=False)
    told = await dry.run()
    assert told["outcome"] == "completed"
    assert "not active" in told["warnings"][0]


UNFIT: list[tuple[Json, str, str]] = [
    ({"record_id": "01890000-0000-7000-8000-000000000000"}, "record_id", "unknown_record"),
    ({"record_id": None}, "record_id", "record_required"),
    ({"variables": {"gone": 1}}, "variables.gone", "unknown_variable"),
    ({"answers": {"gone": {"status": 200}}}, "answers.gone", "unknown_step"),
    ({"answers": {"ask": {"status": 200}}}, "answers.ask", "no_outside_call"),
    ({"choices": {"gone": "yes"}}, "choices.gone", "unknown_step"),
    ({"choices": {"ask": "met"}}, "choices.ask", "no_such_path"),
    ({"choices": {"fork": "yes"}}, "choices.fork", "no_such_path"),
    ({"trigger": {"type": "webhook", "name": "gone"}}, "trigger.name", "unknown_webhook"),
    ({"trigger": {"type": "gone"}}, "trigger.type", "unknown_trigger"),
    ({"at": "1815-12-10T00:00:00Z"}, "at", "invalid_value"),
    ({"at": "2026-03-02T09:00:00"}, "at", "value_error"),
    ({"answers": {"ask": {"fails": "x", "status": 200}}}, "answers.ask", "value_error"),
]


async def test_what_does_not_fit_is_refused_with_its_place(dry: Rehearsing) -> None:
    await dry.save(condition("ask", **SEATS), branch("fork", [change("a", status="a")]))
    answers = [await dry.ask(**body) for body, _, _ in UNFIT]
    assert [(answer.status_code, codes(answer)) for answer in answers] == [(422, [(path, code)]) for _, path, code in UNFIT]


async def test_a_record_of_another_object_or_an_archived_one_is_refused(dry: Rehearsing) -> None:
    await dry.put("/objects/deal", {"api_name": "deal", "name": "Deal", "fields": []})
    deal = (await dry.api.post("/objects/deal/records", json={"name": "Deal"})).json()["id"]
    await dry.save(change("set", status="Booked"))
    assert codes(await dry.ask(record_id=deal)) == [("record_id", "unknown_record")]
    await dry.api.post(f"/records/{dry.record}/archive")
    assert codes(await dry.ask()) == [("record_id", "record_archived")]


async def test_no_such_automation_is_not_found(dry: Rehearsing) -> None:
    assert (await dry.ask()).json()["code"] == "automation_not_found"


ALLOWED: list[tuple[list[str], Json, int]] = [
    (["executions:operate", "records:view"], {}, 200),
    (["executions:operate@automation/subject", "records:view@object/lead"], {}, 200),
    (["executions:operate"], {}, 403),
    (["automations:view", "records:view"], {}, 403),
    (["executions:operate@automation/other", "records:view"], {}, 403),
    (["executions:operate", "records:view"], {"document": UNSAVED}, 403),
    (
        ["executions:operate", "records:view", "automations:edit"],
        {"document": document(api_name="subject", object="lead")},
        200,
    ),
]


async def test_it_takes_who_may_start_it_and_see_its_records(dry: Rehearsing, database: Database) -> None:
    await dry.save(change("set", status="Booked"))
    found: list[int] = []
    for scopes, body, _ in ALLOWED:
        dry.api.headers.update(await key_for(database, *scopes))
        found.append((await dry.ask(**body)).status_code)
    assert found == [status for _, _, status in ALLOWED]


async def test_a_record_that_others_hold_is_answered_as_busy(dry: Rehearsing, database: Database) -> None:
    await dry.save(change("set", status="Booked"))
    async with database.transaction() as connection:
        await connection.execute("select * from records for update")
        answer = await dry.ask()
    assert (answer.status_code, answer.json()["code"]) == (409, "record_busy")
    assert (await dry.run())["outcome"] == "completed"


def _is_in(shown: Any, found: Any) -> bool:
    """Whether all that is shown is there; of a list all, in its order."""
    if isinstance(shown, dict):
        return all(_is_in(value, found[key]) for key, value in shown.items())
    if isinstance(shown, list):
        return len(shown) == len(found) and all(map(_is_in, shown, found))
    return shown == found


async def test_the_example_of_the_guide_is_true(dry: Rehearsing) -> None:
    for definition in _example("objects.yaml"):
        await dry.put(f"/objects/{definition['api_name']}", definition)
    for employee in _example("team.yaml"):
        await dry.put(f"/employees/{employee.pop('email')}", employee)
    for values in _example("leads.yaml"):
        record = {"name": values.pop("name"), "owner": values.pop("owner", None), "values": values}
        assert (await dry.api.post("/objects/lead/records", json=record)).status_code == 201
    for name in ("deal-review", "demo-request"):
        await dry.put(f"/automations/{name}", _example(f"automations/{name}.yaml"))
    guide = (ROOT / "docs/dry-run.md").read_text(encoding="utf-8")
    asked = json.loads(guide.split("'JSON'\n")[1].split("JSON\n")[0])
    answer = await dry.api.post("/automations/demo-request/dry-run", json=asked)
    assert _is_in(json.loads(guide.split("```json\n")[1].split("```")[0]), answer.json())


def _example(name: str) -> Any:
    return read_yaml((ROOT / "examples" / name).read_text(encoding="utf-8"))
