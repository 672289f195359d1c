"""The gateway starts without its services, says which one is away, and goes on when they are back."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest

from activities.settings import Settings
from api.connections import Lazy, UnavailableError
from deploy.admin_key import make_admin_key
from deploy.ports import free_port
from deploy.postgres import LocalPostgres
from deploy.temporal import TemporalDevServer
from store.database import Database
from tests.api.asking import refused
from tests.engine import until
from tests.fixtures.api import gateway
from tests.keys import bearing
from tests.store.building import pretend_newer


@pytest.fixture
async def own_postgres(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalPostgres]:
    """Not started."""
    server = LocalPostgres(tmp_path_factory.mktemp("away"), durable=False)
    yield server
    await server.stop()


@pytest.fixture
async def own_temporal(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TemporalDevServer]:
    """Not started; its port is known."""
    log = tmp_path_factory.mktemp("away") / "temporal.log"
    server = TemporalDevServer(None, port=free_port(), ui=False, log=log)
    yield server
    await server.stop()


async def is_ready(api: httpx2.AsyncClient) -> bool:
    return (await api.get("/health/ready")).status_code == 200


async def away(api: httpx2.AsyncClient) -> set[str]:
    answered = await api.get("/health/ready")
    return {item["path"] for item in refused(answered, 503, "not_ready")["errors"]}


async def test_services_may_come_late_go_away_and_come_back(own_postgres: LocalPostgres, own_temporal: TemporalDevServer) -> None:
    settings = Settings(database_url=own_postgres.dsn, temporal_address=own_temporal.address)
    async with gateway(settings) as api:
        assert (await api.get("/health/live")).json() == {"status": "ok"}
        assert await away(api) == {"postgres", "temporal"}
        answered = await api.get("/business")
        refused(answered, 503, "database_unavailable")
        assert answered.headers["retry-after"]

        await asyncio.gather(own_postgres.start(), own_temporal.start())
        await until(lambda: is_ready(api))
        api.headers.update(bearing(await make_admin_key(own_postgres.dsn, "test")))
        assert (await api.get("/business")).status_code == 200

        await own_postgres.stop()
        refused(await api.get("/business"), 503, "database_unavailable")
        assert await away(api) == {"postgres"}
        await own_postgres.start()
        await until(lambda: is_ready(api))
        assert (await api.get("/business")).status_code == 200

        await own_temporal.stop()
        assert await away(api) == {"temporal"}
        assert (await api.get("/business")).status_code == 200
        await own_temporal.start()
        await until(lambda: is_ready(api))


async def test_a_service_that_is_away_is_asked_once_a_second_by_all_together() -> None:
    tried = 0

    async def connect() -> int:
        nonlocal tried
        tried += 1
        await asyncio.sleep(0.01)
        raise ConnectionRefusedError

    lazy = Lazy("database", connect)
    answers = await asyncio.gather(*(lazy.get() for _ in range(20)), return_exceptions=True)
    assert tried == 1
    assert all(isinstance(answer, UnavailableError) and answer.code == "database_unavailable" for answer in answers)


async def test_a_database_of_a_newer_release_is_not_served(settings: Settings, database: Database) -> None:
    async with database.connection() as connection:
        await pretend_newer(connection)
    async with gateway(settings) as api:
        refused(await api.get("/business"), 503, "database_newer")
