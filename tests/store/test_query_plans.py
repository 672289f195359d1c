"""The hot queries are answered from an index, whatever plan Postgres keeps for them."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic_core import from_json

from deploy.postgres import LocalPostgres
from store.database import Connection, Database
from store.sql import QUERIES
from tests.fixtures.postgres import dropped_after
from tests.store.building import NOW, lead_object

BIG = {
    "records", "executions", "step_runs", "events", "automations", "employees", "notifications", "execution_requests",
    "goal_waits", "goal_listens", "crm_activities", "evaluations", "bulk_start_records", "requests_to_tell",
    "due_triggers", "schedules", "idempotent_requests", "messages", "incoming_texts",
}  # fmt: skip


async def fill(connection: Connection) -> dict[str, Any]:
    """A few thousand rows of each kind, and the ids of one of them."""
    lead = await lead_object(connection)
    await connection.execute(
        """
        insert into records (id, object_id, name, field_values)
        select gen_random_uuid(), $1, 'Name ' || n, jsonb_build_object('email', 'e' || n || '@example.com', 'seats', n % 50)
        from generate_series(1, 5000) n
        """,
        lead.id,
    )
    await connection.execute(
        """
        insert into employees (id, name, email) select gen_random_uuid(), 'E' || n, 'e' || n || '@example.com'
        from generate_series(1, 3000) n
        """
    )
    await connection.execute(
        """
        insert into automations (id, api_name, active, document) select gen_random_uuid(), 'automation-' || n, true, '{}'
        from generate_series(1, 1000) n
        """
    )
    await connection.execute(
        """
        insert into executions (id, workflow_id, automation_id, record_id, priority, state, revision, root_id, start_request,
                                created_at, updated_at, workflow_started, launch_at)
        select r.id, r.id::text, a.id, r.id, 'regular', 'active', 1, r.id, '{}', $1, $1, n % 77 <> 0, $1
        from (select id, row_number() over () % 1000 as n from records) r
        join (select id, row_number() over () - 1 as n from automations) a using (n)
        """,
        NOW,
    )
    await connection.execute(
        """
        insert into messages (id, execution_id, sequence, channel, record_id, sender, recipients, state, provider_id, created_at,
                              updated_at)
        select id, id, 1, 'text', id, '+4930', array['+49151' || lpad(n::text, 6, '0')], 'sent', 'SM' || n, $1, $1
        from (select id, row_number() over () as n from executions) e
        """,
        NOW,
    )
    await connection.execute(
        """
        insert into incoming_texts (id, provider_id, sender, recipient, body, received_at, record_id, message_id)
        select id, provider_id, recipients[1], sender, 'Yes', $1, record_id, id from messages
        """,
        NOW,
    )
    await connection.execute(
        """
        insert into step_runs (execution_id, sequence, step_id, step_type, revision, status, attempt, started_at)
        select id, n, 's', 'delay', 1, 'completed', 1, $1 from executions, generate_series(1, 3) n
        """,
        NOW,
    )
    await connection.execute(
        """
        insert into events (id, kind, record_id, event_at, evaluated_at)
        select gen_random_uuid(), 'x', id, $1, case when name like '%77' then null else $1::timestamptz end from records
        """,
        NOW,
    )
    await connection.execute(
        """
        insert into goal_waits (execution_id, sequence, record_id, triggers, since, after_event, signal_at)
        select id, 1, id, '[]', $1, 0, case when name like '%77' then $1::timestamptz end from records
        """,
        NOW,
    )
    await connection.execute(
        """
        insert into goal_listens (record_id, listen, execution_id, sequence)
        select id, listen, id, 1 from records, unnest(array['field_updated/status', 'field_updated/seats']) listen
        """
    )
    await connection.execute(
        """
        insert into crm_activities (id, record_id, type, status, due_at, created_at, updated_at)
        select gen_random_uuid(), id, 'call', 'scheduled', $1, $1, $1 from records
        """,
        NOW,
    )
    await connection.execute(
        """
        insert into notifications (id, execution_id, sequence, severity, recipient, subject, body, created_at, next_attempt_at,
                                   sent_at)
        select gen_random_uuid(), id, 1, 'error', 'ada@example.com', 'x', 'x', $1, $1,
               case when name like '%77' then null else $1::timestamptz end
        from records
        """,
        NOW,
    )
    await connection.execute(
        """
        insert into execution_requests (id, execution_id, kind, asked_by, why, asked_at)
        select gen_random_uuid(), id, 'pause', '', '', $1 from executions
        """,
        NOW,
    )
    await connection.execute(
        """
        insert into evaluations (id, event_id, automation_id, trigger_id, outcome, event_at, evaluated_at)
        select gen_random_uuid(), id, (select id from automations limit 1), 't', 'not_started', $1, $1 from events
        """,
        NOW,
    )
    await connection.execute(
        """
        with made as (
            insert into bulk_starts (id, automation_id, state, selection, next_at, created_at, updated_at)
            select gen_random_uuid(), id, 'running', '{}', $1, $1, $1 from automations limit 3
            returning id
        ), resumed as (
            insert into requests_to_tell (id, execution_id, request, tell_at)
            select m.id || ':' || e.id, e.id, '{}', $1 from made m, executions e
        )
        insert into bulk_start_records (bulk_start_id, record_id, outcome, execution_id)
        select m.id, e.id, case when e.id::text like '%7' then null else 'started' end, e.id from made m, executions e
        """,
        NOW,
    )
    await connection.execute(
        """
        insert into schedules (schedule_id, automation_id, trigger_id, definition, sync_at)
        select api_name || '/tick' || n, id, 'tick' || n, '{}', $1::timestamptz + interval '1 hour'
        from automations, generate_series(1, 5) n
        """,
        NOW,
    )
    await connection.execute(
        """
        insert into due_triggers (automation_id, trigger_id, record_id, due_at)
        select (select id from automations order by id limit 1), 'date-' || n, r.id,
               $1::timestamptz + random() * interval '90 days'
        from records r, generate_series(1, 3) n
        """,
        NOW,
    )
    await connection.execute(
        """
        insert into idempotent_requests (key_id, idempotency_key, method, path, body_hash, began_at, made_id)
        select (select id from api_keys limit 1), n::text, 'POST', '/', '', $1, gen_random_uuid() from generate_series(1, 5000) n
        """,
        NOW,
    )
    await connection.execute("vacuum analyze")
    some = await connection.fetchval('select id from records where field_values @> \'{"email": "e77@example.com"}\'')
    return {"object": lead.id, "record": some, "automation": await connection.fetchval("select id from automations limit 1")}


def scanned(plan: dict[str, Any]) -> set[str]:
    """The tables that a plan reads from end to end."""
    here = {plan["Relation Name"]} if plan["Node Type"] == "Seq Scan" else set()
    return here.union(*(scanned(part) for part in plan.get("Plans", [])))


async def plan_of(connection: Connection, name: str, /, **values: Any) -> dict[str, Any]:
    """The plan made for these values."""
    query = getattr(QUERIES, name)
    arguments = [values[parameter] for parameter in _parameters(name)]
    return from_json(await connection.fetchval(f"explain (format json) {query.sql}", *arguments))[0]["Plan"]


async def generic_plan_of(connection: Connection, name: str, /, **_: Any) -> dict[str, Any]:
    """The plan that is kept for a statement that was prepared: it knows no values."""
    await connection.execute("set plan_cache_mode = force_generic_plan")
    await connection.execute(f"prepare {name} as {getattr(QUERIES, name).sql}")
    nulls = ", ".join("null" for _ in _parameters(name))
    return from_json(await connection.fetchval(f"explain (format json) execute {name}({nulls})"))[0]["Plan"]


def _parameters(name: str) -> list[str]:
    return QUERIES.driver_adapter.var_sorted[name]


@pytest.fixture(scope="module")
async def filled(postgres: LocalPostgres, _template: str) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """The URL of a database that these tests share, as they only plan, and the ids of one row of each kind."""
    async with dropped_after(postgres, f"everstep_test_{uuid4().hex}", _template) as url:
        database = await Database.connect(url)
        async with database.connection() as connection:
            ids = await fill(connection)
        await database.close()
        yield url, ids


@pytest.fixture
def database_url(filled: tuple[str, dict[str, Any]]) -> str:
    return filled[0]


@pytest.fixture
def ids(filled: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return filled[1]


@pytest.mark.parametrize("planned", [plan_of, generic_plan_of])
async def test_hot_queries_read_no_big_table_from_end_to_end(planned: Any, database: Database, ids: dict[str, Any]) -> None:
    async with database.connection() as connection:
        asked: dict[str, dict[str, Any]] = {
            "load_step": {"id": ids["record"], "sequence": 2, "lane": "", "after": 1, "up_to": 9},
            "list_open_to_look_at": {"after": ids["record"], "before": NOW, "size": 100},
            "read_execution": {"id": ids["record"]},
            "lock_execution": {"id": ids["record"]},
            "list_step_runs": {"id": ids["record"], "after": 0, "size": 100},
            "take_to_launch": {"lease": timedelta(seconds=30), "size": 100},
            "add_bulk_start_records": {"id": ids["record"], "record_ids": [ids["record"]], "reasons": [None]},
            "list_bulk_start_records": {"id": ids["record"], "outcome": None, "cursor": uuid4(), "size": 50},
            "list_bulk_start_records_left": {"id": ids["record"], "size": 25},
            "write_turns": {
                "id": ids["record"],
                "record_ids": [ids["record"]],
                "outcomes": ["started"],
                "reasons": [None],
                "execution_ids": [ids["record"]],
                "pause": timedelta(seconds=1),
                "now": NOW,
            },
            "take_to_tell": {"lease": timedelta(seconds=30), "size": 100, "paced": False},
            "count_unheeded": {"lately": timedelta(seconds=10), "most": 20},
            "lock_executions": {"ids": [ids["record"]]},
            "lock_open_execution": {"id": ids["record"]},
            "count_visits": {"id": ids["record"]},
            "read_last_sequence": {"id": ids["record"]},
            "list_open_to_recover": {"after": ids["record"], "before": NOW, "size": 25},
            "list_over_among": {"workflow_ids": [str(ids["record"])]},
            "tell_later": {"ids": [ids["record"]], "requests": [{"id": "z"}], "gap": timedelta(seconds=1)},
            "list_to_tell": {"execution_id": ids["record"]},
            "delete_told": {"ids": ["x"]},
            "ask_executions": {
                "ids": [ids["record"]],
                "requests": [{"id": "y", "kind": "pause", "by": "", "why": ""}],
                "now": NOW,
                "gap": None,
            },
            "lock_open_of_records": {"record_ids": [ids["record"]], "automation_ids": [ids["automation"]], "size": 1000},
            "lock_paused_of_records": {"automation_id": ids["automation"], "record_ids": [ids["record"]]},
            "lock_paused_globally": {"automation_id": ids["automation"]},
            "mark_launched": {"ids": [ids["record"]]},
            "give_back_launches": {"ids": [ids["record"]]},
            "list_records_by_ids": {"ids": [ids["record"]]},
            "list_open": {"after": ids["record"], "size": 100},
            "list_open_by_id": {"ids": [ids["record"]]},
            "list_open_among": {"workflow_ids": [str(ids["record"])]},
            "list_finished": {"after": NOW, "after_id": ids["record"], "before": NOW, "size": 100},
            "list_requested": {"standing": timedelta(seconds=2), "known": ["x"], "size": 100},
            "list_being_canceled": {"record_ids": [ids["record"]]},
            "list_requests": {"execution_id": ids["record"]},
            "end_executions_of_record": {
                "record_ids": [ids["record"]],
                "spared": None,
                "request": {},
                "request_id": "x",
                "asked_by": "",
                "why": "",
                "now": NOW,
            },
            "list_open_of_automation": {"automation_id": ids["automation"], "after": ids["record"], "size": 1000},
            "lock_open": {"ids": [ids["record"]]},
            "find_last_text_to": {"number": "+49151000007"},
            "write_delivery": {"provider_id": "SM7", "delivery": "sent", "error": None, "now": NOW},
            "list_answers": {"message_id": ids["record"]},
            "list_incoming_texts": {"record_id": ids["record"], "cursor": None, "size": 50},
            "list_last_runs": {"id": ids["record"], "lanes": ["", "fork:a"]},
            "read_last_run": {"id": ids["record"]},
            "list_failed_runs": {"id": ids["record"], "size": 20},
            "has_visited": {"id": ids["record"], "step_id": "s"},
            "read_automation": {"api_name": "automation-7"},
            "read_automation_by_id": {"id": ids["automation"]},
            "count_open_executions": {"automation_id": ids["automation"]},
            "ask_to_cancel": {
                "automation_id": ids["automation"],
                "request": {},
                "request_id": "x",
                "asked_by": "",
                "why": "",
                "now": NOW,
            },
            "find_matches_by_value": {"object_id": ids["object"], "held": {"email": "e77@example.com"}, "size": 11},
            "find_matches_by_name": {"object_id": ids["object"], "name": "name 77", "size": 11},
            "list_taken_names": {"object_id": ids["object"], "names": ["name 77", "name 78"]},
            "lock_records": {"ids": [ids["record"]]},
            "archive_records": {
                "ids": [ids["record"]],
                "event_ids": [uuid4()],
                "now": NOW,
                "root_id": None,
                "depth": 0,
                "priority": "regular",
            },
            "lock_progress": {"execution_id": ids["record"], "sequence": 1, "attempt": 1},
            "write_progress": {"execution_id": ids["record"], "sequence": 1, "progress": {}},
            "wipe_record": {"id": ids["record"], "now": NOW},
            "wipe_events_of_record": {"id": ids["record"], "now": NOW},
            "wipe_evaluations_of_record": {"id": ids["record"]},
            "wipe_deliveries_of_record": {"id": ids["record"]},
            "wipe_activities_of_record": {"id": ids["record"], "now": NOW},
            "drop_due_of_record": {"id": ids["record"], "object_id": ids["object"]},
            "read_record": {"id": ids["record"]},
            "lock_record": {"id": ids["record"]},
            "list_records": {"object_id": ids["object"], "cursor": uuid4(), "archived": False, "size": 50},
            "find_record_by_id": {"id": ids["record"], "object_id": ids["object"]},
            "find_record_by_values": {"object_id": ids["object"], "held": [{"email": "e77@example.com"}, {"second_email": "x"}]},
            "find_record_by_name": {"object_id": ids["object"], "name": "name 77"},
            "list_objects_of_records": {"ids": [ids["record"]]},
            "list_known_employees": {"ids": [uuid4()], "emails": ["e7@example.com"]},
            "find_employee_by_email": {"email": "e7@example.com"},
            "list_employees": {"cursor": None, "size": 50},
            "lock_executions_of_automation_to_cancel": {"automation": "automation-7", "created_after": None, "size": 200},
            "lock_held": {"switch": str(uuid4()), "not_since": NOW, "size": 200},
            "settle_held": {"switch": str(uuid4()), "now": NOW},
            "mark_told": {"ids": [ids["record"]], "sequences": [1], "now": NOW},
            "list_starts_in_chain": {"root_id": ids["record"], "automation_ids": [ids["automation"]]},
            "lock_schedules": {"automation_id": ids["automation"]},
            "drop_schedules": {"automation_id": ids["automation"], "kept": ["tick1"], "now": NOW},
            "take_schedules_to_sync": {"now": NOW, "again_at": NOW, "size": 20},
            "read_schedule": {"automation_id": ids["automation"], "trigger_id": "tick1", "moment": NOW},
            "has_due": {"now": NOW},
            "take_due": {"now": NOW, "size": 500, "left_automations": [], "left_triggers": []},
            "list_unevaluated_events": {"ids": [uuid4()]},
            "list_events_to_retry": {"now": NOW, "size": 20},
            "set_aside": {"id": uuid4(), "problem": "x", "now": NOW},
            "list_waiting_triggers": {"size": 1000},
            "list_waiting_evaluations": {
                "automation_ids": [ids["automation"]],
                "trigger_ids": ["t"],
                "size": 500,
            },
            "lock_due": {"automation_ids": [ids["automation"]], "trigger_ids": ["date-1"], "record_ids": [ids["record"]]},
            "drop_due": {
                "automation_ids": [ids["automation"]],
                "trigger_ids": ["date-1"],
                "record_ids": [ids["record"]],
                "subjects": [""],
            },
            "list_due": {
                "automation_id": ids["automation"],
                "trigger_id": "date-1",
                "record_id": None,
                "after": NOW,
                "after_record": ids["record"],
                "after_subject": "",
                "size": 50,
            },
            "list_records_to_scan": {"automation_id": ids["automation"], "after": ids["record"], "size": 500},
            "list_open_activities": {"record_ids": [ids["record"]]},
            "take_due_notifications": {"now": NOW, "size": 10},
            "mark_notification_sent": {"id": uuid4(), "now": NOW},
            "list_notifications": {"id": ids["record"]},
            "list_new_events": {"size": 500, "low": 100},
            "mark_evaluated": {"ids": [ids["record"]], "now": NOW},
            "find_goal_waits": {"record_ids": [ids["record"]], "listens": ["field_updated/status"]},
            "list_unheard_events": {
                "record_id": ids["record"],
                "after_event": 1,
                "kinds": ["field_updated"],
                "until": NOW,
            },
            "list_goal_changes": {
                "record_id": ids["record"],
                "after_event": 1,
                "fields": ["due"],
                "activities": True,
            },
            "hold_record_of_goal": {"record_id": ids["record"]},
            "lock_goal_wait": {"execution_id": ids["record"], "sequence": 1},
            "lock_goal_waits": {"execution_ids": [ids["record"]], "sequences": [1]},
            "settle_goals": {
                "execution_ids": [ids["record"]],
                "sequences": [1],
                "event_ids": [ids["record"]],
                "triggers": [{}],
                "moments": [None],
                "now": NOW,
            },
            "write_goal_look": {"execution_id": ids["record"], "sequence": 1, "wakes_at": NOW, "refused": {}},
            "delete_goal_wait": {"execution_id": ids["record"], "sequence": 1},
            "list_scheduled_activities": {"record_ids": [ids["record"]], "after": NOW, "size": 10},
            "take_met_goals": {"now": NOW, "again_at": NOW, "size": 100},
            "mark_goals_signalled": {"execution_ids": [ids["record"]], "sequences": [1], "taken": [NOW]},
            "close_step_runs": {"id": ids["record"], "now": NOW},
            "hold_record_of_activity": {"id": ids["record"]},
            "hold_record_by_activity": {"id": uuid4()},
            "list_crm_activities": {"record_id": ids["record"], "open": True, "cursor": None, "size": 50},
            "list_activities_to_cancel": {
                "record_ids": [ids["record"]],
                "types": ["call"],
                "execution_id": None,
                "automation_id": ids["automation"],
                "size": 50,
            },
            "queue_message": {
                "id": uuid4(),
                "execution_id": ids["record"],
                "sequence": 1,
                "place": 0,
                "channel": "email",
                "record_id": None,
                "sender": "",
                "recipients": [],
                "cc": [],
                "subject": "",
                "body": "",
                "html": None,
                "template": None,
                "unsubscribe_token": None,
                "now": NOW,
            },
            "find_message": {"execution_id": ids["record"], "sequence": 1, "place": 0},
            "list_message_places": {"execution_id": ids["record"], "sequence": 1},
            "find_message_by_token": {"token": "x"},
            "read_message": {"id": ids["record"]},
            "list_messages": {
                "record_id": ids["record"],
                "execution_id": None,
                "channel": None,
                "state": None,
                "cursor": None,
                "size": 50,
                "automations": None,
            },
            "wipe_messages_of_record": {"id": ids["record"], "now": NOW},
            "find_told_records": {
                "places": [0, 1],
                "object_ids": [ids["object"]] * 2,
                "ids": [ids["record"], None],
                "names": [None, "name 7"],
                "held": [None, {"email": "e7@example.com"}],
            },
            "hold_told_records": {"ids": [ids["record"]]},
            "list_events_by_key": {"keys": ["told/7"]},
            "list_events": {
                "record_id": ids["record"],
                "kind": "x",
                "cursor": None,
                "size": 50,
                "payload_bytes": 8192,
                "objects": None,
                "automations": None,
            },
            "show_event": {"id": uuid4()},
            "list_evaluations_of": {"event_ids": [uuid4()]},
            "count_ended_executions": {"since": NOW, "most": 1000},
            "claim_idempotent_request": {
                "key_id": uuid4(),
                "idempotency_key": "k",
                "method": "POST",
                "path": "/business",
                "body_hash": b"",
                "now": NOW,
                "made_id": uuid4(),
                "hashed_by": uuid4(),
            },
            "read_idempotent_request": {"key_id": uuid4(), "idempotency_key": "k"},
        }
        read = {name: scanned(await planned(connection, name, **values)) for name, values in asked.items()}
        assert {name: tables & BIG for name, tables in read.items() if tables & BIG} == {}


async def test_an_address_is_found_by_its_index(database: Database, ids: dict[str, Any]) -> None:
    async with database.connection() as connection:
        plan = await plan_of(connection, "find_record_by_values", object_id=ids["object"], held=[{"email": "e77@example.com"}])
        assert "records_by_field_value" in str(plan)
        row = await QUERIES.find_record_by_values(connection, object_id=ids["object"], held=[{"email": "e77@example.com"}])
        assert row["id"] == ids["record"]
        assert isinstance(row["id"], UUID)
