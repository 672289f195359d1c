"""From a change of a record to when its date comes round, and to the execution that starts then."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from store.crm_activities import cancel_activity, change_activity, complete_activity
from store.records import change_record
from tests.dated import WEEKDAYS, Leads, at, on_date, overdue, shown
from tests.engine import until

NOON = "03-01 12:00"


@pytest.mark.parametrize(
    ("how", "value", "due"),
    [
        ({}, "2096-03-09", "03-09"),
        ({"at": "09:00"}, "2096-03-09", "03-09 09:00"),
        ({"when": "before", "days": 3}, "2096-03-09", "03-06"),
        ({"when": "after", "days": 30, "at": "18:30"}, "2096-03-09", "04-08 18:30"),
        ({"every_year": True}, "1990-05-04", "05-04"),
        ({"every_year": True}, "1990-01-04", "2097-01-04"),
        ({"every_year": True, "at": "08:00"}, "1992-02-29", "2097-02-28 08:00"),
        ({"field": "meets"}, "2096-03-09T15:30:00Z", "03-09 15:30"),
        ({"field": "meets", "at": "09:00", "when": "before", "days": 1}, "2096-03-09T15:30:00Z", "03-08 09:00"),
        ({"skip_non_working_days": True}, "2096-03-03", "03-06"),
        ({"skip_non_working_days": True, "every_year": True}, "1990-03-05", "03-06"),
    ],
)
async def test_a_date_is_due_as_its_trigger_says(leads: Leads, how: dict[str, Any], value: str, due: str) -> None:
    await leads.business(calendar=WEEKDAYS)
    await leads.save(on_date(**how))
    await leads.create(NOON, **{how.get("field", "due"): value})
    await leads.relay()
    assert await leads.planned() == [due]
    assert await leads.sweep(NOON) == 0
    assert await leads.started(due) == [due]
    execution = await leads.engine.latest("subject")
    told = {name: execution["trigger"][name] for name in ("type", "field", "date")}
    assert told == {"type": "on_or_around_date", "field": how.get("field", "due"), "date": value}


@pytest.mark.parametrize(("own", "automation", "due"), [(None, True, "03-06"), (False, True, "03-03"), (True, False, "03-06")])
async def test_whether_non_working_days_are_skipped_says_the_trigger_or_else_the_automation(
    leads: Leads, own: bool | None, automation: bool, due: str
) -> None:
    await leads.business(calendar=WEEKDAYS)
    more = {} if own is None else {"skip_non_working_days": own}
    await leads.save(on_date(**more), calendar={"skip_non_working_days": automation})
    await leads.create(NOON, due="2096-03-03")
    await leads.relay()
    assert await leads.planned() == [due]
    told = (await leads.rows())[0]["told"]
    assert ("moved" in told) == (due == "03-06")
    if "moved" in told:
        why = [day["why"] for day in told["moved"]["passed"]]
        assert why == ["Saturday", "Sunday", "Founders' day"]


async def test_a_changed_date_moves_it_and_a_cleared_one_removes_it(leads: Leads) -> None:
    await leads.save(on_date())
    lead = await leads.create(NOON, due="2096-03-09")
    await leads.relay()
    await leads.change(NOON, lead, due="2096-03-20")
    await leads.relay()
    assert await leads.planned() == ["03-20"]
    assert await leads.started("03-09") == []
    await leads.change(NOON, lead, status="Open")
    await leads.relay()
    assert await leads.planned() == ["03-20"]
    await leads.change(NOON, lead, due=None)
    await leads.relay()
    assert await leads.planned() == []
    assert await leads.started("03-30") == []


async def test_a_date_that_is_past_is_not_planned(leads: Leads) -> None:
    await leads.save(on_date(), {**on_date(when="after", days=10), "id": "after"})
    await leads.create(NOON, due="2096-02-25")
    await leads.relay()
    assert await leads.planned() == ["03-06"]


async def test_what_is_due_between_a_change_and_its_evaluation_is_fired(leads: Leads) -> None:
    await leads.save(on_date(field="meets"))
    await leads.create(NOON, meets="2096-03-01T12:00:01Z")
    assert await leads.started("03-01 12:05") == ["03-01 12:00"]


async def test_an_archived_record_has_nothing_planned_until_it_is_back(leads: Leads) -> None:
    await leads.save(on_date(), overdue())
    lead = await leads.create(NOON, due="2096-03-09")
    await leads.schedule(NOON, lead, "03-10")
    await leads.relay()
    assert await leads.planned() == ["03-09", "03-10"]
    await leads.archive("03-02", lead)
    await leads.relay()
    assert await leads.planned() == []
    await leads.unarchive("03-09 10:00", lead)
    await leads.relay()
    assert await leads.planned() == ["03-10"]
    assert await leads.started("03-11") == ["03-10"]


async def test_each_trigger_and_each_record_is_planned_for_itself(leads: Leads) -> None:
    await leads.save(on_date(), {**on_date(when="before", days=2), "id": "before"}, {**on_date(field="meets"), "id": "meets"})
    await leads.create(NOON, due="2096-03-09")
    await leads.create(NOON, due="2096-03-19", meets="2096-03-04T08:00:00Z")
    await leads.relay()
    assert await leads.planned() == ["03-04 08:00", "03-07", "03-09", "03-17", "03-19"]
    assert await leads.started("03-31") == ["03-04 08:00", "03-07", "03-09", "03-17", "03-19"]


async def test_a_skipped_trigger_and_an_inactive_automation_plan_nothing(leads: Leads) -> None:
    await leads.save(on_date(skip=True))
    await leads.create(NOON, due="2096-03-09")
    await leads.relay()
    await leads.scan()
    assert await leads.planned() == []
    await leads.save(on_date(), active=False)
    await leads.create(NOON, due="2096-03-09")
    await leads.relay()
    await leads.scan()
    assert await leads.planned() == []


@pytest.mark.parametrize(
    ("relayed", "is_on_again"), [(True, False), (True, True), (False, False)], ids=["off", "off and on", "relayed late"]
)
async def test_what_came_while_it_was_active_is_fired_though_it_was_switched_off_before_that(
    leads: Leads, relayed: bool, is_on_again: bool
) -> None:
    """And nothing of what was still to come."""
    await leads.save(on_date(field="meets"))
    begin = datetime.now(UTC)
    came, to_come = begin + timedelta(milliseconds=300), begin + timedelta(hours=1)
    for moment in (came, to_come):
        await leads.create(str(begin.replace(tzinfo=None)), meets=moment.isoformat())
    if relayed:
        await leads.relay()
    await until(lambda: _is_past(came))
    await leads.activate(False)
    if is_on_again:
        await leads.activate()
    await leads.scan()
    await leads.relay()
    assert await leads.started(str(datetime.now(UTC).replace(tzinfo=None))) == [shown(came)]
    assert await leads.planned() == ([shown(to_come)] if is_on_again else [])


async def _is_past(moment: datetime) -> bool:
    return datetime.now(UTC) > moment


async def test_the_filter_is_asked_when_it_is_due(leads: Leads) -> None:
    await leads.save(on_date(filter={"all": [{"field": "status", "op": "=", "value": "Open"}]}))
    first = await leads.create(NOON, due="2096-03-09", status="New")
    await leads.create(NOON, due="2096-03-09", status="New")
    await leads.relay()
    await leads.change(NOON, first, status="Open")
    assert await leads.started("03-09") == ["03-09"]
    assert sorted(came for _, came in await leads.evaluations()) == ["filtered", "started"]


async def test_what_comes_round_every_year_is_planned_for_the_next(leads: Leads) -> None:
    await leads.save(on_date(every_year=True))
    await leads.create(NOON, due="1992-02-29")
    assert await leads.started("2097-02-28") == ["2097-02-28"]
    assert await leads.planned() == ["2098-02-28"]
    assert await leads.started("2098-03-01") == ["2097-02-28", "2098-02-28"]
    assert await leads.planned() == ["2099-02-28"]


async def test_a_change_that_is_looked_at_late_moves_only_what_was_not_due_by_then(leads: Leads) -> None:
    """As after days without a worker: what is fired is what would have been fired."""
    await leads.save(on_date())
    early, late, gone = [await leads.create(NOON, due="2096-03-05") for _ in range(3)]
    await leads.relay()
    await leads.change("03-04", early, due="2096-03-20")
    await leads.change("03-06", late, due="2096-03-21")
    await leads.archive("03-04", gone)
    await leads.change("03-07", late, due="2096-03-22")
    assert await leads.sweep("03-10") == 0, "a change may have moved it"
    assert await leads.started("03-10") == ["03-05"]
    assert await leads.planned() == ["03-20", "03-22"]


async def test_several_changes_in_a_batch_count_each_at_its_time(leads: Leads) -> None:
    await leads.save(on_date(field="meets"))
    lead = await leads.create(NOON, meets="2096-03-01T12:05:00Z")
    await leads.change("03-01 12:07", lead, meets="2096-03-01T12:10:00Z")
    await leads.change("03-01 12:08", lead, meets="2096-03-01T12:20:00Z")
    assert await leads.started("03-01 12:30") == ["03-01 12:05", "03-01 12:20"]


async def test_a_field_that_holds_no_date_is_warned_of_and_stands_in_no_ones_way(leads: Leads) -> None:
    await leads.save(on_date(), {**on_date(field="meets"), "id": "meets"})
    lead = await leads.create(NOON, due="2096-03-09", meets="2096-03-08T08:00:00Z")
    await leads.create(NOON, due="2096-03-10")
    async with leads.database.connection() as connection:
        await connection.execute(
            """update events set payload = jsonb_set(payload, '{new,due}', '"next week"') where record_id = $1""", lead
        )
    await leads.relay()
    assert await leads.planned() == ["03-08 08:00", "03-10"]
    warning = (await leads.warnings())["date"]
    assert (warning["code"], str(lead) in warning["sentence"]) == ("invalid_field_value", True)


async def test_a_field_that_is_gone_is_warned_of_and_stands_in_no_ones_way(leads: Leads) -> None:
    await leads.save(on_date(), {**on_date(field="meets"), "id": "meets"})
    lead = await leads.create(NOON, due="2096-03-09", meets="2096-03-08T08:00:00Z")
    await leads.without_field("due")
    await leads.relay()
    assert await leads.planned() == ["03-08 08:00"]
    assert (await leads.warnings())["date"]["code"] == "unknown_field"
    await leads.archive(NOON, lead)
    await leads.unarchive(NOON, lead)
    await leads.relay()
    assert await leads.planned() == ["03-08 08:00"]


async def test_an_open_crm_activity_is_overdue_once_its_time_is_past(leads: Leads) -> None:
    await leads.save(overdue())
    lead = await leads.create(NOON)
    call = await leads.schedule(NOON, lead, "03-09 15:00")
    await leads.schedule(NOON, lead, "03-08", type="task")
    await leads.schedule(NOON, lead, "03-01", type="task")
    await leads.relay()
    assert await leads.planned() == ["03-08", "03-09 15:00"]
    assert await leads.started("03-09 15:00") == ["03-08", "03-09 15:00"]
    assert (await leads.engine.latest("subject"))["trigger"]["activity"]["id"] == str(call)
    assert await leads.planned() == []


async def test_a_crm_activity_that_is_done_or_put_off_is_not_overdue(leads: Leads) -> None:
    await leads.save(overdue())
    lead = await leads.create(NOON)
    done, canceled, moved = [await leads.schedule(NOON, lead, "03-09") for _ in range(3)]
    await leads.relay()
    async with leads.database.connection() as connection:
        await complete_activity(connection, done, now=at("03-02"))
        await cancel_activity(connection, canceled, now=at("03-02"))
        await change_activity(connection, moved, due_at=at("03-12"), note="later", now=at("03-02"))
    await leads.relay()
    assert await leads.planned() == ["03-12"]
    assert (await leads.rows())[0]["told"]["activity"]["note"] == "later"
    assert await leads.started("03-11") == []


async def test_only_crm_activities_of_the_type_count_and_they_wait_for_a_working_day(leads: Leads) -> None:
    await leads.business(calendar=WEEKDAYS)
    await leads.save(overdue(activity_type="call", skip_non_working_days=True))
    lead = await leads.create(NOON)
    await leads.schedule(NOON, lead, "03-03 10:00")
    await leads.schedule(NOON, lead, "03-03 10:00", type="task")
    await leads.relay()
    assert await leads.planned() == ["03-06 10:00"]
    assert await leads.started("03-06 10:00") == ["03-06 10:00"]


async def test_events_that_are_evaluated_again_plan_the_same(leads: Leads) -> None:
    """As when the relay's transaction was rolled back by a crash."""
    await leads.save(on_date(), overdue())
    lead = await leads.create(NOON, due="2096-03-09")
    await leads.schedule(NOON, lead, "03-10")
    await leads.relay()
    async with leads.database.connection() as connection:
        await connection.execute("update events set evaluated_at = null")
        await change_record(connection, lead, values={"due": "2096-03-11"}, now=at(NOON))
    await leads.relay()
    assert await leads.planned() == ["03-10", "03-11"]
