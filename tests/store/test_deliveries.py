"""Deliveries are found by their indexes, however many there are."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from store.database import Connection, Database
from tests.store.building import NOW
from tests.store.test_query_plans import generic_plan_of, plan_of, scanned


async def fill(connection: Connection) -> UUID:
    await connection.execute(
        """
        insert into automations (id, api_name, active, document)
        select gen_random_uuid(), 'automation-' || n, true, '{}' from generate_series(1, 50) n
        """
    )
    await connection.execute(
        """
        insert into webhook_deliveries (id, automation_id, webhook, method, body, received_at, idempotency_key, outcome)
        select gen_random_uuid(), id, 'form', 'POST', 'x', $1, n::text, 'started' from automations, generate_series(1, 100) n
        """,
        NOW,
    )
    await connection.execute(
        """
        insert into webhook_secrets (id, automation_id, webhook, secret, created_at)
        select gen_random_uuid(), id, 'form-' || n, 'x', $1 from automations, generate_series(1, 50) n
        """,
        NOW,
    )
    await connection.execute("vacuum analyze")
    return await connection.fetchval("select id from automations limit 1")


@pytest.mark.parametrize("planned", [plan_of, generic_plan_of])
async def test_what_each_call_asks_reads_no_table_from_end_to_end(planned: Any, database: Database) -> None:
    async with database.connection() as connection:
        of: dict[str, Any] = {"automation_id": await fill(connection), "webhook": "form"}
        asked: dict[str, dict[str, Any]] = {
            "find_delivery_by_key": {
                **of,
                "idempotency_key": "7",
                "sender_id": uuid4(),
                "method": "POST",
                "query": "",
                "body": b"",
            },
            "list_deliveries": {**of, "cursor": None, "size": 50},
            "read_delivery": {"id": of["automation_id"]},
            "list_live_secrets": {**of, "now": NOW},
        }
        read = {name: scanned(await planned(connection, name, **values)) for name, values in asked.items()}
        big = {"webhook_deliveries", "webhook_secrets"}
        assert {name: tables & big for name, tables in read.items() if tables & big} == {}
