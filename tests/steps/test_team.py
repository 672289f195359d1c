"""Who of the team is assigned: in every way, in turns, and once."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from store.crm_activities import log_activity
from store.team import put_employee
from tests.builders import Json, assign, variable
from tests.engine import until
from tests.steps.house import House, Run, Where
from tests.steps.showing import shows

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


def ids(*members: Any) -> list[str]:
    return [str(member["id"]) for member in members]


async def leave(house: House, member: Any) -> None:
    async with house.database.connection() as connection:
        await put_employee(connection, member["email"], name=member["name"], roles=member["roles"], active=False)


async def log(house: House, record: str, member: Any, minutes: int) -> None:
    async with house.database.connection() as connection:
        now = NOW + timedelta(minutes=minutes)
        await log_activity(connection, UUID(record), type="call", assigned_to=member["id"], now=now)


@shows(
    "assign_team_member", "how=employee", "how=owner", "how=field", "how=variable", "how=last_active", "how=last_active_role",
    "employee", "field", "through", "variable", "role", "into", "if_assigned=replace", "if_assigned=keep", "if_assigned=add",
)  # fmt: skip
async def test_a_member_is_assigned_as_owner_or_into_a_field_in_every_way(house: House, where: Where) -> None:
    ada, bob, cleo, eve, gone = [await house.employ() for _ in range(5)]
    dan = await house.employ(None, role := house.name("role"))
    parent = await house.put("account", manager=ids(eve))
    record = await house.put("account", parent=[parent], owner=str(gone["id"]))
    await leave(house, gone)
    await log(house, record, dan, 1)
    await log(house, record, cleo, 2)
    await log(house, record, gone, 3)
    steps = [
        assign("over", "employee", employee=ada["email"]),
        assign("kept", "employee", employee=bob["email"], if_assigned="keep"),
        assign("same", "owner", into="manager", if_assigned="keep"),
        assign("first", "field", field="manager", through="parent", into="team"),
        assign("second", "variable", variable="who", into="team", if_assigned="add"),
        assign("third", "last_active", into="team", if_assigned="add"),
        assign("fourth", "last_active_role", role=role, into="team", if_assigned="add"),
        assign("again", "field", field="team", into="team", if_assigned="add"),
    ]
    who = variable("who", {"static": ids(gone, bob, ada)}, type="employee", list=True)
    run = await house.run(where, *steps, record=record, variables=[who])
    assert run.record
    assert run.record["owner_id"] == ada["id"]
    assert (run.fields["manager"], run.fields["team"]) == (ids(ada), ids(eve, bob, cleo, dan))
    assert run.output("over") == {
        "into": "owner", "assigned": {"id": str(ada["id"]), "name": ada["name"], "email": ada["email"]}
    }  # fmt: skip
    assert run.output("kept") == {"into": "owner", "kept": ids(ada)}
    told = [event["payload"]["new"] for event in await house.events(record, "field_updated") if event["root_id"] == run.id]
    assert told == [
        {"owner": str(ada["id"])}, {"manager": ids(ada)}, {"team": ids(eve)}, {"team": ids(eve, bob)},
        {"team": ids(eve, bob, cleo)}, {"team": ids(eve, bob, cleo, dan)},
    ]  # fmt: skip


@shows(
    "assign_team_member", "how=round_robin_all", "how=round_robin_role", "how=round_robin_employees", "employees", "role",
    "if_assigned=keep",
)  # fmt: skip
async def test_each_round_robin_has_turns_of_its_own_and_follows_who_comes_and_goes(house: House, where: Where) -> None:
    role = house.name("role")
    one, two, three = [await house.employ(None, role) for _ in range(3)]
    named = [member["email"] for member in (three, one)]
    api_name = await house.save(
        where,
        assign("role", "round_robin_role", role=role, if_assigned="keep"),
        assign("named", "round_robin_employees", employees=named, into="manager"),
        assign("all", "round_robin_all", into="team"),
    )

    async def run(**values: Any) -> Run:
        return await house.come_to(await house.start(where, api_name, await house.put("account", **values)), "completed")

    def owners(*runs: Run) -> list[Any]:
        return [run.record["owner_id"] for run in runs if run.record]

    runs = [await run(), await run(), await run(owner=str(three["id"])), await run()]
    assert owners(*runs) == [one["id"], two["id"], three["id"], three["id"]], "one that keeps its owner uses no turn"
    assert [run.fields["manager"] for run in runs] == [ids(one), ids(three)] * 2
    active = ids(*await house.fetch("select id from employees where active order by id"))
    assert [run.fields["team"] for run in runs] == [[id] for id in (active * 4)[:4]]
    await leave(house, one)
    four = await house.employ(None, role)
    after = [await run(), await run(), await run()]
    assert owners(*after) == [four["id"], two["id"], three["id"]]
    assert [run.fields["manager"] for run in after] == [ids(three)] * 3


async def test_sixty_executions_at_once_are_shared_out_evenly(house: House) -> None:
    role = house.name("role")
    three = [await house.employ(None, role) for _ in range(3)]
    into_field = assign("field", "round_robin_role", role=role, into="manager")
    api_name = await house.save("record", assign("owner", "round_robin_role", role=role), into_field)
    records = [await house.put("account") for _ in range(60)]
    await asyncio.gather(*(house.start("record", api_name, record) for record in records))

    async def assigned() -> list[Any]:
        sql = "select owner_id, field_values -> 'manager' ->> 0 as manager from records where id = any($1)"
        rows = await house.fetch(sql, [UUID(record) for record in records])
        return rows if all(row["manager"] for row in rows) else []

    rows = await until(assigned, seconds=120)
    assert Counter(str(row["owner_id"]) for row in rows) == dict.fromkeys(ids(*three), 20)
    assert Counter(row["manager"] for row in rows) == dict.fromkeys(ids(*three), 20)


UNABLE: list[tuple[Json, str, str]] = [
    ({"how": "employee", "employee": "nobody@example.com"}, "unknown_employee", "nobody@example.com"),
    ({"how": "employee", "employee": "gone@example.com"}, "nobody_to_assign", "gone@example.com is not active any more"),
    ({"how": "round_robin_employees", "employees": ["gone@example.com"]}, "nobody_to_assign", "none of gone@example.com"),
    ({"how": "round_robin_role", "role": "pilots"}, "nobody_to_assign", "no active employee has the role pilots"),
    ({"how": "last_active"}, "nobody_to_assign", "has logged or completed a crm activity"),
    ({"how": "last_active_role", "role": "pilots"}, "nobody_to_assign", "with the role pilots"),
    ({"how": "owner", "into": "manager"}, "nobody_to_assign", "the record has no active owner"),
    ({"how": "field", "field": "manager"}, "nobody_to_assign", "the field manager names no active employee"),
    ({"how": "field", "field": "manager", "through": "parent"}, "nobody_to_assign", "the field parent.manager names"),
    ({"how": "field", "field": "lost"}, "unknown_field", "no field lost"),
    ({"how": "field", "field": "manager", "through": "lost"}, "unknown_field", "no field lost"),
    ({"how": "field", "field": "status"}, "not_a_team_selector", "The field status"),
    ({"how": "variable", "variable": "lost"}, "unknown_variable", "no variable lost"),
    ({"how": "round_robin_all", "into": "lost"}, "unknown_field", "no field lost"),
    ({"how": "round_robin_all", "into": "status"}, "not_a_team_selector", "status is of type text"),
    ({"how": "round_robin_all", "into": "manager", "if_assigned": "add"}, "not_a_list", "manager holds one"),
]


async def test_a_step_that_can_assign_nobody_says_why(house: House) -> None:
    await leave(house, await house.employ("gone"))
    record = await house.put("account", status="Open")
    steps = [
        {"id": f"s{place}", "type": "assign_team_member", "on_error": "continue_silently", **step}
        for place, (step, _, _) in enumerate(UNABLE)
    ]
    run = await house.run("record", *steps, record=record)
    errors = [run.step(step["id"])["error"] for step in steps]
    assert [error["code"] for error in errors] == [code for _, code, _ in UNABLE]
    assert [said for error, (_, _, said) in zip(errors, UNABLE, strict=True) if said not in error["sentence"]] == []
    assert await house.events(record, "field_updated") == []
