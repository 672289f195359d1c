from uuid import uuid4
import pytest
from store.database import Database
from tests.store.building import NOW
from tests.store.test_query_plans import BIG, fill, generic_plan_of, plan_of, scanned

@pytest.mark.parametrize("planned", [plan_of, generic_plan_of])
async def test_plans_of_told_events(planned, database: Database):
    async with database.connection() as connection:
        ids = await fill(connection)
        await connection.execute("insert into crm_activities (id, record_id, type, status, created_at, updated_at) select gen_random_uuid(), id, 'call', 'completed', $1, $1 from records", NOW)
        await connection.execute("insert into evaluations (id, event_id, automation_id, trigger_id, outcome, event_at, evaluated_at) select gen_random_uuid(), id, $1, 't', 'not_started', $2, $2 from events", ids["automation"], NOW)
        await connection.execute("vacuum analyze")
        asked = {
            "list_crm_activities": {"record_id": ids["record"], "open": True, "cursor": None, "size": 50},
            "read_crm_activity": {"id": uuid4()},
            "hold_record_by_activity": {"id": uuid4()},
            "hold_record_of_activity": {"id": ids["record"]},
            "find_told_records": {"places": [0, 1], "object_ids": [ids["object"]] * 2, "ids": [ids["record"], None], "names": [None, "name 7"], "held": [None, {"email": "e7@example.com"}]},
            "hold_told_records": {"ids": [ids["record"]]},
            "list_events_by_key": {"keys": ["told/7"]},
            "list_events": {"record_id": ids["record"], "kind": None, "cursor": None, "size": 50, "payload_bytes": 8192},
            "show_event": {"id": uuid4()},
            "list_evaluations_of": {"event_ids": [uuid4()]},
        }
        read = {}
        for name, values in asked.items():
            p = await planned(connection, name, **values)
            read[name] = scanned(p) & (BIG | {"crm_activities", "evaluations"})
            if read[name]: print(name, str(planned), [ (n) for n in flat(p)])
        print(read)
        assert not any(read.values())
        for kind, rec in (("x", None), (None, None), ("x", ids["record"])):
            p = await planned(connection, "list_events", record_id=rec, kind=kind, cursor=None, size=50, payload_bytes=8192) if planned is plan_of else None
            if p: assert not (scanned(p) & BIG), p
def flat(p, d=0):
    yield (d, p["Node Type"], p.get("Relation Name"), p.get("Index Name"), p.get("Plan Rows"), p.get("Total Cost"))
    for q in p.get("Plans", []): yield from flat(q, d+1)
