"""Crm activities that steps schedule and take back: when, for whom, on which records, and what they start once they are done."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from activities.notifying import send_due
from deploy.mail import MailSink
from deploy.temporal import TemporalDevServer
from store.crm_activities import complete_activity, log_activity, schedule_activity
from store.records import archive_record
from tests.builders import Json, assign, schedule, unschedule, variable
from tests.fixtures.api import gateway
from tests.steps.house import House, Run, Where
from tests.steps.showing import also_shows, shows

DUE = "2030-06-15"
"""A Saturday."""

WAYS = (
    "assign.how=employee", "assign.how=owner", "assign.how=field", "assign.how=variable", "assign.how=last_active",
    "assign.how=last_active_role", "assign.how=round_robin_all", "assign.how=round_robin_role",
    "assign.how=round_robin_employees", "assign.employee", "assign.employees", "assign.role", "assign.field", "assign.through",
    "assign.variable", "assign.how=role",
)  # fmt: skip


async def scheduled(house: House, run: Run, step: str) -> list[Any]:
    """The rows of what the step scheduled, in the order in which it tells of them."""
    ids = [UUID(each["id"]) for each in run.output(step)["scheduled"]]
    rows = {row["id"]: row for row in await house.fetch("select * from crm_activities where id = any($1)", ids)}
    return [rows[id] for id in ids]


async def one(house: House, run: Run, step: str) -> Any:
    [row] = await scheduled(house, run, step)
    return row


async def on_record(house: House, record: str, **parts: Any) -> Any:
    """One that a person schedules."""
    async with house.database.connection() as connection:
        due = datetime(2030, 1, 1, tzinfo=UTC)
        return await schedule_activity(
            connection, UUID(record), **{"type": "call", "due_at": due, "now": datetime.now(UTC)} | parts
        )


def around(**parts: Any) -> Json:
    return {"around": {"field": "due", **parts}}


@shows(
    "schedule_activity", "activity_type", "due=now", "due.after", "due.around.field", "due.around.days", "due.around.when=before",
    "due.around.when=on", "due.around.when=after", "due.around.at", "due.around.skip_non_working_days", "note", "into",
    "records=this_record", where=["record"],
)  # fmt: skip
async def test_one_is_scheduled_now_later_or_around_a_date(house: House, where: Where) -> None:
    record = await house.put("account", due=DUE)
    steps = [
        schedule("now", "site_visit", note="Ask {{ record.name }}", into="made"),
        schedule("later", due={"after": {"days": 2}}),
        schedule("before", due=around(days=2, when="before", at="09:00")),
        schedule("moved", due=around(when="on", skip_non_working_days=True)),
        schedule("after", due=around(days=1, when="after")),
        schedule("past", due={"after": {"until": "2020-01-01T09:00:00+01:00"}}),
    ]
    run = await house.run(where, *steps, record=record, variables=[variable("made", {"static": ""}, type="uuid")])
    now = await one(house, run, "now")
    assert run.record
    assert now["note"] == f"Ask {run.record['name']}"
    assert (run.variables["made"], now["type"], now["status"]) == (str(now["id"]), "site_visit", "scheduled")
    assert (now["due_at"], now["execution_id"]) == (now["created_at"], run.id)
    assert (now["assigned_to"], now["assigned_role"]) == (None, None)
    assert now["by"].startswith("automation ")
    later = await one(house, run, "later")
    assert later["due_at"] - later["created_at"] == timedelta(days=2)
    dates = [run.output(step)["due_at"] for step in ("before", "moved", "after")]
    assert dates == [f"2030-06-{day}:00:00+00:00" for day in ("13T09", "17T00", "16T00")]
    assert run.output("moved")["moved"]["passed"] == [{"date": DUE, "why": "Saturday"}, {"date": "2030-06-16", "why": "Sunday"}]
    assert (run.output("past")["past"], "past" in run.output("later")) == (True, False)
    events = await house.events(record, "activity_scheduled")
    assert [(event["root_id"], event["depth"]) for event in events] == [(run.id, 0)] * 6
    assert events[0]["payload"]["activity"]["id"] == str(now["id"])


@shows("schedule_activity", *WAYS, where=["record"])
async def test_one_is_scheduled_for_a_member_of_the_team_or_a_role(house: House, where: Where) -> None:
    role, pool = house.name("role"), house.name("pool")
    ada, bob, cleo, eve = [await house.employ() for _ in range(4)]
    dan = await house.employ(None, role)
    first, second = await house.employ(None, pool), await house.employ(None, pool)
    parent = await house.put("account", manager=[str(eve["id"])])
    record = await house.put("account", owner=str(bob["id"]), parent=[parent])
    for member, minute in ((dan, 1), (cleo, 2)):
        async with house.database.connection() as connection:
            at = datetime(2026, 3, 1, 9, minute, tzinfo=UTC)
            await log_activity(connection, UUID(record), type="call", assigned_to=member["id"], now=at)
    in_turns = {"how": "round_robin_role", "role": pool}
    ways: list[tuple[Json, Any]] = [
        ({"how": "employee", "employee": ada["email"]}, ada),
        ({"how": "owner"}, bob),
        ({"how": "last_active"}, cleo),
        ({"how": "last_active_role", "role": role}, dan),
        ({"how": "field", "field": "manager", "through": "parent"}, eve),
        ({"how": "variable", "variable": "who"}, dan),
        (in_turns, first),
        ({"how": "round_robin_employees", "employees": [second["email"]]}, second),
    ]
    steps = [schedule(f"s{number}", assign=way) for number, (way, _) in enumerate(ways)]
    others = [schedule("anybody", assign={"how": "round_robin_all"}), schedule("role", assign={"how": "role", "role": pool})]
    api_name = await house.save(where, *steps, *others, variables=[variable("who", {"static": str(dan["id"])}, type="employee")])
    run = await house.come_to(await house.start(where, api_name, record), "completed")
    found = [(await one(house, run, step["id"]))["assigned_to"] for step in steps]
    assert found == [member["id"] for _, member in ways]
    assert (await one(house, run, "anybody"))["assigned_to"]
    for_role = await one(house, run, "role")
    assert (for_role["assigned_to"], for_role["assigned_role"]) == (None, pool)
    told = (await house.events(record, "activity_scheduled"))[-1]["payload"]["activity"]
    assert (told["assigned_to"], told["assigned_role"]) == (None, pool)
    run = await house.come_to(await house.start(where, api_name, record), "completed")
    assert (await one(house, run, "s6"))["assigned_to"] == second["id"], "each step has turns of its own"


@shows(
    "schedule_activity", "records.field", "records.through", "records.through.object", "records.through.field",
    "records.variable", "into", where=["record"],
)  # fmt: skip
async def test_several_records_get_one_each_and_a_turn_each(house: House, where: Where) -> None:
    pool = house.name("pool")
    members = [await house.employ(None, pool) for _ in range(2)]
    friend = await house.put("person")
    people = [await house.put("person", friend=[friend]) for _ in range(3)]
    record = await house.put("account", people=people)
    deal = await house.put("deal", company=[record])
    archived, lost = await house.put("account"), str(uuid4())
    async with house.database.connection() as connection:
        await archive_record(connection, UUID(archived), now=datetime.now(UTC))
    steps = [
        schedule("people", records={"field": "people"}, assign={"how": "round_robin_role", "role": pool}, into="made"),
        schedule("friend", records={"through": ["people", "friend"]}),
        schedule("deals", records={"through": [{"object": "deal", "field": "company"}]}),
        schedule("some", records={"variable": "some"}),
        schedule("none", records={"field": "parent"}, into="made"),
    ]
    variables = [
        variable("made", {"static": ""}, type="uuid", list=True),
        variable("some", {"static": [deal, archived, lost]}, type="record", list=True),
    ]
    run = await house.run(where, *steps, record=record, variables=variables)
    rows = await scheduled(house, run, "people")
    assert [row["record_id"] for row in rows] == sorted(map(UUID, people))
    assert [row["assigned_to"] for row in rows] == [members[0]["id"], members[1]["id"], members[0]["id"]]
    assert [(await one(house, run, step))["record_id"] for step in ("friend", "deals")] == [UUID(friend), UUID(deal)]
    assert run.step("people")["output"]["count"] == 3
    partly = run.step("some")
    assert (partly["status"], partly["output"]["count"], partly["error"]["code"]) == ("completed", 1, "partial_failure")
    assert "2 of the 3 records" in partly["error"]["sentence"]
    assert archived in partly["error"]["sentence"]
    assert lost in partly["error"]["sentence"]
    assert (run.output("none")["count"], run.variables["made"]) == (0, None)
    assert "parent leads to no record" in run.row["warning"]


@also_shows("schedule_activity", "records.variable", "assign.how=employee", "notify", where=["global"])
@also_shows("delete_scheduled_activity", "records.variable", where=["global"])
async def test_who_is_assigned_gets_a_mail_and_without_a_record_one_comes_from_a_variable(
    house: House, house_mail: MailSink
) -> None:
    role = house.name("role")
    member, twin = await house.employ(None, role), await house.employ(None, role)
    records = [await house.put("account", house.name("Acme")) for _ in range(2)]
    kind = f"call_{uuid4().hex[:8]}"
    own = {"how": "employee", "employee": member["email"]}
    steps = [
        schedule("own", kind, records={"variable": "some"}, assign=own, notify=True, note="Bring cake"),
        schedule("all", f"{kind}_all", records={"variable": "some"}, assign={"how": "role", "role": role}, notify=True),
        unschedule("undo", f"{kind}_all", records={"variable": "some"}),
    ]
    some = variable("some", {"static": records}, type="record", list=True)
    run = await house.run("global", *steps, variables=[some])
    assert (run.output("own")["told"], run.output("undo")["count"]) == ([member["email"]], 2)
    assert sorted(run.output("all")["told"]) == sorted([member["email"], twin["email"]])
    await send_due(house.engine.services)
    mails = [message for message in house_mail.messages() if message["Subject"].startswith(kind)]
    assert sorted(message["To"] for message in mails) == sorted([member["email"], member["email"], twin["email"]])
    body = next(message for message in mails if not message["Subject"].startswith(f"{kind}_all")).get_content()
    names = [(await house.record(record))["name"] for record in sorted(records)]
    assert f"Records: {', '.join(names)}" in body
    assert "Bring cake" in body
    assert "everybody with the role" not in body
    written = await house.fetch("select severity, place from notifications where execution_id = $1 order by 2", run.id)
    assert [tuple(row) for row in written] == [("info", 1), ("info", 1), ("info", 2)]


@shows(
    "delete_scheduled_activity", "activity_types", "records=this_record", "records.field", "records.through",
    "records.through.object", "records.through.field", "scheduled_by=this_execution", "scheduled_by=this_automation",
    "scheduled_by=anyone", where=["record"],
)  # fmt: skip
async def test_what_is_still_to_be_done_is_taken_back(house: House, where: Where) -> None:
    friend = await house.put("person")
    person = await house.put("person", friend=[friend])
    record = await house.put("account", people=[person])
    deal = await house.put("deal", company=[record])
    by_hand = await on_record(house, record, type="meeting")
    done = await on_record(house, record)
    async with house.database.connection() as connection:
        await complete_activity(connection, done["id"], now=datetime.now(UTC))
    elsewhere = [await on_record(house, each) for each in (person, friend, deal)]
    api_name = house.name()
    await house.run(where, schedule("before"), record=record, api_name=api_name)
    steps = [
        schedule("call"),
        schedule("task", "task"),
        unschedule("tasks", "task", "visit"),
        unschedule("own", scheduled_by="this_execution"),
        unschedule("automations", scheduled_by="this_automation"),
        unschedule("all"),
        unschedule("none", scheduled_by="anyone"),
        unschedule("people", records={"field": "people"}),
        unschedule("friends", records={"through": ["people", "friend"]}),
        unschedule("deals", records={"through": [{"object": "deal", "field": "company"}]}),
    ]
    run = await house.run(where, *steps, record=record, api_name=api_name)
    counts = {step["id"]: run.output(step["id"])["count"] for step in steps[2:]}
    assert counts == {
        "tasks": 1, "own": 1, "automations": 1, "all": 1, "none": 0, "people": 1, "friends": 1, "deals": 1
    }  # fmt: skip
    assert run.output("all")["canceled"] == [str(by_hand["id"])]
    canceled = await house.events(record, "activity_canceled")
    assert [(event["root_id"], event["payload"]["activity"]["by"]) for event in canceled] == [
        (run.id, f"automation {api_name}")
    ] * 4
    states = "select status from crm_activities where id = any($1)"
    rows = await house.fetch(states, [each["id"] for each in elsewhere])
    assert [row["status"] for row in rows] == ["canceled"] * 3
    assert [row["status"] for row in await house.fetch(states, [done["id"]])] == ["completed"]


async def test_steps_that_cannot_schedule_say_why(house: House) -> None:
    steps = {
        "date_blank": schedule("a", due=around()),
        "unknown_field": schedule("b", due={"around": {"field": "lost"}}),
        "invalid_field_value": schedule("c", due={"around": {"field": "status"}}),
        "nobody_to_assign": schedule("d", assign={"how": "role", "role": "pilots"}),
        "unknown_employee": schedule("e", assign={"how": "employee", "employee": "nobody@example.com"}),
        "unknown_variable": schedule("f", into="lost"),
        "note_too_long": schedule("g", note="{{ record.notes }}"),
        "record_archived": schedule("h", records={"variable": "archived"}),
        "unknown_object": unschedule("i", records={"through": [{"object": "ghost", "field": "x"}]}),
    }
    archived = await house.put("account")
    async with house.database.connection() as connection:
        await archive_record(connection, UUID(archived), now=datetime.now(UTC))
    record = await house.put("account", notes="x" * 10_001, status="Open")
    run = await house.run(
        "record", *({**step, "on_error": "continue_silently"} for step in steps.values()), record=record,
        variables=[variable("archived", {"static": archived}, type="record")],
    )  # fmt: skip
    errors = {code: run.step(step["id"])["error"] for code, step in steps.items()}
    assert {code: error["code"] for code, error in errors.items()} == {code: code for code in steps}
    named = {
        "date_blank": "due", "unknown_field": "lost", "invalid_field_value": "status", "nobody_to_assign": "pilots",
        "unknown_employee": "nobody@example.com", "unknown_variable": "lost", "note_too_long": "10,001",
        "record_archived": archived, "unknown_object": "ghost",
    }  # fmt: skip
    assert [name for code, name in named.items() if name not in errors[code]["sentence"]] == []
    assert await house.events(record, "activity_scheduled") == []


async def test_one_that_is_completed_by_api_starts_what_waits_for_it_and_says_who_was_active_last(
    house: House, temporal: TemporalDevServer
) -> None:
    kind = f"call_{uuid4().hex[:8]}"
    member = await house.employ(None, role := house.name("role"))
    own = schedule("own", kind, assign={"how": "role", "role": role})
    run = await house.run("record", own)
    assert run.record
    mine = assign("mine", "last_active")
    after = await house.save("record", mine, triggers=[{"id": "done", "type": "activity_logged", "activity_type": kind}])
    settings = house.engine.settings.model_copy(update={"temporal_address": temporal.address})
    async with gateway(settings) as api:
        [listed] = (await api.get(f"/records/{run.record['id']}/activities", params={"open": True})).json()["items"]
        assert (listed["assigned_to"], listed["assigned_role"], listed["execution_id"]) == (None, role, str(run.id))
        address = f"/activities/{listed['id']}"
        taken = (await api.patch(address, json={"assigned_to": member["email"], "assigned_role": None})).json()
        assert (taken["assigned_to"], taken["assigned_role"]) == (str(member["id"]), None)
        assert (await api.post(f"{address}/complete", json={"by": "eve"})).json()["status"] == "completed"
    started = await house.come_to((await house.engine.latest(after))["id"], "completed")
    assert started.record
    assert started.record["owner_id"] == member["id"]
