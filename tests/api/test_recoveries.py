"""What an operator sees and decides when Temporal has forgotten workflows."""

from uuid import UUID

import httpx2

from activities.recovering import recover_once
from activities.services import Services
from store.database import Database
from store.missing_workflows import mark_missing
from tests.api.asking import refused
from tests.api.test_executions import WAITING
from tests.keys import key_for


async def missed(api: httpx2.AsyncClient, database: Database) -> str:
    """An execution that was marked."""
    await api.put("/automations/waiting", json=WAITING)
    execution = (await api.post("/automations/waiting/executions", json={})).json()["id"]
    async with database.connection() as connection:
        await mark_missing(connection, UUID(execution))
    return execution


async def test_what_is_missing_is_listed_counted_and_noted_without_failing_readiness(
    api: httpx2.AsyncClient, database: Database
) -> None:
    assert (await api.get("/health/ready")).json() == {"status": "ok", "notes": []}
    execution = await missed(api, database)
    found = (await api.get("/missing-workflows")).json()["items"]
    assert [each["execution_id"] for each in found] == [execution]
    ready = await api.get("/health/ready")
    [note] = ready.json()["notes"]
    assert (ready.status_code, note["code"]) == (200, "workflows_missing")
    assert "everstep recover start-again" in note["sentence"]
    assert "everstep_workflows_missing 1.0" in (await api.get("/metrics")).text


async def test_one_recovery_is_under_way_at_a_time(api: httpx2.AsyncClient, services: Services) -> None:
    begun = await api.post("/recoveries", json={"decision": "start_again", "why": "restored"})
    assert (begun.status_code, begun.json()["finished_at"]) == (202, None)
    refused(await api.post("/recoveries", json={"decision": "end"}), 409, "recovery_under_way")
    await recover_once(services)
    over = (await api.get(f"/recoveries/{begun.json()['id']}")).json()
    assert over["finished_at"]
    assert (await api.get("/recoveries")).json()["items"] == [over]
    assert (await api.post("/recoveries", json={"decision": "end"})).status_code == 202


async def test_only_an_admin_decides(api: httpx2.AsyncClient, database: Database) -> None:
    operator = await key_for(database, "executions:operate")
    body = {"decision": "end"}
    refused(await api.post("/recoveries", json=body, headers=operator), 403, "scope_missing")
