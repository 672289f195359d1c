"""Each type of trigger with each of its options, by what is done through the API and what is seen there of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from automations.triggers.catalogue import trigger_types
from tests.api.triggering import (
    Action,
    World,
    archive,
    call,
    cancel,
    change,
    complete,
    create,
    day,
    edit,
    log,
    passes,
    planned,
    relayed,
    schedule,
    start,
    tell,
    unarchive,
)
from tests.builders import Json


@dataclass(frozen=True)
class Row:
    """A trigger, what is done before it is saved and after that, and what becomes of it: started, or a reason why not."""

    options: Json
    before: Sequence[Action]
    after: Sequence[Action]
    came: Sequence[str]


def row(options: Json, *after: Action, came: str = "started", before: Sequence[Action] = ()) -> Row:
    """`came` is for each event that the trigger listens to, in their order."""
    return Row(options, before, after, came.split())


NEW = create()
JUNE = datetime.now(UTC).replace(month=6, day=15, hour=9, minute=0, second=0, microsecond=0) + timedelta(days=731)
PHONE = "+4915112345678"
URL = "https://example.com/pricing"

TABLE: dict[str, list[Row]] = {
    "manual": [
        row({}, start, came=""),
        row({}, edit(status="Open"), came=""),
    ],
    "record_created": [
        row({}, NEW),
        row({}, edit(status="Open"), came=""),
        row({}, archive, unarchive, came=""),
        row({"action": "create"}, NEW),
        row({"action": "create_or_unarchive"}, NEW),
        row({"action": "create_or_unarchive"}, archive, unarchive),
        row({"action": "unarchive"}, archive, unarchive),
        row({"action": "unarchive"}, NEW, came=""),
    ],
    "field_updated": [
        row({"field": "status"}, edit(status="Open")),
        row({"field": "status"}, edit(seats=5), came=""),
        row({"field": "status"}, edit(status="Open"), edit(status="Open")),
        row({"field": "status", "to": "any"}, edit(status=None), before=[edit(status="Open")]),
        row({"field": "status", "to": "Booked"}, edit(status="Open"), edit(status="booked"), came="filtered started"),
        row({"field": "status", "to": {"value": "blank"}}, edit(status="blank"), edit(status=None), came="started filtered"),
        row({"field": "status", "to": "blank"}, edit(status="Open"), edit(status=None), came="filtered started"),
        row({"field": "status", "to": "not_blank"}, edit(status="Open"), edit(status=None), came="started filtered"),
        row({"field": "status", "from": "any"}, edit(status="Open")),
        row({"field": "status", "from": "Open"}, edit(status="Open"), edit(status="Won"), came="filtered started"),
        row({"field": "status", "from": {"value": "Open"}}, edit(status="Won"), before=[edit(status="Open")]),
        row({"field": "status", "from": "blank"}, edit(status="Open"), edit(status="Won"), came="started filtered"),
        row({"field": "status", "from": "not_blank", "to": "Won"}, edit(status="Won"), came="filtered"),
        row({"field": "status", "to": {"contains_any": ["boo"]}}, edit(status="Rebooked"), edit(status="x"),
            came="started filtered"),
        row({"field": "status", "to": {"contains_none": ["boo"]}}, edit(status="Rebooked"), edit(status="x"),
            came="filtered started"),
        row({"field": "boxes", "to": {"contains_any": ["a", "b"]}}, edit(boxes=["c"]), edit(boxes=["b", "c"]),
            came="filtered started"),
        row({"field": "boxes", "to": {"contains_none": ["a", "b"]}}, edit(boxes=["c"]), edit(boxes=["b"]),
            came="started filtered"),
        row({"field": "boxes", "to": {"added": ["a"]}}, edit(boxes=["a"]), edit(boxes=["a", "b"]), came="started filtered"),
        row({"field": "boxes", "to": {"removed": ["a"]}}, edit(boxes=["b"]), edit(boxes=[]), before=[edit(boxes=["a", "b"])],
            came="started filtered"),
        row({"field": "boxes", "to": {"value": ["a", "b"]}}, edit(boxes=["a"]), edit(boxes=["b", "a"]), came="filtered started"),
        row({"field": "seats", "to": {"between": [5, 9]}}, edit(seats=9), edit(seats=10), came="started filtered"),
        row({"field": "seats", "from": {"between": [5, 9]}}, edit(seats=9), edit(seats=10), came="filtered started"),
        row({"field": "due", "to": {"between": ["2030-01-01", "2030-12-31"]}}, edit(due="2030-12-31"), edit(due="2031-01-01"),
            came="started filtered"),
        row({"field": "country", "to": "AT"}, edit(country="DE"), edit(country="AT"), came="filtered started"),
        row({"field": "name", "to": "Ada"}, change(name="Ada")),
        row({"field": "status", "fire_on_create": False}, NEW, came=""),
        row({"field": "status", "fire_on_create": True}, NEW),
        row({"field": "status", "fire_on_create": True, "to": "Open"}, create(values={"status": "Open"})),
        row({"field": "status", "fire_on_create": True, "to": "Open"}, NEW, edit(status="Open"), came="filtered started"),
        row({"field": "status", "fire_on_create": True, "from": "not_blank"}, create(values={"status": "Open"}), came="filtered"),
    ],
    "stage_updated": [
        row({}, change(stage="Won")),
        row({}, edit(status="Won"), came=""),
        row({"to": "Won"}, change(stage="Demo"), change(stage="Won"), came="filtered started"),
        row({"from": "Demo"}, change(stage="Demo"), change(stage="Won"), came="filtered started"),
        row({"from": "New", "to": "Won"}, change(stage="Demo"), change(stage="Won"), came="filtered filtered"),
        row({"to": "Won", "fire_on_create": False}, create(stage="Won"), came=""),
        row({"to": "Won", "fire_on_create": True}, create(stage="Won")),
        row({"to": "Won", "fire_on_create": True}, create(stage="Demo"), came="filtered"),
        row({"from": "New", "fire_on_create": True}, create(stage="Won"), came="filtered"),
    ],
    "tag_added": [
        row({"field": "labels"}, edit(labels=["vip"])),
        row({"field": "labels"}, edit(labels=[]), before=[edit(labels=["vip"])], came="filtered"),
        row({"field": "labels", "tag": "vip"}, edit(labels=["new"]), edit(labels=["new", "vip"]), came="filtered started"),
        row({"field": "labels", "tag": "vip"}, edit(labels=["vip", "new"]), before=[edit(labels=["vip"])], came="filtered"),
    ],
    "tag_removed": [
        row({"field": "labels"}, edit(labels=[]), before=[edit(labels=["vip"])]),
        row({"field": "labels"}, edit(labels=["vip"]), came="filtered"),
        row({"field": "labels", "tag": "vip"}, edit(labels=["vip"]), edit(labels=None), before=[edit(labels=["new", "vip"])],
            came="filtered started"),
    ],
    "activity_logged": [
        row({}, log("call")),
        row({}, schedule("call"), came=""),
        row({}, schedule("call"), complete),
        row({}, schedule("call"), cancel, came=""),
        row({"activity_type": "meeting"}, log("call"), log("meeting")),
        row({"activity_type": "meeting"}, schedule("meeting"), complete),
    ],
    "form_submitted": [
        row({}, tell("form_submitted", form="demo")),
        row({"form": "demo"}, tell("form_submitted", form="other"), came=""),
        row({"form": "demo"}, tell("form_submitted", form="demo", values={"seats": 5})),
    ],
    "survey_submitted": [
        row({}, tell("survey_submitted", survey="nps")),
        row({"survey": "nps"}, tell("survey_submitted", survey="other"), came=""),
        row({"survey": "nps"}, tell("survey_submitted", survey="nps", values={"score": 9})),
    ],
    "email_event": [
        *(row({"event": event}, tell("email_event", event=event)) for event in
          ("delivered", "opened", "clicked", "bounced", "unsubscribed", "received")),
        row({"event": "opened"}, tell("email_event", event="clicked"), came=""),
        row({"event": "opened", "message": "welcome"}, tell("email_event", event="opened", message="other"),
            tell("email_event", event="opened", message="welcome"), came="filtered started"),
        row({"event": "clicked", "link": URL}, tell("email_event", event="clicked", link=f"{URL}/more"),
            tell("email_event", event="clicked", link=URL), came="filtered started"),
        row({"event": "clicked", "link": "https://example.com/*"}, tell("email_event", event="clicked", link="https://example.org/a"),
            tell("email_event", event="clicked", link="https://example.com/a?b=c"), came="filtered started"),
        row({"event": "clicked", "link": "*"}, tell("email_event", event="clicked")),
    ],
    "text_received": [
        row({}, tell("text_received", **{"from": PHONE}, body="Hello")),
        row({"contains": ["yes", "call me"]}, tell("text_received", **{"from": PHONE}, body="Yesterday, call them"),
            tell("text_received", **{"from": PHONE}, body="Please CALL, me!"), came="filtered started"),
        row({"contains": ["yes"]}, tell("text_received", **{"from": PHONE}), came="filtered"),
    ],
    "website_visited": [
        row({"url": URL}, tell("website_visited", url=URL)),
        row({"url": URL}, tell("website_visited", url=f"{URL}/"), tell("website_visited", url=f"{URL}?a=b"),
            came="started filtered"),
        row({"url": "https://example.com/*"}, tell("website_visited", url="https://example.com/")),
        row({"url": "https://*.example.com/*"}, tell("website_visited", url="https://shop.example.com/cart")),
        row({"url": "*/pricing*"}, tell("website_visited", url="https://example.com/about"), tell("website_visited", url=URL),
            came="filtered started"),
    ],
    "webhook": [
        row({"name": "form", "auth": "none", "record": {"id": "$.lead"}}, call()),
        row({"name": "form", "auth": "none", "record": {"id": "$.lead"}, "method": "GET"}, call("GET")),
        row({"name": "form", "auth": "none", "record": {"id": "$.lead"}, "extract": {"a": "$.a"}, "raw_body": True}, call(a=1)),
        row({"name": "form", "auth": "none", "record": {"id": "$.other"}}, call(), came=""),
    ],
    "schedule": [
        row({"cron": "0 9 15 6 *"}, planned(JUNE)),
        row({"cron": "0 9 15 6 *"}, planned(JUNE), planned(JUNE)),
        row({"rrule": "FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=15;BYHOUR=9", "timezone": "Europe/Berlin"}, planned(JUNE)),
        row({"cron": "0 9 15 6 *", "timezone": "Europe/Berlin", "skip_non_working_days": True}, planned(JUNE)),
    ],
    "on_or_around_date": [
        row({"field": "due"}, edit(due=day(5)), passes(6)),
        row({"field": "due"}, edit(due=day(5)), passes(3), came=""),
        row({"field": "due"}, edit(due=day(-5)), passes(6), came=""),
        row({"field": "due", "when": "on"}, passes(6), before=[edit(due=day(5))]),
        row({"field": "due"}, edit(due=day(5)), relayed, edit(due=day(9)), passes(6), came=""),
        row({"field": "due"}, edit(due=day(5)), relayed, edit(due=None), passes(6), came=""),
        row({"field": "due", "when": "before", "days": 3}, edit(due=day(9)), passes(7)),
        row({"field": "due", "when": "before", "days": 3}, edit(due=day(9)), passes(4), came=""),
        row({"field": "due", "when": "after", "days": 3}, edit(due=day(-1)), passes(3)),
        row({"field": "due", "at": "09:00"}, edit(due=day(5)), passes(6.5)),
        row({"field": "meets"}, edit(meets=f"{day(5)}T12:00:00Z"), passes(6)),
        row({"field": "due", "every_year": True}, edit(due="1990-02-28"), passes(370)),
        row({"field": "due", "every_year": False}, edit(due="1990-02-28"), passes(370), came=""),
        row({"field": "due", "skip_non_working_days": True}, edit(due=day(5)), passes(9)),
    ],
    "activity_overdue": [
        row({}, schedule("call"), passes(2)),
        row({}, schedule("call"), passes(0.5), came=""),
        row({}, schedule("call"), complete, passes(2), came=""),
        row({}, schedule("call"), cancel, passes(2), came=""),
        row({}, log("call"), passes(2), came=""),
        row({"activity_type": "meeting"}, schedule("call"), schedule("meeting"), passes(2)),
        row({"skip_non_working_days": True}, schedule("call"), passes(6)),
        row({}, passes(2), before=[schedule("call")]),
    ],
}  # fmt: skip
"""By type. The first row of each starts an execution in the simplest way."""

TWICE: dict[str, Row] = {
    "record_created": row({"action": "create_or_unarchive"}, NEW, archive, unarchive),
    "field_updated": row({"field": "status"}, edit(status="Open"), edit(status="Won")),
    "stage_updated": row({}, change(stage="Demo"), change(stage="Won")),
    "tag_added": row({"field": "labels"}, edit(labels=["a"]), edit(labels=["a", "b"])),
    "tag_removed": row({"field": "labels"}, edit(labels=["b"]), edit(labels=[]), before=[edit(labels=["a", "b"])]),
    "activity_logged": row({}, log("call"), log("call")),
    "form_submitted": row({}, tell("form_submitted", form="demo"), tell("form_submitted", form="demo")),
    "survey_submitted": row({}, tell("survey_submitted", survey="nps"), tell("survey_submitted", survey="nps")),
    "email_event": row({"event": "opened"}, tell("email_event", event="opened"), tell("email_event", event="opened")),
    "text_received": row({}, tell("text_received", **{"from": PHONE}), tell("text_received", **{"from": PHONE})),
    "website_visited": row({"url": URL}, tell("website_visited", url=URL), tell("website_visited", url=URL)),
    "webhook": row({"name": "form", "auth": "none", "record": {"id": "$.lead"}}, call(), call()),
    "schedule": row({"cron": "0 9 * * *"}, planned(JUNE), planned(JUNE + timedelta(days=1))),
    "on_or_around_date": row({"field": "due"}, edit(due=day(5)), passes(6), edit(due=day(6)), passes(7)),
    "activity_overdue": row({}, schedule("call", 1), schedule("call", 1.5), passes(2)),
}
"""By type, what happens to a record twice within two days."""


async def outcome(world: World, case: Row, type: str, id: str, **parts: object) -> list[str]:
    await world.save()
    await world.lead()
    for act in case.before:
        await act(world)
    await world.relay()
    await world.save({"id": id, "type": type, **case.options}, **parts)
    for act in case.after:
        await act(world)
    await world.relay()
    return await world.came(id)


@pytest.mark.parametrize("type", TABLE)
async def test_options(world: World, type: str) -> None:
    """Every row of the table; that of a type is named by it."""
    for number, case in enumerate(TABLE[type]):
        came = await outcome(world, case, type, f"t{number}")
        assert came == [*case.came], f"{type} {case.options}"
        starters = [each["trigger"].get("id", "") for each in await world.executions()]
        assert starters.count(f"t{number}") == came.count("started")
        assert len(starters) - came.count("started") == case.after.count(start)


NOT_FOR: dict[str, list[str]] = {"schedule": []}
"""The filter of a schedule says which records it is for: nothing happens to the others."""


@pytest.mark.parametrize("type", TWICE)
async def test_filter_throttle_and_skip(world: World, type: str) -> None:
    """Every trigger takes them, but for the one by hand."""
    first, twice = TABLE[type][0], TWICE[type]
    asked = {"field": "email", "op": "is_not_blank"}
    assert await outcome(world, with_options(first, filter=asked), type, "fits") == ["started"]
    assert await outcome(world, with_options(first, filter={**asked, "op": "is_blank"}), type, "not") == NOT_FOR.get(
        type, ["filtered"]
    )
    assert await outcome(world, twice, type, "loud") == ["started", "started"]
    assert await outcome(world, with_options(twice, throttle="2d"), type, "quiet") == ["started", "throttled"]
    assert await outcome(world, twice, type, "all-quiet", throttle="2d") == ["started", "throttled"]
    assert await outcome(world, with_options(twice, throttle="off"), type, "aloud", throttle="2d") == ["started", "started"]
    assert "started" not in await outcome(world, with_options(first, skip=True), type, "skipped")
    assert "started" not in await outcome(world, first, type, "inactive", active=False)


def with_options(case: Row, **options: object) -> Row:
    return replace(case, options={**case.options, **options})


def test_every_type_is_in_the_table() -> None:
    types = {each.type: each for each in trigger_types()}
    assert TABLE.keys() == types.keys()
    assert TWICE.keys() == types.keys() - {"manual"}


@pytest.mark.parametrize("type", TABLE)
def test_every_option_of_a_type_is_in_the_table(type: str) -> None:
    """Those that all have are in the other tests."""
    [found] = [each for each in trigger_types() if each.type == type]
    common = {"id", "type", "description", "skip", "filter", "throttle", "priority", "past"}
    said = {option for case in TABLE[type] for option in case.options}
    assert said == found.options["properties"].keys() - common


async def test_the_quiet_window_goes_as_the_guide_says(world: World) -> None:
    ten = datetime.now(UTC) - timedelta(days=1)
    await world.lead()
    await world.relay()
    await world.save({"id": "t", "type": "form_submitted", "throttle": "15m"})
    await world.listening_since(ten)
    for minutes in ((0,), (14,), (15,), (40, 50), (35,)):
        for minute in minutes:
            await tell("form_submitted", form="demo", event_at=(ten + timedelta(minutes=minute)).isoformat())(world)
        await world.relay()
    assert await world.came() == ["started", "throttled", "started", "started", "throttled", "throttled"]


ABOUT_RECORDS = [each.type for each in trigger_types() if each.contexts == ["record"]]
PLANNED = {"on_or_around_date", "activity_overdue"}
"""A time that came goes by the automation, whoever wrote it."""


@pytest.mark.parametrize("type", ABOUT_RECORDS)
async def test_what_low_priority_sets_off_is_low_too_unless_the_trigger_says_own(world: World, type: str) -> None:
    """The first row of each type, as if an execution of low priority had done it."""
    for options, wanted in (({}, "low"), ({"priority": "inherit"}, "low"), ({"priority": "own"}, "regular")):
        case = with_options(TABLE[type][0], **options)
        await world.save()
        await world.lead()
        for act in case.before:
            await act(world)
        await world.relay()
        await world.save({"id": "t", "type": type, **case.options})
        for act in case.after:
            await act(world)
            async with world.services.database.connection() as connection:
                await connection.execute("update events set priority = 'low' where evaluated_at is null")
        await world.relay()
        [execution] = await world.executions()
        assert execution["priority"] == ("regular" if type in PLANNED else wanted)


async def test_an_import_says_low_and_what_it_starts_is_low(world: World) -> None:
    await world.save()
    await world.lead()
    await world.relay()
    await world.save({"id": "t", "type": "field_updated", "field": "status"}, {"id": "n", "type": "record_created"})
    for status in ("Open", "Won"):
        match = {"email": "lead-1@example.com"}
        await world.post("/objects/lead/records/upsert?priority=low", {"match": match, "values": {"status": status}})
    await world.relay()
    assert [each["priority"] for each in await world.executions()] == ["low", "low"]
    made = await world.post("/objects/lead/records?priority=low", {"name": "New"})
    await world.relay()
    listed = await world.get("/executions", automation="subject", record_id=made["id"])
    assert [each["priority"] for each in listed["items"]] == ["low"]
