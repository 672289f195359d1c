"""Lists of executions: what fits, in which order, and from which index."""

from datetime import UTC, datetime, timedelta
from itertools import product
from operator import itemgetter
from typing import Any
from uuid import UUID

import pytest
from pydantic_core import from_json

from automations.execution_filters import ExecutionFilter, Sort
from automations.executions import State
from store.database import Connection, Database
from store.execution_lists import After, choose_executions, count_executions, list_executions, listing
from store.ids import NIL, first_id_at, new_id

NOW = datetime(2026, 3, 1, tzinfo=UTC)
STATES: tuple[State, ...] = ("active", "paused", "retrying", "completed", "canceled", "failed")


async def fill(connection: Connection, executions: int) -> list[UUID]:
    """One a minute up to NOW, of two automations by turns, each state in its turn; the automations."""
    automations = [new_id(), new_id()]
    await connection.execute(
        "insert into automations (id, api_name, active, document) select id, 'automation-' || n, true, '{}'"
        " from unnest($1::uuid[]) with ordinality as made (id, n)",
        automations,
    )
    await connection.execute(
        """
        insert into executions (id, workflow_id, automation_id, priority, state, pause_reason, revision, root_id, start_request,
                                trigger, steps_failed, created_at, updated_at, finished_at, workflow_started)
        select id, n, ($1::uuid[])[1 + n % 2], 'regular', ($2::text[])[1 + n % 6], case when n % 6 = 1 then 'delay' end, 1, id,
               '{}',
               case when n % 3 = 0 then '{"type": "manual"}' else '{"type": "webhook"}' end::jsonb, (n % 10 = 0)::int,
               at, $3::timestamptz - (n * 7919 % $4::int) * interval '1 minute', case when n % 6 > 2 then at end, true
        from generate_series(0, $4::int - 1) n,
             lateral (select $3::timestamptz - ($4::int - n) * interval '1 minute' as at) moment,
             lateral (select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '70008'
                              || lpad(n::text, 15, '0'))::uuid as id) made
        """,
        automations, list(STATES), NOW, executions,
    )  # fmt: skip
    return automations


async def walked(connection: Connection, filter: ExecutionFilter, sort: Sort, **more: Any) -> list[Any]:
    """All pages of seven."""
    found: list[Any] = []
    after = None
    while page := await list_executions(connection, filter, sort=sort, after=after, size=7, **more):
        found += page
        after = After(page[-1]["id"], page[-1]["updated_at"])
    return found


async def test_pages_have_each_execution_that_fits_once_and_in_order(database: Database) -> None:
    sorts: tuple[Sort, ...] = ("-created_at", "created_at", "-updated_at", "updated_at")
    asked: tuple[list[State], ...] = ([], ["paused"], ["failed", "active"])
    async with database.connection() as connection:
        one, other = await fill(connection, 60)
        everything = await connection.fetch("select id, created_at, updated_at, automation_id, state from executions")
        for sort, states, automations in product(sorts, asked, (None, [one], [one, other], [])):
            rows = await walked(connection, ExecutionFilter(state=states), sort, automations=automations)
            fit = [
                row
                for row in everything
                if (automations is None or row["automation_id"] in automations) and (not states or row["state"] in states)
            ]
            fit.sort(key=itemgetter(sort.removeprefix("-")), reverse=sort.startswith("-"))
            assert [row["id"] for row in rows] == [row["id"] for row in fit]


CRITERIA: list[tuple[dict[str, Any], int]] = [
    ({"open": True}, 30),
    ({"open": False}, 30),
    ({"failed_steps": True}, 6),
    ({"failed_steps": False}, 54),
    ({"pause_reason": "delay"}, 10),
    ({"pause_reason": "goal"}, 0),
    ({"pause_reason": "delay", "state": ["failed"]}, 0),
    ({"trigger_type": "manual"}, 20),
    ({"trigger_type": "manual", "open": True}, 10),
    ({"created_after": NOW - timedelta(minutes=10)}, 10),
    ({"created_before": NOW - timedelta(minutes=10)}, 50),
    ({"created_after": NOW - timedelta(minutes=10), "created_before": NOW - timedelta(minutes=4)}, 6),
    ({"updated_after": NOW - timedelta(minutes=9)}, 10),
    ({"finished_before": NOW - timedelta(minutes=30)}, 15),
    ({"priority": "low"}, 0),
    ({"root_id": NIL}, 0),
    ({"parent_id": NIL}, 0),
    ({"restarted_from": NIL}, 0),
    ({"bulk_start_id": NIL}, 0),
    ({"record_id": NIL}, 0),
    ({"step_id": "rest"}, 0),
    ({"cancel_reason": "person"}, 0),
]


async def test_each_criterion_holds(database: Database) -> None:
    async with database.connection() as connection:
        await fill(connection, 60)
        for said, expected in CRITERIA:
            filter = ExecutionFilter.model_validate(said)
            assert await count_executions(connection, filter, automations=None) == expected, said
            assert len(await choose_executions(connection, filter, automations=None, size=100)) == expected, said


def test_a_filter_says_the_same_in_whatever_order_and_zone() -> None:
    one = ExecutionFilter.model_validate({"state": ["paused", "failed"], "created_after": "2026-03-01T01:00:00+01:00"})
    other = ExecutionFilter.model_validate({"created_after": "2026-03-01T00:00:00Z", "state": ["failed", "paused", "paused"]})
    assert one.digest == other.digest
    assert one.digest != ExecutionFilter(state=["failed"]).digest
    assert ExecutionFilter().is_empty
    assert not one.is_empty


def test_ids_of_a_moment_begin_with_it() -> None:
    now = datetime.now(UTC)
    assert first_id_at(now - timedelta(seconds=1)) < new_id() < first_id_at(now + timedelta(seconds=1))
    assert first_id_at(datetime.min.replace(tzinfo=UTC), -timedelta(days=1)) == NIL
    assert first_id_at(datetime.max.replace(tzinfo=UTC), timedelta(days=1)).int < 2**128


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for part in plan.get("Plans", []) for node in nodes(part))]


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_a_page_is_read_from_an_index_in_its_order_however_far_it_is(database: Database, mode: str) -> None:
    """Nothing is read from end to end, and no more is sorted than a page of each alternative."""
    async with database.connection() as connection:
        one, other = await fill(connection, 20_000)
        await connection.execute("vacuum analyze")
        await connection.execute(f"set plan_cache_mode = {mode}")
        middle: Any = await connection.fetchrow("select id, updated_at from executions order by id offset 10000 limit 1")
        asked: list[tuple[ExecutionFilter, Any, Sort, str]] = [
            (ExecutionFilter(), None, "-created_at", "executions_pkey"),
            (ExecutionFilter(), [one], "-created_at", "executions_by_automation"),
            (ExecutionFilter(state=["paused"]), [one], "-created_at", "executions_by_automation_and_state"),
            (ExecutionFilter(state=["paused", "failed"]), [one, other], "created_at", "executions_by_automation_and_state"),
            (ExecutionFilter(state=["failed"]), None, "-created_at", "executions_by_state"),
        ]
        for number, (filter, automations, sort, index) in enumerate(asked):
            for after in (None, After(middle["id"], middle["updated_at"])):
                sql, values = listing(filter, automations=automations, sort=sort, after=after, size=50)
                name = f"asked_{number}_{after is None}"
                await connection.execute(f"prepare {name} as {sql}")
                given = ", ".join(_literal(value) for value in values)
                plan = await connection.fetchval(f"explain (format json) execute {name}{f'({given})' if given else ''}")
                found = nodes(from_json(plan)[0]["Plan"])
                assert not [node for node in found if node["Node Type"] == "Seq Scan" and node["Relation Name"] == "executions"]
                assert index in {node.get("Index Name") for node in found}, (filter, sort, found)
                assert all(node["Plan Rows"] <= 5_000 for node in found if node["Node Type"] == "Sort"), (filter, sort)


def _literal(value: Any) -> str:
    if isinstance(value, list):
        return "'{" + ", ".join(str(each) for each in value) + "}'"
    return f"'{value}'"
