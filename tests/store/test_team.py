from datetime import timedelta

import pytest
from pydantic import ValidationError

from automations.calendars import BusinessCalendar
from store.business import Business, read_business, write_business
from store.crm_activities import complete_activity, log_activity, schedule_activity
from store.database import Database
from store.team import (
    find_employee_by_email,
    find_last_active,
    list_employees,
    list_employees_by_ids,
    list_employees_by_role,
    put_employee,
)
from tests.store.building import NOW, lead_object, record_of


async def test_an_address_is_one_employee_whatever_its_case(database: Database) -> None:
    async with database.connection() as connection:
        first = await put_employee(connection, "Ada@example.com", name="Ada", roles=["sales", "sales"])
        second = await put_employee(connection, "ada@example.com", name="Ada L.", active=False)
        assert first["id"] == second["id"]
        assert (first["roles"], second["roles"], second["active"]) == (["sales"], [], False)
        assert await find_employee_by_email(connection, "ADA@example.com") == second
        assert await find_employee_by_email(connection, "bob@example.com") is None


async def test_a_role_is_asked_of_those_who_are_there(database: Database) -> None:
    async with database.connection() as connection:
        ada = await put_employee(connection, "ada@example.com", name="Ada", roles=["sales", "lead"])
        bob = await put_employee(connection, "bob@example.com", name="Bob", roles=["sales"])
        gone = await put_employee(connection, "gone@example.com", name="Gone", roles=["sales"], active=False)
        assert await list_employees_by_role(connection, "sales") == [ada, bob]
        assert await list_employees_by_role(connection, "lead") == [ada]
        assert await list_employees_by_role(connection, "unknown") == []
        assert await list_employees_by_ids(connection, [gone["id"], ada["id"]]) == [ada, gone]


async def test_who_was_active_last_logged_or_completed_the_newest_crm_activity_and_is_there(database: Database) -> None:
    async with database.connection() as connection:
        lead = (await record_of(connection, await lead_object(connection)))["id"]
        assert await find_last_active(connection, lead) is None
        ada = await put_employee(connection, "ada@example.com", name="Ada", roles=["sales"])
        bob = await put_employee(connection, "bob@example.com", name="Bob")
        gone = await put_employee(connection, "gone@example.com", name="Gone", roles=["sales"], active=False)
        open_one = await schedule_activity(connection, lead, type="call", due_at=NOW, assigned_to=bob["id"], now=NOW)
        await log_activity(connection, lead, type="call", by="ADA@example.com", now=NOW)
        await log_activity(connection, lead, type="call", assigned_to=gone["id"], now=NOW + timedelta(hours=2))
        assert await find_last_active(connection, lead) == ada, "who has only something to do was not active, nor who has left"
        assert open_one
        await complete_activity(connection, open_one["id"], by="somebody else", now=NOW + timedelta(hours=1))
        assert (await find_last_active(connection, lead), await find_last_active(connection, lead, "sales")) == (bob, ada)
        assert await find_last_active(connection, lead, "pilots") is None


async def test_employees_are_listed_by_address_a_page_at_a_time(database: Database) -> None:
    async with database.connection() as connection:
        for email in ("C@example.com", "a@example.com", "B@example.com"):
            await put_employee(connection, email, name=email)
        first = await list_employees(connection, size=2)
        rest = await list_employees(connection, cursor=first[-1]["email"], size=2)
        assert [row["email"][0] for row in (*first, *rest)] == ["a", "B", "C"]


async def test_the_business_is_read_and_changed(database: Database) -> None:
    async with database.transaction() as connection:
        assert await read_business(connection) == Business(name="Everstep", timezone="UTC", locale="en")
        calendar = BusinessCalendar.model_validate({"country": "AT", "days_off": [{"date": "2026-08-07", "name": "Party"}]})
        changed = Business(name="Bakery", timezone="Europe/Vienna", locale="de-AT", calendar=calendar)
        await write_business(connection, changed)
        assert await read_business(connection) == changed


async def test_it_is_known_whether_what_is_planned_by_the_business_has_to_be_planned_anew(database: Database) -> None:
    async with database.transaction() as connection:
        same = await read_business(connection)
        assert not await write_business(connection, same)
        assert not await write_business(connection, same.model_copy(update={"name": "Bakery", "locale": "de"}))
        assert await write_business(connection, same.model_copy(update={"timezone": "Europe/Vienna"}))
        assert await write_business(connection, same)
        assert await write_business(connection, same.model_copy(update={"calendar": BusinessCalendar(country="AT")}))
        assert not await write_business(connection, same.model_copy(update={"calendar": BusinessCalendar(country="AT")}))


@pytest.mark.parametrize("timezone", ["Mars/Base", "", "europe", "/etc/passwd"])
def test_a_timezone_is_one_that_exists(timezone: str) -> None:
    with pytest.raises(ValidationError, match="must be a timezone such as"):
        Business(name="Bakery", timezone=timezone, locale="de")
