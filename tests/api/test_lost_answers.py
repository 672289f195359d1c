"""Requests under an Idempotency-Key whose answer was lost: what became of them decides, and it is known at once."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from inspect import getsource
from pathlib import Path
from uuid import UUID

import httpx2
import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute

from activities.settings import Settings
from api.app import ROUTERS
from api.deps import DatabaseDep
from api.executions import starting
from api.security.api_keys import RotateBody
from deploy.temporal import TemporalDevServer
from store.database import Database
from store.idempotent_requests import LEFT_AFTER
from tests.api.asking import refused, save_lead
from tests.api.audited_routes import UNAUDITED
from tests.api.gateway_process import GatewayProcess, gateway_process
from tests.api.gateway_routes import READING
from tests.api.test_idempotency import RECORDS, claimed, executions, leads, put_subject, send
from tests.builders import stop
from tests.engine import Engine, until
from tests.fixtures.api import gateway
from tests.keys import ADMIN_KEY, bearing

BUSINESS = {"name": "Everstep", "timezone": "UTC", "locale": "en"}
LATER = APIRouter()


@LATER.post("/later/{how}")
async def later(how: str, database: DatabaseDep) -> None:
    """Writes in a transaction of its own, as routes do, and breaks before or after its end."""
    async with database.transaction() as connection:
        await connection.execute("update business set name = name || '!'")
        if how == "before":
            raise ZeroDivisionError
    raise ZeroDivisionError


@pytest.fixture
async def broken_later(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    async with gateway(settings, routers=[LATER]) as client:
        await client.put("/business", json=BUSINESS)
        yield client


async def name(api: httpx2.AsyncClient) -> str:
    return (await api.get("/business")).json()["name"]


async def test_what_was_rolled_back_may_be_sent_again_under_its_key(broken_later: httpx2.AsyncClient) -> None:
    for _ in range(2):
        refused(await send(broken_later, "k1", "/later/before"), 500, "internal_error")
    assert await name(broken_later) == "Everstep"


async def test_what_was_committed_is_said_to_be_done_though_its_answer_was_a_500(broken_later: httpx2.AsyncClient) -> None:
    refused(await send(broken_later, "k1", "/later/after"), 500, "internal_error")
    for _ in range(2):
        refused(await send(broken_later, "k1", "/later/after"), 409, "already_done")
    assert await name(broken_later) == "Everstep!"


async def test_a_start_that_was_answered_with_a_500_after_its_commit_is_found_again(
    api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await put_subject(api)
    with monkeypatch.context() as broken:
        broken.setattr(starting, "launch_or_leave", None)
        refused(await send(api, "k1", path, {"by": "ada"}), 500, "internal_error")
    [begun] = await executions(api)
    again = await send(api, "k1", path, {"by": "ada"})
    assert (again.status_code, again.json()["id"]) == (202, begun)
    assert await executions(api) == [begun]


async def test_a_start_in_doubt_outlives_a_temporal_that_is_away(
    settings: Settings, api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await put_subject(api)
    with monkeypatch.context() as broken:
        broken.setattr(starting, "launch_or_leave", None)
        refused(await send(api, "k1", path, {"by": "ada"}), 500, "internal_error")
    async with gateway(settings.model_copy(update={"temporal_address": "127.0.0.1:9"})) as away:
        refused(await send(away, "k1", path, {"by": "ada"}), 503, "temporal_unavailable")
    [begun] = await executions(api)
    assert (await send(api, "k1", path, {"by": "ada"})).json()["id"] == begun
    assert await executions(api) == [begun]


async def lose_answers(database: Database) -> None:
    """As a process leaves them that was killed before it answered."""
    async with database.connection() as connection:
        await connection.execute("update idempotent_requests set status = null, began_at = now() - $1::interval", LEFT_AFTER)


async def test_a_restart_whose_answer_was_lost_finds_its_execution(
    api: httpx2.AsyncClient, engine: Engine, database: Database
) -> None:
    first = (await api.post(await put_subject(api), json={})).json()["id"]
    await engine.ended(UUID(first))
    path, body = f"/executions/{first}/restart", {"step": "end"}
    begun = (await send(api, "k1", path, body)).json()["id"]
    await lose_answers(database)
    again = await send(api, "k1", path, body)
    assert (again.status_code, again.json()["id"]) == (202, begun)
    assert set(await executions(api)) == {first, begun}


async def test_a_bulk_start_whose_answer_was_lost_is_found_again(api: httpx2.AsyncClient, database: Database) -> None:
    await save_lead(api)
    document = {"api_name": "subject", "name": "Subject", "object": "lead", "active": True, "steps": [stop("end")]}
    await api.put("/automations/subject", json=document)
    path, body = "/automations/subject/bulk-starts", {"all": True}
    begun = await send(api, "k1", path, body)
    await lose_answers(database)
    again = await send(api, "k1", path, body)
    assert (again.status_code, again.json()["id"]) == (202, begun.json()["id"])
    assert len((await api.get(path)).json()["items"]) == 1


async def test_a_put_over_what_was_read_is_not_refused_for_its_own_change(api: httpx2.AsyncClient, database: Database) -> None:
    await put_subject(api)
    found = await api.get("/automations/subject")
    document = {"api_name": "subject", "name": "Other", "active": True, "steps": [stop("end")]}
    match = {"If-Match": found.headers["etag"]}
    assert (await send(api, "k1", "/automations/subject", document, method="PUT", headers=match)).status_code == 200
    await lose_answers(database)
    again = await send(api, "k1", "/automations/subject", document, method="PUT", headers=match)
    refused(again, 409, "already_done")


async def test_who_comes_back_late_writes_nothing(settings: Settings, database: Database) -> None:
    """Its request was taken over: what it does must not be done twice."""
    going_on = asyncio.Event()
    slow = APIRouter()

    @slow.post("/slow")
    async def written_late(database: DatabaseDep) -> None:
        async with database.transaction() as connection:
            await connection.execute("update business set name = name || '!'")
            await going_on.wait()

    async with gateway(settings, routers=[slow]) as api:
        await api.put("/business", json=BUSINESS)
        first = asyncio.create_task(send(api, "k1", "/slow"))

        async def is_claimed() -> bool:
            async with database.connection() as connection:
                return await connection.fetchval("select count(*) from idempotent_requests") == 1

        await until(is_claimed)
        async with database.connection() as connection:
            await connection.execute("update idempotent_requests set began_at = now() - $1::interval", 2 * LEFT_AFTER)
        going_on.set()
        refused(await first, 409, "idempotency_key_in_use")
        assert await name(api) == "Everstep"


async def test_how_long_to_wait_is_said_as_it_is(api: httpx2.AsyncClient, database: Database) -> None:
    """Soon at first; of a gateway that cannot be seen, no later than its request is given up."""
    await save_lead(api)
    for key, age in (("a", 0), ("b", 20), ("c", 80)):
        await claimed(database, key, age=timedelta(seconds=age))
        answer = await send(api, key)
        refused(answer, 409, "idempotency_key_in_use")
        left = LEFT_AFTER.total_seconds() - age
        assert 1 <= int(answer.headers["retry-after"]) <= min(max(1, age), left) + 1
    assert int(answer.headers["retry-after"]) > 1


async def test_a_key_rotated_in_between_finds_what_it_began(api: httpx2.AsyncClient) -> None:
    path = await put_subject(api)
    made = (await api.post("/api-keys", json={"name": "crm", "scopes": ["executions:operate", "automations:view"]})).json()
    first = await send(api, "k1", path, {"by": "ada"}, headers=bearing(made["key"]))
    rotated = (await api.post(f"/api-keys/{made['id']}/rotate", json=RotateBody().model_dump(mode="json"))).json()
    again = await send(api, "k1", path, {"by": "ada"}, headers=bearing(rotated["key"]))
    assert (again.status_code, again.json()["id"], again.headers.get("idempotent-replayed")) == (202, first.json()["id"], "true")
    refused(await send(api, "k1", RECORDS, headers=bearing(rotated["key"])), 422, "idempotency_key_reused")


_NOT_KEYED = ("/codec/", "/texts/", "/webhooks/")


def test_each_route_that_writes_under_a_key_does_so_in_a_transaction_that_marks_its_claim() -> None:
    reads = {route for route, why in UNAUDITED.items() if why == UNAUDITED["POST /automations/validate"]}
    unmarked = {name for name, route in _keyed_routes() if ".connection()" in getsource(route.endpoint)}
    assert unmarked - reads == set()


def _keyed_routes() -> Iterator[tuple[str, APIRoute]]:
    for route in (route for router in ROUTERS for route in router.routes):
        if isinstance(route, APIRoute) and not route.path.startswith(_NOT_KEYED):
            yield from ((f"{method} {route.path}", route) for method in (route.methods or set()) - READING)


@pytest.fixture
async def served(settings: Settings, temporal: TemporalDevServer, tmp_path: Path) -> AsyncIterator[GatewayProcess]:
    async with gateway_process(settings, temporal.address, tmp_path) as served:
        yield served


async def test_the_key_of_a_killed_gateway_is_free_at_once_where_nothing_was_written(
    served: GatewayProcess, api: httpx2.AsyncClient, database: Database
) -> None:
    await save_lead(api)
    async with database.transaction() as connection:
        await connection.execute("lock table records in exclusive mode")
        async with httpx2.AsyncClient(base_url=served.url, headers=bearing(ADMIN_KEY)) as client:
            asking = asyncio.create_task(send(client, "k1"))

            async def is_claimed() -> bool:
                async with database.connection() as other:
                    return await other.fetchval("select count(*) from idempotent_requests") == 1

            await until(is_claimed)
            await served.process.kill()
            with pytest.raises(httpx2.TransportError):
                await asking

    async def answered() -> httpx2.Response | None:
        answer = await send(api, "k1")
        return answer if answer.status_code != 409 else None

    assert (await until(answered)).status_code == 201
    assert await leads(api) == 1


async def test_a_start_of_a_killed_gateway_is_found_at_once(
    served: GatewayProcess, api: httpx2.AsyncClient, database: Database
) -> None:
    path = await put_subject(api)
    async with httpx2.AsyncClient(base_url=served.url, headers=bearing(ADMIN_KEY), timeout=60) as client:
        asking = asyncio.create_task(send(client, "k1", path, {"by": "ada"}, params={"wait": 5}))

        async def is_begun() -> bool:
            return bool(await executions(api))

        await until(is_begun)
        await served.process.kill()
        with pytest.raises(httpx2.TransportError):
            await asking
    [begun] = await executions(api)

    async def answered() -> httpx2.Response | None:
        answer = await send(api, "k1", path, {"by": "ada"}, params={"wait": 5})
        return answer if answer.status_code != 409 else None

    again = await until(answered)
    assert (again.status_code, again.json()["id"]) == (202, begun)
    assert await executions(api) == [begun]
