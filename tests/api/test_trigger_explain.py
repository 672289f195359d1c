"""Why a trigger fired or did not can be asked, of each trigger and of each execution."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from store.kill_switches import set_kill_switch
from tests.api.asking import refused
from tests.api.triggering import (
    LEAD,
    World,
    archive,
    call,
    change,
    create,
    day,
    edit,
    passes,
    planned,
    schedule,
    start,
    tell,
    unarchive,
)
from tests.builders import Json
from tests.builders import change as set_field

STATUS: Json = {"id": "t", "type": "field_updated", "field": "status", "to": "Booked"}


def codes(explained: Json) -> list[str]:
    return [each["code"] for each in explained["obstacles"]]


async def listening(world: World, trigger: Json = STATUS, **parts: object) -> None:
    """A record from before the automation is saved."""
    await world.lead()
    await world.relay()
    await world.save(trigger, **parts)


async def test_what_fired_says_what_happened_when_and_what_it_started(world: World) -> None:
    await listening(world)
    await edit(status="Booked")(world)
    await world.relay()
    explained = await world.explained(record=world.record)
    [evaluation] = explained["evaluations"]
    [execution] = await world.executions()
    assert evaluation["execution_id"] == execution["id"]
    assert (evaluation["outcome"], evaluation["reason"], evaluation["detail"]) == ("started", None, None)
    assert (evaluation["record_id"], evaluation["record_name"]) == (world.record, "Lead 1")
    assert evaluation["event"]["payload"] == {"old": {"status": None}, "new": {"status": "Booked"}}
    assert evaluation["event"]["event_at"] <= evaluation["evaluated_at"]
    assert explained["sentence"] == evaluation["sentence"]
    assert " status changed from blank to Booked (evaluated 0." in explained["sentence"]
    assert explained["sentence"].endswith(f" s later); the trigger started execution {execution['id']}.")
    assert (explained["type"], explained["does"], explained["active"]) == ("field_updated", "status becomes Booked", True)
    assert (explained["obstacles"], explained["waiting"], explained["next_cursor"]) == ([], 0, None)


async def test_what_did_not_fire_says_why(world: World) -> None:
    await listening(world, throttle="15m")
    await edit(status="Open")(world)
    await world.relay()
    explained = await world.explained(record=world.record)
    assert "; nothing was started, as it did not fit: status changed from blank to Open; wanted: " in explained["sentence"]
    await edit(status="Booked")(world)
    await edit(status=None)(world)
    await edit(status="Booked")(world)
    await world.relay()
    explained = await world.explained(record=world.record)
    said = "as the trigger was quiet: The trigger is quiet for 15m around each time it fires, and it fired at "
    assert f"; nothing was started, {said}" in explained["sentence"]
    assert [each["reason"] for each in explained["evaluations"]] == ["throttled", "filtered", None, "filtered"]


async def test_evaluations_come_a_page_at_a_time(world: World) -> None:
    await listening(world, {**STATUS, "to": "any"})
    for number in range(5):
        await edit(status=f"{number}")(world)
    await world.relay()
    first = await world.explained(size=3)
    second = await world.explained(size=3, cursor=first["next_cursor"])
    shown = [each["event"]["payload"]["new"]["status"] for page in (first, second) for each in page["evaluations"]]
    assert shown == ["4", "3", "2", "1", "0"]
    assert (second["next_cursor"], second["sentence"]) == (None, first["sentence"])
    other = await world.api.get("/automations/subject/evaluations", params={"cursor": first["next_cursor"]})
    refused(other, 400, "invalid_cursor")


async def test_where_nothing_happened_it_says_since_when_it_listens(world: World) -> None:
    await listening(world)
    explained = await world.explained(record=world.record)
    assert explained["sentence"].startswith("Trigger t (status becomes Booked) has answered no event of Lead 1 since ")
    assert explained["sentence"].endswith(", when it began to listen. There was none that it listens to.")
    assert explained["listens_since"] is not None
    await world.save({**STATUS, "id": "u", "field": "email", "to": "any"})
    await edit(status="Open")(world)
    await world.relay()
    explained = await world.explained("u", record=world.record)
    assert explained["sentence"].endswith(": status changed.")
    assert " The last of its kind was on " in explained["sentence"]


async def test_what_happened_before_it_listened_is_said_to_be_so(world: World) -> None:
    await world.lead()
    await edit(status="Booked")(world)
    await world.relay()
    await world.save(STATUS)
    explained = await world.explained(record=world.record)
    assert explained["sentence"].endswith(", before it listened: status changed from blank to Booked.")


async def test_events_that_wait_for_the_relay_are_counted(world: World) -> None:
    await listening(world)
    await edit(status="Booked")(world)
    await edit(status="Open")(world)
    await create()(world)
    explained = await world.explained()
    assert (explained["waiting"], explained["waiting_in_all"], codes(explained)) == (2, 3, ["waiting"])
    said = "2 events of kinds that it listens to wait to be evaluated, of 3 in all. The oldest of these happened "
    assert said in explained["sentence"]
    assert (await world.explained(record=world.record))["waiting"] == 0
    await world.relay()
    assert (await world.explained())["waiting_in_all"] == 0


async def test_what_stands_in_the_way_now_is_named(world: World) -> None:
    await world.put("/objects/deal", {**LEAD, "api_name": "deal", "name": "Deal"})
    deal = (await world.post("/objects/deal/records", {"name": "Deal"}))["id"]
    await listening(world, {**STATUS, "skip": True}, active=False)
    await archive(world)
    async with world.services.database.transaction() as connection:
        now = datetime.now(UTC)
        await set_kill_switch(connection, "automation", "subject", mode="cancel", by="ada", why="too much", now=now)
    explained = await world.explained(record=world.record)
    assert codes(explained) == ["inactive", "skipped", "record_archived", "killed"]
    assert "(set by ada at " in explained["sentence"]
    assert "other_object" in codes(await world.explained(record=deal))


async def test_a_broken_filter_is_shown_until_it_is_mended(world: World) -> None:
    trigger = {**STATUS, "filter": {"field": "seats", "op": ">", "value": 5}}
    await world.lead()
    await world.relay()
    saved = await world.save({**STATUS, "id": "other", "to": "Won"}, trigger)
    assert saved["warnings"] == []
    await world.put("/objects/lead", {**LEAD, "fields": [each for each in LEAD["fields"] if each["name"] != "seats"]})
    await edit(status="Booked")(world)
    await world.relay()
    [warning] = (await world.get("/automations/subject"))["warnings"]
    assert (warning["path"], warning["code"], warning["severity"]) == ("triggers[1].filter", "broken_trigger", "warning")
    assert "seats" in warning["sentence"]
    explained = await world.explained()
    assert codes(explained) == ["broken_trigger"]
    assert "as the trigger is broken: The filter cannot be answered: " in explained["sentence"]
    await world.save(STATUS)
    assert (await world.get("/automations/subject"))["warnings"] == []


async def test_a_trigger_on_a_field_that_is_gone_is_shown_as_a_whole(world: World) -> None:
    await listening(world, {"id": "t", "type": "field_updated", "field": "seats"})
    await edit(seats=5)(world)
    await world.put("/objects/lead", {**LEAD, "fields": [each for each in LEAD["fields"] if each["name"] != "seats"]})
    await world.relay()
    [warning] = (await world.get("/automations"))["items"][0]["warnings"]
    assert (warning["path"], warning["code"]) == ("triggers[0]", "broken_trigger")


async def test_a_schedule_says_when_it_is_due_next(world: World) -> None:
    await listening(world, {"id": "t", "type": "schedule", "cron": "0 9 1 1 *"})
    explained = await world.explained()
    years = [datetime.fromisoformat(at).year for at in explained["due"]]
    assert years == [years[0], years[0] + 1, years[0] + 2]
    assert "It is due next on " in explained["sentence"]
    await planned(datetime.fromisoformat(explained["due"][0]))(world)
    await world.relay()
    explained = await world.explained(record=world.record)
    assert " a planned time came (evaluated 0.0 s later); the trigger started execution " in explained["sentence"]
    await world.post("/automations/subject/deactivate")
    assert (await world.explained())["due"] == []


async def test_a_date_trigger_says_when_it_is_due_or_why_never(world: World) -> None:
    await listening(world, {"id": "t", "type": "on_or_around_date", "field": "due"})
    await world.relay()
    explained = await world.explained(record=world.record)
    assert (explained["due"], explained["sentence"].split(". ")[-1]) == ([], "It is not due: due is blank.")
    assert (await world.explained())["sentence"].endswith("It is not due: it waits for no record now.")
    await edit(due=day(-9))(world)
    await world.relay()
    said = f"It is not due: on due is past, as due is {day(-9)}."
    assert (await world.explained(record=world.record))["sentence"].endswith(said)
    await edit(due=day(9))(world)
    assert (await world.explained(record=world.record))["sentence"].endswith("as soon as a worker comes to it.")
    await world.relay()
    explained = await world.explained(record=world.record)
    assert explained["due"] == [f"{day(9)}T00:00:00Z"]
    await passes(10)(world)
    explained = await world.explained(record=world.record)
    assert f"the time came for due ({day(9)})" in explained["sentence"]


async def test_an_overdue_trigger_says_what_it_waits_for(world: World) -> None:
    await listening(world, {"id": "t", "type": "activity_overdue", "activity_type": "call"})
    await world.relay()
    said = "It is not due: no crm activity of type call is scheduled."
    assert (await world.explained(record=world.record))["sentence"].endswith(said)
    await schedule("call", 2)(world)
    await world.relay()
    assert len((await world.explained(record=world.record))["due"]) == 1


async def test_a_webhook_is_explained_too(world: World) -> None:
    hook = {"id": "t", "type": "webhook", "name": "form", "auth": "none", "record": {"id": "$.lead"}}
    await listening(world, hook)
    await call()(world)
    explained = await world.explained(record=world.record)
    assert " webhook form was called (evaluated 0." in explained["sentence"]
    await world.post("/automations/subject/deactivate")
    await call()(world)
    explained = await world.explained()
    assert "nothing was started, as the automation was not active: The automation is not active." in explained["sentence"]
    assert codes(explained) == ["inactive"]
    assert [each["reason"] for each in explained["evaluations"]] == ["inactive", None]


async def test_a_manual_trigger_says_that_it_is_for_people(world: World) -> None:
    await listening(world, {"id": "t", "type": "manual"})
    assert (await world.explained())["sentence"] == "Nothing starts it by itself: it is for starts by hand and by API."


async def test_what_is_not_there_is_not_found(world: World) -> None:
    await listening(world)
    address = "/automations/subject/triggers"
    refused(await world.api.get("/automations/none/triggers/t/explain"), 404, "automation_not_found")
    refused(await world.api.get("/automations/none/evaluations"), 404, "automation_not_found")
    refused(await world.api.get(f"{address}/none/explain"), 404, "trigger_not_found")
    refused(await world.api.get(f"{address}/t/explain", params={"record": str(uuid4())}), 404, "record_not_found")
    refused(await world.api.get(f"{address}/t/explain", params={"record": "ada"}), 422, "invalid_request")


async def test_evaluations_are_listed_by_what_came_of_them(world: World) -> None:
    await listening(world)
    first = world.record
    for status in ("Open", "Booked"):
        await edit(status=status)(world)
    await world.lead()
    await edit(status="Won")(world)
    await world.relay()
    assert [each["reason"] for each in await world.evaluations()] == ["filtered", None, "filtered"]
    assert [each["reason"] for each in await world.evaluations(outcome="started")] == [None]
    assert [each["record_id"] for each in await world.evaluations(reason="filtered")] == [first, world.record]
    assert [each["event"]["kind"] for each in await world.evaluations(record_id=first)] == ["field_updated"] * 2
    assert await world.evaluations(record_id=first, outcome="started", reason="filtered") == []
    page = await world.get("/automations/subject/evaluations", size=2)
    rest = await world.get("/automations/subject/evaluations", size=2, cursor=page["next_cursor"])
    assert [len(page["items"]), len(rest["items"]), rest["next_cursor"]] == [2, 1, None]


async def test_a_large_payload_is_left_to_its_event(world: World) -> None:
    await listening(world, {"id": "t", "type": "form_submitted"})
    await tell("form_submitted", form="demo", values={"text": "".join(map(str, range(8000)))})(world)
    await world.relay()
    [evaluation] = (await world.explained())["evaluations"]
    assert evaluation["event"]["payload"] is None
    assert "form_submitted (evaluated " in evaluation["sentence"]


async def test_an_execution_says_which_trigger_started_it_by_what_and_when(world: World) -> None:
    await listening(world, {"id": "staged", "type": "stage_updated", "to": "Won"})
    await change(stage="Won")(world)
    await world.relay()
    await start(world)
    by_trigger, by_hand = await world.executions()
    history = await world.get(f"/executions/{by_trigger['id']}/history")
    assert history["started"].startswith("Started by trigger staged: stage changed from blank to Won, on ")
    assert history["started"].endswith(" s later.")
    assert ", evaluated 0." in history["started"]
    assert history["trigger"]["event_at"] <= history["trigger"]["evaluated_at"]
    facts = (await world.get(f"/executions/{by_trigger['id']}/explain"))["facts"]
    assert (facts["started"], facts["trigger"]) == (history["started"], history["trigger"])
    assert (await world.get(f"/executions/{by_hand['id']}/history"))["started"].startswith("Started by hand by test, on ")


async def test_the_types_of_triggers_are_listed_with_their_options(world: World) -> None:
    types = {each["type"]: each for each in await world.get("/trigger-types")}
    assert types["manual"]["contexts"] == types["webhook"]["contexts"] == ["record", "global"]
    assert types["tag_added"]["contexts"] == ["record"]
    assert [type for type, each in types.items() if not each["in_goals"]] == ["manual", "webhook", "schedule", "record_created"]
    updated = types["field_updated"]["options"]
    assert {"field", "from", "to", "fire_on_create", "filter", "throttle"} <= updated["properties"].keys()
    assert updated["required"] == ["id", "field"]
    assert all(each["description"] and each["options"]["type"] == "object" for each in types.values())


async def test_an_automation_that_changes_what_starts_it_is_warned_of(world: World) -> None:
    saved = await world.save(STATUS, steps=[set_field("a", status="Booked")])
    [warning] = saved["warnings"]
    assert (warning["path"], warning["code"], warning["severity"]) == ("triggers[0].field", "self_trigger", "warning")


async def test_automations_that_start_each_other_are_warned_of(world: World) -> None:
    assert (await world.save(STATUS, steps=[set_field("a", seats=1)]))["warnings"] == []
    other: Json = {"api_name": "other", "name": "Other", "object": "lead", "active": True}
    other |= {"triggers": [{"id": "s", "type": "field_updated", "field": "seats"}], "steps": [set_field("b", status="Booked")]}
    [warning] = (await world.put("/automations/other", other))["warnings"]
    assert (warning["path"], warning["code"], warning["severity"]) == ("", "automation_cycle", "warning")
    assert "subject" in warning["sentence"]
    assert "other" in warning["sentence"]


async def test_what_was_evaluated_late_says_so(world: World) -> None:
    await listening(world, {"id": "t", "type": "record_created", "action": "unarchive"})
    await archive(world)
    await unarchive(world)
    await world.listening_since(datetime.now(UTC) - timedelta(days=9))
    async with world.services.database.connection() as connection:
        await connection.execute("update events set event_at = event_at - interval '3 days'")
    await world.relay()
    assert " the record was unarchived (evaluated 3 days later); " in (await world.explained())["sentence"]


async def test_a_switch_that_holds_what_starts_is_named(world: World) -> None:
    """By the trigger's explanation, and as a warning of the automation."""
    await listening(world)
    async with world.services.database.transaction() as connection:
        now = datetime.now(UTC)
        await set_kill_switch(connection, "automation", "subject", mode="hold", by="ada", why="too many", now=now)
    explained = await world.explained()
    assert "held" in codes(explained)
    assert "too many" in explained["sentence"]
    [warning] = (await world.get("/automations/subject"))["warnings"]
    assert (warning["code"], "too many" in warning["sentence"]) == ("held", True)


async def test_an_event_that_was_set_aside_says_why(world: World) -> None:
    await listening(world)
    await edit(status="Booked")(world)
    async with world.services.database.connection() as connection:
        await connection.execute(
            "update events set retry_at = now() + interval '1 hour', problem = 'OutOfMemoryError: out of shared memory'"
            " where evaluated_at is null"
        )
    explained = await world.explained()
    assert "set_aside" in codes(explained)
    assert "out of shared memory" in explained["sentence"]
    [event, *_] = (await world.get("/events", record_id=world.record))["items"]
    assert event["problem"] == "OutOfMemoryError: out of shared memory"
    assert event["retry_at"] is not None
    assert event["evaluated_at"] is None


async def test_what_waits_for_a_newer_release_says_so(world: World) -> None:
    await listening(world)
    async with world.services.database.connection() as connection:
        await connection.execute('update listeners set definition = definition || \'{"mood": "sunny"}\'')
    await edit(status="Booked")(world)
    await world.relay()
    assert "waits for a worker of a newer release" in (await world.explained())["sentence"]
    [evaluation] = await world.evaluations(outcome="waiting")
    assert evaluation["reason"] == "unreadable"
