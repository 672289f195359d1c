from store.database import Database
from store.sql import QUERIES
from tests.store.building import lead_object


async def test_plans(database: Database) -> None:
    async with database.connection() as c:
        lead = await lead_object(c)
        await c.execute("insert into records (id, object_id, name) select gen_random_uuid(), $1, 'n' || n from generate_series(1,2000) n", lead.id)
        await c.execute("insert into automations (id, api_name, active, document) select gen_random_uuid(), 'automation-' || n, true, '{}' from generate_series(1, 50) n")
        await c.execute("insert into events (id, kind, record_id, event_at, evaluated_at) select gen_random_uuid(), 'x', r.id, now(), now() from records r, generate_series(1,10)")
        await c.execute("insert into evaluations (id, event_id, automation_id, trigger_id, record_id, event_at, outcome, evaluated_at) select gen_random_uuid(), e.id, a.id, 't', e.record_id, now(), 'not_started', now() from events e join (select id, row_number() over () - 1 n from automations) a on a.n < 5")
        await c.execute("analyze")
        await c.execute("set plan_cache_mode = force_generic_plan")
        for name in ("list_evaluations", "list_trigger_evaluations", "count_waiting_events", "read_last_event_of_kinds"):
            sql = getattr(QUERIES, name).sql
            n = len(getattr(QUERIES, name).args_spec) if hasattr(getattr(QUERIES, name), "args_spec") else 0
            import re
            n = max(map(int, re.findall(r"\$(\d+)", sql)))
            await c.execute(f"prepare q_{name} as {sql}")
            types = await c.fetchval("select parameter_types::text from pg_prepared_statements where name = $1", f"q_{name}")
            print(name, types)
            for row in await c.fetch(f"explain execute q_{name} ({','.join(['null'] * n)})"):
                print("   ", row[0])
    assert 0
